// The load generator: stratum clients that spend next to nothing on a share. Every nonce is a share (the ports'
// difficulty is below that of any hash), so nothing is hashed here.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

export class LoadMiner {
  readonly #worker: string;
  readonly #socket: Socket;
  #rest = '';
  #lastId = 2;
  #nonce = 0;
  #jobId = '';
  #ntime = '';
  #authorized = false;
  #isClosing = false;
  #ready: { resolve: () => void; reject: (error: Error) => void } | undefined;
  /** Called for each answered share. */
  onAnswer: ((accepted: boolean, id: number, line: string) => void) | undefined;
  /** Called for each mining.notify, with its clean_jobs. */
  onJob: ((clean: boolean) => void) | undefined;
  /** Called when the pool has closed the connection. */
  onClosed: (() => void) | undefined;

  constructor(port: number, worker: string, localAddress?: string) {
    this.#worker = worker;
    const from = localAddress === undefined ? {} : { localAddress };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, ...from });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error) => this.#ready?.reject(error));
    this.#socket.on('close', () => {
      if (this.#isClosing) return;
      this.#ready?.reject(new Error('The pool closed a connection of the bench.'));
      this.onClosed?.();
    });
  }

  /** Resolves when it is authorised and has a job. */
  login(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ready = { resolve, reject };
      this.#socket.write(
        `{"id":1,"method":"mining.subscribe","params":["bench/1.0"]}\n` +
          `{"id":2,"method":"mining.authorize","params":["${this.#worker}","x"]}\n`,
      );
    });
  }

  /** Of the work that it has now. */
  get jobId(): string {
    return this.#jobId;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends a share that no other one is like. Gives the id of its answer. */
  submit(): number {
    const id = ++this.#lastId;
    const nonce = (++this.#nonce).toString(16).padStart(8, '0');
    this.#socket.write(
      `{"id":${id},"method":"mining.submit","params":["${this.#worker}","${this.#jobId}","00000000","${this.#ntime}","${nonce}"]}\n`,
    );
    return id;
  }

  /** What comes meanwhile waits in the kernel. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
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
      if (Array.isArray(params)) {
        this.#jobId = String(params[0]);
        this.#ntime = String(params[7]);
        this.onJob?.(params[8] === true);
      }
    } else if (id === 2) {
      this.#authorized = own(message, 'result') === true;
      if (!this.#authorized) this.#ready?.reject(new Error(`The login was refused: ${line}`));
    } else if (typeof id === 'number' && id > 2) {
      this.onAnswer?.(own(message, 'result') === true, id, line);
      return;
    }
    if (this.#authorized && this.#jobId !== '') {
      this.#ready?.resolve();
      this.#ready = undefined;
    }
  }
}

/** Logs them in a few at a time, as fast as the server lets them. */
export async function logIn(
  port: number,
  count: number,
  address: string,
  atOnce = 100,
): Promise<readonly LoadMiner[]> {
  const miners: LoadMiner[] = [];
  while (miners.length < count) {
    const some = Array.from(
      { length: Math.min(atOnce, count - miners.length) },
      (_, index) => new LoadMiner(port, `${address}.${miners.length + index}`),
    );
    await Promise.all(some.map((miner) => miner.login()));
    miners.push(...some);
  }
  return miners;
}

/**
 * Each miner sends its next share when the last one was answered, until `count` shares are. Gives the seconds that it
 * took. `onCount` is called at each of the counts in `marks`. Rejects when a share is refused.
 */
export function closedLoop(
  miners: readonly LoadMiner[],
  count: number,
  marks: ReadonlyMap<number, () => void> = new Map(),
): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let answered = 0;
    let sent = 0;
    const finish = (): void => {
      for (const miner of miners) miner.onAnswer = undefined;
      resolve((performance.now() - startedAt) / 1000);
    };
    for (const miner of miners) {
      miner.onAnswer = (accepted) => {
        if (!accepted) return reject(new Error('The pool refused a share of the bench.'));
        answered++;
        marks.get(answered)?.();
        if (answered === count) return finish();
        if (sent < count) {
          sent++;
          miner.submit();
        }
      };
    }
    for (const miner of miners.slice(0, count)) {
      sent++;
      miner.submit();
    }
  });
}

/**
 * Shares at a steady rate, whatever the pool does: milliseconds from each one's write to its answer. `mayBeStale`: new
 * blocks come meanwhile, so that a share may be refused.
 */
export async function openLoop(
  miners: readonly LoadMiner[],
  sharesPerSecond: number,
  seconds: number,
  mayBeStale = false,
): Promise<readonly number[]> {
  const count = Math.round(sharesPerSecond * seconds);
  const times: number[] = [];
  const open = new Map<string, number>();
  let refused = 0;
  for (const [index, miner] of miners.entries()) {
    miner.onAnswer = (accepted, id) => {
      const key = `${index}:${id}`;
      const sentAt = open.get(key);
      open.delete(key);
      if (!accepted) refused++;
      if (sentAt !== undefined) times.push(performance.now() - sentAt);
    };
  }
  const startedAt = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(
      count,
      Math.floor(((performance.now() - startedAt) / 1000) * sharesPerSecond),
    );
    for (; sent < due; sent++) {
      const index = sent % miners.length;
      const sentAt = performance.now();
      const id = miners[index]?.submit();
      open.set(`${index}:${id}`, sentAt);
    }
    await sleep(1);
  }
  const deadline = performance.now() + 5_000;
  while (open.size > 0 && performance.now() < deadline) await sleep(2);
  for (const miner of miners) miner.onAnswer = undefined;
  if ((refused > 0 && !mayBeStale) || open.size > 0) {
    throw new Error(`${refused} shares were refused, ${open.size} not answered in 5 s.`);
  }
  return times;
}

export interface Broadcast {
  /** Milliseconds from the trigger to the first and to the last miner. */
  readonly first: number;
  readonly last: number;
}

/**
 * From a trigger to the first and last of all miners that get a new job. Only some of them are read meanwhile (the
 * first and last to connect, and others between), else our own reading would be what is measured; the rest waits in
 * the kernel.
 */
export async function timeBroadcast(
  miners: readonly LoadMiner[],
  trigger: () => void,
): Promise<Broadcast> {
  const step = Math.max(1, Math.floor(miners.length / 250));
  const watched = miners.filter((_, at) => at % step === 0 || at === miners.length - 1);
  for (const miner of miners) miner.pause();
  for (const miner of watched) miner.resume();
  await sleep(100);
  const startedAt = performance.now();
  const times = await new Promise<number[]>((resolve, reject) => {
    const seen: number[] = [];
    const late = setTimeout(
      () => reject(new Error(`Only ${seen.length} of ${watched.length} miners got the new job.`)),
      10_000,
    );
    for (const miner of watched) {
      miner.onJob = () => {
        seen.push(performance.now() - startedAt);
        miner.onJob = undefined;
        if (seen.length < watched.length) return;
        clearTimeout(late);
        resolve(seen);
      };
    }
    trigger();
  });
  for (const miner of miners) miner.resume();
  await sleep(200);
  return { first: Math.min(...times), last: Math.max(...times) };
}
