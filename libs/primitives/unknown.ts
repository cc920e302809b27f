// Small readers for values that come from outside as `unknown`.

export type UnknownRecord = { readonly [key: string]: unknown };

export function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property: never something that Object.prototype put there. */
export function own(value: UnknownRecord, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** JSON text to a value, or undefined when it is no JSON (`null` text gives null). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
