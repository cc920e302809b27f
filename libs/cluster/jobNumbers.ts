import { randomInt } from 'node:crypto';

/** Of job ids: eight hex digits, which every miner takes. */
const space = 2 ** 32;

/**
 * The number of a pool's first job on a fork. The pools of a fork count apart: after a switch has moved, a late share for
 * a job of the old pool must not name one of the new. At random within its part, so that the ids of an earlier process,
 * which miners may still answer after they come back, are not those of ours.
 */
export function firstJobNumber(at: number, pools: number): number {
  const part = Math.floor(space / Math.max(pools, 1));
  return at * part + randomInt(1, Math.floor(part / 2));
}
