import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuxTree } from '../../libs/jobs/auxPow.ts';
import { JobStore, type JobStoreOptions } from '../../libs/jobs/jobStore.ts';
import { difficulty, millis, satoshis } from '../../libs/primitives/units.ts';
import type { UnknownRecord } from '../../libs/primitives/unknown.ts';
import { curTime, now, settingsOf, templateOf, txid } from './fixtures.ts';

const storeOf = (options?: JobStoreOptions) => new JobStore(settingsOf(), options);
const blockA = { previousblockhash: txid(0xa), height: 100 };
const blockB = { previousblockhash: txid(0xb), height: 101 };
const blockA2 = { previousblockhash: txid(0xc), height: 100 };

function added(store: JobStore, template: UnknownRecord, force = false) {
  const result = store.add(templateOf(template), now, { force });
  assert.ok(result !== undefined);
  return result;
}

test('the first template makes a clean job, which is current and valid', () => {
  const store = storeOf();
  assert.equal(store.current, undefined);
  const { job, why } = added(store, blockA);
  assert.equal(why, 'newBlock');
  assert.equal(job.clean, true);
  assert.equal(store.current, job);
  assert.deepEqual(store.find(job.jobId), { state: 'valid', job });
});

test('a new previous block makes all older jobs stale', () => {
  const store = storeOf();
  const first = added(store, blockA).job;
  const second = added(store, { ...blockA, coinbasevalue: 7 }).job;
  const third = added(store, blockB);
  assert.equal(third.why, 'newBlock');
  assert.equal(third.job.clean, true);
  assert.deepEqual(store.find(first.jobId), { state: 'stale' });
  assert.deepEqual(store.find(second.jobId), { state: 'stale' });
  assert.equal(store.find(third.job.jobId).state, 'valid');
});

test('new transactions on the same block make a job that is not clean, and the older one stays valid', () => {
  const store = storeOf();
  const first = added(store, blockA).job;
  const second = added(store, { ...blockA, transactions: [] });
  assert.equal(second.why, 'refresh');
  assert.equal(second.job.clean, false);
  assert.equal(store.current, second.job);
  assert.deepEqual(store.find(first.jobId), { state: 'valid', job: first });
});

test('the same block from several sources makes one job, whatever the time', () => {
  const store = storeOf();
  added(store, blockA);
  const later = { ...blockA, curtime: curTime + 30 };
  assert.equal(store.add(templateOf(blockA), now), undefined);
  assert.equal(store.add(templateOf(later), millis(now + 30_000)), undefined);
});

test('a rebroadcast is made when it is forced, and is not the same work to its miners', () => {
  const store = storeOf();
  const first = added(store, blockA).job;
  const again = added(store, blockA, true);
  assert.equal(again.why, 'refresh');
  assert.equal(store.find(first.jobId).state, 'valid');
  assert.notEqual(first.notifyParams(4).coinb1, again.job.notifyParams(4).coinb1);
});

test('a reorganisation to the same height is a new block', () => {
  const store = storeOf();
  added(store, blockA);
  assert.equal(added(store, blockA2).why, 'newBlock');
});

test('an older height is ignored, as from a daemon that lags', () => {
  const store = storeOf();
  const { job } = added(store, blockB);
  assert.equal(store.add(templateOf(blockA), now), undefined);
  assert.equal(store.current, job);
  assert.equal(store.find(job.jobId).state, 'valid');
});

test('an older height is taken when the daemon says that its tip is there, or when it insists', () => {
  const told = storeOf();
  added(told, blockB);
  assert.equal(told.add(templateOf(blockA), now, { tip: txid(0x99) }), undefined);
  assert.equal(told.add(templateOf(blockA), now, { tip: txid(0xa) })?.why, 'newBlock');
  const forced = storeOf();
  added(forced, blockB);
  assert.equal(added(forced, blockA, true).why, 'newBlock');
});

test('sequences grow by one, and ids are their hex', () => {
  const store = storeOf({ firstSequence: 0xfe });
  const ids = [0, 1, 2].map((value) => added(store, { ...blockA, coinbasevalue: value }).job.jobId);
  assert.deepEqual(ids, ['fe', 'ff', '100']);
});

test('the number of kept jobs is bounded: the oldest goes stale first', () => {
  const store = storeOf({ keep: 3 });
  const ids = [0, 1, 2, 3, 4].map(
    (value) => added(store, { ...blockA, coinbasevalue: value }).job.jobId,
  );
  assert.deepEqual(
    ids.map((id) => store.find(id).state),
    ['stale', 'stale', 'valid', 'valid', 'valid'],
  );
});

test('an id that was never given out is unknown, however it is spelled', () => {
  const store = storeOf();
  for (let value = 0; value < 11; value++) added(store, { ...blockA, coinbasevalue: value });
  assert.equal(store.find('b').state, 'valid');
  const odd = [
    '',
    '0',
    'c',
    'B',
    '0b',
    'b ',
    ' b',
    '0xb',
    '-1',
    '1e0',
    'toString',
    'b'.repeat(9999),
  ];
  for (const id of odd) assert.equal(store.find(id).state, 'unknown', JSON.stringify(id));
});

test('a stale id is forgotten after many jobs', () => {
  const store = storeOf({ keep: 1 });
  const first = added(store, blockA).job.jobId;
  for (let value = 0; value < 4_095; value++) added(store, { ...blockA, coinbasevalue: value });
  assert.equal(store.find(first).state, 'stale');
  added(store, { ...blockA, coinbasevalue: 4_095 });
  assert.equal(store.find(first).state, 'unknown');
});

test('a template that cannot be mined leaves the jobs as they were', () => {
  const store = storeOf();
  const { job } = added(store, blockA);
  const broken = templateOf({ ...blockB, masternode: { payee: 'Xother', amount: 5 } });
  assert.throws(() => store.add(broken, now), /Xother/);
  assert.equal(store.current, job);
  assert.equal(store.find(job.jobId).state, 'valid');
  assert.equal(added(store, blockB).job.sequence, job.sequence + 1);
});

test('a job is made anew on other auxiliary blocks: not clean, the older ones stay valid', () => {
  const tree = (hash: string) =>
    createAuxTree([
      {
        ...{ coin: 'aux', hash, chainId: 1, target: Buffer.alloc(32, 1), height: 5 },
        ...{ networkDifficulty: difficulty(1), reward: satoshis(1n) },
      },
    ]);
  let current = tree(txid(1));
  const store = storeOf({ auxiliary: () => current });
  assert.equal(store.remake(now), undefined);
  const first = added(store, blockA).job;
  assert.equal(first.auxiliary, current);
  current = tree(txid(2));
  const second = store.remake(now);
  assert.deepEqual([second?.why, second?.job.clean], ['refresh', false]);
  assert.equal(second?.job.auxiliary, current);
  assert.equal(second?.job.template, first.template);
  assert.notEqual(second?.job.jobId, first.jobId);
  assert.equal(store.current, second?.job);
  // What the older one commits to stays its own.
  assert.deepEqual(store.find(first.jobId), { state: 'valid', job: first });
  assert.equal(first.auxiliary === current, false);
  assert.equal(store.add(templateOf(blockA), now), undefined);
});

test('a miner gets a job that it does not have: the current one, or the same work under a new id', () => {
  const store = storeOf();
  assert.equal(store.newerThan(-1, now), undefined);
  const first = added(store, blockA).job;
  assert.equal(store.newerThan(first.sequence - 1, now), first);
  const second = store.newerThan(first.sequence, now);
  assert.equal(second?.sequence, first.sequence + 1);
  assert.equal(second?.clean, false);
  // Other work: what is hashed for the one is worth nothing for the other.
  assert.notEqual(second?.notifyParams(4).coinb1, first.notifyParams(4).coinb1);
  assert.equal(store.find(first.jobId).state, 'valid');
  // For the next miner it is there already; a third one is not made the next moment.
  assert.equal(store.newerThan(first.sequence, now), second);
  assert.equal(store.newerThan(first.sequence + 1, now), undefined);
  const later = millis(now + 500);
  assert.equal(store.newerThan(first.sequence + 1, later)?.sequence, first.sequence + 2);
});

test('jobs that are made for single miners push no job of others out', () => {
  const store = storeOf({ keep: 2 });
  const first = added(store, blockA).job;
  for (let one = 0; one < 50; one++) {
    const made = store.newerThan(first.sequence + one, millis(now + one * 500));
    assert.equal(made?.sequence, first.sequence + one + 1);
  }
  assert.equal(store.find(first.jobId).state, 'valid');
});
