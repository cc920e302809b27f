import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { difficulty } from '../../libs/primitives/units.ts';
import { StratumServer } from '../../libs/stratum/server.ts';
import type { SubmitAnswer } from '../../libs/stratum/types.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import { testCertificate, testKey } from './support/certificate.ts';
import {
  accepted,
  FakePool,
  fakeJob,
  lowDifficulty,
  plainPort,
  serverOptions,
  startServer,
  submitLine,
} from './support/fakePool.ts';

test('a broadcast reaches a thousand miners once each, with the same bytes, as clean as the job is', async (t) => {
  const { port, server, pool } = await startServer(t);
  const miners: StratumClient[] = [];
  for (let batch = 0; batch < 10; batch++) {
    const opened = Array.from({ length: 100 }, () => StratumClient.open(port, {}, t));
    miners.push(...(await Promise.all(opened)));
  }
  await Promise.all(miners.map((miner) => miner.request('mining.subscribe', [])));
  await Promise.all(miners.map((miner) => miner.waitForNotify()));
  const nonces = new Set(miners.map(({ lines }) => JSON.stringify(lines[0]?.result)));
  assert.equal(nonces.size, 1_000);
  let asked = 0;
  const job = fakeJob(2, true);
  pool.job = {
    ...job,
    notifyParams: (size) => {
      asked++;
      return job.notifyParams(size);
    },
  };
  const silent = await StratumClient.open(port, {}, t);
  server.broadcast(pool.job);
  const isJob2 = ({ params }: { params?: readonly unknown[] }) => params?.[0] === '2';
  await Promise.all(miners.map((miner) => miner.waitFor(isJob2)));
  await Promise.all(miners.map((miner) => miner.request('mining.ping', [])));
  const texts = new Set(
    miners.flatMap(({ lines }) => lines.filter(isJob2).map((line) => JSON.stringify(line))),
  );
  assert.equal(texts.size, 1);
  assert.ok(miners.every(({ lines }) => lines.filter(isJob2).length === 1));
  assert.equal(asked, 1);
  await silent.request('mining.ping', []);
  assert.deepEqual(silent.notifications, []);
});

test('extranonce1 stays unique when the range wraps, and a full range turns the next miner away', async (t) => {
  const { port, server } = await startServer(t, {
    extranonce: { first: 0xfffffffe, count: 2 },
  });
  const subscribe = async (miner: StratumClient): Promise<unknown> => {
    const { result } = await miner.request('mining.subscribe', []);
    return Array.isArray(result) ? result[1] : undefined;
  };
  const first = await StratumClient.open(port, {}, t);
  const second = await StratumClient.open(port, {}, t);
  assert.equal(await subscribe(first), 'fffffffe');
  assert.equal(await subscribe(second), 'ffffffff');
  assert.equal(await subscribe(second), 'ffffffff');
  const third = await StratumClient.open(port, {}, t);
  third.send({ id: 1, method: 'mining.subscribe', params: [] });
  await third.waitForClose();
  first.close();
  await until('the first is gone', () => server.connections === 1);
  assert.equal(await subscribe(await StratumClient.open(port, {}, t)), 'fffffffe');
});

test('another pool behind the port keeps sockets, names and extranonce1, and starts with a clean job', async (t) => {
  const { port, pool, server, bans } = await startServer(t, {
    banning: {
      enabled: true,
      time: 60,
      invalidPercent: 50,
      checkThreshold: 1,
      purgeInterval: 300,
    },
  });
  pool.job = fakeJob(40, true);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const lines = miner.lines.length;
  const other = new FakePool();
  other.job = fakeJob(7, false);
  other.onSubmit = (_, answer) => answer(lowDifficulty);
  server.setPool(other);
  const [jobId, ...rest] = await miner.waitForNotify(5_000, lines);
  assert.deepEqual([jobId, rest.at(-1)], ['7', true]);
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[8], [8]]);
  miner.send(submitLine('old', 'a', '28'));
  assert.deepEqual((await miner.waitFor(({ id }) => id === 'old')).error, [
    21,
    'job not found',
    null,
  ]);
  miner.send(submitLine('new', 'a', '7'));
  await miner.waitFor(({ id }) => id === 'new');
  assert.equal(other.submits.length, 1);
  assert.deepEqual(pool.submits, []);
  assert.deepEqual(bans, []);
});

test('a new configuration keeps every socket: miners get its difficulty and a clean job of its pool', async (t) => {
  const { port, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const lines = miner.lines.length;
  const pool = new FakePool();
  pool.job = fakeJob(9, false);
  const ports = [{ ...plainPort, diff: difficulty(64) }];
  assert.equal(server.reconfigure({ ...serverOptions(), pool, ports }), true);
  const [jobId, ...rest] = await miner.waitForNotify(5_000, lines);
  assert.deepEqual([jobId, rest.at(-1)], ['9', true]);
  assert.deepEqual(miner.paramsOf('mining.set_difficulty').at(-1), [64]);
  miner.send(submitLine('new', 'a', '9'));
  assert.equal((await miner.waitFor(({ id }) => id === 'new')).result, true);
  assert.equal(pool.submits[0]?.jobDifficulty, 64);
  assert.equal(miner.isClosed, false);
});

test('a configuration with other ports is refused, and the old one goes on', async (t) => {
  const { port, server, pool } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const others = [
    { ports: [{ ...plainPort, port: 3999 }] },
    { ports: [{ ...plainPort, tls: true }] },
    { ports: [] },
    { tcpProxyProtocol: true },
  ];
  for (const change of others) {
    assert.equal(server.reconfigure({ ...serverOptions(), ...change }), false);
  }
  miner.send(submitLine('old', 'a'));
  await miner.waitFor(({ id }) => id === 'old');
  assert.equal(pool.submits.length, 1);
});

test('a new job goes to those that mine before those that idle', async (t) => {
  const ports = [plainPort, { ...plainPort, extranonce2Size: 8 }];
  const { server } = await startServer(t, { ports });
  const [idlePort = 0, minerPort = 0] = server.ports;
  const idle = await StratumClient.open(idlePort, {}, t);
  await idle.start('idle');
  const miner = await StratumClient.open(minerPort, {}, t);
  await miner.start('a');
  const job = fakeJob(2);
  // The line is made for the first of a port that is sent to: the sizes tell the order.
  const orderOf = (sequence: number): number[] => {
    const sizes: number[] = [];
    const { notifyParams } = fakeJob(sequence);
    server.broadcast({
      ...job,
      sequence,
      jobId: sequence.toString(16),
      notifyParams: (size) => {
        sizes.push(size);
        return notifyParams(size);
      },
    });
    return sizes;
  };
  assert.deepEqual(orderOf(2), [4, 8]);
  miner.send(submitLine(1, 'a', '2'));
  await miner.waitFor(({ id }) => id === 1);
  assert.deepEqual(orderOf(3), [8, 4]);
});

test('a port that is taken is named, and none of the others stays open', async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  t.after(() => holder.close());
  const address = holder.address();
  const taken = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const { port, server } = await startServer(t);
  await server.close();
  const second = new StratumServer({
    ...serverOptions(),
    ports: [
      { ...plainPort, port },
      { ...plainPort, port: taken },
    ],
  });
  await assert.rejects(second.listen(), {
    code: 'STRATUM_PORT_TAKEN',
    message: `Port ${taken} cannot be opened for miners: another program (or another pool) uses it.`,
  });
  await assert.rejects(StratumClient.open(port), { code: 'ECONNREFUSED' });
});

test('a server takes IPv4 and IPv6 when no address is given', async (t) => {
  const { host: _, ...everywhere } = serverOptions();
  const server = new StratumServer(everywhere);
  await server.listen();
  t.after(() => server.close());
  const miner = await StratumClient.open(server.ports[0] ?? 0, {}, t);
  await miner.start('a');
});

test('a port with TLS speaks TLS, and one without a certificate is refused at start', async (t) => {
  const ports = [{ ...plainPort, tls: true }, plainPort];
  const { server, pool } = await startServer(t, {
    ports,
    tls: { cert: testCertificate, key: testKey },
  });
  const [secure = 0, plain = 0] = server.ports;
  const miner = await StratumClient.open(secure, { tls: true }, t);
  await miner.start('a');
  miner.send(submitLine(1, 'a'));
  assert.equal((await miner.waitFor(({ id }) => id === 1)).result, true);
  assert.deepEqual([pool.submits[0]?.ip, pool.submits[0]?.port], ['127.0.0.1', secure]);
  const wrong = await StratumClient.open(secure, {}, t);
  wrong.send('{"id":1,"method":"mining.subscribe","params":[]}');
  await wrong.waitForClose();
  const open = await StratumClient.open(plain, {}, t);
  await open.start('b');
  await assert.rejects(new StratumServer({ ...serverOptions(), ports }).listen(), {
    code: 'STRATUM_TLS_MISSING',
  });
  assert.throws(() => new StratumServer({ ...serverOptions(), tls: { cert: 'x', key: 'y' } }), {
    code: 'STRATUM_TLS_BAD',
  });
});

test('stopAccepting closes the ports and keeps the miners, close lets the last replies through', async (t) => {
  const { port, pool, server } = await startServer(t);
  const answers: ((verdict: SubmitAnswer) => void)[] = [];
  pool.onSubmit = (_, answer) => answers.push(answer);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  miner.send(submitLine(1, 'a'));
  await until('the share is with the pool', () => answers.length === 1);
  server.stopAccepting();
  await assert.rejects(StratumClient.open(port), { code: 'ECONNREFUSED' });
  await miner.request('mining.ping', []);
  answers[0]?.(accepted);
  await server.close();
  await miner.waitForClose();
  assert.deepEqual(miner.lines.at(-1), { id: 1, result: true, error: null });
  assert.equal(server.connections, 0);
});
