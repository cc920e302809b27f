import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difficulty } from '../../libs/primitives/units.ts';
import { DifficultyMemory } from '../../libs/stratum/difficultyMemory.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';
import {
  type Bench,
  fakeJob,
  lowDifficulty,
  plainPort,
  startServer,
  submitLine,
  varDiff,
} from './support/fakePool.ts';

const port = { ...plainPort, varDiff };

test('a worker is remembered for an hour after it left, by its port', () => {
  const memory = new DifficultyMemory();
  memory.remember(3032, 'a.1', difficulty(64), 1_000);
  memory.remember(3032, 'a.2', difficulty(128), 1_000);
  memory.remember(3032, 'a.1', difficulty(96), 2_000);
  assert.equal(memory.recall(3032, 'a.1', 3_601_999), 96);
  assert.equal(memory.recall(3032, 'a.1', 3_602_000), undefined);
  assert.equal(memory.recall(3032, 'a.2', 3_600_999), 128);
  assert.equal(memory.recall(3033, 'a.1', 2_000), undefined);
  memory.purge(3_601_000);
  assert.equal(memory.size, 1);
  memory.purge(3_602_000);
  assert.equal(memory.size, 0);
});

test('beyond the room for workers, those that left first are forgotten', () => {
  const memory = new DifficultyMemory(3);
  for (const worker of ['a', 'b', 'c', 'a', 'd']) {
    memory.remember(1, worker, difficulty(16), 0);
  }
  assert.equal(memory.size, 3);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((worker) => memory.recall(1, worker, 0)),
    [16, undefined, 16, 16],
  );
});

/** A miner that brings itself to difficulty 107 (80 shares in 90 s instead of 6), and goes. */
async function mineAndLeave(bench: Bench, worker: string): Promise<void> {
  const miner = await StratumClient.open(bench.port);
  await miner.start(worker);
  for (let id = 0; id < 80; id++) miner.send(submitLine(id, worker));
  await miner.waitFor(({ id }) => id === 79);
  bench.pass(90);
  bench.pass(3);
  await miner.waitFor(
    ({ method, params }) => method === 'mining.set_difficulty' && params?.[0] === 107,
  );
  bench.server.broadcast(fakeJob(2));
  miner.send(submitLine('proof', worker, '2'));
  await miner.waitFor(({ id }) => id === 'proof');
  miner.close();
  await until('it is gone', () => bench.server.connections === 0);
}

test('varDiff goes on where the worker left: the difficulty comes right behind the login, with a job', async (t) => {
  const bench = await startServer(t, { ports: [port] });
  await mineAndLeave(bench, 'a.1');
  bench.pass(3_500);
  const miner = await StratumClient.open(bench.port, {}, t);
  await miner.request('mining.subscribe', []);
  await miner.request('mining.authorize', ['a.1', 'x']);
  await miner.waitForNotify(5_000, 4);
  assert.deepEqual(
    miner.lines.slice(1).map(({ id, method, params }) => [id, method ?? 'answer', params?.[0]]),
    [
      [null, 'mining.set_difficulty', 8],
      [null, 'mining.notify', '1'],
      ['c2', 'answer', undefined],
      [null, 'mining.set_difficulty', 107],
      [null, 'mining.notify', '1'],
    ],
  );
});

test('a worker that logs in before it subscribes starts with the difficulty that it left with', async (t) => {
  const bench = await startServer(t, { ports: [port] });
  await mineAndLeave(bench, 'a.1');
  const miner = await StratumClient.open(bench.port, {}, t);
  await miner.request('mining.authorize', ['a.1', 'x']);
  await miner.request('mining.subscribe', []);
  await miner.waitForNotify();
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[107]]);
});

test('a wish of the miner, another worker and an hour’s absence start anew', async (t) => {
  const bench = await startServer(t, { ports: [port] });
  await mineAndLeave(bench, 'a.1');
  const cases = [
    ['a.1', 'd=32', 0, [[8], [32]]],
    ['a.2', 'x', 0, [[8]]],
    ['a.1', 'x', 3_600, [[8]]],
  ] as const;
  for (const [worker, password, wait, expected] of cases) {
    bench.pass(wait);
    const miner = await StratumClient.open(bench.port, {}, t);
    await miner.start(worker, password);
    await miner.request('mining.ping', []);
    assert.deepEqual(miner.paramsOf('mining.set_difficulty'), expected, `${worker} ${password}`);
    miner.close();
    await until('it is gone', () => bench.server.connections === 0);
  }
});

test('a wish without a good share under it leaves nothing behind, so nobody can spoil the start of another', async (t) => {
  const bench = await startServer(t, { ports: [port] });
  bench.pool.onSubmit = (_, answer) => answer(lowDifficulty);
  const rogue = await StratumClient.open(bench.port, {}, t);
  await rogue.start('a.1', 'd=1024');
  rogue.send(submitLine('bad', 'a.1'));
  await rogue.waitFor(({ id }) => id === 'bad');
  rogue.close();
  await until('it is gone', () => bench.server.connections === 0);
  const miner = await StratumClient.open(bench.port, {}, t);
  await miner.start('a.1');
  await miner.request('mining.ping', []);
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[8]]);
});

test('a name that never sent a share leaves nothing behind', async (t) => {
  const bench = await startServer(t, { ports: [{ ...port, diff: difficulty(512) }] });
  const idle = await StratumClient.open(bench.port, {}, t);
  await idle.start('a.1');
  bench.pass(93);
  bench.pass(3);
  await idle.waitFor(
    ({ method, params }) => method === 'mining.set_difficulty' && params?.[0] === 8,
  );
  idle.close();
  await until('it is gone', () => bench.server.connections === 0);
  const miner = await StratumClient.open(bench.port, {}, t);
  await miner.start('a.1');
  await miner.request('mining.ping', []);
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), [[512]]);
});

test('who only logs in beside a miner is not remembered with that miner’s difficulty', async (t) => {
  const bench = await startServer(t, { ports: [port] });
  const rogue = await StratumClient.open(bench.port, {}, t);
  await rogue.start('rogue', 'd=1024');
  await rogue.request('mining.authorize', ['a.1', 'x']);
  bench.server.broadcast(fakeJob(2));
  rogue.send(submitLine('good', 'rogue', '2'));
  await rogue.waitFor(({ id }) => id === 'good');
  rogue.close();
  await until('it is gone', () => bench.server.connections === 0);
  for (const [worker, expected] of [
    ['a.1', [[8]]],
    ['rogue', [[8], [1_024]]],
  ] as const) {
    const miner = await StratumClient.open(bench.port, {}, t);
    await miner.start(worker);
    await miner.request('mining.ping', []);
    assert.deepEqual(miner.paramsOf('mining.set_difficulty'), expected, worker);
  }
});
