import { parseHex, reversed } from '../primitives/hex.ts';
import { AlgorithmError } from './errors.ts';
import type { NativeHash } from './native.ts';
import type { AlgorithmEntry } from './table.ts';

/**
 * Hashes the entry's vectors with `hash`, alone and as many side by side as the function takes.
 * Throws AlgorithmError ALGORITHM_WRONG at the first wrong hash.
 */
export function selfTest(entry: AlgorithmEntry, hash: NativeHash): void {
  for (const vector of entry.vectors) {
    const header = parseHex(vector.header, 80);
    const expected = parseHex(vector.hash, 32);
    if (header === undefined || expected === undefined) {
      throw wrong(entry, 'its test vector is damaged');
    }
    for (const count of new Set([1, entry.widest ?? 1])) {
      const out = Buffer.alloc(32 * count);
      hash(Buffer.alloc(80 * count, header), out, ...(vector.params ?? []));
      if (out.equals(Buffer.alloc(32 * count, reversed(expected)))) continue;
      const got = reversed(out.subarray(0, 32)).toString('hex');
      throw wrong(entry, `a known header gives ${got} instead of ${vector.hash}`);
    }
  }
}

function wrong(entry: AlgorithmEntry, what: string): AlgorithmError {
  return new AlgorithmError(
    'ALGORITHM_WRONG',
    `The code for ${entry.name} is wrong on this machine: ${what}. Pools with it do not start. Try another compiler, then "npm run build" again.`,
  );
}
