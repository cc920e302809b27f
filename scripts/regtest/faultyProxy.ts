// A fault injector for JSON-RPC: stands between a client and a real daemon and spoils chosen exchanges, in the ways in
// which networks, proxies and crashing daemons do. It knows what the daemon has really executed.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';

export const rpcFaults = [
  /** The connection breaks before the daemon gets the call. */
  'lostCall',
  /** The daemon executes the call; the connection breaks before any byte of the answer. */
  'lostReply',
  /** Executed; the connection breaks in the middle of the answer. */
  'brokenReply',
  /** Executed; the answer is whole for HTTP, and half of the JSON. */
  'halfJson',
  /** Executed; bytes that are no text. */
  'garbage',
  /** Executed; a gateway's page of HTML under 502. */
  'htmlPage',
  /** Executed; HTTP 500 with an empty body. */
  'emptyError',
  /** Executed; no answer ever, the connection stays open. */
  'hang',
  /** Never executed; no answer ever, the connection stays open. */
  'blackHole',
  /** Executed only after the client has given up and left. */
  'executedLate',
  /** Not executed: the daemon's queue is full, said as text under 500, as older daemons do. */
  'fullQueue',
  /** Executed; the answer has the id of another call. */
  'wrongId',
  /** Executed; keys stand twice in the answer, the second time with something else. */
  'doubleKeys',
  /** Executed; the result is null. */
  'nullResult',
] as const;
export type RpcFault = (typeof rpcFaults)[number];

export interface FaultyProxy {
  readonly port: number;
  /** Decides for each call what is done to it; undefined lets it pass. */
  fault: ((method: string) => RpcFault | undefined) | undefined;
  /** Calls of this method that the daemon has executed, those of `executedLate` included once they were. */
  executed(method: string): number;
  /** Calls that wait for their late execution. */
  readonly outstanding: number;
  /** Resolves when none is outstanding. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface FaultyProxyOptions {
  /** The daemon's RPC port on 127.0.0.1. */
  readonly port: number;
  /** Milliseconds after the client's departure until an `executedLate` call is executed; default 0. */
  readonly lateness?: () => number;
}

interface DaemonAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export async function startFaultyProxy(options: FaultyProxyOptions): Promise<FaultyProxy> {
  const counts = new Map<string, number>();
  const late = new Set<Promise<void>>();
  const proxy: FaultyProxy = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    fault: undefined,
    executed: (method) => counts.get(method) ?? 0,
    get outstanding() {
      return late.size;
    },
    settled: async () => {
      while (late.size > 0) await Promise.all(late);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function execute(call: Call): Promise<DaemonAnswer> {
    const answer = await forward(options.port, call);
    if (call.method !== undefined) counts.set(call.method, (counts.get(call.method) ?? 0) + 1);
    return answer;
  }

  const server = http.createServer(async (request, response) => {
    const call = await readCall(request);
    const fault = call.method === undefined ? undefined : proxy.fault?.(call.method);
    const { socket } = request;
    try {
      if (fault === 'lostCall') socket.destroy();
      else if (fault === 'fullQueue') reply(response, 500, 'Work queue depth exceeded');
      else if (fault === 'executedLate') {
        const done = executeLate(call, socket, options.lateness?.() ?? 0, execute);
        late.add(done);
        void done.finally(() => late.delete(done));
      } else if (fault !== 'blackHole') spoil(fault, await execute(call), response, socket);
    } catch {
      // The daemon itself is away: what is between would not answer either.
      socket.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return proxy;
}

interface Call {
  /** Undefined for a batch. */
  readonly method: string | undefined;
  readonly body: Buffer;
  readonly authorization: string;
}

async function readCall(request: http.IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks);
  const parsed = parseJson(body.toString('utf8'));
  const method = isRecord(parsed) ? own(parsed, 'method') : undefined;
  return {
    method: typeof method === 'string' ? method : undefined,
    body,
    authorization: request.headers.authorization ?? '',
  };
}

async function executeLate(
  call: Call,
  socket: Socket,
  lateness: number,
  execute: (call: Call) => Promise<unknown>,
): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close');
  await new Promise((resolve) => setTimeout(resolve, lateness));
  await execute(call).catch(() => undefined);
}

function spoil(
  fault: RpcFault | undefined,
  { status, body }: DaemonAnswer,
  response: http.ServerResponse,
  socket: Socket,
): void {
  const text = body.toString('utf8');
  const half = body.subarray(0, body.length >> 1);
  const answer = (code: number, content: string | Buffer) => reply(response, code, content);
  switch (fault) {
    case undefined:
      answer(status, body);
      return;
    case 'lostReply':
      socket.destroy();
      return;
    case 'brokenReply':
      response.writeHead(status, { 'Content-Length': body.length });
      response.write(half, () => socket.destroy());
      return;
    case 'halfJson':
      answer(status, half);
      return;
    case 'garbage':
      answer(200, Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x7b, 0xc3]));
      return;
    case 'htmlPage':
      answer(502, '<html><body><h1>502 Bad Gateway</h1></body></html>');
      return;
    case 'emptyError':
      answer(500, '');
      return;
    case 'wrongId':
      answer(status, text.replace(/"id":\s*\d+/, '"id":987654321'));
      return;
    case 'doubleKeys':
      answer(status, text.replace(/\}\s*$/, ',"result":"00"}'));
      return;
    case 'nullResult':
      answer(200, text.replace(/^\{.*,"error":/s, '{"result":null,"error":'));
      return;
    case 'hang':
    case 'lostCall':
    case 'blackHole':
    case 'executedLate':
    case 'fullQueue':
      return;
  }
}

function reply(response: http.ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
}

function forward(port: number, call: Call): Promise<DaemonAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        agent: false,
        headers: { authorization: call.authorization, 'Content-Length': call.body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
        );
      },
    );
    request.on('error', reject);
    request.end(call.body);
  });
}
