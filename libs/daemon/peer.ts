import { randomBytes } from 'node:crypto';
import net from 'node:net';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { blocksOfInv, type PeerFrame, PeerFrames, writeFrame, writeVersion } from './peerFrames.ts';

// A connection to the coin's node in its own protocol: the fastest news of a block.

export interface PeerOptions {
  readonly host: string;
  readonly port: number;
  /** 4 bytes. */
  readonly magic: Buffer;
  readonly protocolVersion: number;
  readonly relayTransactions: boolean;
  readonly log: Logger;
  readonly now: Clock;
  onBlock(blockHash: string): void;
}

const firstWait = 1_000;
const longestWait = 30_000;
/** A node pings every two minutes: silence for longer means that the connection is dead. */
const longestSilence = 5 * 60_000;
const sayEvery = 60_000;

/** Keeps the connection up until `close`: reconnects with back-off, says once a minute why it is down. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #trouble: OncePer;
  readonly #name: string;
  #socket: net.Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wait = firstWait;
  #closed = false;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#trouble = new OncePer(sayEvery, options.now);
    this.#name = `${options.host}:${options.port}`;
  }

  connect(): void {
    const { host, port, magic } = this.#options;
    const frames = new PeerFrames(magic);
    const socket = net.connect({ host, port, noDelay: true });
    this.#socket = socket;
    let why =
      'it closed the connection before the handshake was done, as nodes do when the magic is not theirs';
    socket.setTimeout(longestSilence, () => socket.destroy(new Error('it was silent for minutes')));
    socket.on('connect', () => this.#send('version', this.#version()));
    socket.on('data', (chunk) => {
      try {
        for (const frame of frames.push(chunk)) {
          if (frame.command === 'verack') why = 'it closed the connection';
          this.#heard(frame);
        }
      } catch (error) {
        why = messageOf(error);
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      why = error.message;
    });
    socket.on('close', () => this.#again(why));
  }

  #version(): Buffer {
    const { protocolVersion, relayTransactions, now } = this.#options;
    return writeVersion({
      protocolVersion,
      time: Math.floor(now() / 1000),
      nonce: randomBytes(8).readBigUInt64LE(),
      userAgent: '/nodeStratum/',
      relay: relayTransactions,
    });
  }

  #send(command: string, payload: Buffer): void {
    this.#socket?.write(writeFrame(this.#options.magic, command, payload));
  }

  #heard(frame: PeerFrame): void {
    switch (frame.command) {
      case 'version':
        this.#send('verack', Buffer.alloc(0));
        break;
      case 'verack':
        this.#wait = firstWait;
        this.#trouble.clear('peer');
        this.#options.log.debug(`Block news come from the node ${this.#name}.`);
        break;
      case 'ping':
        this.#send('pong', frame.payload);
        break;
      case 'inv':
        for (const hash of blocksOfInv(frame.payload)) this.#options.onBlock(hash);
        break;
      default:
        break;
    }
  }

  #again(why: string): void {
    if (this.#closed) return;
    if (this.#trouble.allows('peer')) {
      this.#options.log.warning(
        `No block news from the node ${this.#name}: ${why}. It is tried again; polling and blocknotify go on.`,
      );
    }
    this.#timer = setTimeout(() => this.connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}
