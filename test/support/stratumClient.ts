import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';

// A raw stratum client: it knows lines and ids, and nothing of mining.

/** One line from the server: an answer (result, error) or a notification (method, params). */
export interface ServerLine {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
}

export interface ClientOptions {
  readonly host?: string;
  /** Any certificate is accepted. */
  readonly tls?: boolean;
  /** Local address to connect from (127.0.0.2, …): another miner in the eyes of the server. */
  readonly localAddress?: string;
  /** Sent before anything else (a PROXY header). */
  readonly preface?: string | Uint8Array;
}

export class StratumClient {
  readonly socket: Socket;
  /** Every line so far, in order. */
  readonly lines: ServerLine[] = [];
  #rest = '';
  #bytes = 0;
  #closed = false;
  #nextId = 1;
  #watchers: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#heard(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connects, and closes after the test when `t` is given. */
  static async open(
    port: number,
    options: ClientOptions = {},
    t?: TestContext,
  ): Promise<StratumClient> {
    const { host = '127.0.0.1', localAddress, preface } = options;
    const where = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
    const raw = connect(where);
    await new Promise<void>((resolve, reject) => {
      raw.once('connect', resolve);
      raw.once('error', reject);
    });
    raw.on('error', () => {});
    if (preface !== undefined) raw.write(preface);
    const socket =
      options.tls === true ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
    const client = new StratumClient(socket);
    t?.after(() => client.close());
    return client;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Characters that came from the server. */
  get received(): number {
    return this.#bytes;
  }

  get notifications(): ServerLine[] {
    return this.lines.filter(({ method }) => method !== undefined);
  }

  /** The params of every notification of this method so far. */
  paramsOf(method: string): (readonly unknown[])[] {
    return this.lines.filter((line) => line.method === method).map(({ params }) => params ?? []);
  }

  /** Text and bytes go out as they are (text with a newline added), anything else as a line of JSON. */
  send(message: unknown): void {
    if (message instanceof Uint8Array) this.socket.write(message);
    else if (typeof message === 'string') this.socket.write(`${message}\n`);
    else this.socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends a request under a fresh id; resolves with its answer. */
  async request(method: string, params: readonly unknown[], within?: number): Promise<ServerLine> {
    const id = `c${this.#nextId++}`;
    this.send({ id, method, params });
    return await this.waitFor((line) => line.id === id && line.method === undefined, within);
  }

  /** The first line that fits, from line `from` on (0: also among those that came already). */
  async waitFor(
    fits: (line: ServerLine) => boolean,
    within = 10_000,
    from = 0,
  ): Promise<ServerLine> {
    let found: ServerLine | undefined;
    await this.#until(
      () => {
        found = this.lines.slice(from).find(fits);
        return found !== undefined;
      },
      within,
      'the line that the test waits for',
    );
    if (found === undefined) throw new Error('The server closed the connection.');
    return found;
  }

  async waitForNotify(within?: number, from = 0): Promise<readonly unknown[]> {
    const line = await this.waitFor(({ method }) => method === 'mining.notify', within, from);
    return line.params ?? [];
  }

  /** Resolves when the server has closed the connection. */
  async waitForClose(within = 10_000): Promise<void> {
    await this.#until(() => this.#closed, within, 'the end of the connection');
  }

  /** Subscribes and logs in; resolves when a job is there. */
  async start(worker: string, password = 'x'): Promise<{ extranonce1: string; jobId: string }> {
    const subscribed = await this.request('mining.subscribe', ['test/1.0']);
    const authorized = await this.request('mining.authorize', [worker, password]);
    if (authorized.result !== true) {
      throw new Error(`The login failed: ${JSON.stringify(authorized)}`);
    }
    const [jobId] = await this.waitForNotify();
    const extranonce1 = Array.isArray(subscribed.result) ? String(subscribed.result[1]) : '';
    return { extranonce1, jobId: String(jobId) };
  }

  close(): void {
    this.socket.destroy();
  }

  async #until(done: () => boolean, within: number, what: string): Promise<void> {
    if (done()) return;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!done() && !this.#closed) return;
        clearTimeout(timer);
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        const last = JSON.stringify(this.lines.slice(-5));
        reject(new Error(`Not within ${within} ms: ${what}. The last lines: ${last}`));
      }, within);
      this.#watchers.push(look);
    });
  }

  #heard(text: string): void {
    this.#bytes += text.length;
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) this.lines.push(JSON.parse(part) as ServerLine);
    if (parts.length > 0) this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
