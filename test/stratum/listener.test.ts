import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { millis } from '../../libs/primitives/units.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { SocketBudget } from '../../libs/stratum/socketBudget.ts';
import { freePort } from '../../scripts/regtest/freePort.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import { testCertificate, testKey } from './support/certificate.ts';
import {
  lowDifficulty,
  noBans,
  plainPort,
  serverOptions,
  startServer,
  submitLine,
} from './support/fakePool.ts';

const proxyV1 = (ip: string): string =>
  ip.includes(':')
    ? `PROXY TCP6 ${ip} 2001:db8::1 51111 3333\r\n`
    : `PROXY TCP4 ${ip} 198.51.100.1 51111 3333\r\n`;

// Proxies

test('a PROXY header is believed from the loopback, and from nowhere else once tcpProxyTrusted names others', async (t) => {
  const { port, server, pool, log } = await startServer(t, { tcpProxyProtocol: true });
  const preface = proxyV1('203.0.113.7');
  const believed = await StratumClient.open(port, { preface }, t);
  await believed.start('a');
  assert.equal(pool.logins[0]?.ip, '203.0.113.7');

  const narrow = { ...serverOptions(), log, tcpProxyProtocol: true };
  assert.equal(server.reconfigure({ ...narrow, tcpProxyTrusted: ['127.0.0.8/29'] }), true);
  await (await StratumClient.open(port, { preface }, t)).waitForClose();
  assert.equal(
    log.count(
      /A connection of 127\.0\.0\.1 to port \d+ was dropped: .*add "127\.0\.0\.1" to tcpProxyTrusted/,
    ),
    1,
  );
  const fromProxy = await StratumClient.open(port, { preface, localAddress: '127.0.0.9' }, t);
  await fromProxy.start('a');
  await (await StratumClient.open(port, { preface, localAddress: '127.0.0.2' }, t)).waitForClose();
  assert.equal(log.count(/was dropped/), 1, 'a flood of strangers is one line in ten seconds');
  await believed.request('mining.ping', []);
});

test('without tcpProxyProtocol nobody names another address', async (t) => {
  const { port, pool } = await startServer(t);
  const liar = await StratumClient.open(port, { preface: proxyV1('203.0.113.7') }, t);
  await liar.waitForClose();
  const honest = await StratumClient.open(port, {}, t);
  await honest.start('a');
  assert.deepEqual(
    pool.logins.map(({ ip }) => ip),
    ['127.0.0.1'],
  );
});

test('a health check of the proxy, with a LOCAL header or with nothing at all, leaves no trace', async (t) => {
  const { port, server, log } = await startServer(t, { tcpProxyProtocol: true });
  const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
  for (const preface of [local, '']) {
    const check = await StratumClient.open(port, { preface }, t);
    check.socket.resetAndDestroy();
  }
  const after = await StratumClient.open(port, { preface: proxyV1('203.0.113.7') }, t);
  await after.start('a');
  await until('the checks are gone', () => server.connections === 1);
  assert.equal(log.count(/./), log.count(/logged in/));
});

// IPv6

function needIPv6(): void {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  assert.ok(
    addresses.some(({ address }) => address === '::1'),
    'This machine has no IPv6 loopback (::1): the rules for IPv6 cannot be proved here. Enable IPv6 (net.ipv6.conf.lo.disable_ipv6=0) and run the test again.',
  );
}

test('one port takes IPv4 and IPv6, and each miner has its address in its plain form', async (t) => {
  needIPv6();
  const { port, pool } = await startServer(t, { host: '::' });
  for (const host of ['127.0.0.1', '::1']) {
    const miner = await StratumClient.open(port, { host }, t);
    await miner.start('a');
    miner.send(submitLine(1, 'a'));
    await miner.waitFor(({ id }) => id === 1);
  }
  assert.deepEqual(
    pool.logins.map(({ ip }) => ip),
    ['127.0.0.1', '::1'],
  );
  assert.deepEqual(
    pool.submits.map(({ ip }) => ip),
    ['127.0.0.1', '::1'],
  );
});

test('invalid shares over IPv6 ban the /64 of the miner, and no IPv4 miner', async (t) => {
  needIPv6();
  const banning = { ...noBans, enabled: true, checkThreshold: 10 };
  const { port, pool, bans, server } = await startServer(t, { host: '::', banning });
  pool.onSubmit = (_, answer) => answer(lowDifficulty);
  const four = await StratumClient.open(port, { host: '127.0.0.1' }, t);
  await four.start('a');
  const six = await StratumClient.open(port, { host: '::1' }, t);
  await six.start('a');
  for (let id = 0; id < 10; id++) six.send(submitLine(id, 'a'));
  await six.waitForClose();
  assert.deepEqual(
    bans.map(({ ip }) => ip),
    ['0:0:0:0::/64'],
  );
  await (await StratumClient.open(port, { host: '::1' }, t)).waitForClose();
  await four.request('mining.ping', []);
  server.unban('::1');
  await (await StratumClient.open(port, { host: '::1' }, t)).start('a');
});

test('a ban of an IPv6 client hits its whole /64 and not the next one', async (t) => {
  const { port, server } = await startServer(t, { tcpProxyProtocol: true });
  const open = (ip: string) => StratumClient.open(port, { preface: proxyV1(ip) }, t);
  const neighbour = await open('2001:db8:0:1:ffff::9');
  const next = await open('2001:db8:0:2::9');
  await Promise.all([neighbour.start('a'), next.start('a')]);
  server.ban('2001:db8:0:1::7', millis(1_700_000_600_000));
  await neighbour.waitForClose();
  await (await open('2001:db8:0:1:2:3:4:5')).waitForClose();
  await next.request('mining.ping', []);
});

test('an IPv4 miner has one ban and one count, however its address is written', async (t) => {
  const limits = { connectionsPerIp: 2, messagesPerSecond: 0 };
  const { port, server } = await startServer(t, { tcpProxyProtocol: true, limits });
  const open = (ip: string) => StratumClient.open(port, { preface: proxyV1(ip) }, t);
  const plain = await open('203.0.113.7');
  const mapped = await open('::ffff:203.0.113.7');
  await Promise.all([plain.start('a'), mapped.start('a')]);
  await (await open('::ffff:cb00:7107')).waitForClose();
  server.ban('::FFFF:203.0.113.7', millis(1_700_000_600_000));
  await Promise.all([plain.waitForClose(), mapped.waitForClose()]);
});

// Workers

test('no miner is lost while workers join those that share its port', async (t) => {
  const port = await freePort();
  const program = fileURLToPath(new URL('./support/clusterServer.js', import.meta.url));
  const primary = fork(program, [String(port)]);
  t.after(() => primary.kill('SIGKILL'));
  const join = async (): Promise<void> => {
    primary.send('fork');
    await once(primary, 'message');
  };
  await join();
  let joined = false;
  let served = 0;
  const comeAndGo = async (): Promise<void> => {
    while (!joined) {
      const miner = await StratumClient.open(port);
      await miner.request('mining.ping', []);
      served++;
      miner.close();
    }
  };
  const miners = Array.from({ length: 30 }, comeAndGo);
  for (let worker = 0; worker < 4; worker++) await join();
  joined = true;
  await Promise.all(miners);
  assert.ok(served > 30);
});

// File descriptors

test('miners get no more connections than the budget of the process, and those that leave make room', async (t) => {
  const ports = [plainPort, { ...plainPort, tls: true }];
  const { server, log } = await startServer(t, {
    ports,
    tls: { cert: testCertificate, key: testKey },
    budget: new SocketBudget(3),
  });
  const [plain = 0, secure = 0] = server.ports;
  const miners = [
    await StratumClient.open(plain, {}, t),
    await StratumClient.open(secure, { tls: true }, t),
    await StratumClient.open(secure, { tls: true }, t),
  ];
  for (const miner of miners) await miner.start('a');
  for (let more = 0; more < 5; more++) {
    await (await StratumClient.open(plain, {}, t)).waitForClose();
  }
  assert.equal(log.count(/refuses miners: this pool worker has 3 connections/), 1);
  miners[1]?.close();
  await until('one has left', () => server.connections === 2);
  const next = await StratumClient.open(plain, {}, t);
  await next.start('a');
  server.kick(({ port }) => port === secure);
  await miners[2]?.waitForClose();
  await (await StratumClient.open(secure, { tls: true }, t)).start('a');
  for (const miner of [miners[0], next]) await miner?.request('mining.ping', []);
});

interface Child {
  readonly port: number;
  ask(command: string): Promise<unknown>;
}

/** A stratum server in a process that may open 64 files. */
async function startStarvedServer(t: TestContext): Promise<Child> {
  const program = fileURLToPath(new URL('./support/starvedServer.js', import.meta.url));
  const child = spawn('sh', ['-c', 'ulimit -n 64 && exec "$0" "$@"', process.execPath, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const answer = async (): Promise<unknown> => {
    const heard = new AbortController();
    const { signal } = heard;
    const [message]: unknown[] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() => {
        throw new Error('The server has ended.');
      }),
    ]).finally(() => heard.abort());
    return isRecord(message) ? own(message, 'answer') : undefined;
  };
  const port = Number(await answer());
  return {
    port,
    ask: (command) => {
      const reply = answer();
      child.send(command);
      return reply;
    },
  };
}

test('without a free file descriptor the server lives on, says so once, does not spin, and recovers by itself', async (t) => {
  const { port, ask } = await startStarvedServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  assert.equal(await ask('starve'), 'EMFILE');
  const knocks = Array.from({ length: 50 }, () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    return once(socket, 'close');
  });
  await Promise.all(knocks);
  miner.send(submitLine(1, 'a'));
  assert.equal((await miner.waitFor(({ id }) => id === 1)).result, true);
  const busy = Number(await ask('busyPart'));
  assert.ok(busy < 0.5, `busy for ${busy} of the time, with nothing to do`);
  const errors = await until('it says so', async () => {
    const said = await ask('errors');
    return Array.isArray(said) && said.length > 0 ? said : undefined;
  });
  assert.match(
    String(errors[0]),
    /^Port \d+ cannot accept miners at present: EMFILE.*raise the limit/,
  );
  await ask('feed');
  const late = await StratumClient.open(port, {}, t);
  await late.start('b');
  await miner.request('mining.ping', []);
  assert.deepEqual(await ask('errors'), errors, 'said once');
});
