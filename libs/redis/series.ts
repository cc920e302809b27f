import type { RedisConnection } from './connection.ts';
import type { SeriesResolution } from './keys.ts';

// Charts in Redis: one string for each series and resolution, a ring of time buckets.
//   8 bytes  number of the newest bucket, big-endian uint64 (bucket number = floor(unix seconds / seconds of a bucket))
//   N x 4    summed difficulty of each bucket, little-endian float32; bucket n lies in slot n mod N
// The writer (scripts/recordStatistics.lua) zeroes the slots that it skips, so a slot never holds an older round.
// A float32 has 24 bits: one addition is off by at most 6e-8 of the sum. The thousands of additions that make an hour
// of a busy pool stay below 0.1 %: for charts, never for money.

export interface SeriesShape {
  /** Length of a bucket. */
  readonly seconds: number;
  /** Buckets in the ring. */
  readonly buckets: number;
}

export const seriesShapes: Readonly<Record<SeriesResolution, SeriesShape>> = {
  '1m': { seconds: 60, buckets: 1_440 },
  '10m': { seconds: 600, buckets: 4_320 },
  '1h': { seconds: 3_600, buckets: 8_760 },
};

/** In the order in which the script takes the rings of a series. */
export const seriesResolutions: readonly SeriesResolution[] = ['1m', '10m', '1h'];

const headerBytes = 8;
const slotBytes = 4;

export interface SeriesPoint {
  /** Unix seconds at which the bucket begins. */
  readonly time: number;
  /** Sum of the difficulty of the bucket's valid shares. Hashrate = difficulty × 2^32 / multiplier / bucket seconds. */
  readonly difficulty: number;
}

/**
 * The whole window, oldest first, up to the bucket of `nowSeconds` (which is still being filled). What nobody wrote is
 * 0: no key (null), a ring that stands still since, one that is cut short, a value that is none.
 */
export function decodeSeries(
  raw: Buffer | null,
  resolution: SeriesResolution,
  nowSeconds: number,
): readonly SeriesPoint[] {
  const { seconds, buckets } = seriesShapes[resolution];
  const current = Math.floor(nowSeconds / seconds);
  const newest = newestBucket(raw);
  const points: SeriesPoint[] = [];
  for (let bucket = current - buckets + 1; bucket <= current; bucket += 1) {
    const held = bucket >= 0 && bucket <= newest && bucket > newest - buckets;
    const difficulty = held && raw !== null ? slotOf(raw, bucket % buckets) : 0;
    points.push({ time: bucket * seconds, difficulty });
  }
  return points;
}

function newestBucket(raw: Buffer | null): number {
  if (raw === null || raw.length < headerBytes) return -Infinity;
  return Number(raw.readBigUInt64BE(0));
}

function slotOf(raw: Buffer, slot: number): number {
  const at = headerBytes + slot * slotBytes;
  if (at + slotBytes > raw.length) return 0;
  const value = raw.readFloatLE(at);
  return value > 0 && value < Infinity ? value : 0;
}

/** The series that is in this key now; empty when there is no such key. Rejects with RedisError. */
export async function readSeries(
  connection: RedisConnection,
  key: string,
  resolution: SeriesResolution,
  nowSeconds: number,
): Promise<readonly SeriesPoint[]> {
  const raw = await connection.bytes(key);
  return raw === null ? [] : decodeSeries(raw, resolution, nowSeconds);
}
