import { HttpProblem } from '../httpProblem.ts';
import { faultOf, type JsonSchema } from './jsonSchema.ts';

export interface Parameter {
  readonly schema: JsonSchema;
  readonly about: string;
}

/** Checked against their schemas, defaults filled in. */
export interface Parameters {
  readonly path: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, string | number>;
}

/** Query parameters of these names. Unknown ones are passed over, the first of several counts. Throws HttpProblem 400. */
export function readQuery(
  search: URLSearchParams,
  parameters: { readonly [name: string]: Parameter },
): Map<string, string | number> {
  const found = new Map<string, string | number>();
  for (const [name, { schema }] of Object.entries(parameters)) {
    const text = search.get(name);
    if (text === null) {
      if (schema.default !== undefined) found.set(name, schema.default);
      continue;
    }
    const value = schema.type === 'integer' && /^\d{1,15}$/.test(text) ? Number(text) : text;
    const fault = faultOf(value, schema, new Map());
    if (fault !== undefined) {
      throw new HttpProblem(400, `The parameter "${name}": ${fault}.`);
    }
    found.set(name, value);
  }
  return found;
}

const controls = /\p{Cc}/u;

/** Throws HttpProblem 400 for a path parameter that cannot be meant. */
export function checkPath(name: string, text: string, { schema }: Parameter): void {
  const fault = controls.test(text) ? 'has control characters' : faultOf(text, schema, new Map());
  if (fault !== undefined) throw new HttpProblem(400, `The "${name}" in the path: ${fault}.`);
}

/** A query parameter whose schema is an integer with a default. */
export function wholeOf({ query }: Parameters, name: string): number {
  const value = query.get(name);
  if (typeof value === 'number') return value;
  throw new HttpProblem(400, `The parameter "${name}" is missing.`);
}

/** A query parameter whose schema is one of these words. */
export function choiceOf<const Word extends string>(
  words: readonly Word[],
  { query }: Parameters,
  name: string,
): Word {
  const found = words.find((word) => word === query.get(name));
  if (found !== undefined) return found;
  throw new HttpProblem(400, `The parameter "${name}" is none of ${words.join(', ')}.`);
}
