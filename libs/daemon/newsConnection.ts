import net from 'node:net';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { codeOf, messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';

// A TCP connection over which news of blocks come, whatever is spoken on it: kept up until `close`, with back-off.

export interface NewsTiming {
  /** Milliseconds until the handshake must be done, default 20,000. */
  readonly handshake?: number;
  /** Milliseconds without a message after which the connection is taken for dead; left out: for ever. */
  readonly silence?: number;
  /** Milliseconds before the first new attempt, default 1,000; doubled up to 30,000 while they fail. */
  readonly firstWait?: number;
}

export interface NewsConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** "the node", for logs. */
  readonly what: string;
  /** Why it may have closed the connection before the handshake was done, for logs. */
  readonly closedEarly: string;
  readonly timing: NewsTiming;
  readonly log: Logger;
  readonly now: Clock;
  /** Called for each new connection. */
  converse(line: Line): Conversation;
  /** The handshake is done: from here on news come; what came before was missed. */
  onUp(): void;
}

export interface Line {
  send(bytes: Buffer): void;
  /** The handshake is done. */
  up(): void;
  /** A whole message came. */
  alive(): void;
}

export interface Conversation {
  /** Called once when the connection stands. */
  begin(): void;
  /** Bytes from the other side, in pieces of any size. What it throws ends the connection. */
  heard(chunk: Buffer): void;
}

const longestWait = 30_000;
const defaultFirstWait = 1_000;
const defaultHandshake = 20_000;
const keepAliveAfter = 60_000;
const sayEvery = 60_000;

export class NewsConnection {
  readonly #options: NewsConnectionOptions;
  readonly #trouble: OncePer;
  readonly #name: string;
  #socket: net.Socket | undefined;
  #watch: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #wait: number;
  #saidDown = false;
  #closed = false;

  constructor(options: NewsConnectionOptions) {
    this.#options = options;
    this.#trouble = new OncePer(sayEvery, options.now);
    this.#name = `${options.what} ${options.host}:${options.port}`;
    this.#wait = this.#firstWait;
  }

  get #firstWait(): number {
    return this.#options.timing.firstWait ?? defaultFirstWait;
  }

  connect(): void {
    const { host, port, closedEarly, timing } = this.#options;
    const socket = net.connect({ host, port, noDelay: true });
    this.#socket = socket;
    socket.setKeepAlive(true, keepAliveAfter);
    let why = `it closed the connection before the handshake was done${closedEarly}`;
    let isUp = false;
    const end = (reason: string): void => {
      why = reason;
      socket.destroy();
    };
    const handshake = timing.handshake ?? defaultHandshake;
    this.#watchFor(handshake, () => end(`there was no handshake within ${handshake / 1_000} s`));

    const conversation = this.#options.converse({
      send: (bytes) => void socket.write(bytes),
      up: () => {
        if (isUp) return;
        isUp = true;
        why = 'it closed the connection';
        clearTimeout(this.#watch);
        const { silence } = timing;
        if (silence !== undefined)
          this.#watchFor(silence, () => end(`it was silent for ${silence / 1_000} s`));
        this.#isUp();
      },
      alive: () => void this.#watch?.refresh(),
    });
    const guarded = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        end(messageOf(error));
      }
    };
    socket.on('connect', () => guarded(() => conversation.begin()));
    socket.on('data', (chunk) => {
      if (!socket.destroyed) guarded(() => conversation.heard(chunk));
    });
    // An error of several addresses (localhost as ::1 and 127.0.0.1) has a code, but no message.
    socket.on('error', (error) => {
      why = messageOf(error) || (codeOf(error) ?? error.name);
    });
    socket.on('close', () => this.#isDown(why));
  }

  #watchFor(milliseconds: number, act: () => void): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(act, milliseconds);
  }

  #isUp(): void {
    this.#wait = this.#firstWait;
    const { log, onUp } = this.#options;
    const sentence = `Block news come from ${this.#name}.`;
    if (this.#saidDown) log.special(sentence);
    else log.debug(sentence);
    this.#saidDown = false;
    onUp();
  }

  #isDown(why: string): void {
    clearTimeout(this.#watch);
    if (this.#closed) return;
    if (this.#trouble.allows('down')) {
      this.#saidDown = true;
      this.#options.log.warning(
        `No block news from ${this.#name}: ${why}. It is tried again; the other sources of news go on.`,
      );
    }
    this.#again = setTimeout(() => this.connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#watch);
    clearTimeout(this.#again);
    this.#socket?.destroy();
  }
}
