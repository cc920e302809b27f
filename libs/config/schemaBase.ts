import type { JsonNode } from './jsonFile.ts';
import { type Report, shown } from './problems.ts';

// A small schema language for the configuration files. A schema is data (kind, limits, units, descriptions, defaults),
// from which forms can be made, plus one function that reads a node of a file into its typed value.

export interface Schema<T> {
  readonly kind: Kind;
  /** Completes "must be …". */
  readonly expected: string;
  readonly unit?: Unit;
  readonly min?: number;
  readonly max?: number;
  /** Greater than this, not equal. */
  readonly above?: number;
  readonly choices?: readonly string[];
  /** Passwords and the like: the value is never shown. */
  readonly secret?: boolean;
  readonly fields?: Fields;
  /** Of lists, and of objects with free keys. */
  readonly items?: Schema<unknown>;
  /** Undefined after every problem of the node went to `report`. */
  readonly read: (node: JsonNode, path: string, report: Report) => T | undefined;
}

export type Kind =
  | 'boolean'
  | 'whole'
  | 'number'
  | 'decimal'
  | 'text'
  | 'choice'
  | 'object'
  | 'record'
  | 'list';

export type Unit = 'seconds' | 'milliseconds' | 'percent' | 'coins' | 'bytes';

export type Need = 'required' | 'default' | 'optional' | 'retired';

export interface Field<T, N extends Need = Need> {
  readonly schema: Schema<T>;
  readonly about: string;
  readonly need: N;
  /** The default, or what stands for a required value in a block that is not enabled. */
  readonly fallback?: T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

type FieldType<F> = F extends Field<infer T, Need> ? T : never;
type Always<F extends Fields> = {
  [K in keyof F]: F[K]['need'] extends 'required' | 'default' ? K : never;
}[keyof F];
type Sometimes<F extends Fields> = {
  [K in keyof F]: F[K]['need'] extends 'optional' ? K : never;
}[keyof F];

export type ValueOf<F extends Fields> = { readonly [K in Always<F>]: FieldType<F[K]> } & {
  readonly [K in Sometimes<F>]?: FieldType<F[K]>;
};

/** Reports a value of the wrong type. */
export function wrongType(
  node: JsonNode,
  path: string,
  report: Report,
  expected: string,
  secret = false,
): undefined {
  report.error(node, path, `must be ${expected}, got ${got(node, secret)}`);
  return undefined;
}

/** Reports a value of the right type that cannot be used. */
export function badValue(
  node: JsonNode,
  path: string,
  report: Report,
  expected: string,
  secret = false,
): undefined {
  report.unusable(node, path, `must be ${expected}, got ${got(node, secret)}`);
  return undefined;
}

/** A value as a message shows it. Objects and lists may hold passwords, and so may text that stands in their place. */
export function got(node: JsonNode, secret = false): string {
  switch (node.kind) {
    case 'object':
      return 'an object';
    case 'list':
      return node.items.length === 0 ? 'an empty list' : 'a list';
    case 'null':
      return 'null';
    case 'boolean':
      return String(node.value);
    case 'number':
      return secret ? 'a number' : shown(node.text);
    case 'string': {
      if (node.value === '') return 'an empty text';
      // user:password@host, redis://:password@host
      const hidden = secret || node.value.includes('@') || node.value.includes('://');
      return hidden ? 'a text' : `"${shown(node.value)}"`;
    }
  }
}
