import { messageOf } from '../primitives/errors.ts';
import { type Clock, systemClock } from '../primitives/units.ts';
import type { UnknownRecord } from '../primitives/unknown.ts';
import { batched } from './batcher.ts';
import { AlgorithmError } from './errors.ts';
import { fallbackHash, fallbackHashAsync } from './fallback.ts';
import { type NativeHash, native } from './native.ts';
import { nearest } from './nearest.ts';
import { isNamedByHeader, isNormalHashing, isProofOfStake } from './params.ts';
import { selfTest } from './selfTest.ts';
import { sha256, sha256d } from './sha256.ts';
import { type AlgorithmEntry, keccakNormal, refused, table } from './table.ts';
import type { Algorithm } from './types.ts';

/** Every name that a coin file may use. */
export const algorithmNames: readonly string[] = table.map(({ name }) => name);

/** Entries whose vectors this process has hashed rightly. */
const proved = new Set<AlgorithmEntry>();
/** One a native function: all pools of this process share its threads. */
const batchers = new Map<string, ReturnType<typeof batched>>();

/**
 * The algorithm `name` with the coin file's `params`: nValue, rValue, timeTable, chainStartTime, nMin, nMax,
 * normalHashing, namedByHeader, and reward ("POS" for a proof-of-stake coin).
 * Throws AlgorithmError: ALGORITHM_UNKNOWN, ALGORITHM_PARAMS, ALGORITHM_MISSING (not built), ALGORITHM_WRONG (the code
 * gives a wrong hash for a known header: tried once a process). Its hashes throw RangeError for a header that is not
 * 80 bytes, and ALGORITHM_PARAMS when a scrypt-jane header's time asks for more memory than is allowed.
 */
export function createAlgorithm(
  name: string,
  params: UnknownRecord,
  now: Clock = systemClock,
): Algorithm {
  const isNormal = isNormalHashing(params);
  const isPos = isProofOfStake(params);
  const entry = findEntry(name, isNormal);
  const paramsFor = entry.params(params, Math.floor(now() / 1000));
  const hashHeaders = provedHash(entry);

  const hash = (header: Buffer): Buffer => {
    assertHeader(header);
    const out = Buffer.allocUnsafe(32);
    hashHeaders(header, out, ...paramsFor(header));
    return out;
  };
  const oncePerCoinbase = entry.coinbase === 'onceUnlessNormal' && !isNormal;
  const isNamedByPow =
    !isNamedByHeader(params) &&
    (entry.block === 'pow' || (entry.block === 'headerUnlessPos' && isPos));
  return {
    name: entry.name,
    multiplier: entry.multiplier,
    slow: entry.slow,
    hash,
    hashAsync: asyncHash(entry, paramsFor) ?? (async (header) => hash(header)),
    coinbaseHash: oncePerCoinbase ? sha256 : sha256d,
    blockHash: isNamedByPow ? (_header, powHash) => powHash : sha256d,
  };
}

function findEntry(name: string, isNormal: boolean): AlgorithmEntry {
  const entry = table.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry.name === 'keccak' && isNormal ? keccakNormal : entry;
  const reason = refused.get(name);
  if (reason !== undefined) {
    throw new AlgorithmError(
      'ALGORITHM_UNKNOWN',
      `The algorithm ${name} cannot be mined here: ${reason}.`,
    );
  }
  const meant = nearest(name, algorithmNames);
  throw new AlgorithmError(
    'ALGORITHM_UNKNOWN',
    `There is no algorithm "${name}".${meant === undefined ? '' : ` Did you mean "${meant}"?`} Known: ${algorithmNames.join(', ')}.`,
  );
}

function provedHash(entry: AlgorithmEntry): NativeHash {
  const hash = native?.hash(entry.native) ?? fallbackHash(entry.native);
  if (hash === undefined) {
    throw new AlgorithmError(
      'ALGORITHM_MISSING',
      `The algorithm ${entry.name} needs the native hashes, and they are not built. Install a C compiler (Debian: apt-get install gcc libc6-dev), then run "npm run build".`,
    );
  }
  if (!proved.has(entry)) {
    selfTestOnce(entry, hash);
    proved.add(entry);
  }
  return hash;
}

function selfTestOnce(entry: AlgorithmEntry, hash: NativeHash): void {
  try {
    selfTest(entry, hash);
  } catch (error) {
    if (error instanceof AlgorithmError) throw error;
    throw new AlgorithmError(
      'ALGORITHM_WRONG',
      `The code for ${entry.name} failed on a known header: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Undefined for what is fast enough, or must not run on two threads at once. */
function asyncHash(
  entry: AlgorithmEntry,
  paramsFor: ReturnType<AlgorithmEntry['params']>,
): Algorithm['hashAsync'] | undefined {
  const run = native?.hashAsync(entry.native) ?? fallbackHashAsync(entry.native);
  if (!entry.slow || run === undefined) return undefined;
  const inBatches = batchers.get(entry.native) ?? batched(run, entry.widest ?? 1);
  batchers.set(entry.native, inBatches);
  return async (header) => {
    assertHeader(header);
    return inBatches(header, paramsFor(header));
  };
}

function assertHeader(header: Buffer): void {
  if (header.length !== 80) {
    throw new RangeError(`A block header is 80 bytes, not ${header.length}.`);
  }
}
