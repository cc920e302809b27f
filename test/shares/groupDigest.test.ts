import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestGroup, HashrateClock } from '../../libs/shares/groupDigest.ts';
import { sampleShare } from './sampleShare.ts';

test('valid shares are summed for each worker, invalid ones are not credited', () => {
  const digest = digestGroup(
    [
      sampleShare({ worker: 'a', difficulty: 0.1 }),
      sampleShare({ worker: 'b', difficulty: 8 }),
      sampleShare({ worker: 'a', difficulty: 0.2 }),
      sampleShare({ worker: 'c', difficulty: 99, valid: false }),
    ],
    new HashrateClock(),
  );
  assert.deepEqual(digest.sums, ['a', '0.3', 'b', '8']);
  assert.deepEqual([digest.workers, digest.valid, digest.invalid], [2, 3, 1]);
});

test('hashrate entries are difficulty:worker:ms with the unix second, negative for an invalid share', () => {
  const digest = digestGroup(
    [
      sampleShare({ worker: 'w.rig', difficulty: 16, time: 1_700_000_000_999 }),
      sampleShare({ worker: 'v', difficulty: 0.5, time: 1_700_000_001_000, valid: false }),
    ],
    new HashrateClock(),
  );
  assert.deepEqual(digest.hashrate, [
    1_700_000_000,
    '16:w.rig:1700000000999',
    1_700_000_001,
    '-0.5:v:1700000001000',
  ]);
});

test('equal shares of one worker in one millisecond are different entries, also over groups', () => {
  const clock = new HashrateClock();
  const time = 1_700_000_000_999;
  const equal = [sampleShare({ time }), sampleShare({ time }), sampleShare({ time })];
  const members = [...digestGroup(equal, clock).hashrate, ...digestGroup(equal, clock).hashrate];
  const texts = members.filter((_, i) => i % 2 === 1);
  assert.equal(new Set(texts).size, 6);
  assert.equal(texts[5], '16:w1:1700000001004');
  assert.ok(members.every((member, i) => i % 2 === 1 || member === 1_700_000_000));
});

test('the clock forgets workers that are quiet', () => {
  const clock = new HashrateClock();
  clock.tick('w', 1_000);
  clock.forget(1_000);
  assert.equal(clock.tick('w', 1_000), 1_001);
  clock.forget(2_000);
  assert.equal(clock.tick('w', 1_000), 1_000);
});

test('a worker named __proto__ is a worker', () => {
  const digest = digestGroup(
    [sampleShare({ worker: '__proto__' }), sampleShare({ worker: 'constructor' })],
    new HashrateClock(),
  );
  assert.deepEqual(digest.sums, ['__proto__', '16', 'constructor', '16']);
});

test('a SOLO share counts as valid and for the hashrate, but in no round', () => {
  const shares = [{ ...sampleShare({ worker: 'alone' }), solo: true as const }, sampleShare()];
  const digest = digestGroup(shares, new HashrateClock());
  assert.deepEqual([digest.valid, digest.workers, digest.sums], [2, 1, ['w1', '16']]);
  assert.equal(digest.hashrate.length, 4);
});
