import type { VarDiffConfig } from '../config/types.ts';
import { type Difficulty, difficulty } from '../primitives/units.ts';

// Variable difficulty of one connection. Shares arrive at random (a Poisson process), so a few intervals say little:
// the difficulty is changed only when the count of shares is both outside the allowed band and unlikely to be chance.
// Two windows are counted: since the last look (finds a sudden change) and since the last change (finds a small one).

/**
 * Nats of evidence against "the rate is right" that a window must show; e^-nats bounds the odds of chance. With these
 * a steady miner sees less than one change a day.
 */
const evidenceSinceLook = 8;
const evidenceSinceChange = 5;
/** Shares that a silent miner should have sent by now, before it counts as too slow. */
const silence = 9;
/** A flood need not wait for retargetTime: so many shares, so many times too fast, over at least so long (ms). */
const floodShares = 24;
const floodRatio = 4;
const floodTime = 1_000;
/** Expected shares that the long window holds before its older half fades. */
const longestWindow = 64;
/** Without a share the size of the error is unknown: a bold step first, a bolder one next. Together 2^20. */
const firstSilentStep = 2 ** -6;
const nextSilentStep = 2 ** -14;
/** So many times more shares than targetTime asks for a miner may send for the sake of an easier chain. */
const mostExtra = 4;
/** A miner that does so is left alone while its difficulty is right to this factor. */
const nearEnough = 2;

export interface DifficultyBounds {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * minDiff … min(maxDiff, network difficulty). minDiff wins on a network that is easier still: it is the operator's
 * shield against floods. `wished` is the miner's own minimum (BIP 310), if any.
 */
export function boundsOf(
  options: VarDiffConfig,
  network: number | undefined,
  wished = 0,
): DifficultyBounds {
  const cap = network === undefined ? options.maxDiff : Math.min(options.maxDiff, network);
  const highest = Math.max(options.minDiff, cap);
  return { lowest: Math.min(highest, Math.max(options.minDiff, wished)), highest };
}

export function within(bounds: DifficultyBounds, value: number): Difficulty {
  return difficulty(Math.min(bounds.highest, Math.max(bounds.lowest, value)));
}

export class VarDiff {
  readonly #options: VarDiffConfig;
  #changed: number;
  // After `#changed`: a small number stands in the object itself, a time of day beside it, and thousands of these idle.
  #looked = 0;
  #lastShare = 0;
  #sinceChange = 0;
  #sinceLook = 0;
  #silentSteps = 0;
  /** What the miner would mine at, while it mines at less for the sake of an easier chain. */
  #own: number | undefined;

  /** All times are milliseconds of one clock. */
  constructor(options: VarDiffConfig, now: number) {
    this.#options = options;
    this.#changed = now;
  }

  /** A good share. `weight`: its difficulty as a part of the current one (below 1: work from before a rise). */
  share(now: number, weight = 1): void {
    this.#lastShare = now - this.#changed;
    this.#sinceChange += weight;
    this.#sinceLook += weight;
    this.#silentSteps = 0;
  }

  /** A new difficulty has been sent: what came before says nothing about it. */
  restart(now: number): void {
    this.#changed = now;
    this.#looked = 0;
    this.#lastShare = 0;
    this.#sinceChange = 0;
    this.#sinceLook = 0;
  }

  /** Somebody else decided on the difficulty: what the miner could do besides is not known any more. */
  forgetOwn(): void {
    this.#own = undefined;
  }

  /** True when `look` has something to decide. */
  isDue(now: number): boolean {
    const elapsed = now - this.#changed - this.#looked;
    if (elapsed >= this.#options.retargetTime * 1_000) return true;
    if (this.#sinceLook < floodShares || elapsed < floodTime) return false;
    return this.#sinceLook >= floodRatio * this.#expected(elapsed);
  }

  /**
   * Decides; gives the difficulty to go to, or undefined to stay at `current`. `easiest`: of the chains that the miner
   * works for. Above it, blocks of that chain stay unfound; far below what the miner can do, it would flood the pool.
   */
  look(
    now: number,
    current: Difficulty,
    bounds: DifficultyBounds,
    easiest = Infinity,
  ): Difficulty | undefined {
    if (!this.isDue(now)) return undefined;
    const factor = this.#factor(now);
    const own = factor === 1 ? (this.#own ?? current) : current * factor;
    const eased = easedFor(easiest, own);
    this.#own = eased < own ? own : undefined;
    this.#looked = now - this.#changed;
    this.#sinceLook = 0;
    this.#fade(now);
    const stays = eased === current || (eased > easiest && isNear(eased, current));
    const next = within(bounds, stays ? current : rounded(eased));
    return next === current ? undefined : next;
  }

  #factor(now: number): number {
    const elapsed = now - this.#changed;
    const recently = this.#expected(elapsed - this.#looked);
    if (this.#isWrong(this.#sinceLook, recently, evidenceSinceLook)) {
      return this.#step(this.#sinceLook, recently);
    }
    const since = this.#expected(elapsed);
    if (this.#isWrong(this.#sinceChange, since, evidenceSinceChange)) {
      return this.#step(this.#sinceChange, since);
    }
    const silent = this.#expected(elapsed - this.#lastShare);
    return silent >= silence ? this.#step(0, silent) : 1;
  }

  #expected(elapsed: number): number {
    return elapsed / (this.#options.targetTime * 1_000);
  }

  #isWrong(shares: number, expected: number, evidence: number): boolean {
    if (expected <= 0) return false;
    const interval = expected / shares;
    const band = this.#options.variancePercent / 100;
    if (interval >= 1 - band && interval <= 1 + band) return false;
    return evidenceAgainst(shares, expected) >= evidence;
  }

  #step(shares: number, expected: number): number {
    // Less than one share's worth of work is as good as none: its quotient would be chance.
    if (shares >= 1) return shares / expected;
    this.#silentSteps++;
    return this.#silentSteps === 1 ? firstSilentStep : nextSilentStep;
  }

  #fade(now: number): void {
    const elapsed = now - this.#changed;
    if (this.#expected(elapsed) < longestWindow) return;
    const half = Math.floor(elapsed / 2);
    this.#changed += half;
    this.#looked -= half;
    this.#lastShare -= half;
    this.#sinceChange /= 2;
  }
}

function easedFor(easiest: number, own: number): number {
  return Math.min(own, Math.max(easiest, own / mostExtra));
}

function isNear(a: number, b: number): boolean {
  return a < b * nearEnough && b < a * nearEnough;
}

/** Relative entropy of Poisson(shares) to Poisson(expected): the Chernoff bound of seeing so many or so few by chance. */
function evidenceAgainst(shares: number, expected: number): number {
  if (shares === 0) return expected;
  return expected - shares + shares * Math.log(shares / expected);
}

/** Whole numbers from 16 up, since some firmware cuts the fraction off; four digits below. */
function rounded(value: number): number {
  return value >= 16 ? Math.round(value) : Number(value.toPrecision(4));
}
