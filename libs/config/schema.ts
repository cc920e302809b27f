import { type JsonNode, joinPath, type Member, type ObjectNode } from './jsonFile.ts';
import { suggestion } from './nearest.ts';
import { type Place, Report } from './problems.ts';
import {
  badValue,
  type Field,
  type Fields,
  type Schema,
  type ValueOf,
  wrongType,
} from './schemaBase.ts';

// Schemas that are made of others: objects with their fields, free keys, lists.

/** `whenOff` stands for it where the block it belongs to is not enabled. */
export function required<T>(
  schema: Schema<T>,
  about: string,
  whenOff?: NoInfer<T>,
): Field<T, 'required'> {
  return {
    schema,
    about,
    need: 'required',
    ...(whenOff === undefined ? {} : { fallback: whenOff }),
  };
}

export function withDefault<T>(
  schema: Schema<T>,
  fallback: NoInfer<T>,
  about: string,
): Field<T, 'default'> {
  return { schema, about, need: 'default', fallback };
}

export function optional<T>(schema: Schema<T>, about: string): Field<T, 'optional'> {
  return { schema, about, need: 'optional' };
}

/** A field of the original that does nothing any more: loads with one warning, whatever its value. */
export function retired(about: string): Field<never, 'retired'> {
  const schema: Schema<never> = {
    kind: 'object',
    expected: 'left out',
    read: () => undefined,
  };
  return { schema, about, need: 'retired' };
}

export interface ObjectSchema<F extends Fields> extends Schema<ValueOf<F>> {
  readonly fields: F;
}

/**
 * An object with these fields; other keys are warned about. With a field `enabled`, it is a block that can be switched
 * off: while it is, required fields may be missing, and unusable values (but no wrong types) are passed over.
 */
export function object<F extends Fields>(fields: F): ObjectSchema<F> {
  const expected = 'an object { … }';
  const canBeOff = Object.hasOwn(fields, 'enabled');
  return {
    kind: 'object',
    expected,
    fields,
    read: (node, path, report) => {
      if (node.kind !== 'object') return wrongType(node, path, report, expected, true);
      warnOfUnknownKeys(node, path, fields, report);
      const off = canBeOff && !isOn(node);
      const values: Record<string, unknown> = {};
      let sound = true;
      for (const [name, field] of Object.entries(fields)) {
        const read = readField(
          field,
          node.members.get(name),
          { at: node, path: joinPath(path, name), off },
          report,
        );
        if (!read.sound) sound = false;
        else if (read.value !== undefined) values[name] = read.value;
      }
      // The loop above gave every field of F its checked value, or `sound` is false.
      return sound ? (values as ValueOf<F>) : undefined;
    },
  };
}

function isOn(node: ObjectNode): boolean {
  const enabled = node.members.get('enabled')?.node;
  // Anything but a plain "off" is read strictly, "enabled": "yes" too.
  return enabled !== undefined && !(enabled.kind === 'boolean' && !enabled.value);
}

export interface FieldPlace {
  /** Where the object begins: the place of a field that is missing. */
  readonly at: Place;
  readonly path: string;
  /** True in a block that is not enabled. */
  readonly off: boolean;
}

export type ReadField<T> =
  | { readonly sound: true; readonly value: T | undefined }
  | { readonly sound: false };

/** The value of one field, its default when the file does not have it. */
export function readField<T>(
  field: Field<T>,
  member: Member | undefined,
  place: FieldPlace,
  report: Report,
): ReadField<T> {
  const { schema, need, fallback } = field;
  if (need === 'retired') {
    if (member !== undefined) report.warning(member.key, place.path, field.about);
    return { sound: true, value: undefined };
  }
  if (member !== undefined) {
    const within = place.off ? report.lenient() : report;
    const value = schema.read(member.node, place.path, within);
    if (value !== undefined) return { sound: true, value };
    return place.off && !within.hasErrors ? { sound: true, value: fallback } : { sound: false };
  }
  if (need !== 'required' || place.off) return { sound: true, value: fallback };
  report.unusable(place.at, place.path, `is missing: must be ${schema.expected} (${field.about})`);
  return { sound: false };
}

export type Whole<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

/** `fields`, if none of them is undefined. */
export function allThere<T extends object>(fields: T): Whole<T> | undefined {
  // The loop is the proof of the cast.
  for (const value of Object.values(fields)) if (value === undefined) return undefined;
  return fields as Whole<T>;
}

/** One warning for each key that no field has, with the nearest known one. */
export function warnOfUnknownKeys(
  node: ObjectNode,
  path: string,
  fields: Fields,
  report: Report,
): void {
  for (const [key, { key: place }] of node.members) {
    if (Object.hasOwn(fields, key)) continue;
    const known = Object.keys(fields).filter((name) => fields[name]?.need !== 'retired');
    report.warning(
      place,
      joinPath(path, key),
      `unknown key, it does nothing${suggestion(key, known)}`,
    );
  }
}

export interface KeyRule {
  readonly pattern: RegExp;
  /** Completes "the key must be …". */
  readonly expected: string;
}

/** An object with free keys, in the file's order. */
export function record<T>(
  keys: KeyRule,
  items: Schema<T>,
): Schema<readonly (readonly [string, T])[]> {
  const expected = 'an object { … }';
  return {
    kind: 'record',
    expected,
    items,
    read: (node, path, report) => {
      if (node.kind !== 'object') return wrongType(node, path, report, expected, true);
      const entries: [string, T][] = [];
      let sound = true;
      for (const [key, member] of node.members) {
        const at = joinPath(path, key);
        const fits = keys.pattern.test(key);
        if (!fits) report.unusable(member.key, at, `the key must be ${keys.expected}`);
        const value = items.read(member.node, at, report);
        if (!fits || value === undefined) sound = false;
        else entries.push([key, value]);
      }
      return sound ? entries : undefined;
    },
  };
}

export function list<T>(items: Schema<T>, fewest = 0): Schema<readonly T[]> {
  const expected = fewest === 0 ? 'a list [ … ]' : `a list [ … ] of at least ${fewest}`;
  return {
    kind: 'list',
    expected,
    items,
    read: (node, path, report) => {
      if (node.kind !== 'list') return wrongType(node, path, report, expected, true);
      const values = node.items.map((item, i) => items.read(item, joinPath(path, i), report));
      const sound = values.filter((value) => value !== undefined);
      if (sound.length !== values.length) return undefined;
      return sound.length < fewest ? badValue(node, path, report, expected) : sound;
    },
  };
}

/** Checks or changes what another schema has read. `turn` reports, and answers undefined, when it refuses the value. */
export function mapped<T, U>(
  schema: Schema<T>,
  turn: (value: T, node: JsonNode, path: string, report: Report) => U | undefined,
): Schema<U> {
  return {
    ...schema,
    read: (node, path, report) => {
      const value = schema.read(node, path, report);
      return value === undefined ? undefined : turn(value, node, path, report);
    },
  };
}

/** What a schema makes of `{}`: the value of a block that is left out. */
export function whenLeftOut<T>(schema: Schema<T>): T {
  const nothing: ObjectNode = { kind: 'object', members: new Map(), file: '', line: 1, column: 1 };
  const value = schema.read(nothing, '', new Report([]));
  if (value === undefined) throw new TypeError('A schema without defaults cannot be left out.');
  return value;
}
