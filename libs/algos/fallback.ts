import * as crypto from 'node:crypto';
import { sha256d } from '../primitives/hash.ts';
import type { NativeHash, NativeHashAsync } from './native.ts';

// What Node itself can hash when the addon is not built: sha256 and scrypt. Same shapes as the addon's functions.

export function fallbackHash(name: string): NativeHash | undefined {
  if (name === 'sha256') return (headers, out) => each(headers, out, sha256d);
  if (name === 'scrypt') {
    return (headers, out, N = 0, r = 0) =>
      each(headers, out, (header) => crypto.scryptSync(header, header, 32, options(N, r)));
  }
  return undefined;
}

export function fallbackHashAsync(name: string): NativeHashAsync | undefined {
  if (name !== 'scrypt') return undefined;
  return async (headers, N = 0, r = 0) =>
    Buffer.concat(await Promise.all(split(headers).map((header) => scrypt(header, N, r))));
}

function scrypt(header: Buffer, N: number, r: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    crypto.scrypt(header, header, 32, options(N, r), (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

function options(N: number, r: number): crypto.ScryptOptions {
  return { N, r, p: 1, maxmem: 256 * N * r + 2 ** 20 };
}

function each(headers: Buffer, out: Buffer, hash: (header: Buffer) => Buffer): void {
  for (const [index, header] of split(headers).entries()) out.set(hash(header), 32 * index);
}

function split(headers: Buffer): Buffer[] {
  if (headers.length === 0 || headers.length % 80 !== 0) {
    throw new RangeError('Headers must be 80 bytes each.');
  }
  return Array.from({ length: headers.length / 80 }, (_, index) =>
    headers.subarray(80 * index, 80 * index + 80),
  );
}
