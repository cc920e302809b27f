import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DaemonConfig } from '../../libs/config/types.ts';
import { createDaemonClient, type DaemonClientOptions } from '../../libs/daemon/rpcClient.ts';
import { DaemonError, type DaemonErrorKind, DecimalText } from '../../libs/daemon/types.ts';
import { until } from '../support/until.ts';
import { deadDaemon, type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

function clientOf(t: TestContext, config: DaemonConfig, options?: DaemonClientOptions) {
  const client = createDaemonClient(config, options);
  t.after(() => client.close());
  return client;
}

async function failureOf(call: Promise<unknown>): Promise<DaemonError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof DaemonError, `no DaemonError: ${outcome}`);
  return outcome;
}

interface Fault {
  readonly name: string;
  readonly behave: (call: FaultyCall) => void;
  readonly kind: DaemonErrorKind;
  readonly rpcCode?: number;
}

const html = '<html><body>Welcome to nginx!</body></html>';
const faults: readonly Fault[] = [
  {
    name: 'HTTP 500 with an RPC error',
    behave: (call) => call.error(-6, 'Insufficient funds'),
    kind: 'rpc',
    rpcCode: -6,
  },
  {
    name: 'HTTP 404 for an unknown method',
    behave: (call) => call.error(-32601, 'Method not found', 404),
    kind: 'rpc',
    rpcCode: -32601,
  },
  {
    name: 'HTTP 200 with an RPC error',
    behave: (call) => call.error(-5, 'no', 200),
    kind: 'rpc',
    rpcCode: -5,
  },
  {
    name: 'a parse error without id',
    behave: ({ send }) =>
      send(500, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}'),
    kind: 'rpc',
    rpcCode: -32700,
  },
  { name: 'HTTP 401', behave: ({ send }) => send(401, ''), kind: 'auth' },
  { name: 'HTTP 403', behave: ({ send }) => send(403, ''), kind: 'auth' },
  {
    name: 'HTTP 503 in plain text',
    behave: ({ send }) => send(503, 'Work queue depth exceeded'),
    kind: 'busy',
  },
  {
    name: 'HTTP 500 in plain text, as Litecoin Core 0.21 says that its queue is full',
    behave: ({ send }) => send(500, 'Work queue depth exceeded\r\n'),
    kind: 'busy',
  },
  {
    name: 'HTTP 500 in other plain text',
    behave: ({ send }) => send(500, 'Internal Server Error'),
    kind: 'badReply',
  },
  {
    name: 'HTTP 503 in HTML, as daemons say that they are shutting down',
    behave: ({ send }) => send(503, '<title>503 Service Unavailable</title>'),
    kind: 'busy',
  },
  { name: 'HTML', behave: ({ send }) => send(200, html), kind: 'badReply' },
  { name: 'a gateway time-out', behave: ({ send }) => send(504, html), kind: 'badReply' },
  { name: 'an empty answer', behave: ({ send }) => send(200, ''), kind: 'badReply' },
  { name: 'HTTP 500 without a body', behave: ({ send }) => send(500, ''), kind: 'badReply' },
  { name: 'null', behave: ({ send }) => send(200, 'null'), kind: 'badReply' },
  {
    name: 'a result under HTTP 500',
    behave: ({ id, send }) => send(500, JSON.stringify({ result: 'txid', error: null, id })),
    kind: 'badReply',
  },
  {
    name: 'no result and no error',
    behave: ({ id, send }) => send(200, JSON.stringify({ error: null, id })),
    kind: 'badReply',
  },
  {
    name: 'an error that is no object',
    behave: ({ id, send }) => send(500, JSON.stringify({ result: null, error: 'oops', id })),
    kind: 'badReply',
  },
  {
    name: 'the id of another call',
    behave: ({ send }) => send(200, '{"result":"txid","error":null,"id":999999}'),
    kind: 'badReply',
  },
  {
    name: 'an error with the id of another call',
    behave: ({ send }) =>
      send(500, '{"result":null,"error":{"code":-6,"message":"no"},"id":999999}'),
    kind: 'badReply',
  },
  {
    name: 'JSON cut off by a closed connection',
    behave: ({ response }) => {
      response.writeHead(200, { 'Content-Length': 1000 });
      response.write('{"result":"tx', () => response.destroy());
    },
    kind: 'badReply',
  },
  {
    name: 'a chunked answer that ends too early',
    behave: ({ response }) => {
      response.writeHead(200);
      response.write('{"result":', () => response.destroy());
    },
    kind: 'badReply',
  },
  {
    name: 'a Content-Length of 5 GB',
    behave: ({ response }) => {
      response.writeHead(200, { 'Content-Length': 5_000_000_000 });
      response.write('{"result":');
    },
    kind: 'badReply',
  },
  {
    name: 'a connection closed instead of an answer',
    behave: ({ request }) => request.socket.destroy(),
    kind: 'reset',
  },
  {
    name: 'a connection reset instead of an answer',
    behave: ({ request }) => request.socket.resetAndDestroy(),
    kind: 'reset',
  },
  { name: 'silence', behave: () => undefined, kind: 'timeout' },
  {
    name: 'headers, then silence',
    behave: ({ response }) => response.writeHead(200).write('{"result":'),
    kind: 'timeout',
  },
];

const certainlyNotExecuted: ReadonlySet<DaemonErrorKind> = new Set([
  'rpc',
  'auth',
  'unreachable',
  'busy',
]);

for (const method of ['getbalance', 'sendmany']) {
  test(`${method}: each fault of a daemon has its kind, and says whether the call may have run`, async (t) => {
    for (const { name, behave, kind, rpcCode } of faults) {
      const daemon = await FaultyDaemon.start(t, behave);
      const client = clientOf(t, daemon.config);
      const timeout = kind === 'timeout' ? 100 : 10_000;
      const error = await failureOf(client.call(method, [], { timeout }));
      assert.equal(error.kind, kind, `${name}: ${error.message}`);
      assert.equal(error.rpcCode, rpcCode, name);
      assert.equal(error.mayHaveRun, !certainlyNotExecuted.has(kind), name);
      assert.equal(error.method, method);
      assert.equal(error.daemon, `127.0.0.1:${daemon.config.port}`);
      // What was turned away may be asked again; a payment is not, not even then.
      const times = kind === 'busy' && method === 'getbalance' ? 4 : 1;
      assert.deepEqual(daemon.methods, Array(times).fill(method), name);
      client.close();
      await daemon.stop();
    }
  });
}

test('bytes that are no HTTP are a bad reply', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const config = { host: '127.0.0.1', port: address.port, user: 'u', password: 'p' };
  const error = await failureOf(clientOf(t, config).call('sendmany', []));
  assert.equal(error.kind, 'badReply');
  assert.equal(error.mayHaveRun, true);
});

test('a daemon that does not listen is unreachable: nothing was delivered', async (t) => {
  const error = await failureOf(clientOf(t, await deadDaemon()).call('sendmany', []));
  assert.equal(error.kind, 'unreachable');
  assert.equal(error.mayHaveRun, false);
  assert.match(error.message, /ECONNREFUSED/);
});

test('a host name that does not exist is unreachable', async (t) => {
  const config = { host: 'daemon.invalid', port: 9332, user: 'u', password: 'p' };
  const error = await failureOf(clientOf(t, config).call('sendmany', []));
  assert.equal(error.kind, 'unreachable');
});

test('a host that does not answer the connection is unreachable after the connect time-out', async (t) => {
  const config = { host: '127.0.0.1', port: await fullPort(t), user: 'u', password: 'p' };
  const client = clientOf(t, config, { connectTimeout: 150 });
  const start = performance.now();
  const error = await failureOf(client.call('sendmany', []));
  assert.ok(performance.now() - start >= 149);
  assert.equal(error.kind, 'unreachable');
  assert.equal(error.mayHaveRun, false);
});

/** A port whose process is stopped and whose queue is full: the kernel drops further connection requests. */
async function fullPort(t: TestContext): Promise<number> {
  const script =
    "const s = require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  await until('the process to stop', async () =>
    /^State:\s+T/m.test(await readFile(`/proc/${child.pid}/status`, 'utf8')),
  );
  const port = Number(line);
  for (let filler = 0; filler < 8; filler++) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    t.after(() => socket.destroy());
  }
  return port;
}

test('a reply above the limit is refused, however it comes', async (t) => {
  const daemon = await FaultyDaemon.start(t, ({ id, response }) => {
    response.writeHead(200);
    response.write('{"result":"');
    response.write('x'.repeat(2_000));
    response.end(`","error":null,"id":${id}}`);
  });
  const small = clientOf(t, daemon.config, { replyLimit: 1_000 });
  assert.equal((await failureOf(small.call('getblock'))).kind, 'badReply');
  assert.equal(await clientOf(t, daemon.config).call('getblock'), 'x'.repeat(2_000));
});

test('calls share a connection, except those that must not be sent twice', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result(call.connection));
  const client = clientOf(t, daemon.config);
  assert.equal(await client.call('getblockcount'), 1);
  assert.equal(await client.call('getblockcount'), 1);
  assert.equal(await client.call('sendmany'), 2);
  assert.equal(await client.call('sendrawtransaction'), 3);
  assert.equal(daemon.calls[2]?.request.headers.connection, 'close');
  assert.equal(await client.call('getblockcount'), 1);
});

test('a call on a kept connection that the daemon had closed is sent once more on a new one', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.number === 2) call.request.socket.resetAndDestroy();
    else call.result(call.connection);
  });
  const client = clientOf(t, daemon.config);
  assert.equal(await client.call('getblockcount'), 1);
  assert.equal(await client.call('submitblock', ['00']), 2);
  assert.deepEqual(daemon.methods, ['getblockcount', 'submitblock', 'submitblock']);
});

test('the second try of a call is the last one', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.number === 1) call.result(1);
    else call.request.socket.resetAndDestroy();
  });
  const client = clientOf(t, daemon.config);
  await client.call('getblockcount');
  assert.equal((await failureOf(client.call('getblockcount'))).kind, 'reset');
  assert.equal(daemon.calls.length, 3);
});

test('retryStale: false leaves the second try out', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.number === 1) call.result(1);
    else call.request.socket.resetAndDestroy();
  });
  const client = clientOf(t, daemon.config, { retryStale: false });
  await client.call('getblockcount');
  assert.equal((await failureOf(client.call('getblockcount'))).kind, 'reset');
  assert.equal(daemon.calls.length, 2);
});

test('user and password go out as UTF-8, and Content-Length counts bytes', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result(call.params[0]));
  const client = clientOf(t, { ...daemon.config, user: 'pöol', password: 'ä:ü€' });
  assert.equal(await client.call('validateaddress', ['Größe 🦊']), 'Größe 🦊');
  const [call] = daemon.calls;
  assert.equal(call?.request.headers.authorization, 'Basic cMO2b2w6w6Q6w7zigqw=');
  assert.equal(
    Number(call?.request.headers['content-length']),
    Buffer.byteLength(call?.text ?? ''),
  );
});

test('exactNumbers keeps every number as its text, and writes DecimalText as that number', async (t) => {
  const daemon = await FaultyDaemon.start(t, ({ id, send }) =>
    send(
      200,
      `{"result":{"amount":0.29000000,"sum":[123456789012345.12345678,1e-8]},"error":null,"id":${id}}`,
    ),
  );
  const client = clientOf(t, daemon.config);
  const params = ['', { LAddress: new DecimalText('0.10000000'), other: 12345678901234567890n }];
  const result = await client.call('sendmany', params, { exactNumbers: true });
  assert.deepEqual(result, {
    amount: new DecimalText('0.29000000'),
    sum: [new DecimalText('123456789012345.12345678'), new DecimalText('1e-8')],
  });
  assert.ok(
    daemon.calls[0]?.text.endsWith(
      '"params":["",{"LAddress":0.10000000,"other":12345678901234567890}]}',
    ),
    daemon.calls[0]?.text,
  );
  assert.deepEqual(await client.call('getbalance'), {
    amount: 0.29,
    sum: [123456789012345.12, 1e-8],
  });
});

test('exactNumbers reads the error number too', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.error(-13, 'unlock the wallet'));
  const client = clientOf(t, daemon.config);
  const error = await failureOf(client.call('sendmany', [], { exactNumbers: true }));
  assert.equal(error.rpcCode, -13);
});

test('a parameter without an exact JSON form is refused before anything is sent', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result(null));
  const client = clientOf(t, daemon.config);
  const broken = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    () => 1,
    Symbol('s'),
    new DecimalText('1,5'),
    new DecimalText('0x10'),
    new DecimalText('01'),
    new DecimalText('1} ,{"x":1'),
    new DecimalText('1\n'),
  ];
  for (const value of broken) {
    const error = await failureOf(client.call('sendmany', ['', { a: [value] }]));
    assert.equal(error.rpcCode, -32602, String(value));
    assert.equal(error.mayHaveRun, false);
  }
  assert.equal(daemon.calls.length, 0);
});

test('odd keys in a reply are plain data', async (t) => {
  const text = '{"__proto__":{"polluted":true},"constructor":1,"a":1,"a":2,"hasOwnProperty":null}';
  const daemon = await FaultyDaemon.start(t, ({ id, send }) =>
    send(200, `{"result":${text},"error":null,"id":${id}}`),
  );
  const client = clientOf(t, daemon.config);
  for (const exactNumbers of [false, true]) {
    const result = await client.call('getinfo', [], { exactNumbers });
    assert.ok(typeof result === 'object' && result !== null);
    assert.deepEqual(Object.keys(result).sort(), [
      '__proto__',
      'a',
      'constructor',
      'hasOwnProperty',
    ]);
    assert.equal(String(Object.entries(result).find(([key]) => key === 'a')?.[1]), '2');
    assert.ok(!('polluted' in {}));
  }
});

test('absurd nesting is a bad reply, not a crash', async (t) => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const daemon = await FaultyDaemon.start(t, ({ id, send }) =>
    send(200, `{"result":${deep},"error":null,"id":${id}}`),
  );
  const client = clientOf(t, daemon.config);
  const error = await failureOf(client.call('getinfo', [], { exactNumbers: true }));
  assert.equal(error.kind, 'badReply');
});

test('random bytes as a reply always end in a DaemonError', async (t) => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const pieces = ['{', '}', '[', ']', ':', ',', '"', '\\u', 'null', 'true', '-', '1e999', '"id"'];
  const daemon = await FaultyDaemon.start(t, ({ send }) => {
    const size = random(12);
    const body = Array.from({ length: size }, () => pieces[random(pieces.length)]).join('');
    send([200, 404, 500][random(3)] ?? 200, body);
  });
  const client = clientOf(t, daemon.config);
  for (let round = 0; round < 300; round++) {
    const error = await failureOf(client.call('getinfo', [], { exactNumbers: round % 2 === 0 }));
    assert.equal(error.kind, 'badReply');
  }
});

test('a new cookie is read when the daemon refuses the old one', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cookie-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const cookieFile = join(dir, '.cookie');
  let valid = '__cookie__:one';
  const daemon = await FaultyDaemon.start(t, (call) => {
    const header = `Basic ${Buffer.from(valid).toString('base64')}`;
    if (call.request.headers.authorization === header) call.result('paid');
    else call.send(401, '');
  });
  const client = clientOf(t, { ...daemon.config, cookieFile });

  const missing = await failureOf(client.call('sendmany'));
  assert.equal(missing.kind, 'auth');
  assert.match(missing.message, /ENOENT/);
  assert.equal(daemon.calls.length, 0);

  await writeFile(cookieFile, '__cookie__:one\n');
  assert.equal(await client.call('sendmany'), 'paid');
  valid = '__cookie__:two';
  await writeFile(cookieFile, '__cookie__:two');
  assert.equal(await client.call('sendmany'), 'paid');
  assert.equal(daemon.calls.length, 3);

  valid = '__cookie__:three';
  assert.equal((await failureOf(client.call('sendmany'))).kind, 'auth');
  assert.equal(daemon.calls.length, 4);
});

test('calls that are refused at the same time all find the new cookie', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cookie-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const cookieFile = join(dir, '.cookie');
  await writeFile(cookieFile, 'old:cookie');
  const refused: FaultyCall[] = [];
  const daemon = await FaultyDaemon.start(t, (call) => {
    const header = `Basic ${Buffer.from('new:cookie').toString('base64')}`;
    if (call.request.headers.authorization === header) call.result('paid');
    else refused.push(call);
  });
  const client = clientOf(t, { ...daemon.config, cookieFile });
  const calls = [client.call('sendmany'), client.call('sendmany'), client.call('getbalance')];
  await until('three calls', () => refused.length === 3);
  await writeFile(cookieFile, 'new:cookie');
  refused[0]?.send(401, '');
  // Whichever came first: three connections keep no order.
  assert.equal(await Promise.race(calls), 'paid');
  for (const call of refused.slice(1)) call.send(401, '');
  assert.deepEqual(await Promise.all(calls), ['paid', 'paid', 'paid']);
});

test('a block that meets a full work queue is given again within a second', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.number < 3) call.send(503, 'Work queue depth exceeded');
    else call.result(null);
  });
  const client = clientOf(t, daemon.config);
  assert.equal(await client.call('submitblock', ['00']), null);
  assert.deepEqual(daemon.methods, ['submitblock', 'submitblock', 'submitblock']);
});

test('a port that cannot be one is unreachable, not an exception', async (t) => {
  const client = clientOf(t, { host: '127.0.0.1', port: 99_999, user: 'u', password: 'p' });
  assert.equal((await failureOf(client.call('sendmany'))).kind, 'unreachable');
});

test('at most inFlight calls are under way, the others follow, and a found block does not wait', async (t) => {
  const open: FaultyCall[] = [];
  const daemon = await FaultyDaemon.start(t, (call) => {
    if (call.method === 'submitblock') call.result(null);
    else open.push(call);
  });
  const client = clientOf(t, daemon.config, { inFlight: 2 });
  const calls = [0, 1, 2, 3, 4].map((n) => client.call('getblockhash', [n]));
  await until('two calls', () => open.length === 2);
  assert.equal(await client.call('submitblock', ['00']), null);
  assert.equal(open.length, 2);
  for (let answered = 0; answered < 5; answered++) {
    await until('the next call', () => open.length > answered);
    assert.ok(open.length <= answered + 2);
    open[answered]?.result(open[answered]?.params[0]);
  }
  assert.deepEqual(await Promise.all(calls), [0, 1, 2, 3, 4]);
});

test('a call that never got its turn is busy: it was certainly not executed', async (t) => {
  const daemon = await FaultyDaemon.start(t, () => undefined);
  const client = clientOf(t, daemon.config, { inFlight: 1 });
  const first = failureOf(client.call('getblock', [], { timeout: 300 }));
  const second = await failureOf(client.call('sendmany', [], { timeout: 50 }));
  assert.equal(second.kind, 'busy');
  assert.equal(second.mayHaveRun, false);
  assert.equal((await first).kind, 'timeout');
  assert.deepEqual(daemon.methods, ['getblock']);
});

test('close ends the calls under way, those in line and those to come', async (t) => {
  const daemon = await FaultyDaemon.start(t, () => undefined);
  const client = createDaemonClient(daemon.config, { inFlight: 1 });
  const running = failureOf(client.call('sendmany'));
  const waiting = failureOf(client.call('sendmany'));
  await until('the call', () => daemon.calls.length === 1);
  client.close();
  assert.equal((await running).mayHaveRun, true);
  assert.equal((await waiting).mayHaveRun, false);
  assert.equal((await failureOf(client.call('sendmany'))).kind, 'unreachable');
  assert.equal(daemon.calls.length, 1);
});

test('a batch is one request, and each call has its own outcome by its id', async (t) => {
  const daemon = await FaultyDaemon.start(t, ({ text, send }) => {
    const [first, second, third] = JSON.parse(text);
    send(
      200,
      JSON.stringify([
        { result: null, error: { code: -5, message: 'No such transaction' }, id: second.id },
        { result: 'a', error: null, id: first.id },
        { result: 'stranger', error: null, id: third.id + 1 },
        null,
      ]),
    );
  });
  const client = clientOf(t, daemon.config);
  const outcomes = await client.batch([
    { method: 'getblockhash', params: [1] },
    { method: 'gettransaction', params: ['00'] },
    { method: 'gettransaction', params: ['01'] },
  ]);
  assert.deepEqual(outcomes[0], { ok: true, result: 'a' });
  assert.ok(outcomes[1]?.ok === false && outcomes[1].error.rpcCode === -5);
  assert.ok(outcomes[2]?.ok === false && outcomes[2].error.kind === 'badReply');
  assert.equal(daemon.calls.length, 1);
});

test('a batch whose reply is no list fails as a whole; an empty batch asks nothing', async (t) => {
  const daemon = await FaultyDaemon.start(t, ({ number, send }) => {
    if (number === 1) send(200, '{"result":1,"error":null,"id":1}');
    else send(500, '{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}');
  });
  const client = clientOf(t, daemon.config);
  const calls = [{ method: 'getblockcount' }];
  assert.equal((await failureOf(client.batch(calls))).kind, 'badReply');
  assert.equal((await failureOf(client.batch(calls))).rpcCode, -32700);
  assert.deepEqual(await client.batch([]), []);
  assert.equal(daemon.calls.length, 2);
});

test('no error of the client tells the password', async (t) => {
  const password = 'canary-5f3a';
  for (const { behave } of faults) {
    const daemon = await FaultyDaemon.start(t, behave);
    const client = clientOf(t, { ...daemon.config, password });
    const error = await failureOf(client.call('getbalance', [], { timeout: 100 }));
    const told = `${error.stack} ${JSON.stringify(error)} ${error.cause}`;
    assert.ok(!told.includes(password));
    assert.ok(!told.includes(Buffer.from(`user:${password}`).toString('base64')));
    client.close();
    await daemon.stop();
  }
});
