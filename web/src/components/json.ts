// JSON as people write it: with the place of a mistake, and without losing anything silently.

import type { Datum } from '../server/connection.ts';

/** What is wrong with a text that should be JSON, and where. */
export class JsonError extends Error {
  readonly from: number;
  readonly to: number;

  constructor(message: string, from: number, to = from + 1) {
    super(message);
    this.from = from;
    this.to = to;
  }
}

/** The value of a text. JSON.parse would drop a field that is there twice, and round numbers that are too precise: here both are mistakes. */
export function parseJson(text: string): Datum {
  const reader = new Reader(text);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof RangeError) { // of the engine: its stack is full
      throw new JsonError('This is nested too deeply.', reader.at);
    }
    throw error;
  }
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /[\w$'.+-]+/y;

class Reader {
  at = 0;
  private readonly text: string;

  constructor(text: string) { this.text = text; }

  whole(): Datum {
    const value = this.value();
    this.skip();
    if (this.at < this.text.length) {
      throw new JsonError('The JSON has ended before this.', this.at);
    }
    return value;
  }

  private value(): Datum {
    this.skip();
    switch (this.text[this.at]) {
      case '{':
        return this.object();
      case '[':
        return this.array();
      case '"':
        return this.string();
      case undefined:
        throw new JsonError('A value is missing at the end.', Math.max(0, this.at - 1));
    }
    return this.number() ?? this.constant();
  }

  private object(): Datum {
    const fields = new Map<string, Datum>();
    this.at++;
    for (let first = true; ; first = false) {
      this.skip();
      if (this.take('}')) {
        return Object.fromEntries(fields); // a field named __proto__ is one like any other
      }
      if (!first) {
        this.expect(',', 'A comma or } is missing.');
        this.skip();
      }
      const from = this.at;
      if (this.text[from] !== '"') {
        throw new JsonError('A name of a field in double quotes is missing.', from);
      }
      const name = this.string();
      if (fields.has(name)) {
        throw new JsonError(`The field ${JSON.stringify(name)} is there twice.`, from, this.at);
      }
      this.skip();
      this.expect(':', 'A colon is missing.');
      fields.set(name, this.value());
    }
  }

  private array(): Datum {
    const elements: Datum[] = [];
    this.at++;
    for (;;) {
      this.skip();
      if (this.take(']')) {
        return elements;
      }
      if (elements.length > 0) {
        this.expect(',', 'A comma or ] is missing.');
      }
      elements.push(this.value());
    }
  }

  private string(): string {
    const from = this.at;
    let end = from;
    do {
      end = this.text.indexOf('"', end + 1);
    } while (end >= 0 && this.isEscaped(end));
    try {
      if (end >= 0) {
        const value = JSON.parse(this.text.slice(from, end + 1)) as string;
        this.at = end + 1;
        return value;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error;
      }
    }
    const line = this.text.indexOf('\n', from);
    throw new JsonError('The text in double quotes does not end, or has something in it that has to be written with a backslash.', from, line < 0 ? this.text.length : line);
  }

  /** Whether an odd number of backslashes stands before a place. */
  private isEscaped(at: number): boolean {
    let first = at;
    while (this.text[first - 1] === '\\') {
      first--;
    }
    return (at - first) % 2 === 1;
  }

  private number(): number | undefined {
    const from = this.at;
    const found = this.match(number);
    if (found === undefined) {
      return undefined;
    }
    const value = Number(found);
    if (!Number.isFinite(value)) {
      throw new JsonError('The number is too large.', from, this.at);
    }
    if (/^-?\d+$/.test(found) && found !== String(value) && BigInt(found) !== BigInt(value)) {
      throw new JsonError(`Numbers have 64 bits of floating point: this one would become ${value}.`, from, this.at);
    }
    return value;
  }

  private constant(): Datum {
    const from = this.at;
    switch (this.match(word)) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
    }
    throw new JsonError('This is no JSON: texts and names of fields are in double quotes.', from, Math.max(this.at, from + 1));
  }

  private skip(): void { this.match(space); }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) {
      return false;
    }
    this.at++;
    return true;
  }

  private expect(character: string, problem: string): void {
    if (!this.take(character)) {
      throw new JsonError(problem, Math.min(this.at, this.text.length - 1));
    }
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) {
      this.at += found.length;
    }
    return found;
  }
}

/** Arrays up to this length are written in one line, if there are only numbers and the like in them. */
const shortLine = 100;

/** A value as JSON for people: fields in lines of their own, pseudo-types and short lists in one line. */
export function formatJson(value: Datum, indent = ''): string {
  if (value === null || typeof value !== 'object') {
    return JSON.stringify(value);
  }
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) {
      return '[]';
    }
    if (value.every(element => typeof element !== 'object' || element === null)) {
      const line = `[${value.map(element => JSON.stringify(element)).join(', ')}]`;
      if (line.length <= shortLine) {
        return line;
      }
    }
    return `[\n${value.map(element => inner + formatJson(element, inner)).join(',\n')}\n${indent}]`;
  }
  const fields = Object.entries(value);
  if (fields.length === 0) {
    return '{}';
  }
  if (value['$reql_type$'] === 'TIME' || value['$reql_type$'] === 'BINARY') {
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}: ${JSON.stringify(field)}`).join(', ')}}`;
  }
  return `{\n${fields.map(([name, field]) => `${inner}${JSON.stringify(name)}: ${formatJson(field, inner)}`).join(',\n')}\n${indent}}`;
}
