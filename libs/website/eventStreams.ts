import type { IncomingMessage, ServerResponse } from 'node:http';
import { ipKeyGenerator } from 'express-rate-limit';
import { HttpProblem } from './httpProblem.ts';

// Connections that stay open for server-sent events: counted, kept alive, and dropped when they do not read.

export interface StreamLimits {
  readonly most: number;
  readonly mostPerIp: number;
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
  /** Bytes that may wait for a client, beside one message. */
  readonly mostWaiting: number;
}

export const streamLimits: StreamLimits = {
  most: 2_000,
  mostPerIp: 20,
  heartbeat: 20_000,
  mostWaiting: 1 << 20,
};

export interface EventStream {
  /**
   * Sends what eventText made; as bytes, many clients share it. False if the client is gone, or was dropped because it
   * does not read.
   */
  send(event: string | Buffer): boolean;
  onClose(listener: () => void): void;
}

export class EventStreams {
  readonly #limits: StreamLimits;
  /** With whether something was sent since the last sign of life. */
  readonly #open = new Map<ServerResponse, { spoken: boolean }>();
  readonly #perIp = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #dropped = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => {
      // Who hears of each tick needs no sign of life.
      for (const [response, state] of this.#open) {
        if (!state.spoken) this.#write(response, ': alive\n\n');
        state.spoken = false;
      }
    }, limits.heartbeat);
    this.#timer.unref();
  }

  get count(): number {
    return this.#open.size;
  }

  /** Clients that were dropped because they did not read. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Throws HttpProblem 429 or 503 when there are too many. */
  open(request: IncomingMessage, response: ServerResponse, address: string): EventStream {
    // A site of IPv6 has many addresses and counts as one.
    const ip = ipKeyGenerator(address);
    const mine = this.#perIp.get(ip) ?? 0;
    if (mine >= this.#limits.mostPerIp) {
      throw new HttpProblem(429, `There are ${mine} event streams open from your address already.`);
    }
    if (this.#open.size >= this.#limits.most) {
      throw new HttpProblem(503, 'Too many event streams are open; try again later.');
    }
    this.#perIp.set(ip, mine + 1);
    const state = { spoken: false };
    this.#open.set(response, state);
    const listeners: (() => void)[] = [];
    response.once('close', () => {
      this.#open.delete(response);
      const left = (this.#perIp.get(ip) ?? 1) - 1;
      if (left <= 0) this.#perIp.delete(ip);
      else this.#perIp.set(ip, left);
      for (const listener of listeners) listener();
    });
    response.on('error', () => undefined);
    request.socket.setNoDelay(true);
    // A stream ends with its connection: events leave as they are, without a frame around each.
    response.removeHeader('Transfer-Encoding');
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache, no-transform',
      // nginx would keep the events back otherwise.
      'X-Accel-Buffering': 'no',
    });
    // A browser that lost the connection waits so long before it comes back.
    response.write('retry: 5000\n\n');
    if (request.method === 'HEAD') response.end();
    return {
      send: (event) => {
        state.spoken = true;
        return this.#write(response, event);
      },
      onClose: (listener) => listeners.push(listener),
    };
  }

  #write(response: ServerResponse, event: string | Buffer): boolean {
    if (response.destroyed || response.writableEnded) return false;
    if (response.writableLength > this.#limits.mostWaiting) {
      this.#dropped += 1;
      response.destroy();
      return false;
    }
    response.write(event);
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const response of this.#open.keys()) response.end();
  }
}

/** One event; `data` is JSON, which has no line ends. */
export function eventText(event: { type?: string; id?: string; data: string }): string {
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  const type = event.type === undefined ? '' : `event: ${event.type}\n`;
  return `${id}${type}data: ${event.data}\n\n`;
}
