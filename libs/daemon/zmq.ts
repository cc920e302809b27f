import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import type { Clock } from '../primitives/units.ts';
import { type Conversation, type Line, NewsConnection, type NewsTiming } from './newsConnection.ts';
import {
  readProperties,
  writeCommand,
  writeGreeting,
  writeReady,
  writeSubscribe,
  ZmqError,
  type ZmqFrame,
  ZmqFrames,
} from './zmqFrames.ts';

// A subscription to the block hashes that a daemon publishes (its zmqpubhashblock=tcp://host:port).

export interface ZmqOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly now: Clock;
  readonly timing?: NewsTiming;
  /** Hash in lower-case hex as published: nobody has checked that there is such a block. */
  onBlock(blockHash: string): void;
  /** The connection stands (again): blocks may have been missed. */
  onUp(): void;
}

const topic = 'hashblock';
const sayEvery = 60_000;

/** Keeps the connection up until `close`: reconnects with back-off, says once a minute why it is down. */
export class ZmqSubscriber {
  readonly #options: ZmqOptions;
  readonly #connection: NewsConnection;
  readonly #trouble: OncePer;

  constructor(options: ZmqOptions) {
    this.#options = options;
    const { host, port, log, now, onUp } = options;
    this.#trouble = new OncePer(sayEvery, now);
    this.#connection = new NewsConnection({
      host,
      port,
      what: 'the ZMQ publisher',
      closedEarly: ": is this the port of the daemon's zmqpubhashblock",
      // A publisher says nothing between two blocks: TCP's keep-alive finds out that it is gone.
      timing: { ...options.timing },
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
    const frames = new ZmqFrames();
    let isReady = false;
    return {
      begin: () => {
        line.send(writeGreeting());
        line.send(writeReady());
      },
      heard: (chunk) => {
        for (const frame of frames.push(chunk)) {
          line.alive();
          if (isReady) this.#heard(frame, line);
          else {
            checkReady(frame);
            isReady = true;
            line.send(writeSubscribe(topic));
            line.up();
          }
        }
      },
    };
  }

  #heard(frame: ZmqFrame, line: Line): void {
    if (frame.kind === 'message') {
      this.#published(frame.parts);
      return;
    }
    // ZMTP 3.1: a time to live of two bytes, then what the answer must repeat.
    if (frame.name === 'PING') line.send(writeCommand('PONG', frame.body.subarray(2, 18)));
    if (frame.name === 'ERROR') throw refusal(frame.body);
  }

  /** Topic, hash in the order that daemons show it, and a number that counts the topic's messages. */
  #published([name, hash]: readonly Buffer[]): void {
    if (name?.toString('latin1') !== topic) return;
    if (hash?.length === 32) {
      this.#options.onBlock(hash.toString('hex'));
      return;
    }
    if (!this.#trouble.allows('hash')) return;
    this.#options.log.warning(
      `The ZMQ publisher ${this.#options.host}:${this.#options.port} names a block by ${hash?.length ?? 0} bytes instead of 32: ignored.`,
    );
  }
}

/** Throws ZmqError unless the frame is the READY of a publisher. */
function checkReady(frame: ZmqFrame): void {
  if (frame.kind === 'command' && frame.name === 'ERROR') throw refusal(frame.body);
  if (frame.kind !== 'command' || frame.name !== 'READY') {
    throw new ZmqError('ZMQ_HANDSHAKE', 'it sends something else before its READY');
  }
  const type = readProperties(frame.body).get('socket-type');
  if (type === 'PUB' || type === 'XPUB') return;
  throw new ZmqError(
    'ZMQ_HANDSHAKE',
    `it is a ZMQ socket of type ${JSON.stringify(type)}, not a publisher`,
  );
}

function refusal(body: Buffer): ZmqError {
  const reason = JSON.stringify(body.subarray(1, 1 + (body[0] ?? 0)).toString('latin1'));
  return new ZmqError('ZMQ_REFUSED', `it refuses the connection: ${reason}`);
}
