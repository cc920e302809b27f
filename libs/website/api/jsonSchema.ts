// The part of JSON Schema (2020-12, as OpenAPI 3.1 has it) that this API is described with, and its check.

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: JsonType | readonly JsonType[];
  readonly description?: string;
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: string | number;
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
}

/** An object with exactly these properties. */
export function objectOf(
  properties: { readonly [name: string]: JsonSchema },
  description?: string,
): JsonSchema {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** The same, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (type === undefined) throw new TypeError('Only a schema with a type can be made nullable');
  const types = typeof type === 'string' ? [type] : type;
  return { ...schema, type: [...types, 'null'] };
}

/**
 * Why a value is not what the schema says: the first fault, with its path ("data.0.height: …"). Undefined if it is.
 * `named` are the schemas that `$ref: '#/components/schemas/<name>'` leads to.
 */
export function faultOf(
  value: unknown,
  schema: JsonSchema,
  named: ReadonlyMap<string, JsonSchema>,
  path = '',
): string | undefined {
  const fault = (text: string): string => `${path === '' ? 'the value' : path} ${text}`;
  if (schema.$ref !== undefined) {
    const target = named.get(schema.$ref.replace('#/components/schemas/', ''));
    if (target === undefined) return fault(`has an unknown schema ${schema.$ref}`);
    return faultOf(value, target, named, path);
  }
  const type = typeOf(value);
  const allowed = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (allowed !== undefined && !allowed.some((name) => fits(type, name))) {
    return fault(`is ${type}, not ${allowed.join(' or ')}`);
  }
  if (schema.enum !== undefined && !schema.enum.some((member) => member === value)) {
    if (value !== null || !allowed?.includes('null'))
      return fault(`is none of ${schema.enum.join(', ')}`);
  }
  if (typeof value === 'string') return textFault(value, schema, fault);
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum)
      return fault(`is below ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum)
      return fault(`is above ${schema.maximum}`);
    return undefined;
  }
  if (Array.isArray(value)) return listFault(value, schema, named, path);
  return isObject(value) ? objectFault(value, schema, named, path) : undefined;
}

function textFault(
  value: string,
  { pattern, minLength, maxLength }: JsonSchema,
  fault: (text: string) => string,
): string | undefined {
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    return fault(`does not match ${pattern}`);
  }
  if (minLength !== undefined && value.length < minLength) return fault('is too short');
  return maxLength !== undefined && value.length > maxLength ? fault('is too long') : undefined;
}

function listFault(
  value: readonly unknown[],
  schema: JsonSchema,
  named: ReadonlyMap<string, JsonSchema>,
  path: string,
): string | undefined {
  for (const [i, item] of value.entries()) {
    const itemSchema = schema.prefixItems?.[i] ?? schema.items;
    if (itemSchema === undefined) continue;
    const found = faultOf(item, itemSchema, named, join(path, String(i)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function objectFault(
  value: { readonly [key: string]: unknown },
  schema: JsonSchema,
  named: ReadonlyMap<string, JsonSchema>,
  path: string,
): string | undefined {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) return `${join(path, name)} is missing`;
  }
  for (const [name, member] of Object.entries(value)) {
    const properties = schema.properties ?? {};
    const memberSchema = Object.hasOwn(properties, name)
      ? properties[name]
      : schema.additionalProperties;
    if (memberSchema === false) return `${join(path, name)} is not in the schema`;
    if (memberSchema === undefined || memberSchema === true) continue;
    const found = faultOf(member, memberSchema, named, join(path, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function typeOf(value: unknown): JsonType | 'undefined' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'object':
      return 'object';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    default:
      return 'undefined';
  }
}

function fits(found: JsonType | 'undefined', wanted: JsonType): boolean {
  return found === wanted || (wanted === 'number' && found === 'integer');
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
