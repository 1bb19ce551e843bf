import type { NewExpression } from './syntax.ts';
import { QueryError, type Span } from './term.ts';
import { Moment, type Sourced, type Value } from './value.ts';

/** The term that does what an operator of JavaScript cannot do for values of the server. */
const termOf: Readonly<Record<string, string>> = {
  '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '%': 'mod', '!': 'not',
  '==': 'eq', '===': 'eq', '!=': 'ne', '!==': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge',
  '&&': 'and', '||': 'or', '??': 'default', '&': 'bitAnd', '|': 'bitOr', '^': 'bitXor', '~': 'bitNot', '<<': 'bitSal', '>>': 'bitSar',
};

export function operatorHint(operator: string): string {
  if (operator === '?:') {
    return 'Instead of ? and : there is r.branch(test, then, otherwise).';
  }
  const term = termOf[operator];
  return term === undefined ? `The operator ${operator} has no place in a query.` : `Operators of JavaScript do not work on terms: instead of ${operator} use .${term}(…).`;
}

export function evaluateUnary(operator: string, { value }: Sourced, span: Span): Value {
  if (typeof value === 'number' && (operator === '-' || operator === '+')) {
    return operator === '-' ? -value : value;
  }
  if (typeof value === 'boolean' && operator === '!') {
    return !value;
  }
  throw new QueryError(operatorHint(operator), span);
}

/** Arithmetic of numbers that are written out, and + of strings: r.now().sub(7 * 24 * 60 * 60). */
export function evaluateBinary(operator: string, left: Sourced, right: Sourced, span: Span): Value {
  const a = left.value, b = right.value;
  if (typeof a === 'number' && typeof b === 'number') {
    switch (operator) {
      case '+': return a + b;
      case '-': return a - b;
      case '*': return a * b;
      case '/': return a / b;
      case '%': return a % b;
      case '**': return a ** b;
    }
  }
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') {
    return a + b;
  }
  throw new QueryError(operatorHint(operator), span);
}

/** new Date(…) is the only object that can be made. */
export function evaluateNew(node: NewExpression, args: readonly Sourced[]): Value {
  const span = { from: node.start, to: node.end };
  if (node.callee.type !== 'Name' || node.callee.name !== 'Date') {
    throw new QueryError('The only object that a query can make with new is a Date.', span);
  }
  const values = args.map(arg => arg.value);
  let date: Date;
  if (values.length === 0) {
    date = new Date();
  } else if (values.length === 1 && (typeof values[0] === 'string' || typeof values[0] === 'number')) {
    date = new Date(values[0]);
  } else if (values.length > 1 && values.every(value => typeof value === 'number')) {
    const [year, month, ...rest] = values as [number, number, ...number[]];
    date = new Date(year, month, ...rest as []);
  } else {
    throw new QueryError('A Date is made of a string, or of numbers.', span);
  }
  if (Number.isNaN(date.getTime())) {
    throw new QueryError('This is no time.', span);
  }
  return new Moment(date);
}
