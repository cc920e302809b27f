import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServerLine, StratumClient } from '../support/stratumClient.ts';
import { fakeJob, plainPort, startServer, submitLine, varDiff } from './support/fakePool.ts';

// What real firmware says, in the order and the spelling in which it says it.

const isAnswer = ({ method }: ServerLine): boolean => method === undefined;

test('every answer carries id, result and error, and nothing else: null stands for what there is not', async (t) => {
  const { port } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  const requests: [string, unknown][] = [
    ['mining.configure', [['version-rolling', 'nonsense'], {}]],
    ['mining.subscribe', ['bitaxe/BM1366/v2.4.0']],
    ['mining.authorize', ['a', 'x']],
    ['mining.authorize', ['', 'x']],
    ['mining.extranonce.subscribe', []],
    ['mining.suggest_difficulty', [16]],
    ['mining.suggest_difficulty', [-1]],
    ['mining.suggest_target', ['ff'.repeat(32)]],
    ['mining.suggest_target', ['zz']],
    ['mining.multi_version', [1]],
    ['mining.get_transactions', ['1']],
    ['mining.ping', []],
    ['mining.pong', []],
    ['client.get_version', []],
    ['client.show_message', ['hello']],
    ['mining.submit', ['a', '1', '00000001', '504e86ed', '00000001']],
    ['mining.submit', ['stranger', '1', '00000001', '504e86ed', '00000001']],
    ['mining.nonsense', []],
    ['eth_submitLogin', ['0x0']],
    ['', []],
  ];
  for (const [id, [method, params]] of requests.entries()) {
    const from = miner.lines.length;
    miner.send({ id, method, params });
    const answer = await miner.waitFor(isAnswer, 5_000, from);
    assert.deepEqual(Object.keys(answer), ['id', 'result', 'error'], method);
    assert.equal(answer.id, id);
    const { result, error } = answer;
    const isRefusal = result === null || (result === false && error !== null);
    if (!isRefusal) assert.equal(error, null, method);
    else assert.match(JSON.stringify(error), /^\[2[0-5],"[^"]+",null\]$/, method);
  }
});

test('configure, subscribe, authorize and suggest_difficulty may come in one packet, as ESP-Miner sends them', async (t) => {
  const { port } = await startServer(t, { ports: [{ ...plainPort, varDiff }] });
  const miner = await StratumClient.open(port, {}, t);
  const lines = [
    {
      id: 1,
      method: 'mining.configure',
      params: [['version-rolling'], { 'version-rolling.mask': 'ffffffff' }],
    },
    { id: 2, method: 'mining.subscribe', params: ['bitaxe/BM1366/v2.4.0'] },
    { id: 3, method: 'mining.authorize', params: ['a.bitaxe', 'x'] },
    { id: 4, method: 'mining.suggest_difficulty', params: [100] },
  ];
  miner.send(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  await miner.waitFor(({ id }) => id === 3);
  await miner.waitFor(({ params }) => params?.[0] === 100);
  await miner.request('mining.ping', []);
  const answers = miner.lines.filter(isAnswer);
  assert.deepEqual(answers.map(({ id }) => id).sort(), [1, 2, 3, 4, 'c1']);
  assert.ok(answers.every(({ error }) => error === null));
  // Work under the wish: the last difficulty before the last job is the one that was asked for.
  const heard = miner.notifications.map(({ method, params }) => [method, params?.[0]]);
  assert.deepEqual(heard.slice(-2), [
    ['mining.set_difficulty', 100],
    ['mining.notify', '1'],
  ]);
});

test('subscribe, authorize and a submit in one packet are answered each, the submit after its login', async (t) => {
  const { port, pool } = await startServer(t);
  pool.onAuthorize = () => new Promise((resolve) => setImmediate(() => resolve({ ok: true })));
  const miner = await StratumClient.open(port, {}, t);
  const lines = [
    { id: 1, method: 'mining.subscribe', params: [] },
    { id: 2, method: 'mining.authorize', params: ['a', 'x'] },
    submitLine(3, 'a'),
  ];
  miner.send(lines.map((line) => JSON.stringify(line)).join('\n'));
  await miner.waitFor(({ id }) => id === 3);
  const answers = miner.lines.filter(isAnswer);
  assert.deepEqual(
    answers.map(({ id, error }) => [id, error]),
    [
      [1, null],
      [2, null],
      [3, null],
    ],
  );
});

test('a login before the subscription is answered, and work comes with the subscription', async (t) => {
  const { port } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  assert.equal((await miner.request('mining.authorize', ['a', 'x'])).result, true);
  assert.deepEqual(miner.notifications, []);
  await miner.request('mining.subscribe', []);
  await miner.waitForNotify();
  miner.send(submitLine(1, 'a'));
  assert.equal((await miner.waitFor(({ id }) => id === 1)).result, true);
});

test('a subscription may name no agent, an agent, or an old session too', async (t) => {
  const { port } = await startServer(t);
  for (const params of [
    [],
    ['cgminer/4.10'],
    ['cgminer/4.10', '10000000'],
    ['x', null, 'host', 3],
  ]) {
    const miner = await StratumClient.open(port, {}, t);
    const { result, error } = await miner.request('mining.subscribe', params);
    assert.equal(error, null);
    assert.match(JSON.stringify(result), /,"[0-9a-f]{8}",4\]$/);
  }
});

test('address, address.rig and address_rig log in, and are credited under the whole name', async (t) => {
  const { port, pool } = await startServer(t);
  const names = ['LcHKx9fPFY2Y', 'LcHKx9fPFY2Y.rig 1', 'LcHKx9fPFY2Y_rig-2', 'LcHKx9fPFY2Y.a_b.c'];
  const miner = await StratumClient.open(port, {}, t);
  await miner.request('mining.subscribe', []);
  for (const [id, name] of names.entries()) {
    assert.equal((await miner.request('mining.authorize', [name, 'x'])).result, true);
    miner.send(submitLine(id, name));
    assert.equal((await miner.waitFor((line) => line.id === id)).result, true);
  }
  assert.deepEqual(
    pool.submits.map(({ worker }) => worker),
    names,
  );
  assert.deepEqual(
    pool.logins.map(({ worker }) => worker),
    names,
  );
});

test('a suggestion that is repeated as a sign of life is answered, and leaves what varDiff found', async (t) => {
  const { port, pass, server, pool } = await startServer(t, { ports: [{ ...plainPort, varDiff }] });
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const suggest = async (): Promise<void> => {
    assert.equal((await miner.request('mining.suggest_difficulty', [16])).result, true);
  };
  await suggest();
  for (let id = 0; id < 40; id++) miner.send(submitLine(id, 'a'));
  await miner.waitFor(({ id }) => id === 39);
  pass(90);
  pool.job = fakeJob(2);
  server.broadcast(pool.job);
  await miner.waitFor(({ params }) => params?.[0] === '2');
  // 40 shares in 90 s instead of 6, each worth half, since their job was first sent under 8: 16 × 20 / 6.
  const found = [[8], [16], [53]];
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), found);
  const jobs = miner.paramsOf('mining.notify').length;
  for (let minute = 0; minute < 20; minute++) await suggest();
  assert.deepEqual(miner.paramsOf('mining.set_difficulty'), found);
  assert.equal(miner.paramsOf('mining.notify').length, jobs);
  // Another wish is one.
  await miner.request('mining.suggest_difficulty', [17]);
  await miner.waitFor(
    ({ method, params }) => method === 'mining.set_difficulty' && params?.[0] === 17,
  );
});

test('a changed difficulty goes out with work that the miner did not have, and its shares count under it', async (t) => {
  const { port, pool } = await startServer(t, { ports: [{ ...plainPort, varDiff }] });
  const asked: number[] = [];
  pool.job = fakeJob(5, true);
  pool.newerJob = (sequence) => {
    asked.push(sequence);
    return fakeJob(sequence + 1, false);
  };
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const from = miner.lines.length;
  await miner.request('mining.suggest_difficulty', [100]);
  const notify = await miner.waitForNotify(5_000, from);
  assert.deepEqual(asked, [5]);
  assert.deepEqual([notify[0], notify.at(-1)], ['6', false]);
  miner.send(submitLine('old', 'a', '5'));
  miner.send(submitLine('new', 'a', '6'));
  await miner.waitFor(({ id }) => id === 'new');
  assert.deepEqual(
    pool.submits.map(({ jobId, jobDifficulty }) => [jobId, jobDifficulty]),
    [
      ['5', plainPort.diff],
      ['6', 100],
    ],
  );
});

test('a difficulty that finds no newer job waits, and is asked for again', async (t) => {
  const { port, pool, pass } = await startServer(t, { ports: [{ ...plainPort, varDiff }] });
  let newer: number | undefined;
  pool.job = fakeJob(5, true);
  pool.newerJob = () => (newer === undefined ? undefined : fakeJob(newer, false));
  const miner = await StratumClient.open(port, {}, t);
  await miner.start('a');
  const from = miner.lines.length;
  await miner.request('mining.suggest_difficulty', [100]);
  await miner.request('mining.ping', []);
  assert.equal(
    miner.lines.slice(from).some(({ method }) => method !== undefined),
    false,
  );
  newer = 6;
  pass(3);
  assert.equal((await miner.waitForNotify(5_000, from))[0], '6');
});
