import type { Socket } from 'node:net';

// What one miner is sent: replies gather during a turn and leave in one write.

/** Bytes that may wait for a miner that does not read. */
const slowReader = 256 * 1_024;

export class Outbox {
  readonly #socket: Socket;
  #text = '';
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** True when the miner does not read what it is sent. */
  get isSlow(): boolean {
    return this.#socket.writableLength > slowReader;
  }

  /** Gathers a line, pure ASCII. True when it is the first one, so that `flush` must be called at the turn's end. */
  add(line: string): boolean {
    if (this.#isClosed) return false;
    const isFirst = this.#text === '';
    this.#text += line;
    return isFirst;
  }

  flush(): void {
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    this.#socket.write(text, 'latin1');
  }

  /** Writes a line that many sockets share, after what has gathered. */
  write(line: Buffer): void {
    if (this.#text === '') {
      this.#socket.write(line);
      return;
    }
    this.#socket.cork();
    this.flush();
    this.#socket.write(line);
    this.#socket.uncork();
  }

  get isReadingPaused(): boolean {
    return this.#socket.isPaused();
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Lets what was written reach the miner first. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
    this.close();
  }

  /** The socket is gone; what still comes is for nobody. */
  close(): void {
    this.#isClosed = true;
    this.#text = '';
  }
}
