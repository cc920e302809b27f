import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupCommitter, type GroupCommitterOptions } from '../../libs/shares/groupCommitter.ts';
import type { ShareRecord } from '../../libs/shares/types.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { sampleShare } from './sampleShare.ts';

/** A committer whose commits end when the test says so. */
function setUp(change: Partial<GroupCommitterOptions> = {}) {
  const groups: string[][] = [];
  const ends: ((recorded: boolean) => void)[] = [];
  const log = memoryLog();
  let full = 0;
  const committer = new GroupCommitter({
    commit: (shares: readonly ShareRecord[]) => {
      groups.push(shares.map(({ worker }) => worker));
      return new Promise((resolve) => ends.push(resolve));
    },
    log,
    groupMillis: 5,
    groupSize: 3,
    largestGroup: 4,
    maxPending: 10,
    onFull: () => {
      full += 1;
    },
    ...change,
  });
  const answers: [string, boolean][] = [];
  const record = (worker: string) =>
    committer.record(sampleShare({ worker }), (recorded) => answers.push([worker, recorded]));
  return {
    committer,
    groups,
    answers,
    log,
    record,
    end: (recorded: boolean) => ends.shift()?.(recorded),
    full: () => full,
  };
}

test('shares are gathered for groupMillis, and answered after the commit only', async () => {
  const { record, groups, answers, end } = setUp();
  record('a');
  record('b');
  assert.deepEqual(groups, []);
  await until('the group is committed', () => groups.length === 1);
  assert.deepEqual(groups, [['a', 'b']]);
  assert.deepEqual(answers, []);
  end(true);
  await until('they are answered', () => answers.length === 2);
  assert.deepEqual(answers, [
    ['a', true],
    ['b', true],
  ]);
});

test('a group waits the shorter, the fewer shares the last one had', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { record, groups, end } = setUp({
    groupMillis: 10,
    groupSize: 100,
    largestGroup: 100,
    maxPending: 100,
  });
  const waits: number[] = [];
  for (const count of [1, 8, 20, 1, 1]) {
    for (let i = 0; i < count; i += 1) record('a');
    const before = groups.length;
    let waited = 0;
    while (groups.length === before && waited < 20) {
      t.mock.timers.tick(1);
      waited += 1;
    }
    waits.push(waited);
    end(true);
    await new Promise(setImmediate);
  }
  // Each after the one before: none, 1, 8, 20 and 1.
  assert.deepEqual(waits, [2, 2, 5, 10, 2]);
});

test('a full group is committed without waiting', () => {
  const { record, groups } = setUp({ groupMillis: 60_000 });
  record('a');
  record('b');
  assert.deepEqual(groups, []);
  record('c');
  assert.deepEqual(groups, [['a', 'b', 'c']]);
});

test('one group is under way at a time; the next ones follow in order, none above the largest', async () => {
  const { record, groups, end, answers, committer } = setUp();
  for (const worker of 'abcdefghi') record(worker);
  assert.deepEqual(groups, [['a', 'b', 'c']]);
  assert.equal(committer.pending, 9);
  end(true);
  await until('the second group', () => groups.length === 2);
  assert.deepEqual(groups[1], ['d', 'e', 'f', 'g']);
  end(true);
  await until('the third group', () => groups.length === 3);
  assert.deepEqual(groups[2], ['h', 'i']);
  end(true);
  await until('all are answered', () => answers.length === 9);
  assert.equal(answers.map(([worker]) => worker).join(''), 'abcdefghi');
  assert.equal(committer.pending, 0);
});

test('a share recorded inside an answer does not start a second commit beside the first', async () => {
  const { committer, groups, end } = setUp({ groupSize: 1 });
  const order: string[] = [];
  committer.record(sampleShare({ worker: 'a' }), () => {
    committer.record(sampleShare({ worker: 'b' }), () => order.push('b'));
    committer.record(sampleShare({ worker: 'c' }), () => order.push('c'));
    assert.deepEqual(groups, [['a']]);
    order.push('a');
  });
  end(true);
  await until('the second group', () => groups.length === 2);
  assert.deepEqual(groups[1], ['b', 'c']);
  end(true);
  await committer.flush();
  assert.deepEqual(order, ['a', 'b', 'c']);
});

test('above maxPending a share is refused at once, and taken again when there is room', async () => {
  const { record, answers, end, full, committer } = setUp({ maxPending: 3 });
  for (const worker of 'abcd') record(worker);
  assert.deepEqual(answers, [['d', false]]);
  assert.equal(full(), 1);
  end(true);
  await until('there is room', () => committer.pending === 0);
  record('e');
  assert.equal(committer.pending, 1);
});

test('a refused group is answered false', async () => {
  const { record, answers, end, committer } = setUp({ groupSize: 1 });
  record('a');
  end(false);
  await committer.flush();
  assert.deepEqual(answers, [['a', false]]);
});

test('flush does not wait for groupMillis, and resolves after what was taken in before it', async () => {
  const { record, groups, end, committer, answers } = setUp({ groupMillis: 60_000 });
  await committer.flush();
  record('a');
  const flushed = committer.flush();
  assert.deepEqual(groups, [['a']]);
  record('b');
  end(true);
  await flushed;
  assert.deepEqual(answers, [['a', true]]);
  const closed = committer.close();
  await until('the second group', () => groups.length === 2);
  end(true);
  await closed;
  assert.deepEqual(answers[1], ['b', true]);
});

test('after close every share is refused', async () => {
  const { committer, record, answers } = setUp();
  await committer.close();
  record('a');
  assert.deepEqual(answers, [['a', false]]);
});

test('an answer that throws is logged and harms no other', async () => {
  const { committer, log, end, record, answers } = setUp({ groupSize: 2 });
  committer.record(sampleShare(), () => {
    throw new Error('socket is gone');
  });
  record('b');
  end(true);
  await committer.flush();
  assert.deepEqual(answers, [['b', true]]);
  assert.equal(log.count(/\[error\].*socket is gone/), 1);
});
