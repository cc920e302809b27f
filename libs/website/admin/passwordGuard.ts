import { createHash, timingSafeEqual } from 'node:crypto';
import { ipKeyGenerator } from 'express-rate-limit';
import type { WebsiteConfig } from '../../config/types.ts';
import { verifyPassword } from '../../primitives/password.ts';
import type { Clock } from '../../primitives/units.ts';

// The password of the admin centre, and how often an address may guess it.

const lockMillis = 15 * 60_000;
const mostTries = 5;
const mostAddresses = 100_000;

export const lockedText =
  'Too many wrong passwords came from your address: try again in a quarter of an hour.';

export type Verdict = 'right' | 'wrong' | 'locked';

interface Tries {
  count: number;
  readonly until: number;
}

export class PasswordGuard {
  readonly #tries = new Map<string, Tries>();

  /** Whether `password` is the one. After five wrong ones of an address the right one has to wait as well. */
  async check(
    password: string,
    address: string,
    adminCenter: WebsiteConfig['adminCenter'],
    now: Clock,
  ): Promise<Verdict> {
    const key = ipKeyGenerator(address);
    const tries = this.#of(key, now());
    if (tries.count >= mostTries) return 'locked';
    // Counted before the answer is known: many tries at once are many tries.
    tries.count += 1;
    if (!(await isPassword(password, adminCenter))) return 'wrong';
    tries.count -= 1;
    return 'right';
  }

  #of(key: string, now: number): Tries {
    const known = this.#tries.get(key);
    if (known !== undefined && now < known.until) return known;
    this.#tries.delete(key);
    for (const [old, { until }] of this.#tries) {
      // In the order of their ends: those behind are younger.
      if (now < until && this.#tries.size < mostAddresses) break;
      this.#tries.delete(old);
    }
    const fresh = { count: 0, until: now + lockMillis };
    this.#tries.set(key, fresh);
    return fresh;
  }
}

async function isPassword(
  given: string,
  { password, passwordHash }: WebsiteConfig['adminCenter'],
): Promise<boolean> {
  if (passwordHash !== undefined) return verifyPassword(given, passwordHash);
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return password !== '' && timingSafeEqual(digest(given), digest(password));
}
