import http from 'node:http';
import type { TestContext } from 'node:test';
import type { CoinConfig, DaemonConfig } from '../../libs/config/types.ts';

// A stand-in for a coin daemon that does what a real one cannot be made to do: answer wrongly, late or never.

export interface FaultyCall {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
  /** The request's body as it came. */
  readonly text: string;
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  /** The number of this call, from 1, and that of its connection. */
  readonly number: number;
  readonly connection: number;
  result(value: unknown): void;
  error(code: number, message: string, status?: number): void;
  send(status: number, body: string, headers?: http.OutgoingHttpHeaders): void;
}

export class FaultyDaemon {
  readonly config: DaemonConfig;
  readonly calls: FaultyCall[] = [];
  readonly #server: http.Server;

  private constructor(server: http.Server, port: number) {
    this.#server = server;
    this.config = { host: '127.0.0.1', port, user: 'user', password: 'password' };
  }

  /** Runs until the test ends. `behave` gets each call; what it does not answer stays open. */
  static async start(t: TestContext, behave: (call: FaultyCall) => void): Promise<FaultyDaemon> {
    const sockets = new WeakMap<object, number>();
    let connections = 0;
    const server = http.createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const text = Buffer.concat(chunks).toString('utf8');
      const body = JSON.parse(text);
      const send: FaultyCall['send'] = (status, reply, headers = {}) => {
        response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(reply);
      };
      const call: FaultyCall = {
        id: body.id,
        method: body.method,
        params: body.params,
        text,
        request,
        response,
        number: daemon.calls.length + 1,
        connection: sockets.get(request.socket) ?? 0,
        send,
        result: (result) => send(200, JSON.stringify({ result, error: null, id: body.id })),
        error: (code, message, status = 500) =>
          send(status, JSON.stringify({ result: null, error: { code, message }, id: body.id })),
      };
      daemon.calls.push(call);
      behave(call);
    });
    server.on('connection', (socket) => sockets.set(socket, ++connections));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const daemon = new FaultyDaemon(server, portOf(server));
    t.after(() => daemon.stop());
    return daemon;
  }

  get methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** A daemon's address where nobody listens. */
export async function deadDaemon(): Promise<DaemonConfig> {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return { host: '127.0.0.1', port, user: 'user', password: 'password' };
}

function portOf(server: http.Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

export function coinFor(more: Partial<CoinConfig> = {}): CoinConfig {
  return {
    file: 'litecoin.json',
    name: 'litecoin',
    displayName: 'Litecoin',
    symbol: 'LTC',
    algorithm: 'scrypt',
    txMessages: false,
    mposDiffMultiplier: 1,
    hasGetInfo: false,
    decimals: 8,
    maturity: 100,
    networks: {},
    algorithmParams: {},
    ...more,
  };
}
