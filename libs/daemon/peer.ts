import { randomBytes } from 'node:crypto';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../primitives/units.ts';
import { type Conversation, type Line, NewsConnection, type NewsTiming } from './newsConnection.ts';
import { blocksOfInv, type PeerFrame, PeerFrames, writeFrame, writeVersion } from './peerFrames.ts';

// A connection to the coin's node in its own protocol: block news that need no setting in the node.

export interface PeerOptions {
  readonly host: string;
  readonly port: number;
  /** 4 bytes. */
  readonly magic: Buffer;
  readonly protocolVersion: number;
  readonly relayTransactions: boolean;
  readonly log: Logger;
  readonly now: Clock;
  /** By default a node may be silent for 5 minutes: it pings every two. */
  readonly timing?: NewsTiming;
  /** Hash in lower-case hex, as the node announced it: nobody has checked that there is such a block. */
  onBlock(blockHash: string): void;
  /** The connection stands (again): blocks may have been missed. */
  onUp(): void;
}

const silence = 5 * 60_000;

/** Keeps the connection up until `close`: reconnects with back-off, says once a minute why it is down. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #connection: NewsConnection;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { host, port, magic, log, now, onUp } = options;
    this.#connection = new NewsConnection({
      host,
      port,
      what: 'the node',
      closedEarly: `, as nodes do when the magic is not theirs (ours is ${magic.toString('hex')}, of the coin file)`,
      timing: { silence, ...options.timing },
      log,
      now,
      converse: (line) => this.#converse(line),
      onUp,
    });
  }

  connect(): void {
    this.#connection.connect();
  }

  close(): void {
    this.#connection.close();
  }

  #converse(line: Line): Conversation {
    const { magic } = this.#options;
    const frames = new PeerFrames(magic);
    const send = (command: string, payload: Buffer): void =>
      line.send(writeFrame(magic, command, payload));
    return {
      begin: () => send('version', this.#version()),
      heard: (chunk) => {
        for (const frame of frames.push(chunk)) {
          line.alive();
          this.#heard(frame, line, send);
        }
      },
    };
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

  #heard(frame: PeerFrame, line: Line, send: (command: string, payload: Buffer) => void): void {
    switch (frame.command) {
      case 'version':
        send('verack', Buffer.alloc(0));
        break;
      case 'verack':
        line.up();
        break;
      case 'ping':
        send('pong', frame.payload);
        break;
      case 'inv': {
        // The last one is the tip: those before it need no job any more.
        const tip = blocksOfInv(frame.payload).at(-1);
        if (tip !== undefined) this.#options.onBlock(tip);
        break;
      }
      default:
        break;
    }
  }
}
