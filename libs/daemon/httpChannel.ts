import http from 'node:http';
import { codeOf, messageOf } from '../primitives/errors.ts';

// HTTP POSTs to one daemon. Each ends in an outcome that says how far the request certainly or possibly got.

export interface PostLimits {
  /** Milliseconds for the whole exchange, and for the connection to be made. */
  readonly total: number;
  readonly connect: number;
  /** Bytes of the reply's body. */
  readonly reply: number;
}

export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Buffer }
  | {
      readonly kind: 'failed';
      /** connect: nothing was delivered. sent: the daemon may have the request. reply: an answer had begun. */
      readonly stage: 'connect' | 'sent' | 'reply';
      readonly timedOut: boolean;
      /** The daemon closed a kept connection just as it was used again, before any byte of an answer. */
      readonly stale: boolean;
      readonly problem: string;
    };

// bitcoind closes idle connections after 30 s, and does not end before they are closed: ours go early, so that few are
// found closed in use, and an operator's restart is not held up.
const idleLimit = 5_000;

export class HttpChannel {
  readonly #host: string;
  readonly #port: number;
  readonly #agent = new http.Agent({ keepAlive: true, timeout: idleLimit });
  readonly #open = new Set<http.ClientRequest>();

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** `fresh`: on a new connection that nobody used before, closed afterwards. Never rejects. */
  post(body: Buffer, authorization: string, limits: PostLimits, fresh: boolean): Promise<Exchange> {
    return new Promise((resolve) => {
      let request: http.ClientRequest;
      try {
        request = this.#request(body.length, authorization, fresh);
      } catch (error) {
        // A port or host name that cannot be one: nothing was sent.
        const problem = messageOf(error);
        resolve({ kind: 'failed', stage: 'connect', timedOut: false, stale: false, problem });
        return;
      }
      let stage: 'connect' | 'sent' | 'reply' = 'connect';
      let bytesBefore = 0;
      let settled = false;

      const finish = (exchange: Exchange): void => {
        settled = true;
        clearTimeout(totalTimer);
        clearTimeout(connectTimer);
        this.#open.delete(request);
        resolve(exchange);
      };
      const fail = (problem: string, timedOut = false): void => {
        if (settled) return;
        const answering = (request.socket?.bytesRead ?? 0) > bytesBefore;
        if (answering) stage = 'reply';
        finish({
          kind: 'failed',
          stage,
          timedOut,
          stale: request.reusedSocket && !answering && !timedOut,
          problem,
        });
        request.destroy();
      };
      const totalTimer = setTimeout(() => fail('no answer in time', true), limits.total);
      const connectTimer = setTimeout(
        () => fail('no connection in time', true),
        Math.min(limits.connect, limits.total),
      );

      request.on('socket', (socket) => {
        const connected = (): void => {
          clearTimeout(connectTimer);
          stage = 'sent';
          bytesBefore = socket.bytesRead;
        };
        if (socket.connecting) socket.once('connect', connected);
        else connected();
      });
      request.on('error', (error) => fail(problemOf(error)));
      request.on('close', () => fail('the connection was closed'));
      request.on('response', (response) => {
        stage = 'reply';
        const chunks: Buffer[] = [];
        let size = 0;
        const tooLarge = `the reply is larger than ${limits.reply} bytes`;
        response.on('error', (error) => fail(`the reply broke off (${problemOf(error)})`));
        if (Number(response.headers['content-length'] ?? 0) > limits.reply) {
          fail(tooLarge);
          return;
        }
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > limits.reply) fail(tooLarge);
          else chunks.push(chunk);
        });
        response.on('end', () => {
          finish({
            kind: 'answer',
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks, size),
          });
        });
      });
      this.#open.add(request);
      request.end(body);
    });
  }

  #request(length: number, authorization: string, fresh: boolean): http.ClientRequest {
    return http.request({
      host: this.#host,
      port: this.#port,
      method: 'POST',
      path: '/',
      agent: fresh ? false : this.#agent,
      headers: {
        Authorization: authorization,
        'Content-Type': 'application/json',
        'Content-Length': length,
      },
    });
  }

  /** Breaks off what is under way. */
  close(): void {
    for (const request of this.#open) request.destroy();
    this.#agent.destroy();
  }
}

/** An error of several addresses (localhost as ::1 and 127.0.0.1) has a code, but no message. */
function problemOf(error: Error): string {
  return messageOf(error) || (codeOf(error) ?? error.name);
}
