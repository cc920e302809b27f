import { decimalText, sumText } from './decimalText.ts';
import type { ShareRecord } from './types.ts';

// What a group of shares adds to the keys, in the value formats of the original NOMP.

export interface GroupDigest {
  readonly valid: number;
  readonly invalid: number;
  /** Workers with valid shares, then two texts for each: name, sum of difficulty. */
  readonly workers: number;
  readonly sums: readonly string[];
  /** Two for each share: unix second, `difficulty:worker:ms` (negative difficulty: an invalid share). */
  readonly hashrate: readonly (string | number)[];
}

/**
 * Keeps the members of the hashrate set apart. Two equal shares of one worker in one millisecond would be one member
 * (the original loses one of them): the later one's ms moves forward until it is new. Its score stays the true second.
 */
export class HashrateClock {
  readonly #last = new Map<string, number>();

  tick(worker: string, ms: number): number {
    const last = this.#last.get(worker);
    const unique = last === undefined || ms > last ? ms : last + 1;
    this.#last.set(worker, unique);
    return unique;
  }

  /** Forgets workers whose last share lies before `ms`. */
  forget(ms: number): void {
    for (const [worker, last] of this.#last) if (last < ms) this.#last.delete(worker);
  }
}

export function digestGroup(shares: readonly ShareRecord[], clock: HashrateClock): GroupDigest {
  const totals = new Map<string, number>();
  const hashrate: (string | number)[] = [];
  let valid = 0;
  for (const { worker, difficulty, time, valid: isValid, solo } of shares) {
    if (isValid) {
      valid += 1;
      if (!solo) totals.set(worker, (totals.get(worker) ?? 0) + difficulty);
    }
    const ms = clock.tick(worker, Math.floor(time));
    hashrate.push(
      Math.floor(time / 1000),
      `${decimalText(isValid ? difficulty : -difficulty)}:${worker}:${ms}`,
    );
  }
  const sums: string[] = [];
  for (const [worker, total] of totals) sums.push(worker, sumText(total));
  return { valid, invalid: shares.length - valid, workers: totals.size, sums, hashrate };
}
