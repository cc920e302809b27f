// A miner for tests and the demonstration: real stratum, real hashes, at a bounded rate. What it saw acknowledged is
// the oracle of what a pool may not lose, so it keeps its own books.
import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import {
  blockHashOf,
  blockTargetOf,
  coinbaseOf,
  difficultyOf,
  headerOf,
  jobFromNotify,
  type MinerJob,
  powOf,
  type TestAlgorithm,
} from './testWork.ts';

/** Ways to be wrong. Each is refused by a sound pool, with its own error. */
export const badShareKinds = [
  'unknownJob',
  'duplicate',
  'lowDifficulty',
  'oldTime',
  'shortNonce',
] as const;
export type BadShareKind = (typeof badShareKinds)[number];

export interface TestMinerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly worker: string;
  /** Default "x". */
  readonly password?: string;
  readonly algorithm: TestAlgorithm;
  /** Shares a second, at most; default 1. 0: none until `mine` is called. */
  readonly sharesPerSecond?: number;
  /**
   * The part of all shares that are blocks, 0 to 1; left out: as chance has it. Only for chains on which a block is
   * found in a few hashes, such as regtest.
   */
  readonly blockPart?: number;
  /** Each n-th share is a bad one; default: none. */
  readonly badShareEvery?: number;
  /** Taken in turn; default: all kinds. */
  readonly badKinds?: readonly BadShareKind[];
  /** Called for each share that the pool acknowledged. */
  readonly onAcknowledged?: (share: SentShare) => void;
  readonly onRejected?: (share: SentShare, code: number, reason: string) => void;
}

export interface SentShare {
  /** Milliseconds since 1970 when it was sent, and when its answer came. */
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly worker: string;
  readonly jobId: string;
  /** Of the block that the job stands on, as mining.notify writes it: tells the chain that the share was for. */
  readonly prevHash: string;
  /** In force when the job came: what the pool credits. */
  readonly difficulty: number;
  /** As explorers show it, if the hash is a block. */
  readonly blockHash: string | undefined;
  /** Undefined for an honest share. */
  readonly bad: BadShareKind | undefined;
}

export interface TestMiner {
  readonly worker: string;
  readonly connected: boolean;
  readonly authorized: boolean;
  /** In force now; undefined before the pool told it. */
  readonly difficulty: number | undefined;
  /** What it works on now. */
  readonly job: { readonly prevHash: string; readonly extranonce1: string } | undefined;
  readonly acknowledged: readonly SentShare[];
  /** Error text of the pool -> count. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Honest shares among the rejected, with the pool's words. */
  readonly wronged: readonly { readonly share: SentShare; readonly reason: string }[];
  /** Bad shares that the pool took for good ones: must stay empty. */
  readonly smuggled: readonly SentShare[];
  /** Sent, but the connection ended before the answer: nobody knows whether they count. */
  readonly unanswered: number;
  readonly connections: number;
  /** Changes the rate from now on. */
  setRate(sharesPerSecond: number): void;
  setBlockPart(part: number | undefined): void;
  /** Finds and sends one share now, as soon as there is a job. Resolves with its answer, false if it was refused. */
  mine(bad?: BadShareKind): Promise<boolean>;
  /** Sends nothing more, waits for open answers (a second at most), and closes. */
  stop(): Promise<void>;
}

/** A solved share, ready to be sent. */
interface Solution {
  readonly job: Work;
  readonly extranonce2: string;
  readonly ntime: string;
  readonly nonce: string;
  readonly blockHash: string | undefined;
}

interface Work extends MinerJob {
  readonly extranonce1: string;
  readonly extranonce2Size: number;
  readonly difficulty: number;
}

interface Pending {
  readonly share: Omit<SentShare, 'answeredAt'>;
  readonly done: (accepted: boolean) => void;
}

/** Hashes until the rest of the process gets a turn: some ten milliseconds of scrypt. */
const hashesPerTurn = 20;
/** Pools forgive a share one percent of its difficulty; what is to be refused must miss by more. */
const tolerance = 0.985;
/** Hashes after which a wish (a block, no block, too low a difficulty) is given up. */
const patienceForWish = 400;
const reconnectMillis = { first: 100, most: 2_000 };
const partingMillis = 1_000;

export function startTestMiner(options: TestMinerOptions): TestMiner {
  return new Miner(options);
}

class Miner implements TestMiner {
  readonly worker: string;
  readonly acknowledged: SentShare[] = [];
  readonly rejected = new Map<string, number>();
  readonly wronged: { share: SentShare; reason: string }[] = [];
  readonly smuggled: SentShare[] = [];
  unanswered = 0;
  connections = 0;
  connected = false;
  authorized = false;
  difficulty: number | undefined;

  readonly #options: TestMinerOptions;
  readonly #pending = new Map<number, Pending>();
  #socket: Socket;
  #received = '';
  #lastId = 0;
  #subscribeId = 0;
  #authorizeId = 0;
  #extranonce1 = '';
  #extranonce2Size = 4;
  #counter = randomInt(0x10000);
  #work: Work | undefined;
  #lastGood: Solution | undefined;
  #rate: number;
  #blockPart: number | undefined;
  #sent = 0;
  #badSent = 0;
  #stopped = false;
  #reconnectIn = reconnectMillis.first;
  #timer: NodeJS.Timeout | undefined;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #waitingForWork: (() => void)[] = [];

  constructor(options: TestMinerOptions) {
    this.#options = options;
    this.worker = options.worker;
    this.#rate = options.sharesPerSecond ?? 1;
    this.#blockPart = options.blockPart;
    this.#socket = this.#connect();
    this.#schedule();
  }

  get job(): TestMiner['job'] {
    return this.#work;
  }

  setRate(sharesPerSecond: number): void {
    this.#rate = sharesPerSecond;
    this.#schedule();
  }

  setBlockPart(part: number | undefined): void {
    this.#blockPart = part;
  }

  async mine(bad?: BadShareKind): Promise<boolean> {
    await this.#untilWork();
    const solution = await this.#solve(bad);
    return solution === undefined ? false : this.#submit(solution, bad);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reconnectTimer);
    const deadline = Date.now() + partingMillis;
    while (this.#pending.size > 0 && Date.now() < deadline) await sleep(5);
    this.#socket.destroy();
    this.#lost();
    this.#wake();
  }

  // Mining

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#rate <= 0) return;
    this.#timer = setTimeout(() => void this.#tick(), 1000 / this.#rate);
  }

  async #tick(): Promise<void> {
    const startedAt = Date.now();
    if (this.authorized && this.#work !== undefined) {
      const bad = this.#turnForBad();
      const solution = await this.#solve(bad);
      if (solution !== undefined) void this.#submit(solution, bad);
    }
    clearTimeout(this.#timer);
    if (this.#stopped || this.#rate <= 0) return;
    const wait = Math.max(0, 1000 / this.#rate - (Date.now() - startedAt));
    this.#timer = setTimeout(() => void this.#tick(), wait);
  }

  #turnForBad(): BadShareKind | undefined {
    const every = this.#options.badShareEvery;
    this.#sent++;
    if (every === undefined || this.#sent % every !== 0) return undefined;
    const kinds = this.#options.badKinds ?? badShareKinds;
    return kinds[this.#badSent++ % kinds.length];
  }

  /** Undefined when the miner was stopped or lost its work meanwhile, or when there is nothing yet to do wrong with. */
  async #solve(bad: BadShareKind | undefined): Promise<Solution | undefined> {
    if (bad === 'duplicate') return this.#lastGood;
    const wish = this.#wishForBlock();
    let spare: Solution | undefined;
    for (let hashes = 0; !this.#stopped; hashes++) {
      if (hashes % hashesPerTurn === hashesPerTurn - 1) await nextTurn();
      const work = this.#work;
      if (work === undefined) return undefined;
      if (spare !== undefined && (spare.job !== work || hashes > patienceForWish)) return spare;
      const attempt = this.#attempt(work);
      if (bad === 'lowDifficulty') {
        const low = attempt.found < work.difficulty * tolerance;
        if (low && attempt.solution.blockHash === undefined) return attempt.solution;
        if (hashes > patienceForWish) return undefined;
        continue;
      }
      // A hair above: the pool may round where we do not.
      if (attempt.found < work.difficulty * 1.000001) continue;
      // What is sent wrongly should not happen to be a block: it would be wasted.
      const wanted = bad === undefined ? wish : false;
      const isBlock = attempt.solution.blockHash !== undefined;
      if (wanted === undefined || wanted === isBlock) return attempt.solution;
      spare = attempt.solution;
    }
    return undefined;
  }

  #wishForBlock(): boolean | undefined {
    return this.#blockPart === undefined ? undefined : Math.random() < this.#blockPart;
  }

  #attempt(work: Work): { solution: Solution; found: number } {
    this.#counter = (this.#counter + 1) % 0x100000000;
    const extranonce2 = this.#counter
      .toString(16)
      .padStart(work.extranonce2Size * 2, '0')
      .slice(-work.extranonce2Size * 2);
    const nonce = randomInt(0x100000000).toString(16).padStart(8, '0');
    const coinbase = coinbaseOf(work, work.extranonce1, extranonce2);
    const header = headerOf(work, coinbase, work.ntime, nonce);
    const pow = powOf(this.#options.algorithm, header);
    const isBlock = pow <= blockTargetOf(work.nbits);
    return {
      found: difficultyOf(this.#options.algorithm, pow),
      solution: {
        job: work,
        extranonce2,
        ntime: work.ntime,
        nonce,
        blockHash: isBlock ? blockHashOf(header) : undefined,
      },
    };
  }

  #submit(solution: Solution, bad: BadShareKind | undefined): Promise<boolean> {
    if (bad === undefined) this.#lastGood = solution;
    const { job } = solution;
    const jobId = bad === 'unknownJob' ? 'ffffffffff' : job.jobId;
    const ntime = bad === 'oldTime' ? '00000001' : solution.ntime;
    const nonce = bad === 'shortNonce' ? solution.nonce.slice(0, 7) : solution.nonce;
    const id = this.#send('mining.submit', [
      this.worker,
      jobId,
      solution.extranonce2,
      ntime,
      nonce,
    ]);
    return new Promise((done) => {
      this.#pending.set(id, {
        share: {
          sentAt: Date.now(),
          worker: this.worker,
          jobId,
          prevHash: job.prevHash,
          difficulty: job.difficulty,
          blockHash: bad === undefined ? solution.blockHash : undefined,
          bad,
        },
        done,
      });
    });
  }

  #answered(id: number, result: unknown, error: unknown): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const share: SentShare = { ...pending.share, answeredAt: Date.now() };
    if (result === true) {
      this.acknowledged.push(share);
      if (share.bad !== undefined) this.smuggled.push(share);
      this.#options.onAcknowledged?.(share);
    } else {
      const [code, text] = Array.isArray(error) ? (error as unknown[]) : [];
      const reason = typeof text === 'string' ? text : JSON.stringify(error ?? result ?? null);
      this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
      if (share.bad === undefined) this.wronged.push({ share, reason });
      this.#options.onRejected?.(share, typeof code === 'number' ? code : 0, reason);
    }
    pending.done(result === true);
  }

  // Connection

  #connect(): Socket {
    const socket = connect({
      host: this.#options.host ?? '127.0.0.1',
      port: this.#options.port,
      noDelay: true,
    });
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      this.connected = true;
      this.connections++;
      this.#reconnectIn = reconnectMillis.first;
      this.#subscribeId = this.#send('mining.subscribe', ['test-miner/1.0']);
    });
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#lost();
      if (this.#stopped) return;
      const wait = this.#reconnectIn;
      this.#reconnectIn = Math.min(wait * 2, reconnectMillis.most);
      this.#reconnectTimer = setTimeout(() => {
        this.#socket = this.#connect();
      }, wait);
    });
    return socket;
  }

  #lost(): void {
    this.connected = false;
    this.authorized = false;
    this.difficulty = undefined;
    this.#work = undefined;
    this.#lastGood = undefined;
    this.#received = '';
    this.unanswered += this.#pending.size;
    for (const { done } of this.#pending.values()) done(false);
    this.#pending.clear();
  }

  #send(method: string, params: readonly unknown[]): number {
    const id = ++this.#lastId;
    this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    return id;
  }

  #read(text: string): void {
    const lines = (this.#received + text).split('\n');
    this.#received = lines.pop() ?? '';
    for (const line of lines) {
      const message = parseJson(line);
      if (isRecord(message)) this.#heard(message);
    }
  }

  #heard(message: { readonly [key: string]: unknown }): void {
    const method = own(message, 'method');
    if (typeof method === 'string') {
      this.#told(method, own(message, 'params'));
      return;
    }
    const id = Number(own(message, 'id'));
    const result = own(message, 'result');
    if (id === this.#subscribeId) this.#subscribed(result);
    else if (id === this.#authorizeId) {
      this.authorized = result === true;
      this.#wake();
    } else this.#answered(id, result, own(message, 'error'));
  }

  #subscribed(result: unknown): void {
    const [, extranonce1, size] = Array.isArray(result) ? (result as unknown[]) : [];
    if (typeof extranonce1 !== 'string' || typeof size !== 'number') return;
    this.#extranonce1 = extranonce1;
    this.#extranonce2Size = size;
    const { worker, password } = this.#options;
    this.#authorizeId = this.#send('mining.authorize', [worker, password ?? 'x']);
  }

  #told(method: string, params: unknown): void {
    const first: unknown = Array.isArray(params) ? params[0] : undefined;
    const second: unknown = Array.isArray(params) ? params[1] : undefined;
    if (method === 'mining.set_difficulty' && typeof first === 'number') this.difficulty = first;
    if (method === 'mining.set_extranonce' && typeof first === 'string') {
      this.#extranonce1 = first;
      if (typeof second === 'number') this.#extranonce2Size = second;
    }
    if (method !== 'mining.notify') return;
    const job = jobFromNotify(params);
    if (job === undefined || this.difficulty === undefined) return;
    this.#work = {
      ...job,
      extranonce1: this.#extranonce1,
      extranonce2Size: this.#extranonce2Size,
      difficulty: this.difficulty,
    };
    this.#wake();
  }

  async #untilWork(): Promise<void> {
    while (!this.#stopped && (this.#work === undefined || !this.authorized)) {
      await new Promise<void>((resolve) => this.#waitingForWork.push(resolve));
    }
  }

  #wake(): void {
    const waiting = this.#waitingForWork;
    this.#waitingForWork = [];
    for (const resume of waiting) resume();
  }
}
