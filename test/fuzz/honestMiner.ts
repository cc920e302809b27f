import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

export const honestAddress = 'honest';

/** The miner who must not notice what others send. Comes through a proxy from an address of its own. */
export class HonestMiner {
  /** Replies to nothing that was asked. */
  strayReplies = 0;
  readonly #socket: net.Socket;
  readonly #waiting = new Map<number, (reply: string) => void>();
  #lastId = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#read(line));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const settle of this.#waiting.values()) settle('nothing: the connection is closed');
      this.#waiting.clear();
    });
  }

  static async connect(port: number): Promise<HonestMiner> {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('PROXY TCP4 203.0.113.1 192.0.2.9 4000 3333\r\n');
    const miner = new HonestMiner(socket);
    await miner.#ask('mining.subscribe', []);
    await miner.#ask('mining.authorize', [honestAddress, 'x']);
    return miner;
  }

  /** Hands in a share; the reply's `result` as text. */
  submit(): Promise<string> {
    return this.#ask('mining.submit', [honestAddress, '1', '00000001', '504e86ed', '00000001']);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(method: string, params: readonly string[]): Promise<string> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      if (this.#socket.destroyed) {
        resolve('nothing: the connection is closed');
        return;
      }
      this.#waiting.set(id, resolve);
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  #read(line: string): void {
    const message = parseJson(line);
    if (!isRecord(message) || typeof own(message, 'method') === 'string') return;
    const id = own(message, 'id');
    const settle = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (typeof id !== 'number' || settle === undefined) {
      this.strayReplies += 1;
      return;
    }
    this.#waiting.delete(id);
    settle(JSON.stringify(own(message, 'result')));
  }
}
