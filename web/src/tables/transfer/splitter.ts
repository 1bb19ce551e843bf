/** A piece of a file that should be a document. */
export interface Piece {
  readonly text: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

const newline = 10, quote = 34, comma = 44, openBracket = 91, backslash = 92, closeBracket = 93, openBrace = 123, closeBrace = 125;
const isSpace = (code: number): boolean => code === 32 || code === newline || code === 13 || code === 9 || code === 0xfeff;

/** A document cannot be longer; a text in which braces do not close would be read to its end otherwise. In characters. */
const maxPiece = 128 << 20;

/**
 * Cuts a file into documents while it is read: those of an array, or one after the other, as in JSON lines. It looks at brackets and
 * quotes only; whether a piece is JSON shows when it is parsed.
 */
export class Splitter {
  private line = 1;
  /** What is read of the piece that goes on. */
  private parts: string[] = [];
  private length = 0;
  private began = 0; // its line
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** The piece is no object or array, and ends with the line or a comma. */
  private bare = false;
  private array: 'unknown' | 'open' | 'closed' | 'none' = 'unknown';

  /** The pieces that end in the next part of the file. */
  push(chunk: string): Piece[] {
    const pieces: Piece[] = [];
    let from = 0; // of what belongs to the piece
    for (let i = 0; i < chunk.length; i++) {
      const code = chunk.charCodeAt(i);
      if (this.began === 0) {
        if (code === newline) {
          this.line++;
        } else if (this.begins(code)) {
          this.began = this.line;
          from = i;
          this.bare = code !== openBrace && code !== openBracket;
          this.depth = this.bare ? 0 : 1;
          this.inString = code === quote;
        }
        continue;
      }
      if (this.ends(code)) {
        const end = this.bare ? i : i + 1;
        pieces.push(this.finish(chunk.slice(from, end)));
        if (this.bare && (code === closeBracket && this.array === 'open')) {
          this.array = 'closed';
        }
      }
      if (code === newline) {
        this.line++;
      }
    }
    if (this.began > 0) {
      this.parts.push(chunk.slice(from));
      this.length += chunk.length - from;
      if (this.length > maxPiece) {
        throw new Error(`What begins in line ${this.began} does not end: is a brace or a quote missing?`);
      }
    }
    return pieces;
  }

  /** What is left at the end of the file. */
  end(): Piece[] {
    return this.began > 0 ? [this.finish('')] : [];
  }

  /** Whether a character outside of pieces begins one. */
  private begins(code: number): boolean {
    if (isSpace(code)) {
      return false;
    }
    if (this.array === 'unknown') {
      this.array = code === openBracket ? 'open' : 'none';
      return code !== openBracket;
    }
    if (this.array === 'open' && code === closeBracket) {
      this.array = 'closed';
      return false;
    }
    return code !== comma;
  }

  /** Whether the piece ends with a character, or, if it is bare, before it. */
  private ends(code: number): boolean {
    if (this.inString) {
      if (this.escaped) {
        this.escaped = false;
      } else if (code === backslash) {
        this.escaped = true;
      } else if (code === quote) {
        this.inString = false;
      }
      return this.bare && code === newline;
    }
    switch (code) {
      case quote:
        this.inString = true;
        return false;
      case openBrace:
      case openBracket:
        this.depth++;
        return false;
      case closeBrace:
      case closeBracket:
        return --this.depth <= 0;
    }
    return this.bare && (code === newline || code === comma);
  }

  private finish(rest: string): Piece {
    const piece = { text: [...this.parts, rest].join('').trim(), line: this.began };
    this.parts = [];
    this.length = this.began = 0;
    this.bare = this.inString = this.escaped = false;
    return piece;
  }
}
