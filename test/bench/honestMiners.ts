// Miners that do what they should, each from an address of its own or from a farm behind one: what becomes of them
// while others attack. Every nonce is a share on their port, so nothing is hashed here.
import { LoadMiner } from './load.ts';

/** What happened to all of them together; `crowd.take()` begins anew. */
export interface HonestTally {
  accepted: number;
  /** Answered "job not found" although a new block came between: the race that every miner knows. */
  stale: number;
  /** Anything else than accepted. */
  readonly rejected: string[];
  /** Connections that the pool closed. */
  dropped: number;
  /** Milliseconds from `announced` to each miner's new job. */
  readonly notify: number[];
  /** Milliseconds from share to answer. */
  readonly answer: number[];
}

const emptyTally = (): HonestTally => ({
  accepted: 0,
  stale: 0,
  rejected: [],
  dropped: 0,
  notify: [],
  answer: [],
});

interface Sent {
  readonly job: string;
  readonly at: number;
}

class HonestMiner {
  readonly #crowd: HonestCrowd;
  readonly #miner: LoadMiner;
  readonly #sent = new Map<number, Sent>();

  constructor(crowd: HonestCrowd, port: number, localAddress: string, worker: string) {
    this.#crowd = crowd;
    this.#miner = new LoadMiner(port, worker, localAddress);
    this.#miner.onJob = (clean) => crowd.heardJob(clean);
    this.#miner.onAnswer = (accepted, id, line) => this.#answered(accepted, id, line);
    this.#miner.onClosed = () => {
      crowd.tally.dropped++;
    };
  }

  login(): Promise<void> {
    return this.#miner.login();
  }

  submit(): void {
    if (this.#miner.isClosed) return;
    const job = this.#miner.jobId;
    const at = performance.now();
    this.#sent.set(this.#miner.submit(), { job, at });
  }

  get unanswered(): number {
    return this.#sent.size;
  }

  close(): void {
    this.#miner.close();
  }

  #answered(accepted: boolean, id: number, line: string): void {
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.#sent.delete(id);
    const { tally } = this.#crowd;
    tally.answer.push(performance.now() - sent.at);
    if (accepted) tally.accepted++;
    else if (line.includes('[21,') && sent.job !== this.#miner.jobId) tally.stale++;
    else tally.rejected.push(line);
  }
}

export class HonestCrowd {
  tally: HonestTally = emptyTally();
  #miners: readonly HonestMiner[] = [];
  #next = 0;
  #pacer: NodeJS.Timeout | undefined;
  #announcedAt = 0;
  #awaited = 0;

  /** Half of them sit behind the address of one farm, the others at home, four to an address. */
  async logIn(count: number, port: number, address: string): Promise<void> {
    const miners: HonestMiner[] = [];
    while (miners.length < count) {
      const some = Array.from({ length: Math.min(100, count - miners.length) }, (_, at) => {
        const number = miners.length + at;
        const home = number >> 2;
        const from = number % 2 === 0 ? '127.1.0.1' : `127.1.${1 + (home >> 8)}.${home & 255}`;
        return new HonestMiner(this, port, from, `${address}.rig${number}`);
      });
      await Promise.all(some.map((miner) => miner.login()));
      miners.push(...some);
    }
    this.#miners = miners;
  }

  /** Shares at a steady rate, of all miners in turn. */
  start(sharesPerSecond: number): void {
    let due = 0;
    let last = performance.now();
    this.#pacer = setInterval(() => {
      const now = performance.now();
      due += ((now - last) / 1_000) * sharesPerSecond;
      last = now;
      for (; due >= 1; due--) this.#miners[this.#next++ % this.#miners.length]?.submit();
    }, 5);
  }

  /** A block was announced at this moment: each miner's next clean job is timed from it. */
  announced(): void {
    this.#announcedAt = performance.now();
    this.#awaited = this.#miners.length;
  }

  heardJob(clean: boolean): void {
    if (!clean || this.#awaited === 0) return;
    this.#awaited--;
    this.tally.notify.push(performance.now() - this.#announcedAt);
  }

  /** Miners that have not got the announced block's job yet. */
  get awaited(): number {
    return this.#awaited;
  }

  get unanswered(): number {
    return this.#miners.reduce((sum, miner) => sum + miner.unanswered, 0);
  }

  take(): HonestTally {
    const { tally } = this;
    this.tally = emptyTally();
    return tally;
  }

  stop(): void {
    clearInterval(this.#pacer);
    for (const miner of this.#miners) miner.close();
  }
}
