import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  lookUpBlock,
  readSubmitOutcome,
  type SubmitKind,
  type SubmitOutcome,
  submitBlock,
} from '../../libs/daemon/blocks.ts';
import { createDaemonGroup } from '../../libs/daemon/group.ts';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { DaemonError, type DaemonErrorKind } from '../../libs/daemon/types.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { logTo } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

const words: readonly [unknown, SubmitKind][] = [
  [null, 'accepted'],
  ['', 'accepted'],
  [true, 'accepted'],
  ['duplicate', 'duplicate'],
  ['duplicate-inconclusive', 'inconclusive'],
  ['inconclusive', 'inconclusive'],
  ['inconclusive-not-best-prevblk', 'inconclusive'],
  ['duplicate-invalid', 'rejected'],
  ['rejected', 'rejected'],
  ['bad-txnmrklroot', 'rejected'],
  ['bad-cb-amount', 'rejected'],
  ['high-hash', 'rejected'],
  ['stale-prevblk', 'rejected'],
  ['time-too-old', 'rejected'],
  ['prev-blk-not-found', 'rejected'],
  ['unexpected-witness', 'rejected'],
  ['a word of tomorrow', 'rejected'],
  [false, 'rejected'],
  [{ server: 'duplicate' }, 'failed'],
  [7, 'failed'],
];

for (const [result, kind] of words) {
  test(`a submit that answers ${JSON.stringify(result)} is ${kind}`, () => {
    const outcome = readSubmitOutcome({ ok: true, result });
    assert.equal(outcome.kind, kind);
    if (typeof result === 'string' && result !== '') assert.equal(outcome.word, result);
  });
}

const errors: readonly [DaemonErrorKind, number | undefined, SubmitKind][] = [
  ['rpc', -22, 'rejected'],
  ['rpc', -26, 'rejected'],
  ['rpc', -27, 'duplicate'],
  ['rpc', -25, 'failed'],
  ['rpc', -28, 'failed'],
  ['rpc', -1, 'failed'],
  ['rpc', -32601, 'failed'],
  ['unreachable', undefined, 'failed'],
  ['busy', undefined, 'failed'],
  ['auth', undefined, 'failed'],
  ['timeout', undefined, 'failed'],
  ['reset', undefined, 'failed'],
  ['badReply', undefined, 'failed'],
];

for (const [errorKind, rpcCode, kind] of errors) {
  test(`a submit that ends in ${errorKind} ${rpcCode ?? ''} is ${kind}`, () => {
    const error = new DaemonError(errorKind, 'a sentence', {
      daemon: 'd',
      method: 'submitblock',
      ...(rpcCode === undefined ? {} : { rpcCode }),
    });
    assert.deepEqual(readSubmitOutcome({ ok: false, error }), { kind, word: 'a sentence', error });
  });
}

async function groupOf(t: TestContext, ...behaviours: ((call: FaultyCall) => void)[]) {
  const daemons = await Promise.all(behaviours.map((behave) => FaultyDaemon.start(t, behave)));
  const group = createDaemonGroup(
    daemons.map(({ config }) => config),
    logTo([]),
    systemClock,
  );
  t.after(() => group.close());
  return { daemons, group };
}

test('a block goes to all daemons at once, and one that hangs delays no verdict', async (t) => {
  const { daemons, group } = await groupOf(
    t,
    () => undefined,
    (call) => call.result(null),
    (call) => call.result('high-hash'),
  );
  const outcomes = new Map<string, SubmitOutcome>();
  void submitBlock(group, 'c0de', true, (daemon, outcome) => outcomes.set(daemon, outcome));
  await until('two verdicts', () => outcomes.size === 2);
  const names = group.clients.map(({ name }) => name);
  assert.deepEqual(outcomes.get(names[1] ?? ''), { kind: 'accepted', word: 'accepted' });
  assert.deepEqual(outcomes.get(names[2] ?? ''), { kind: 'rejected', word: 'high-hash' });
  for (const daemon of daemons) {
    assert.deepEqual([daemon.methods, daemon.calls[0]?.params], [['submitblock'], ['c0de']]);
  }
});

test('old daemons get the block by getblocktemplate', async (t) => {
  const { daemons, group } = await groupOf(t, (call) => call.result(null));
  const kinds: SubmitKind[] = [];
  await submitBlock(group, 'c0de', false, (_, { kind }) => kinds.push(kind));
  assert.deepEqual(kinds, ['accepted']);
  assert.equal(daemons[0]?.calls[0]?.method, 'getblocktemplate');
  assert.deepEqual(daemons[0]?.calls[0]?.params, [{ mode: 'submit', data: 'c0de' }]);
});

// Litecoin's genesis block.
const hash = '12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2';
const txid = '97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9';
const block = { hash, confirmations: 3, height: 0, tx: [txid, 'ff'] };
const notFound = (call: FaultyCall) => call.error(-5, 'Block not found');

test('a known block tells its confirmations, height and coinbase', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => call.result(block));
  const client = createDaemonClient(daemon.config);
  t.after(() => client.close());
  assert.deepEqual(await lookUpBlock(client, hash), {
    confirmations: 3,
    height: 0,
    coinbaseTxid: txid,
  });
  assert.deepEqual(daemon.calls[0]?.params, [hash]);
});

test('a block off the chain has -1 confirmations and is known', async (t) => {
  const { group } = await groupOf(t, (call) => call.result({ ...block, confirmations: -1 }));
  const facts = await lookUpBlock(group, hash);
  assert.ok(facts !== 'unknown');
  assert.equal(facts.confirmations, -1);
});

test('a block is known if any daemon of the group knows it, however the others fail', async (t) => {
  const { group } = await groupOf(
    t,
    notFound,
    () => undefined,
    (call) => call.send(503, 'full'),
    (call) => call.result(block),
  );
  assert.notEqual(await lookUpBlock(group, hash), 'unknown');
});

test('a block is unknown when a daemon says so and no other knows it', async (t) => {
  const { group } = await groupOf(t, (call) => call.send(401, ''), notFound);
  assert.equal(await lookUpBlock(group, hash), 'unknown');
});

test('a block is not called unknown because no daemon could be asked', async (t) => {
  const { group } = await groupOf(t, (call) => call.send(401, ''));
  await assert.rejects(lookUpBlock(group, hash), { kind: 'auth' });
  const pruned = await groupOf(t, (call) => call.error(-1, 'Block not available (pruned data)'));
  await assert.rejects(lookUpBlock(pruned.group, hash), { rpcCode: -1 });
});

test('a reply that is not that block is a bad reply', async (t) => {
  const replies = [
    null,
    'hex',
    [],
    {},
    { ...block, hash: 'ff'.repeat(32) },
    { ...block, confirmations: '3' },
    { ...block, confirmations: 1.5 },
    { ...block, height: null },
  ];
  for (const reply of replies) {
    const { group } = await groupOf(t, (call) => call.result(reply));
    await assert.rejects(lookUpBlock(group, hash), { kind: 'badReply' });
  }
});
