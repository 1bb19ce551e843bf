import { parse, type Statement } from 'acorn';

import { lineAndPosition, placeAt } from './place.ts';
import { QueryError } from './term.ts';

/** The statements of a text in JavaScript's syntax. Throws QueryError. */
export function syntaxTree(text: string): readonly Statement[] {
  try {
    return parse(text, { ecmaVersion: 2022 }).body as Statement[];
  } catch (error) {
    if (error instanceof RangeError || (error instanceof SyntaxError && error.message.startsWith('Not enough stack'))) {
      throw new QueryError('The query is nested too deeply.', { from: 0, to: text.length });
    }
    if (error instanceof SyntaxError && 'pos' in error) {
      throw syntaxError(text, error.message, Number(error.pos));
    }
    throw error;
  }
}

/** Says what is wrong in words, and where in numbers that begin at 1. */
function syntaxError(text: string, message: string, pos: number): QueryError {
  const { open, unmatched } = placeAt(text, text.length);
  const last = open.at(-1);
  let at = Math.min(pos, Math.max(text.length - 1, 0));
  let what = lowerFirst(message.replace(/ \(\d+:\d+\)$/, ''));
  if (unmatched !== undefined) {
    at = unmatched;
    what = `missing opening bracket for ${text[unmatched]}`;
  } else if (last !== undefined && (pos >= text.length || pos === last.at)) {
    at = last.at;
    what = '"\'`'.includes(last.mark) ? `missing the ${last.mark} that ends the string` : `missing closing bracket for ${last.mark}`;
  }
  const { line, position } = lineAndPosition(text, at);
  return new QueryError(`Syntax error, ${what} (line ${line}, position ${position}).`, { from: at, to: at + 1 });
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
