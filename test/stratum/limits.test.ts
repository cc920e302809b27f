import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { StratumServer } from '../../libs/stratum/server.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import { testCertificate, testKey } from './support/certificate.ts';
import {
  fakeJob,
  lowDifficulty,
  noBans,
  plainPort,
  serverOptions,
  stale,
  startServer,
  submitLine,
} from './support/fakePool.ts';

const banning = { ...noBans, enabled: true, checkThreshold: 10, time: 600 };

test('more than 10 KB without a newline ends the connection, whoever sends it', async (t) => {
  const { port, log } = await startServer(t);
  for (const size of [10_241, 200_000]) {
    const flooder = await StratumClient.open(port, {}, t);
    flooder.send(Buffer.alloc(size, 'a'));
    await flooder.waitForClose();
  }
  assert.ok(log.count(/sent more than 10 KB without a newline/) >= 1);
  const miner = await StratumClient.open(port, {}, t);
  miner.send(Buffer.alloc(10_000, ' '));
  await miner.start('a');
});

test('a miner that does not read is dropped when 256 KB wait for it, the others are served on', async (t) => {
  const { port, server, log } = await startServer(t);
  const deaf = await StratumClient.open(port, {}, t);
  await deaf.start('deaf');
  const good = await StratumClient.open(port, {}, t);
  await good.start('good');
  deaf.socket.pause();
  const job = fakeJob(2);
  const long = { ...job.notifyParams(4), coinb1: '00'.repeat(100_000) };
  for (let sequence = 2; server.connections === 2 && sequence < 500; sequence++) {
    server.broadcast({ ...fakeJob(sequence), notifyParams: () => long });
    await good.waitFor(({ params }) => params?.[0] === sequence.toString(16));
    await good.request('mining.ping', []);
  }
  assert.equal(server.connections, 1);
  assert.equal(log.count(/deaf .* does not read what it is sent/), 1);
  assert.equal(good.isClosed, false);
});

test('a flood of requests whose answers are not read ends the same way', async (t) => {
  const { port, server } = await startServer(t);
  const deaf = await StratumClient.open(port, {}, t);
  deaf.socket.pause();
  const questions = `${JSON.stringify({ id: 'i'.repeat(2_000), method: 'mining.ping' })}\n`.repeat(
    100,
  );
  const pump = (): void => {
    while (!deaf.isClosed && deaf.socket.writable && deaf.socket.write(questions));
  };
  deaf.socket.on('drain', pump);
  pump();
  await until('it is dropped', () => server.connections === 0, 10_000);
});

test('a miner that submits nothing for connectionTimeout is dropped, although no job is broadcast', async (t) => {
  const { port, server, pass, log } = await startServer(t, { connectionTimeout: 60 });
  const idle = await StratumClient.open(port, {}, t);
  await idle.start('idle');
  const busy = await StratumClient.open(port, {}, t);
  await busy.start('busy');
  pass(59);
  busy.send(submitLine(1, 'busy'));
  await busy.waitFor(({ id }) => id === 1);
  await idle.request('mining.ping', []);
  pass(1);
  await idle.waitForClose();
  assert.equal(log.count(/idle .* submitted nothing for 60 s/), 1);
  pass(58);
  assert.equal(server.connections, 1);
  pass(1);
  await busy.waitForClose();
});

test('a connection that does not both subscribe and log in within 30 s is dropped', async (t) => {
  const { port, server, pass } = await startServer(t);
  const silent = await StratumClient.open(port, {}, t);
  const subscribed = await StratumClient.open(port, {}, t);
  await subscribed.request('mining.subscribe', []);
  const authorised = await StratumClient.open(port, {}, t);
  await authorised.request('mining.authorize', ['a', 'x']);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  await until('all are there', () => server.connections === 4);
  pass(29);
  assert.equal(server.stats().connections, 4);
  await silent.request('mining.ping', []);
  pass(1);
  await Promise.all([silent, subscribed, authorised].map((client) => client.waitForClose()));
  await miner.request('mining.ping', []);
});

test('one address has no more connections than connectionsPerIp, and others are not affected', async (t) => {
  const limits = { connectionsPerIp: 2, messagesPerSecond: 0 };
  const { port, server, log } = await startServer(t, { limits });
  const first = await StratumClient.open(port, {}, t);
  await first.start('a');
  const second = await StratumClient.open(port, {}, t);
  await second.start('a');
  const third = await StratumClient.open(port, {}, t);
  await third.waitForClose();
  assert.equal(log.count(/127\.0\.0\.1 was refused: it has 2 connections already/), 1);
  const other = await StratumClient.open(port, { localAddress: '127.0.0.2' }, t);
  await other.start('a');
  first.close();
  await until('the first is gone', () => server.connections === 2);
  const fourth = await StratumClient.open(port, {}, t);
  await fourth.start('a');
});

test('messages beyond messagesPerSecond end the connection, after a burst of ten seconds’ worth', async (t) => {
  const limits = { connectionsPerIp: 0, messagesPerSecond: 5 };
  const { port, pass, log } = await startServer(t, { limits });
  const miner = await StratumClient.open(port, {}, t);
  const ping = { id: 1, method: 'mining.ping', params: [] };
  for (let i = 0; i < 50; i++) miner.send(ping);
  await until('all are answered', () => miner.lines.length === 50);
  pass(2);
  for (let i = 0; i < 10; i++) miner.send(ping);
  await until('ten more are answered', () => miner.lines.length === 60);
  miner.send('');
  await miner.waitForClose();
  assert.equal(log.count(/more messages than limits\.messagesPerSecond allows/), 1);
});

test('logins of one address are limited, over all of its connections', async (t) => {
  const limits = { connectionsPerIp: 0, messagesPerSecond: 1_000 };
  const { port, pool, pass } = await startServer(t, { limits });
  const miner = await StratumClient.open(port, {}, t);
  for (let i = 0; i < 2_000; i++)
    miner.send({ id: i, method: 'mining.authorize', params: [`w${i}`] });
  await miner.waitFor(({ id }) => id === 1_999);
  const next = await StratumClient.open(port, {}, t);
  const refused = await next.request('mining.authorize', ['one more', 'x']);
  assert.deepEqual(
    [refused.result, refused.error],
    [false, [20, 'Too many logins, try again later', null]],
  );
  assert.equal(pool.logins.length, 2_000);
  pass(1);
  assert.equal((await next.request('mining.authorize', ['one more', 'x'])).result, true);
  const other = await StratumClient.open(port, { localAddress: '127.0.0.2' }, t);
  await other.start('a');
});

test('invalid shares ban their address over all of its connections, and the others hear of it', async (t) => {
  const { port, pool, server, bans, log, pass } = await startServer(t, { banning });
  pool.onSubmit = (_, answer) => answer(lowDifficulty);
  const miners = [await StratumClient.open(port, {}, t), await StratumClient.open(port, {}, t)];
  for (const miner of miners) await miner.start('bad');
  const honest = await StratumClient.open(port, { localAddress: '127.0.0.2' }, t);
  await honest.start('honest');
  for (let id = 0; id < 9; id++) {
    const miner = miners[id % 2];
    miner?.send(submitLine(id, 'bad'));
    await miner?.waitFor((line) => line.id === id);
  }
  assert.deepEqual(bans, []);
  miners[0]?.send(submitLine(9, 'bad'));
  await Promise.all(miners.map((miner) => miner.waitForClose()));
  assert.equal(bans.length, 1);
  assert.deepEqual(bans[0], {
    ip: '127.0.0.1',
    until: 1_700_000_600_000,
    why: '10 of its last 10 shares were invalid',
  });
  assert.equal(log.count(/127\.0\.0\.1 is banned for 600 s/), 1);
  await honest.request('mining.ping', []);
  const again = await StratumClient.open(port, {}, t);
  await again.waitForClose();
  assert.equal(log.count(/127\.0\.0\.1 was refused: it is banned/), 1);
  assert.deepEqual(server.bans, [{ ip: '127.0.0.1', until: 1_700_000_600_000 }]);
  pass(600);
  const pardoned = await StratumClient.open(port, {}, t);
  await pardoned.start('bad');
});

test('stale shares and failures of ours are held against nobody', async (t) => {
  const { port, pool, bans } = await startServer(t, { banning });
  pool.onSubmit = (_, answer) => answer(stale);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('late');
  for (let id = 0; id < 40; id++) miner.send(submitLine(id, 'late'));
  await miner.waitFor(({ id }) => id === 39);
  assert.deepEqual(bans, []);
});

test('a ban from elsewhere closes the connections of its address, can be lifted, and is known from the start', async (t) => {
  const { port, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  server.ban('::ffff:127.0.0.1', millis(1_700_000_001_000));
  await miner.waitForClose();
  await (await StratumClient.open(port, {}, t)).waitForClose();
  server.unban('127.0.0.1');
  const second = await StratumClient.open(port, {}, t);
  await second.start('a');
  server.ban('127.0.0.1', millis(0));
  await second.request('mining.ping', []);

  const later = new StratumServer({
    ...serverOptions(),
    bans: [{ ip: '127.0.0.1', until: millis(Date.now() + 60_000) }],
  });
  await later.listen();
  t.after(() => later.close());
  await (await StratumClient.open(later.ports[0] ?? 0, {}, t)).waitForClose();
});

const proxyV1 = (ip: string): string => `PROXY TCP4 ${ip} 198.51.100.1 51111 3333\r\n`;
const proxyV2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb007107c6336401c7a70d05', 'hex');

test('behind a proxy the miner is whom the header names, in v1 and v2, in any number of packets', async (t) => {
  const { port, pool } = await startServer(t, { tcpProxyProtocol: true });
  for (const preface of [proxyV1('203.0.113.7'), proxyV2]) {
    const miner = await StratumClient.open(port, { preface }, t);
    await miner.start('a');
    const cut = await StratumClient.open(port, {}, t);
    for (const byte of Buffer.from(preface)) {
      cut.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await cut.start('a');
  }
  const joined = await StratumClient.open(
    port,
    { preface: `${proxyV1('203.0.113.7')}{"id":1,"method":"mining.ping"}\n` },
    t,
  );
  assert.equal((await joined.waitFor(({ id }) => id === 1)).result, 'pong');
  assert.deepEqual(
    pool.logins.map(({ ip }) => ip),
    Array(4).fill('203.0.113.7'),
  );
});

test('who connects anew from each address of an IPv6 /64 is complained about once, as one', async (t) => {
  const { port, log } = await startServer(t, { tcpProxyProtocol: true });
  const complaints: readonly (readonly [string, RegExp])[] = [
    ['nonsense\n', /sent a malformed message/],
    ['{"id":1,"method":"mining.nonsense"}\nnonsense\n', /asks for the unknown method/],
  ];
  for (const [line, complaint] of complaints) {
    for (let host = 1; host <= 3; host++) {
      const preface = `PROXY TCP6 2001:db8::${host} 2001:db8::ff 51111 3333\r\n${line}`;
      await (await StratumClient.open(port, { preface }, t)).waitForClose();
    }
    assert.equal(log.count(complaint), 1);
  }
});

test('behind a proxy a connection without a header, or with half of one, is dropped', async (t) => {
  const { port, log, pass } = await startServer(t, { tcpProxyProtocol: true });
  for (const preface of ['{"id":1,"method":"mining.subscribe","params":[]}\n', 'PROXY \r\n']) {
    await (await StratumClient.open(port, { preface }, t)).waitForClose();
  }
  assert.equal(log.count(/must come through the proxy/), 1);
  const slow = await StratumClient.open(port, { preface: 'PROXY TCP4 203.0' }, t);
  await (await StratumClient.open(port, { preface: proxyV2 }, t)).request('mining.ping', []);
  pass(30);
  await slow.waitForClose();
});

test('behind a proxy bans and limits follow the named client, and never hit the proxy itself', async (t) => {
  const { port, pool, bans, server } = await startServer(t, {
    tcpProxyProtocol: true,
    banning,
    limits: { connectionsPerIp: 1, messagesPerSecond: 5 },
  });
  pool.onSubmit = (_, answer) => answer(lowDifficulty);
  const anonymous = { preface: 'PROXY UNKNOWN\r\n' };
  const unknown = await StratumClient.open(port, anonymous, t);
  await unknown.start('a');
  const unknownToo = await StratumClient.open(port, anonymous, t);
  await unknownToo.start('a');
  for (let id = 0; id < 100; id++) unknown.send(submitLine(id, 'a'));
  await unknown.waitFor(({ id }) => id === 99);
  assert.deepEqual(bans, []);

  const named = await StratumClient.open(port, { preface: proxyV1('203.0.113.7') }, t);
  await named.start('a');
  await (await StratumClient.open(port, { preface: proxyV2 }, t)).waitForClose();
  for (let id = 0; id < 10; id++) named.send(submitLine(id, 'a'));
  await named.waitForClose();
  assert.deepEqual(
    bans.map(({ ip }) => ip),
    ['203.0.113.7'],
  );
  await until('the connection is gone', () => server.connections === 2);
  await (await StratumClient.open(port, { preface: proxyV2 }, t)).waitForClose();
  const other = await StratumClient.open(port, { preface: proxyV1('203.0.113.8') }, t);
  await other.start('a');
});

test('a PROXY header may stand before TLS, in one packet with the first of it', async (t) => {
  const { port, pool } = await startServer(t, {
    tcpProxyProtocol: true,
    ports: [{ ...plainPort, tls: true }],
    tls: { cert: testCertificate, key: testKey },
  });
  const proxy = createServer((client) => {
    client.once('data', (hello) => {
      const server = connect(port, '127.0.0.1');
      server.write(Buffer.concat([proxyV2, hello]));
      client.pipe(server).pipe(client);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const address = proxy.address();
  const proxyPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const through = await StratumClient.open(proxyPort, { tls: true }, t);
  await through.start('a');
  const apart = await StratumClient.open(port, { preface: proxyV2, tls: true }, t);
  await apart.start('a');
  assert.deepEqual(
    pool.logins.map(({ ip }) => ip),
    ['203.0.113.7', '203.0.113.7'],
  );
});

test('a connection stops being read while a thousand of its shares are under way', async (t) => {
  const { port, pool } = await startServer(t);
  const answers: (() => void)[] = [];
  pool.onSubmit = (_, answer) => answers.push(() => answer({ ok: true }));
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const shares = 20_000;
  for (let id = 0; id < shares; id++) miner.send(submitLine(id, 'a'));
  let answered = 0;
  let most = 0;
  await until('every share is answered', async () => {
    most = Math.max(most, answers.length);
    for (const answer of answers.splice(0)) {
      answer();
      answered++;
    }
    return answered === shares;
  });
  await miner.waitFor(({ id }) => id === shares - 1);
  // What one read of 64 KB holds may come on top.
  assert.ok(most < 3_000, `${most} shares under way`);
});
