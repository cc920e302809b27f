// Miners that do what they should, each from an address of its own or from a farm behind one: what becomes of them
// while others attack. Every nonce is a share on their port, so nothing is hashed here.
import { connect, type Socket } from 'node:net';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

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
  readonly #worker: string;
  readonly #socket: Socket;
  readonly #sent = new Map<number, Sent>();
  #rest = '';
  #lastId = 2;
  #nonce = 0;
  #jobId = '';
  #ntime = '';
  #isReady = false;
  #isClosing = false;
  #onReady: ((error?: Error) => void) | undefined;

  constructor(crowd: HonestCrowd, port: number, localAddress: string, worker: string) {
    this.#crowd = crowd;
    this.#worker = worker;
    this.#socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      if (this.#isClosing) return;
      crowd.tally.dropped++;
      this.#onReady?.(new Error('The pool closed an honest connection before its login.'));
    });
  }

  login(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onReady = (error) => (error === undefined ? resolve() : reject(error));
      this.#socket.write(
        `{"id":1,"method":"mining.subscribe","params":["honest/1.0"]}\n` +
          `{"id":2,"method":"mining.authorize","params":["${this.#worker}","x"]}\n`,
      );
    });
  }

  submit(): void {
    if (this.#socket.destroyed) return;
    const id = ++this.#lastId;
    const nonce = (++this.#nonce).toString(16).padStart(8, '0');
    this.#sent.set(id, { job: this.#jobId, at: performance.now() });
    this.#socket.write(
      `{"id":${id},"method":"mining.submit","params":["${this.#worker}","${this.#jobId}","00000000","${this.#ntime}","${nonce}"]}\n`,
    );
  }

  get unanswered(): number {
    return this.#sent.size;
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#heard(line);
  }

  #heard(line: string): void {
    const message = parseJson(line);
    if (!isRecord(message)) return;
    const id = own(message, 'id');
    if (own(message, 'method') === 'mining.notify') {
      const params = own(message, 'params');
      if (!Array.isArray(params)) return;
      this.#jobId = String(params[0]);
      this.#ntime = String(params[7]);
      this.#crowd.heardJob(params[8] === true);
    } else if (id === 2) {
      this.#isReady = own(message, 'result') === true;
      if (!this.#isReady) this.#onReady?.(new Error(`An honest login was refused: ${line}`));
    } else if (typeof id === 'number' && id > 2) {
      this.#answered(id, own(message, 'result') === true, line);
    }
    if (this.#isReady && this.#jobId !== '') this.#onReady?.();
  }

  #answered(id: number, accepted: boolean, line: string): void {
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    this.#sent.delete(id);
    const { tally } = this.#crowd;
    tally.answer.push(performance.now() - sent.at);
    if (accepted) tally.accepted++;
    else if (line.includes('[21,') && sent.job !== this.#jobId) tally.stale++;
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
