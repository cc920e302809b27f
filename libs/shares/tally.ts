import type { ShareRecord } from './types.ts';

// What one pool process has seen since it last told Redis: sums for charts, and who was there. Bounded: during an
// outage of Redis it keeps what it has, and turns newcomers away.

/** Difficulty by minute, in two lists side by side. */
export interface MinuteSums {
  readonly minutes: number[];
  readonly sums: number[];
}

export interface MinerTally extends MinuteSums {
  readonly address: string;
}

export interface WorkerTally {
  readonly name: string;
  readonly miner: MinerTally;
  /** Unix milliseconds. */
  first: number;
  last: number;
  /** Difficulty that the best share's hash met. */
  best: number;
}

export interface TallyLimits {
  readonly workers: number;
  /** Minutes of miners, all together. */
  readonly minutes: number;
}

export class Tally {
  readonly #addressOf: (worker: string) => string;
  readonly #limits: TallyLimits;
  readonly #pool: MinuteSums = { minutes: [], sums: [] };
  readonly #miners = new Map<string, MinerTally>();
  readonly #workers = new Map<string, WorkerTally>();
  #minutes = 0;
  #dropped = 0;

  constructor(addressOf: (worker: string) => string, limits: TallyLimits) {
    this.#addressOf = addressOf;
    this.#limits = limits;
  }

  /** One entry for each minute in which there was a share. */
  get pool(): MinuteSums {
    return this.#pool;
  }
  get miners(): Iterable<MinerTally> {
    return this.#miners.values();
  }
  get workers(): Iterable<WorkerTally> {
    return this.#workers.values();
  }
  /** Shares, and sums that came back, which are in no miner's chart because a limit was reached. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Counts a valid share. Called for each one: no clock, no strings made, nothing that can throw. */
  share({ worker: name, time, difficulty, shareDiff }: ShareRecord): void {
    if (!(difficulty >= 0 && difficulty < Infinity && time >= 0)) return;
    const minute = Math.floor(time / 60_000);
    add(this.#pool, minute, difficulty);
    const worker = this.#workers.get(name) ?? this.#newWorker(name, time);
    if (worker === undefined) {
      this.#dropped += 1;
      return;
    }
    if (time < worker.first) worker.first = time;
    if (time > worker.last) worker.last = time;
    if (shareDiff > worker.best && shareDiff < Infinity) worker.best = shareDiff;
    if (!this.#addToMiner(worker.miner, minute, difficulty)) this.#dropped += 1;
  }

  /** Takes back what could not be written. */
  addPool({ minutes, sums }: MinuteSums): void {
    minutes.forEach((minute, i) => {
      add(this.#pool, minute, sums[i] ?? 0);
    });
  }

  addMiner({ address, minutes, sums }: MinerTally): void {
    const miner = this.#miner(address);
    minutes.forEach((minute, i) => {
      if (!this.#addToMiner(miner, minute, sums[i] ?? 0)) this.#dropped += 1;
    });
  }

  addWorker({ name, first, last, best }: WorkerTally): void {
    const worker = this.#workers.get(name) ?? this.#newWorker(name, first);
    if (worker === undefined) return;
    worker.first = Math.min(worker.first, first);
    worker.last = Math.max(worker.last, last);
    worker.best = Math.max(worker.best, best);
  }

  #addToMiner(miner: MinerTally, minute: number, difficulty: number): boolean {
    const isFull = this.#minutes >= this.#limits.minutes;
    if (isFull && !miner.minutes.includes(minute)) return false;
    if (add(miner, minute, difficulty)) this.#minutes += 1;
    return true;
  }

  #newWorker(name: string, time: number): WorkerTally | undefined {
    if (this.#workers.size >= this.#limits.workers) return undefined;
    const miner = this.#miner(this.#addressOf(name));
    const worker: WorkerTally = { name, miner, first: time, last: time, best: 0 };
    this.#workers.set(name, worker);
    return worker;
  }

  #miner(address: string): MinerTally {
    const known = this.#miners.get(address);
    if (known !== undefined) return known;
    const miner: MinerTally = { address, minutes: [], sums: [] };
    this.#miners.set(address, miner);
    return miner;
  }
}

/** True if the minute is a new one. */
function add({ minutes, sums }: MinuteSums, minute: number, difficulty: number): boolean {
  // Nearly always the last one.
  const at = minutes.lastIndexOf(minute);
  if (at === -1) {
    minutes.push(minute);
    sums.push(difficulty);
    return true;
  }
  sums[at] = (sums[at] ?? 0) + difficulty;
  return false;
}
