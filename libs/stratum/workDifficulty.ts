import type { Difficulty } from '../primitives/units.ts';
import { JobDifficulties } from './jobDifficulties.ts';
import type { OpenPort, SessionHost } from './sessionHost.ts';
import type { JobNotice } from './types.ts';
import { boundsOf, type DifficultyBounds, VarDiff, within } from './varDiff.ts';

// The difficulty of one connection: the one in force, the one that waits for a job to go with, and those of older jobs.

/** A new difficulty waits so long for a job to go with, then one is made for it. */
const longestPending = 3_000;
/** Wishes that are followed at once; more of them wait for a job like any other change. */
const promptWishes = 3;

export class WorkDifficulty {
  readonly #place: { readonly host: SessionHost; readonly port: OpenPort };
  readonly #jobs = new JobDifficulties();
  #current: Difficulty;
  #pending: { readonly to: Difficulty; readonly since: number } | undefined;
  /** What the miner asked for last, and how often it was heard at once. */
  #wish: { last: number; heard: number } | undefined;
  #minimum = 0;
  #proven: Difficulty | undefined;
  #varDiff: VarDiff | undefined;

  constructor(place: { readonly host: SessionHost; readonly port: OpenPort }) {
    this.#place = place;
    this.#current = place.port.config.diff;
  }

  /** In force now. */
  get current(): Difficulty {
    return this.#current;
  }

  /** Under which the last good share was found: no wish, and no guess of varDiff, but work that was done. */
  get proven(): Difficulty | undefined {
    return this.#proven;
  }

  /** Work begins, or begins anew: what waited is in force. */
  start(now: number): void {
    const { varDiff } = this.#place.port.config;
    if (varDiff !== undefined) this.#varDiff ??= new VarDiff(varDiff, now);
    this.#current = this.#pending?.to ?? this.#current;
    this.#pending = undefined;
    this.#varDiff?.restart(now);
  }

  /** Another pool is behind the port, which may have another configuration than when this miner came. */
  followPort(): void {
    const { diff } = this.#place.port.config;
    this.#jobs.clear();
    this.#varDiff = undefined;
    this.#pending = undefined;
    const bounds = this.#bounds();
    this.#current = bounds === undefined ? diff : within(bounds, this.#current);
  }

  /** Puts in force what waited for a job; false if nothing did. */
  takePending(): boolean {
    if (this.#pending === undefined) return false;
    this.#current = this.#pending.to;
    this.#pending = undefined;
    this.#varDiff?.restart(this.#place.host.now());
    return true;
  }

  /** A job goes out under the difficulty in force. */
  sent(job: JobNotice): void {
    this.#jobs.sent(job, this.#current);
  }

  /** Of the last job that went out; -1 before the first. */
  get lastSequence(): number {
    return this.#jobs.lastSequence;
  }

  /** Under which a job was sent; undefined for one that this connection was not sent. */
  ofJob(sequence: number): Difficulty | undefined {
    return this.#jobs.of(sequence);
  }

  /** A good share of work under `jobDifficulty`. */
  share(jobDifficulty: Difficulty): void {
    this.#proven = jobDifficulty;
    if (this.#varDiff === undefined) return;
    const now = this.#place.host.now();
    this.#varDiff.share(now, Math.min(1, jobDifficulty / this.#current));
    this.#retarget(this.#varDiff, now);
  }

  /** True when a difficulty has waited long enough for a job to go with. */
  sweep(now: number): boolean {
    if (this.#varDiff !== undefined) this.#retarget(this.#varDiff, now);
    return this.#pending !== undefined && now - this.#pending.since >= longestPending;
  }

  /** The miner has said which difficulty it likes. */
  get hasWish(): boolean {
    return this.#wish !== undefined && this.#wish.last > 0;
  }

  /**
   * The miner's own wish, taken within the bounds of the port; a port without varDiff has one difficulty. A wish that
   * repeats the last one is a sign of life, and what varDiff has found since then stays. True when a job shall be sent
   * with it at once, if the miner has one.
   */
  prefer(wanted: number): boolean {
    this.#wish ??= { last: 0, heard: 0 };
    if (wanted === this.#wish.last) return false;
    this.#wish.last = wanted;
    return this.#goTo(wanted) && this.#hearsAtOnce();
  }

  /** Where this worker was when it left; true as for `prefer`. */
  resume(last: Difficulty): boolean {
    return this.#goTo(last);
  }

  #goTo(wanted: number): boolean {
    const bounds = this.#bounds();
    if (bounds === undefined) return false;
    const next = within(bounds, wanted);
    this.#pending =
      next === this.#current ? undefined : { to: next, since: this.#place.host.now() };
    this.#varDiff?.forgetOwn();
    return this.#pending !== undefined;
  }

  /** Whether the port can keep to this minimum. */
  canKeep(minimum: number): boolean {
    return minimum <= (this.#bounds()?.highest ?? this.#place.port.config.diff);
  }

  /** Never below this, as far as the bounds of the port allow it; true as for `prefer`. */
  setMinimum(minimum: number): boolean {
    this.#minimum = minimum;
    if (minimum <= (this.#pending?.to ?? this.#current)) return false;
    return this.#goTo(minimum) && this.#hearsAtOnce();
  }

  #hearsAtOnce(): boolean {
    this.#wish ??= { last: 0, heard: 0 };
    this.#wish.heard++;
    return this.#wish.heard <= promptWishes;
  }

  #retarget(varDiff: VarDiff, now: number): void {
    if (this.#pending !== undefined || !varDiff.isDue(now)) return;
    const bounds = this.#bounds();
    if (bounds === undefined) return;
    const easiest = this.#place.host.pool().currentJob()?.lowestDifficulty;
    const next = varDiff.look(now, this.#current, bounds, easiest);
    if (next !== undefined) this.#pending = { to: next, since: now };
  }

  #bounds(): DifficultyBounds | undefined {
    const { varDiff } = this.#place.port.config;
    if (varDiff === undefined) return undefined;
    const job = this.#place.host.pool().currentJob();
    return boundsOf(varDiff, job?.networkDifficulty, this.#minimum);
  }
}
