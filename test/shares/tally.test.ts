import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { addressPart } from '../../libs/primitives/workerName.ts';
import { Tally } from '../../libs/shares/tally.ts';
import { sampleShare } from './sampleShare.ts';

const minute = 60_000;
const start = 28_333_333 * minute;
const plenty = { workers: 1_000, minutes: 1_000 };

function minersOf(tally: Tally) {
  return [...tally.miners].map(({ address, minutes, sums }) => ({ address, minutes, sums }));
}

test('shares are summed by address and minute, and for the pool', () => {
  const tally = new Tally(addressPart, plenty);
  tally.share(sampleShare({ worker: 'A.rig1', difficulty: 16, time: start }));
  tally.share(sampleShare({ worker: 'A.rig2', difficulty: 8, time: start + minute - 1 }));
  tally.share(sampleShare({ worker: 'A.rig1', difficulty: 4, time: start + minute }));
  tally.share(sampleShare({ worker: 'B', difficulty: 2, time: start + 5 }));
  assert.deepEqual(minersOf(tally), [
    { address: 'A', minutes: [28_333_333, 28_333_334], sums: [24, 4] },
    { address: 'B', minutes: [28_333_333], sums: [2] },
  ]);
  assert.deepEqual(tally.pool, { minutes: [28_333_333, 28_333_334], sums: [26, 4] });
});

test('a worker has its first, last and best share, in whatever order they come', () => {
  const tally = new Tally(addressPart, plenty);
  for (const [time, shareDiff] of [
    [start + 20, 30],
    [start, 99.5],
    [start + 40, 7],
    [start + 30, Number.POSITIVE_INFINITY],
  ] as const) {
    tally.share({ ...sampleShare({ worker: '__proto__', time }), shareDiff });
  }
  const [worker, ...others] = tally.workers;
  assert.deepEqual(others, []);
  assert.equal(worker?.name, '__proto__');
  assert.deepEqual([worker?.first, worker?.last, worker?.best], [start, start + 40, 99.5]);
});

test('what is no number or no time is not counted', () => {
  const tally = new Tally(addressPart, plenty);
  for (const difficulty of [Number.NaN, Infinity, -1]) tally.share(sampleShare({ difficulty }));
  tally.share(sampleShare({ time: Number.NaN }));
  assert.deepEqual(
    [tally.pool, [...tally.workers], tally.dropped],
    [{ minutes: [], sums: [] }, [], 0],
  );
});

test('above its limits newcomers are in the sums of the pool only, known ones are counted on', () => {
  const tally = new Tally(addressPart, { workers: 2, minutes: 3 });
  const share = (worker: string, time: number) =>
    tally.share(sampleShare({ worker, difficulty: 1, time }));
  share('A', start);
  share('B', start);
  share('C', start);
  assert.equal(tally.dropped, 1);
  share('A', start + minute);
  share('B', start + minute);
  share('B', start);
  share('A', start + minute);
  assert.equal(tally.dropped, 2);
  assert.deepEqual(minersOf(tally), [
    { address: 'A', minutes: [28_333_333, 28_333_334], sums: [1, 2] },
    { address: 'B', minutes: [28_333_333], sums: [2] },
  ]);
  assert.deepEqual(tally.pool.sums, [4, 3]);
});

test('what could not be written is added to what came meanwhile', () => {
  const tally = new Tally(addressPart, plenty);
  const later = new Tally(addressPart, plenty);
  tally.share({ ...sampleShare({ worker: 'A.x', difficulty: 16, time: start }), shareDiff: 50 });
  later.share({ ...sampleShare({ worker: 'A.x', difficulty: 1, time: start + 9 }), shareDiff: 3 });
  later.share(sampleShare({ worker: 'A.y', difficulty: 2, time: start + minute }));
  later.addPool(tally.pool);
  for (const miner of tally.miners) later.addMiner(miner);
  for (const worker of tally.workers) later.addWorker(worker);
  assert.deepEqual(minersOf(later), [
    { address: 'A', minutes: [28_333_333, 28_333_334], sums: [17, 2] },
  ]);
  assert.deepEqual(later.pool.sums, [17, 2]);
  const worker = [...later.workers].find(({ name }) => name === 'A.x');
  assert.deepEqual([worker?.first, worker?.last, worker?.best], [start, start + 9, 50]);
});

test('to count a share costs less than to parse the line that brings it', () => {
  const line =
    '{"params": ["LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9.rig12", "1f", "a1b2c3d4", "65535f00", "9f3c1a2b"], "id": 4711, "method": "mining.submit"}\n';
  const shares = Array.from({ length: 2_000 }, (_, i) =>
    sampleShare({ worker: `LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH${i % 700}.rig${i}`, time: start + i }),
  );
  const parsing = cost(() => {
    for (const share of shares) if (JSON.parse(line) === share) throw new Error('never');
  });
  // Each worker comes once and again, as between two writes.
  const counting = cost(() => {
    const tally = new Tally(addressPart, { workers: 10_000, minutes: 10_000 });
    for (const share of shares) tally.share(share);
    for (const share of shares) tally.share(share);
  });
  assert.ok(counting / 2 < parsing, `${counting / 2 / parsing} of the time of parsing`);
});

/** Milliseconds of the fastest of many runs: the others were disturbed. */
function cost(work: () => void): number {
  let fastest = Infinity;
  for (let i = 0; i < 40; i += 1) {
    const begin = performance.now();
    work();
    fastest = Math.min(fastest, performance.now() - begin);
  }
  return fastest;
}
