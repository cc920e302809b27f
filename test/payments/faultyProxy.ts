import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DaemonConfig } from '../../libs/config/types.ts';

// Stands between us and a real daemon, and spoils some of its answers.

export type Fault =
  | { readonly kind: 'pass' }
  /** The daemon executes the call; its answer never comes, the connection breaks. */
  | { readonly kind: 'loseReply' }
  /** The connection breaks before the daemon gets the call. */
  | { readonly kind: 'loseCall' }
  /** The daemon does not get the call, and this error is answered. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  /** The daemon executes the call; another body is answered. */
  | { readonly kind: 'garble'; readonly status: number; readonly body: string };

export interface FaultyProxy {
  readonly config: DaemonConfig;
  /** Methods of the calls, in order. */
  readonly methods: string[];
  /** Decides for each call; undefined lets it pass. */
  fault: ((method: string) => Fault | undefined) | undefined;
  close(): Promise<void>;
}

export async function startFaultyProxy(daemon: DaemonConfig): Promise<FaultyProxy> {
  const methods: string[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks);
    const { method, id } = JSON.parse(body.toString('utf8'));
    methods.push(method);
    const fault = proxy.fault?.(method) ?? { kind: 'pass' };
    if (fault.kind === 'loseCall') return void request.socket.destroy();
    if (fault.kind === 'error') {
      const { code, message } = fault;
      response.writeHead(500, { 'Content-Type': 'application/json' });
      return void response.end(JSON.stringify({ result: null, error: { code, message }, id }));
    }
    const answer = await forward(daemon, body, request.headers.authorization ?? '');
    if (fault.kind === 'loseReply') return void request.socket.destroy();
    const { status, text } =
      fault.kind === 'garble' ? { status: fault.status, text: fault.body } : answer;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: FaultyProxy = {
    config: { ...daemon, port },
    methods,
    fault: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

function forward(
  daemon: DaemonConfig,
  body: Buffer,
  authorization: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: daemon.host,
        port: daemon.port,
        method: 'POST',
        agent: false,
        headers: { authorization, 'Content-Length': body.length },
      },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(Buffer.from(chunk));
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
