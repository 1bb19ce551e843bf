import { Term, type Span, type Wire } from './term.ts';
import { Type } from './terms.ts';

const nowhere: Span = { from: 0, to: 0 };

/** A value that the server has sent, or could have sent, as a term. Pseudo-types stay what they are. */
export function data(value: Wire): Term {
  if (Array.isArray(value)) { // an array on the wire is a term
    return new Term(Type.makeArray, nowhere, value.map(data));
  }
  if (value !== null && typeof value === 'object') {
    return new Term(Type.makeObject, nowhere, [], new Map(Object.entries(value).map(([name, field]) => [name, data(field)])));
  }
  return Term.datum(value, nowhere);
}
