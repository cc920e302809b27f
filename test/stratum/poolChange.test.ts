import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import {
  FakePool,
  fakeJob,
  noBans,
  plainPort,
  serverOptions,
  startServer,
  submitLine,
} from './support/fakePool.ts';

// What connected miners are told when another pool or another configuration comes behind their port.

const mask = 'mining.set_version_mask';
const withJob = (sequence: number): FakePool => {
  const pool = new FakePool();
  pool.job = fakeJob(sequence, false);
  return pool;
};

test('another size of extranonce2 goes to the miners that can follow it, with a clean job, and they mine on', async (t) => {
  const { port, server } = await startServer(t);
  for (const [round, ask] of [
    ['mining.extranonce.subscribe', []],
    ['mining.configure', [['subscribe-extranonce'], {}]],
  ].entries()) {
    const miner = await StratumClient.open(port, {}, t);
    await miner.request(String(ask[0]), Array.isArray(ask[1]) ? ask[1] : []);
    const { extranonce1 } = await miner.start('a');
    const from = miner.lines.length;
    const pool = withJob(9);
    const size = round === 0 ? 8 : 4;
    const ports = [{ ...plainPort, extranonce2Size: size }];
    assert.equal(server.reconfigure({ ...serverOptions(), pool, ports }), true);
    const notify = await miner.waitForNotify(5_000, from);
    assert.deepEqual([notify[0], notify.at(-1)], ['9', true]);
    // The stand-in job shows the size that it was made for.
    assert.equal(notify[2], `010000000100000${size}`);
    assert.deepEqual(
      miner.lines.slice(from).map(({ method }) => method),
      ['mining.set_extranonce', 'mining.set_difficulty', 'mining.notify'],
    );
    assert.deepEqual(miner.paramsOf('mining.set_extranonce'), [[extranonce1, size]]);
    miner.send(submitLine('new', 'a', '9'));
    assert.equal((await miner.waitFor(({ id }) => id === 'new')).result, true);
    assert.equal(pool.submits[0]?.extranonce2Size, size);
    miner.close();
    await until('it is gone', () => server.connections === 0);
  }
});

test('a miner that cannot follow another size is asked to come back, and hung up on gently', async (t) => {
  const { port, server, pool } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const stranger = await StratumClient.open(port, {}, t);
  await stranger.request('mining.authorize', ['b', 'x']);
  const from = miner.lines.length;
  const ports = [{ ...plainPort, extranonce2Size: 8 }];
  assert.equal(server.reconfigure({ ...serverOptions(), pool, ports }), true);
  server.broadcast(fakeJob(2, true));
  await miner.waitForClose();
  assert.deepEqual(miner.lines.slice(from), [{ id: null, method: 'client.reconnect', params: [] }]);
  // One that had not subscribed yet has heard of no size.
  const { result } = await stranger.request('mining.subscribe', []);
  assert.equal(Array.isArray(result) ? result[2] : undefined, 8);
  const again = await StratumClient.open(port, {}, t);
  await again.start('a');
});

test('a miner that does not hang up when it is asked to come back is dropped five seconds later', async (t) => {
  const { port, server, pass, pool } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  miner.socket.allowHalfOpen = true;
  const options = serverOptions();
  const ports = [{ ...plainPort, extranonce2Size: 8 }];
  server.reconfigure({ ...options, pool, ports });
  await until('it has heard the end', () => miner.socket.readableEnded);
  pass(4);
  assert.equal(server.connections, 1);
  miner.send(submitLine('late', 'a'));
  pass(2);
  await until('it is dropped', () => server.connections === 0);
  assert.deepEqual(pool.submits, []);
});

test('a pool of another coin keeps the extranonces, and says them again to miners that follow them', async (t) => {
  const { port, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.extranonce.subscribe', []);
  const { extranonce1 } = await miner.start('a');
  const plain = await StratumClient.open(port, {}, t);
  await plain.start('b');
  server.setPool(withJob(7));
  for (const client of [miner, plain]) await client.waitFor(({ params }) => params?.[0] === '7');
  assert.deepEqual(miner.paramsOf('mining.set_extranonce'), [[extranonce1, 4]]);
  assert.deepEqual(plain.paramsOf('mining.set_extranonce'), []);
});

test('miners that roll version bits hear of another mask, as far as they asked for its bits', async (t) => {
  const { port, server } = await startServer(t);
  const roll = async (asked: object): Promise<StratumClient> => {
    const miner = await StratumClient.open(port, {}, t);
    await miner.request('mining.configure', [['version-rolling'], asked]);
    await miner.start('a');
    return miner;
  };
  const all = await roll({});
  const some = await roll({ 'version-rolling.mask': '00c00000' });
  const none = await StratumClient.open(port, {}, t);
  await none.start('c');
  const jobs = [
    [2, { versionMask: 0 }],
    [3, { versionMask: 0x00e00000 }],
    [4, {}],
    [5, {}],
  ] as const;
  const pools: FakePool[] = [];
  for (const [sequence, coin] of jobs) {
    const pool = withJob(sequence);
    pools.push(pool);
    server.setPool(pool, coin);
    for (const miner of [all, some, none]) {
      await miner.waitFor(({ params }) => params?.[0] === String(sequence));
    }
    all.send(submitLine(`s${sequence}`, 'a', String(sequence)));
    await all.waitFor(({ id }) => id === `s${sequence}`);
  }
  assert.deepEqual(all.paramsOf(mask), [['00000000'], ['00e00000'], ['1fffe000']]);
  assert.deepEqual(some.paramsOf(mask), [['00000000'], ['00c00000']]);
  assert.deepEqual(none.paramsOf(mask), []);
  assert.deepEqual(
    pools.map(({ submits }) => submits[0]?.versionMask),
    [0, 0x00e00000, 0x1fffe000, 0x1fffe000],
  );
});

test('a pool without a mask of its own keeps what the coin before it said', async (t) => {
  const { port, server } = await startServer(t, { versionMask: 0x00e00000 });
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.configure', [['version-rolling'], {}]);
  await miner.start('a');
  server.setPool(withJob(2));
  await miner.waitFor(({ params }) => params?.[0] === '2');
  assert.deepEqual(miner.paramsOf(mask), []);
});

test('an operator can show a text to every miner, whatever its letters', async (t) => {
  const { port, server } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  server.say('Wartung um 18:00 – “kurz”\n');
  const { params } = await miner.waitFor(({ method }) => method === 'client.show_message');
  assert.deepEqual(params, ['Wartung um 18:00 – “kurz”\n']);
});

test('shares for jobs that nobody knows count towards a ban again when a change of pools is long over', async (t) => {
  const banning = { ...noBans, enabled: true, checkThreshold: 1 };
  const { port, server, bans, pass } = await startServer(t, { banning });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  server.setPool(withJob(7));
  miner.send(submitLine('early', 'a', 'ffff'));
  const { error } = await miner.waitFor(({ id }) => id === 'early');
  assert.deepEqual(error, [21, 'job not found', null]);
  assert.deepEqual(bans, []);
  pass(11);
  miner.send(submitLine('late', 'a', 'ffff'));
  await until('it is banned', () => bans.length === 1);
});
