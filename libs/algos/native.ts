import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installRoot } from '../primitives/installRoot.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';

// The addon that scripts/buildNative.mjs makes from libs/algos/native/pow.c.

/** Writes 32 bytes for each 80-byte header into `out`. Throws on wrong arguments and when memory is short. */
export type NativeHash = (headers: Buffer, out: Buffer, ...params: readonly number[]) => void;
/** The same on libuv's thread pool, into a new Buffer. */
export type NativeHashAsync = (headers: Buffer, ...params: readonly number[]) => Promise<Buffer>;

export interface Native {
  sha256d(data: Buffer, out: Buffer): void;
  foldMerkle(first: Buffer, branch: Buffer, out: Buffer): void;
  hash(name: string): NativeHash | undefined;
  hashAsync(name: string): NativeHashAsync | undefined;
}

/** The addon, or undefined when it is not built (or NOMP_NO_NATIVE=1 asks to do without it). */
export const native = load();

function load(): Native | undefined {
  if (process.env['NOMP_NO_NATIVE'] === '1') return undefined;
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)(join(installRoot, 'dist', 'native', 'pow.node'));
  } catch {
    return undefined;
  }
  return parse(addon);
}

function parse(addon: unknown): Native | undefined {
  if (!isRecord(addon)) return undefined;
  const sha256d = own(addon, 'sha256d');
  const foldMerkle = own(addon, 'foldMerkle');
  if (!isFunction<Native['sha256d']>(sha256d)) return undefined;
  if (!isFunction<Native['foldMerkle']>(foldMerkle)) return undefined;
  return {
    sha256d,
    foldMerkle,
    hash: (name) => functionOf<NativeHash>(addon, name),
    hashAsync: (name) => functionOf<NativeHashAsync>(addon, `${name}Async`),
  };
}

function functionOf<F extends AnyFunction>(addon: UnknownRecord, name: string): F | undefined {
  const found = own(addon, name);
  return isFunction<F>(found) ? found : undefined;
}

type AnyFunction = (...args: never[]) => unknown;

/** What a function of the addon takes and gives is fixed in pow.c; the self-tests prove it. */
function isFunction<F extends AnyFunction>(value: unknown): value is F {
  return typeof value === 'function';
}
