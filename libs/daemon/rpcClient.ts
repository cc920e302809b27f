import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonConfig } from '../config/types.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Credentials, credentialsOf } from './credentials.ts';
import { type Exchange, HttpChannel } from './httpChannel.ts';
import { isRepeatable, isUrgent } from './methods.ts';
import { type Reply, readJson, readReply, replyIdOf, writeCall } from './rpcJson.ts';
import { Slots } from './slots.ts';
import { readTemplateReply } from './templateJson.ts';
import {
  type BatchCall,
  type BatchOutcome,
  type CallOptions,
  type DaemonClient,
  DaemonError,
  type DaemonErrorKind,
} from './types.ts';

export interface DaemonClientOptions {
  /**
   * Send a call that can do no harm twice once more, on a fresh connection, when the daemon closed the kept
   * connection under it. Default true. Other calls have a fresh connection to themselves and are never sent twice.
   */
  readonly retryStale?: boolean;
  /** Calls under way at a time, default 8: a daemon's own queue holds 16 and answers 503 beyond. */
  readonly inFlight?: number;
  /** Bytes of a reply, default 64 MB. */
  readonly replyLimit?: number;
  /** Milliseconds until a connection must stand, default 10,000. */
  readonly connectTimeout?: number;
}

const defaultTimeout = 30_000;
const longestMessage = 1_000;
/** Milliseconds before a call that met a full queue is tried again: a found block must not be lost to a crowd. */
const busyWaits = [50, 200, 500] as const;
const queueFull = /^Work queue depth exceeded$/;

/** A client of one daemon; it connects when the first call is made. */
export function createDaemonClient(
  config: DaemonConfig,
  options: DaemonClientOptions = {},
): DaemonClient {
  return new RpcClient(config, options);
}

class RpcClient implements DaemonClient {
  readonly name: string;
  readonly #options: DaemonClientOptions;
  readonly #credentials: Credentials;
  readonly #channel: HttpChannel;
  readonly #slots: Slots;
  readonly #inFlight: number;
  #lastId = 0;
  #closed = false;

  constructor(config: DaemonConfig, options: DaemonClientOptions) {
    this.name = `${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
    this.#options = options;
    this.#credentials = credentialsOf(config);
    this.#channel = new HttpChannel(config.host, config.port);
    this.#inFlight = options.inFlight ?? 8;
    this.#slots = new Slots(this.#inFlight);
  }

  async call(
    method: string,
    params: readonly unknown[] = [],
    options: CallOptions = {},
  ): Promise<unknown> {
    const id = ++this.#lastId;
    const text = this.#write(method, () => writeCall(id, method, params));
    const answer = await this.#exchange(
      method,
      text,
      isRepeatable(method),
      isUrgent(method),
      options,
    );
    const outcome = this.#outcomeOf(method, readReply(this.#parse(method, answer, options), id));
    if (!outcome.ok) throw outcome.error;
    // A result under an error status is no result: whatever stands between us and the daemon made it up.
    if (answer.status >= 300) throw this.#badStatus(method, answer);
    return outcome.result;
  }

  async batch(
    calls: readonly BatchCall[],
    options: CallOptions = {},
  ): Promise<readonly BatchOutcome[]> {
    if (calls.length === 0) return [];
    const label = `batch of ${calls.length}`;
    const numbered = calls.map((call) => ({ ...call, id: ++this.#lastId }));
    const text = this.#write(label, () => {
      const written = numbered.map(({ id, method, params }) => writeCall(id, method, params ?? []));
      return `[${written.join(',')}]`;
    });
    const isSafe = calls.every(({ method }) => isRepeatable(method));
    const answer = await this.#exchange(label, text, isSafe, false, options);
    const replies = this.#parse(label, answer, options);
    if (!Array.isArray(replies)) {
      const refusal = readReply(replies, -1);
      if (refusal.kind === 'error') throw this.#rpcError(label, refusal.code, refusal.message);
      throw this.#fail('badReply', label, 'with something else than a list of replies');
    }
    if (answer.status >= 300) throw this.#badStatus(label, answer);
    const byId = new Map<number | undefined, unknown>();
    for (const reply of replies) byId.set(replyIdOf(reply), reply);
    return numbered.map(({ id, method }) => this.#outcomeOf(method, readReply(byId.get(id), id)));
  }

  close(): void {
    this.#closed = true;
    this.#slots.close();
    this.#channel.close();
  }

  #write(method: string, write: () => string): Buffer {
    try {
      return Buffer.from(write(), 'utf8');
    } catch (error) {
      // Refused here in the words a daemon has for it: an answer, and certainly not executed.
      throw this.#rpcError(method, -32602, messageOf(error));
    }
  }

  /** One HTTP exchange that ended in an answer worth reading; every other end is thrown. */
  async #exchange(
    method: string,
    body: Buffer,
    repeatable: boolean,
    urgent: boolean,
    options: CallOptions,
  ): Promise<Answer> {
    const timeout = options.timeout ?? defaultTimeout;
    const deadline = performance.now() + timeout;
    if (this.#closed) throw this.#closedError(method);
    if (!urgent && !(await this.#slots.take(timeout))) {
      if (this.#closed) throw this.#closedError(method);
      throw new DaemonError(
        'busy',
        `daemon ${this.name} was not asked for ${method}: ${this.#inFlight} earlier calls are still unanswered after ${timeout / 1000} s`,
        { daemon: this.name, method },
      );
    }
    try {
      return await this.#insist(method, body, repeatable, deadline, timeout);
    } finally {
      if (!urgent) this.#slots.give();
    }
  }

  /** Tries again what was certainly not executed, or may be executed twice; never anything else. */
  async #insist(
    method: string,
    body: Buffer,
    repeatable: boolean,
    deadline: number,
    timeout: number,
  ): Promise<Answer> {
    const waits = repeatable ? busyWaits.values() : [].values();
    for (;;) {
      const authorization = await this.#orCookieError(method, this.#credentials.header());
      let exchange = await this.#post(method, body, authorization, deadline, !repeatable);
      if (exchange.kind === 'failed' && exchange.stale && repeatable && this.#retryStale) {
        exchange = await this.#post(method, body, authorization, deadline, true);
      }
      if (exchange.kind === 'answer' && exchange.status === 401) {
        // 401 comes before anything is executed, so that a new cookie may be tried with every call.
        if (await this.#orCookieError(method, this.#credentials.renew(authorization))) continue;
      }
      const wait = exchange.kind === 'answer' && isBusy(exchange) ? waits.next().value : undefined;
      if (wait === undefined || performance.now() + wait > deadline) {
        return this.#checkStatus(method, exchange, timeout);
      }
      await sleep(wait);
    }
  }

  get #retryStale(): boolean {
    return this.#options.retryStale ?? true;
  }

  async #post(
    method: string,
    body: Buffer,
    authorization: string,
    deadline: number,
    fresh: boolean,
  ): Promise<Exchange> {
    if (this.#closed) throw this.#closedError(method);
    const limits = {
      total: Math.max(1, deadline - performance.now()),
      connect: this.#options.connectTimeout ?? 10_000,
      reply: this.#options.replyLimit ?? 64 * 1024 * 1024,
    };
    return this.#channel.post(body, authorization, limits, fresh);
  }

  #orCookieError<T>(method: string, value: Promise<T>): Promise<T> {
    return value.catch((error: unknown) => {
      throw this.#cookieError(method, error);
    });
  }

  #checkStatus(method: string, exchange: Exchange, timeout: number): Answer {
    if (exchange.kind === 'failed') throw this.#exchangeError(method, exchange, timeout);
    const { status } = exchange;
    if (status === 401 || status === 403) {
      throw this.#fail(
        'auth',
        method,
        status === 401
          ? "HTTP 401: the user or password is wrong (rpcuser and rpcpassword in the daemon's configuration)"
          : "HTTP 403: it does not allow this address (rpcallowip in the daemon's configuration)",
      );
    }
    if (isBusy(exchange)) {
      throw this.#fail(
        'busy',
        method,
        `HTTP ${status}: it takes no more calls now (${excerpt(exchange.body)})`,
      );
    }
    return exchange;
  }

  #exchangeError(
    method: string,
    exchange: Extract<Exchange, { kind: 'failed' }>,
    timeout: number,
  ): DaemonError {
    const { stage, timedOut, problem } = exchange;
    const facts = { daemon: this.name, method };
    if (stage === 'connect') {
      return new DaemonError(
        'unreachable',
        `daemon ${this.name} cannot be reached for ${method}: ${problem}`,
        facts,
      );
    }
    if (timedOut) {
      return new DaemonError(
        'timeout',
        `daemon ${this.name} did not answer ${method} within ${timeout / 1000} s`,
        facts,
      );
    }
    return new DaemonError(
      stage === 'reply' ? 'badReply' : 'reset',
      `daemon ${this.name} broke off ${method}: ${problem}`,
      facts,
    );
  }

  #parse(method: string, answer: Answer, options: CallOptions): unknown {
    try {
      if (options.slicesData === true) return readTemplateReply(answer.body);
      return readJson(answer.body.toString('utf8'), options.exactNumbers ?? false);
    } catch (error) {
      throw this.#fail(
        'badReply',
        method,
        `with something that is no JSON (HTTP ${answer.status}: ${excerpt(answer.body) || 'empty'})`,
        error,
      );
    }
  }

  #outcomeOf(method: string, reply: Reply): BatchOutcome {
    switch (reply.kind) {
      case 'result':
        return { ok: true, result: reply.result };
      case 'error':
        return { ok: false, error: this.#rpcError(method, reply.code, reply.message) };
      case 'bad':
        return { ok: false, error: this.#fail('badReply', method, `wrongly: ${reply.why}`) };
    }
  }

  #badStatus(method: string, answer: Answer): DaemonError {
    return this.#fail(
      'badReply',
      method,
      `with HTTP ${answer.status}, yet no error: ${excerpt(answer.body)}`,
    );
  }

  #fail(kind: DaemonErrorKind, method: string, how: string, cause?: unknown): DaemonError {
    return new DaemonError(kind, `daemon ${this.name} answered ${method} ${how}`, {
      daemon: this.name,
      method,
      cause,
    });
  }

  #rpcError(method: string, rpcCode: number, message: string): DaemonError {
    return new DaemonError(
      'rpc',
      `daemon ${this.name} answered ${method} with error ${rpcCode}: ${message.slice(0, longestMessage)}`,
      { daemon: this.name, method, rpcCode },
    );
  }

  #cookieError(method: string, error: unknown): DaemonError {
    return new DaemonError(
      'auth',
      `daemon ${this.name} was not asked for ${method}: its cookie file cannot be read (${messageOf(error)})`,
      { daemon: this.name, method, cause: error },
    );
  }

  #closedError(method: string): DaemonError {
    return new DaemonError(
      'unreachable',
      `daemon ${this.name} was not asked for ${method}: the client is closed`,
      { daemon: this.name, method },
    );
  }
}

type Answer = Extract<Exchange, { kind: 'answer' }>;

/** Up to 0.21 daemons say that their queue is full under HTTP 500, as they say everything; later ones under 503. */
function isBusy({ status, body }: Answer): boolean {
  return status === 503 || (status === 500 && queueFull.test(excerpt(body)));
}

/** The beginning of a reply, on one line, for an error's sentence. */
function excerpt(body: Buffer): string {
  return body.subarray(0, 200).toString('utf8').replace(/\s+/g, ' ').trim();
}
