import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import { AlgorithmError } from './errors.ts';

// A coin file's algorithm parameters, and what they make of a header: the numbers that the hash function takes.

/** The hash function's parameters for this 80-byte header. */
export type ParamsFor = (header: Buffer) => readonly number[];

const none: readonly number[] = [];
export const noParams = (): ParamsFor => () => none;

/** Memory of one scrypt hash is 128 × N × r bytes: 128 MiB at most. */
const mostScryptWork = 2 ** 20;
/** Memory of one scrypt-jane hash is 256 << nFactor bytes: 512 MiB at most (seconds a hash). */
const mostNFactor = 21;

/**
 * When Vertcoin's N grows (Unix seconds). From its rule for nFactor: with 2^l ≤ age/4 < 2^(l+1) and s the two bits
 * below the highest, nFactor = (158 l + 28 s - 2670) / 100 and N = 2^(nFactor + 1).
 */
const vertcoinTimeTable = {
  2048: 1389306217,
  4096: 1456415081,
  8192: 1506746729,
  16384: 1557078377,
  32768: 1657741673,
  65536: 1859068265,
  131072: 2060394857,
  262144: 2463048041,
  524288: 2999918953,
};

/** scrypt: `nValue` (N, a power of two, 1024) and `rValue` (r, 1). */
export function scryptParams(params: UnknownRecord): ParamsFor {
  const N = integer(params, 'nValue', 1024, 2, mostScryptWork);
  const r = integer(params, 'rValue', 1, 1, 64);
  if (!isPowerOfTwo(N)) throw fault(`nValue must be a power of two, not ${N}`);
  if (N * r > mostScryptWork) throw fault(`nValue × rValue must be at most ${mostScryptWork}`);
  const fixed = [N, r];
  return () => fixed;
}

/** scrypt-n: `timeTable`, an object from N to the Unix time (seconds) when it begins. The header's time decides. */
export function scryptNParams(params: UnknownRecord): ParamsFor {
  const table = own(params, 'timeTable') ?? vertcoinTimeTable;
  if (!isRecord(table)) throw fault('timeTable must be an object of N: time');
  const steps = Object.entries(table)
    .map(([key, time]) => ({ N: Number(key), time, params: [Number(key), 1] }))
    .sort((a, b) => b.N - a.N);
  for (const { N, time } of steps) {
    if (!Number.isInteger(N) || N < 2 || N > mostScryptWork || !isPowerOfTwo(N)) {
      throw fault(`timeTable's N must be powers of two from 2 to ${mostScryptWork}`);
    }
    if (!isUint32(time)) throw fault(`timeTable's time for ${N} must be Unix seconds`);
  }
  const first = steps.at(-1);
  if (first === undefined) throw fault('timeTable must not be empty');
  return (header) => {
    const time = timeOf(header);
    const reached = steps.find((step) => Number(step.time) <= time);
    return (reached ?? first).params;
  };
}

/**
 * scrypt-jane: `chainStartTime` (Unix seconds, YACoin's), `nMin` (4) and `nMax` (30) bound nFactor, which grows with
 * the header's time. Refused when the hash would take more than 512 MiB `now` (Unix seconds).
 */
export function scryptJaneParams(params: UnknownRecord, now: number): ParamsFor {
  const start = integer(params, 'chainStartTime', 1367991200, 0, 0xffffffff);
  const nMin = integer(params, 'nMin', 4, 0, 255);
  const nMax = integer(params, 'nMax', 30, 0, 255);
  if (nMin > nMax) throw fault(`nMin (${nMin}) is above nMax (${nMax})`);
  const paramsAt = (time: number): readonly number[] => {
    const nFactor = Math.min(Math.max(janeFactor(time - start), nMin), nMax);
    if (nFactor <= mostNFactor) return [nFactor];
    throw fault(
      `nFactor is ${nFactor} at ${new Date(time * 1000).toISOString()}: one hash would take ${2 ** (nFactor - 22)} GiB; up to ${mostNFactor} is possible`,
    );
  };
  paramsAt(now);
  return (header) => paramsAt(timeOf(header));
}

/** YACoin's rule, whole numbers throughout. `age`: seconds since the chain's start. */
function janeFactor(age: number): number {
  if (age <= 0) return 0;
  const log = Math.max(0, Math.floor(Math.log2(age)) - 2);
  const twoBits = Math.floor(age / 2 ** log) & 3;
  return Math.max(0, Math.trunc((log * 170 + twoBits * 25 - 2320) / 100));
}

/** `namedByHeader` (false): SHA-256d of the header is the block's name, whatever the proof of work is. */
export function isNamedByHeader(params: UnknownRecord): boolean {
  const value = own(params, 'namedByHeader') ?? false;
  if (typeof value !== 'boolean') throw fault('namedByHeader must be true or false');
  return value;
}

/** `normalHashing` (false): the coin hashes its coinbase twice like most, and Keccak runs twice. */
export function isNormalHashing(params: UnknownRecord): boolean {
  const value = own(params, 'normalHashing') ?? false;
  if (typeof value !== 'boolean') throw fault('normalHashing must be true or false');
  return value;
}

/** `reward` ("POW"): a proof-of-stake coin names its blocks otherwise. */
export function isProofOfStake(params: UnknownRecord): boolean {
  const value = own(params, 'reward') ?? 'POW';
  if (value !== 'POW' && value !== 'POS') throw fault('reward must be "POW" or "POS"');
  return value === 'POS';
}

function timeOf(header: Buffer): number {
  return header.readUInt32LE(68);
}

function integer(
  params: UnknownRecord,
  key: string,
  unless: number,
  least: number,
  most: number,
): number {
  const value = own(params, key) ?? unless;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw fault(
    `${key} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`,
  );
}

function isUint32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function fault(sentence: string): AlgorithmError {
  return new AlgorithmError('ALGORITHM_PARAMS', `The coin's algorithm parameters: ${sentence}.`);
}
