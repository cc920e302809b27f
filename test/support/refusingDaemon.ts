import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { TestContext } from 'node:test';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { cleanUp } from './cleanup.ts';

/** Stands before a real daemon and passes everything on, but says no to blocks while `refuses` is true. */
export interface RefusingDaemonStandIn {
  readonly port: number;
  refuses: boolean;
}

export async function refusingDaemonStandIn(
  t: TestContext,
  daemonPort: number,
): Promise<RefusingDaemonStandIn> {
  const server = createServer(async (incoming, outgoing) => {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const call = parseJson(body.toString());
    if (state.refuses && isRecord(call) && own(call, 'method') === 'submitblock') {
      outgoing.setHeader('content-type', 'application/json');
      const reply = { result: 'bad-txnmrklroot', error: null, id: own(call, 'id') };
      outgoing.end(JSON.stringify(reply));
      return;
    }
    const asked = request({
      host: '127.0.0.1',
      port: daemonPort,
      method: incoming.method ?? 'POST',
      path: incoming.url ?? '/',
      headers: incoming.headers,
    });
    asked.on('error', () => outgoing.destroy());
    asked.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    asked.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const state = {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    refuses: false,
  };
  return state;
}
