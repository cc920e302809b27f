import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { ExchangeAdapter } from '../../libs/switching/exchanges/adapter.ts';

// A stand-in for an exchange: answers by path what a test says, documented answers and broken ones.

export interface StandInAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

type Behaviour = StandInAnswer | string | ((response: ServerResponse) => void);

export class StandInExchange {
  readonly url: string;
  /** Paths that were asked for, with their queries. */
  readonly asked: string[] = [];
  readonly #answers = new Map<string, Behaviour>();
  #always: Behaviour | undefined;

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(t: TestContext): Promise<StandInExchange> {
    let exchange: StandInExchange | undefined;
    const server = createServer((request, response) => exchange?.serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    exchange = new StandInExchange(
      typeof address === 'object' && address !== null ? address.port : 0,
    );
    return exchange;
  }

  /** The adapter, led here. */
  at(adapter: ExchangeAdapter): ExchangeAdapter {
    return { ...adapter, baseUrl: this.url };
  }

  answer(path: string, behaviour: Behaviour): void {
    this.#answers.set(path, behaviour);
  }

  /** Every path, until `undefined` ends it. */
  always(behaviour: Behaviour | undefined): void {
    this.#always = behaviour;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.asked.push(path);
    const behaviour = this.#always ?? this.#answers.get(path) ?? unknown;
    if (typeof behaviour === 'function') {
      behaviour(response);
      return;
    }
    const {
      status = 200,
      headers = {},
      body,
    } = typeof behaviour === 'string' ? { body: behaviour } : behaviour;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }
}

const unknown: StandInAnswer = { status: 404, body: '{"message":"no such market"}' };
