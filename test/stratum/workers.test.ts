import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workers } from '../../libs/stratum/workers.ts';

const nothing = { solo: false, accounts: undefined };

test('workers are counted and named once each, the first one first', () => {
  const workers = new Workers();
  assert.deepEqual([workers.count, workers.first, workers.names()], [0, undefined, []]);
  for (const worker of ['a', 'b', 'a', 'b', 'c']) workers.add(worker, nothing);
  assert.deepEqual([workers.count, workers.first, workers.names()], [3, 'a', ['a', 'b', 'c']]);
  assert.deepEqual(
    ['a', 'c', 'd', 'toString'].map((worker) => workers.has(worker)),
    [true, true, false, false],
  );
});

test('what the last login of a worker said counts, also when it said nothing', () => {
  const workers = new Workers();
  const accounts = new Map([['dogecoin', 'D1']]);
  workers.add('a', { solo: true, accounts: undefined });
  workers.add('b', { solo: false, accounts });
  assert.equal(workers.facts('a')?.solo, true);
  assert.equal(workers.facts('b')?.accounts, accounts);
  workers.add('b', { solo: true, accounts: undefined });
  assert.deepEqual(workers.facts('b'), { solo: true, accounts: undefined });
  workers.add('a', nothing);
  assert.equal(workers.facts('a'), undefined);
  assert.equal(workers.facts('c'), undefined);
});

test('those whose shares were good are named once each, the first one first', () => {
  const workers = new Workers();
  for (const worker of ['a', 'b', 'c']) workers.add(worker, nothing);
  assert.deepEqual(workers.mined(), []);
  for (const worker of ['c', 'c', 'a']) workers.markMined(worker);
  assert.deepEqual(workers.mined(), ['a', 'c']);
});
