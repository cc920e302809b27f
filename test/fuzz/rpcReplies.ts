import { once } from 'node:events';
import net from 'node:net';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { readJson, readReply, replyIdOf } from '../../libs/daemon/rpcJson.ts';
import { readTemplateReply } from '../../libs/daemon/templateJson.ts';
import { DaemonError } from '../../libs/daemon/types.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import type { Tally } from '../chaos/suite.ts';
import { replyOf } from '../jobs/fixtures.ts';
import { mutateBytes, mutateText, mutateValue, randomBytes, uglyValue } from './mutate.ts';
import { type FuzzSuite, keepsContract } from './watch.ts';

// What a daemon, or whatever stands in its place, may answer: most to the reader of replies, each hundredth as an HTTP
// response of a stand-in that speaks bare TCP.

const repliesOfSocket = 100;
const asked = 7;

const results: readonly unknown[] = [
  replyOf(),
  null,
  'ab'.repeat(32),
  12.34567891,
  { isvalid: true, address: 'x', scriptPubKey: '76a914', ismine: true },
  [{ txid: 'ab', confirmations: 3, amount: 50 }],
];

function soundReply(id: number, throws: Dice): unknown {
  if (throws.chance(0.3)) {
    const code = throws.pick([-1, -6, -28, -32700, 0]);
    return { result: null, error: { code, message: 'Insufficient funds' }, id };
  }
  return { result: throws.pick(results), error: null, id };
}

function bodyOf(id: number, throws: Dice): Buffer {
  const reply = soundReply(id, throws);
  switch (throws.between(0, 9)) {
    case 0:
      return Buffer.from(JSON.stringify(mutateValue(reply, throws)));
    case 1:
      return Buffer.from(mutateText(JSON.stringify(reply), throws));
    case 2:
      return mutateBytes(Buffer.from(JSON.stringify(reply)), throws);
    case 3:
      return Buffer.from(
        JSON.stringify({ result: uglyValue(throws), error: uglyValue(throws), id }),
      );
    case 4: {
      const depth = throws.pick([10, 500, 20_000]);
      if (!throws.chance(0.02)) return randomBytes(throws.between(0, 60), throws);
      return Buffer.from(`{"id":${id},"result":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    }
    default:
      return Buffer.from(JSON.stringify(reply));
  }
}

/** Of `readJson`: no JSON, or nested beyond what the stack holds. */
const isNoJson = (error: unknown) => error instanceof SyntaxError || error instanceof RangeError;

function checkReader(body: Buffer, exactNumbers: boolean): void {
  const value = readJson(body.toString('utf8'), exactNumbers);
  const outcome = readReply(value, asked);
  replyIdOf(value);
  // Slices are of one byte a character.
  if (!exactNumbers && body.every((byte) => byte < 0x80)) {
    const sliced = JSON.stringify(readTemplateReply(body));
    if (sliced !== JSON.stringify(value)) throw new Error('slices changed a reply');
  }
  if (outcome.kind === 'error' && !Number.isInteger(outcome.code)) throw new Error('no error code');
  if (Object.hasOwn(Object.prototype, 'length')) throw new Error('the prototype was changed');
}

/** To a batch a list of replies, mostly. */
function bodyFor(ids: readonly number[], throws: Dice): Buffer {
  const [first = 0] = ids;
  if (ids.length === 1 || throws.chance(0.1)) return bodyOf(first, throws);
  const texts = ids.map((id) => bodyOf(id, throws).toString());
  return Buffer.from(`[${texts.join(',')}]`);
}

function responseOf(ids: readonly number[], throws: Dice): Buffer {
  const body = bodyFor(ids, throws);
  // 503 and a full queue are waited for: the tests of the client have them.
  const status = throws.pick([
    '200 OK',
    '200 OK',
    '200 OK',
    '500 Internal Server Error',
    '404 Not Found',
    '204 x',
  ]);
  const length = throws.chance(0.9) ? body.length : throws.between(0, 400);
  const framing = throws.chance(0.9)
    ? `Content-Length: ${length}`
    : throws.pick([
        'Transfer-Encoding: chunked',
        'Content-Length: -1',
        'X: y',
        'Content-Length: 1e9',
      ]);
  const head = Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`,
  );
  const whole = Buffer.concat([head, body]);
  return throws.chance(0.25) ? mutateBytes(whole, throws) : whole;
}

const honestMethod = 'getblockcount';

function honestResponse(id: number): string {
  const body = JSON.stringify({ result: 1_000, error: null, id });
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Stands in for a daemon that lies in every byte, but for one method, and then hangs up. */
async function hostileDaemon(throws: Dice): Promise<net.Server> {
  const server = net.createServer((socket) => {
    let request = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (more: string) => {
      request += more;
      if (!/[}\]]$/.test(request)) return;
      const ids = [...request.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id));
      socket.end(
        request.includes(honestMethod) ? honestResponse(ids[0] ?? 0) : responseOf(ids, throws),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: net.Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('no port');
  return address.port;
}

export const rpcReplies: FuzzSuite = {
  name: 'rpc',
  counts: 'replies of daemons',
  long: 1_000_000,
  short: 20_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('rpc');
    const server = await hostileDaemon(throws.apart('daemon'));
    const config = { host: '127.0.0.1', port: portOf(server), user: 'u', password: 'p' };
    const client = createDaemonClient(config, { replyLimit: 100_000 });
    try {
      for (let done = 0; done < run.count; done++) {
        const body = bodyOf(asked, throws);
        const what = () => `reply ${body.toString('base64').slice(0, 2_000)}`;
        keepsContract(tally, what, () => checkReader(body, throws.chance(0.5)), isNoJson);
        if (done % repliesOfSocket !== 0) continue;
        watch.at(done);
        await checkCall(() => oneCall(client, throws), tally);
        const height = await client.call(honestMethod).catch((error: unknown) => error);
        if (!tally.check(height === 1_000, () => `an honest reply was taken as ${height}`)) break;
      }
    } finally {
      client.close();
      await new Promise((resolve) => server.close(resolve));
    }
  },
};

/** Of all kinds: sent once only, sent again on a fresh connection, alone, in a batch, with exact numbers. */
function oneCall(client: ReturnType<typeof createDaemonClient>, throws: Dice): Promise<unknown> {
  const options = { timeout: 10_000, exactNumbers: throws.chance(0.5) };
  const method = throws.pick(['sendmany', 'getbalance', 'getblocktemplate']);
  if (throws.chance(0.8)) return client.call(method, ['', {}], options);
  return client.batch([{ method }, { method: 'gettransaction', params: ['ab'] }], options);
}

async function checkCall(call: () => Promise<unknown>, tally: Tally): Promise<void> {
  try {
    await call();
    tally.count('taken');
    tally.passed += 1;
  } catch (error) {
    const kind = error instanceof DaemonError ? error.kind : undefined;
    tally.count(`answered with ${kind ?? 'another error'}`);
    // The stand-in always answers and hangs up: waiting for it would be the client's fault.
    tally.check(
      kind !== undefined && kind !== 'timeout',
      () => `a call failed with ${error instanceof Error ? error.stack : String(error)}`,
    );
  }
}
