import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { lastLines, startChild } from '../../scripts/regtest/processes.ts';
import { testCertificate, testKey } from '../stratum/support/certificate.ts';
import {
  accepted,
  type Bench,
  lowDifficulty,
  noBans,
  plainPort,
  startServer,
  submitLine,
} from '../stratum/support/fakePool.ts';
import { cleanUp } from '../support/cleanup.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';

// A stratum server behind a HAProxy of Debian, each miner with a loopback address of its own.

interface Site extends Bench {
  /** What miners connect to, by the version of the PROXY protocol. */
  readonly v1: number;
  readonly v2: number;
  /** v2, onto a port with TLS: HAProxy passes it through. */
  readonly secure: number;
  /** Of the three ports, those that HAProxy has checked and found well. */
  healthy(): Promise<number>;
}

async function startSite(t: TestContext): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'haproxy-'));
  cleanUp(t, () => rmSync(dir, { recursive: true, force: true }));
  const bench = await startServer(t, {
    tcpProxyProtocol: true,
    ports: [plainPort, { ...plainPort, tls: true }],
    tls: { cert: testCertificate, key: testKey },
    banning: { ...noBans, enabled: true, checkThreshold: 10 },
  });
  const [plain = 0, tls = 0] = bench.server.ports;
  const [v1 = 0, v2 = 0, secure = 0, control = 0] = await freePorts(4);
  const section = (name: string, from: number, to: number, how: string): string => `
listen ${name}
  bind 127.0.0.1:${from}
  server pool 127.0.0.1:${to} ${how} check inter 20ms
`;
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(
    file,
    `
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s

frontend control
  mode http
  timeout http-request 5s
  bind 127.0.0.1:${control}
  stats enable
  stats uri /stats
${section('v1', v1, plain, 'send-proxy')}
${section('v2', v2, plain, 'send-proxy-v2')}
${section('secure', secure, tls, 'send-proxy-v2')}
`,
  );
  const logFile = join(dir, 'haproxy.log');
  const haproxy = await startChild({
    command: '/usr/sbin/haproxy',
    args: ['-db', '-f', file],
    logFile,
    cwd: dir,
  });
  cleanUp(t, () => haproxy.stop());
  await until('HAProxy listens', async () => {
    assert.equal(haproxy.ending, undefined, lastLines(logFile, 20));
    return listens(secure);
  });
  return { ...bench, v1, v2, secure, healthy: () => serversUp(control) };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** HAProxy's page of statistics: how many of its three servers are up; none has ever failed a check. */
async function serversUp(control: number): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${control}/stats;csv`);
  const [head = '', ...rows] = (await page.text()).trim().split('\n');
  const names = head.replace(/^# /, '').split(',');
  const servers = rows
    .map((row) => new Map(row.split(',').map((cell, at) => [names[at] ?? '', cell])))
    .filter((row) => row.get('svname') === 'pool');
  assert.equal(servers.length, 3);
  for (const row of servers) assert.equal(row.get('chkfail'), '0', `${row.get('pxname')}`);
  return servers.filter(
    (row) => /^UP/.test(row.get('status') ?? '') && row.get('check_status') === 'L4OK',
  ).length;
}

const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'] as const;

async function miner(
  t: TestContext,
  port: number,
  localAddress: string,
  tls = false,
): Promise<StratumClient> {
  const client = await StratumClient.open(port, { localAddress, tls }, t);
  await client.start(`w${localAddress}`);
  return client;
}

test('behind HAProxy every share has the address of its miner, in v1 and v2, plain and through TLS', async (t) => {
  const { v1, v2, secure, pool } = await startSite(t);
  const miners = [
    await miner(t, v1, '127.0.0.2'),
    await miner(t, v2, '127.0.0.3'),
    await miner(t, secure, '127.0.0.4', true),
    await miner(t, v2, '127.0.0.5'),
  ];
  for (const [at, client] of miners.entries()) {
    client.send(submitLine('share', `w${addresses[at]}`));
    assert.equal((await client.waitFor(({ id }) => id === 'share')).result, true);
  }
  assert.deepEqual(
    pool.logins.map(({ ip, worker }) => [ip, worker]),
    addresses.map((address) => [address, `w${address}`]),
  );
  assert.deepEqual(
    pool.submits.map(({ ip }) => ip),
    [...addresses],
  );
});

test('behind HAProxy a ban hits the miner that earned it, on all its connections, and nobody else', async (t) => {
  const { v1, v2, secure, pool, bans, server } = await startSite(t);
  pool.onSubmit = ({ ip }, answer) => answer(ip === '127.0.0.3' ? lowDifficulty : accepted);
  const bad = await miner(t, v2, '127.0.0.3');
  const badToo = await miner(t, v1, '127.0.0.3');
  const good = [
    { name: 'w127.0.0.2', client: await miner(t, v1, '127.0.0.2') },
    { name: 'w127.0.0.4', client: await miner(t, v2, '127.0.0.4') },
    { name: 'w127.0.0.5', client: await miner(t, secure, '127.0.0.5', true) },
  ];
  for (let id = 0; id < 10; id++) {
    for (const { client, name } of good) client.send(submitLine(id, name));
    bad.send(submitLine(id, 'w127.0.0.3'));
  }
  await Promise.all([bad.waitForClose(), badToo.waitForClose()]);
  assert.deepEqual(
    bans.map(({ ip }) => ip),
    ['127.0.0.3'],
  );
  for (const port of [v1, v2, secure]) {
    const again = await StratumClient.open(port, { localAddress: '127.0.0.3' }, t);
    await again.waitForClose();
  }
  for (const { client } of good) {
    assert.equal((await client.waitFor(({ id }) => id === 9)).result, true);
    await client.request('mining.ping', []);
  }
  server.unban('127.0.0.3');
  await miner(t, v2, '127.0.0.3');
});

test('the health checks of HAProxy find the server well and leave no line in its log', async (t) => {
  const { healthy, v2, server, log } = await startSite(t);
  let looks = 0;
  await until('HAProxy has checked all three', async () => (await healthy()) === 3);
  await until('more checks have come and gone', async () => {
    looks++;
    return looks > 10 && (await healthy()) === 3;
  });
  const client = await miner(t, v2, '127.0.0.2');
  await until('only the miner is connected', () => server.connections === 1);
  await client.request('mining.ping', []);
  assert.deepEqual(
    log.lines.filter(({ severity }) => severity !== 'debug'),
    [],
  );
});
