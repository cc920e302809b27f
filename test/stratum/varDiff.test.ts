import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VarDiffConfig } from '../../libs/config/types.ts';
import { type Difficulty, difficulty } from '../../libs/primitives/units.ts';
import { boundsOf, VarDiff, within } from '../../libs/stratum/varDiff.ts';

const options: VarDiffConfig = {
  minDiff: difficulty(1e-6),
  maxDiff: difficulty(1e15),
  targetTime: 15,
  retargetTime: 90,
  variancePercent: 30,
};
const wide = boundsOf(options, undefined);

/** Uniform numbers in (0, 1] from a seed: the generator "mulberry32". */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return 1 - ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Miner {
  readonly shares: number;
  /** Changes of difficulty, with the time (s) of each. */
  readonly changes: { readonly at: number; readonly to: number }[];
  difficulty: Difficulty;
}

/**
 * A miner whose shares arrive as a Poisson process: `aim(at)` is the difficulty that gives one share each targetTime.
 * The server looks at each share and once a second; a new difficulty applies after `delay` seconds.
 */
function simulate(
  seed: number,
  start: number,
  seconds: number,
  aim: (at: number) => number,
  delay = 0,
  easiest?: number,
): Miner {
  const random = seeded(seed);
  const varDiff = new VarDiff(options, 0);
  const changes: { at: number; to: number }[] = [];
  const miner = { shares: 0, changes, difficulty: difficulty(start) };
  let pending: { readonly to: Difficulty; readonly at: number } | undefined;
  const look = (now: number): void => {
    if (pending === undefined) {
      const to = varDiff.look(now, miner.difficulty, wide, easiest);
      if (to !== undefined) pending = { to, at: now + delay * 1_000 };
    }
    if (pending === undefined || now < pending.at) return;
    miner.difficulty = pending.to;
    miner.changes.push({ at: now / 1_000, to: pending.to });
    pending = undefined;
    varDiff.restart(now);
  };
  for (let second = 0; second < seconds; second++) {
    let at = second;
    // A flood is cut at 20,000 shares a second: more do not fit through a connection.
    for (let shares = 0; shares < 20_000; shares++) {
      const rate = aim(second) / miner.difficulty / options.targetTime;
      at -= Math.log(random()) / rate;
      if (at >= second + 1) break;
      miner.shares++;
      varDiff.share(at * 1_000);
      look(at * 1_000);
    }
    look((second + 1) * 1_000);
  }
  return miner;
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
const offBy = (miner: Miner, aim: number): number =>
  Math.max(miner.difficulty / aim, aim / miner.difficulty);

test('a difficulty a million times too high is within reach after three retargets', () => {
  for (const seed of seeds) {
    const miner = simulate(seed, 4_096e6, 3 * 91, () => 4_096);
    assert.ok(miner.changes.length <= 3, `seed ${seed}: ${miner.changes.length} changes`);
    assert.ok(offBy(miner, 4_096) < 3, `seed ${seed}: ${miner.difficulty}`);
  }
});

test('a difficulty a million times too low is within reach after three retargets, and at once', () => {
  for (const seed of seeds.slice(0, 10)) {
    const miner = simulate(seed, 4.096, 3 * 91, () => 4_096_000);
    assert.ok(miner.changes.length <= 3, `seed ${seed}: ${miner.changes.length} changes`);
    assert.ok((miner.changes[0]?.at ?? 999) <= 2, `seed ${seed}`);
    assert.ok(offBy(miner, 4_096_000) < 3, `seed ${seed}: ${miner.difficulty}`);
  }
});

test('any start between a million times too high and too low settles within half an hour', () => {
  for (const exponent of [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]) {
    for (const seed of seeds.slice(0, 8)) {
      const miner = simulate(seed, 4_096 * 10 ** exponent, 1_800, () => 4_096);
      assert.ok(offBy(miner, 4_096) < 2, `10^${exponent}, seed ${seed}: ${miner.difficulty}`);
      assert.ok(miner.changes.length <= 6, `10^${exponent}, seed ${seed}`);
    }
  }
});

test('a steady miner at the right difficulty is left alone: under two changes a day in the mean', () => {
  let changes = 0;
  for (const seed of seeds) changes += simulate(seed, 4_096, 86_400, () => 4_096).changes.length;
  assert.ok(changes / seeds.length < 2, `${changes / seeds.length} changes a day`);
});

test('over a day the shares arrive within the allowed band', () => {
  for (const seed of seeds.slice(0, 10)) {
    const miner = simulate(seed, 64, 86_400, () => 4_096, 3);
    assert.ok(offBy(miner, 4_096) < 1.5, `seed ${seed}: ${miner.difficulty}`);
  }
});

test('a miner that becomes ten times faster or slower is followed within a quarter of an hour', () => {
  for (const factor of [10, 0.1]) {
    for (const seed of seeds.slice(0, 10)) {
      const miner = simulate(seed, 4_096, 8_100, (at) => (at < 7_200 ? 4_096 : 4_096 * factor));
      assert.ok(offBy(miner, 4_096 * factor) < 2.5, `× ${factor}, seed ${seed}`);
    }
  }
});

test('shares inside the band change nothing, whatever their number', () => {
  const varDiff = new VarDiff(options, 0);
  for (let at = 12_000; at <= 36_000_000; at += 12_000) {
    varDiff.share(at);
    assert.equal(varDiff.look(at, difficulty(8), wide), undefined);
  }
});

test('nothing is decided before retargetTime, except against a flood', () => {
  const varDiff = new VarDiff(options, 0);
  for (let at = 3_000; at < 90_000; at += 4_000) varDiff.share(at);
  assert.equal(varDiff.look(89_999, difficulty(8), wide), undefined);
  assert.notEqual(varDiff.look(90_000, difficulty(8), wide), undefined);

  const flood = new VarDiff(options, 0);
  for (let share = 0; share < 24; share++) flood.share(500);
  assert.equal(flood.look(999, difficulty(8), wide), undefined);
  // 24 shares in a second instead of one in 15: 360 times.
  assert.equal(flood.look(1_000, difficulty(8), wide), 2_880);
});

test('a miner that sends nothing at all is lowered, step by step, to minDiff and no further', () => {
  const bounds = boundsOf({ ...options, minDiff: difficulty(4) }, undefined);
  const varDiff = new VarDiff(options, 0);
  assert.equal(varDiff.look(90_000, difficulty(1_000_000), bounds), 15_625);
  varDiff.restart(90_000);
  assert.equal(varDiff.look(180_000, difficulty(15_625), bounds), 4);
  varDiff.restart(180_000);
  assert.equal(varDiff.look(270_000, difficulty(4), bounds), undefined);
});

test('shares of older, easier work weigh what they are worth', () => {
  const varDiff = new VarDiff(options, 0);
  for (let share = 1; share <= 600; share++) varDiff.share(share * 100, 0.01);
  assert.equal(varDiff.look(90_000, difficulty(800), wide), undefined);
});

test('difficulties stay within minDiff and the lower of maxDiff and the network, minDiff first', () => {
  const port = { ...options, minDiff: difficulty(8), maxDiff: difficulty(512) };
  assert.deepEqual(boundsOf(port, 1e6), { lowest: 8, highest: 512 });
  assert.deepEqual(boundsOf(port, 100), { lowest: 8, highest: 100 });
  assert.deepEqual(boundsOf(port, 1e-9), { lowest: 8, highest: 8 });
  assert.deepEqual(boundsOf(port, 1e6, 64), { lowest: 64, highest: 512 });
  assert.deepEqual(boundsOf(port, 1e6, 1e9), { lowest: 512, highest: 512 });
  const bounds = boundsOf(port, 100);
  assert.deepEqual([within(bounds, 1), within(bounds, 50), within(bounds, 1e9)], [8, 50, 100]);
});

test('an easier chain lowers the difficulty to its own, but never to less than a quarter of what the miner can do', () => {
  const shares = (varDiff: VarDiff, count: number, from: number): void => {
    for (let i = 1; i <= count; i++) varDiff.share(from + (i * 90_000) / count);
  };
  const close = new VarDiff(options, 0);
  shares(close, 6, 0);
  assert.equal(close.look(90_000, difficulty(1_024), wide, 600), 600);

  const far = new VarDiff(options, 0);
  shares(far, 6, 0);
  assert.equal(far.look(90_000, difficulty(1_024), wide, 0.001), 256);
  far.restart(90_000);
  // Four times too many, as was to be expected; and so few that it could be chance.
  shares(far, 24, 90_000);
  assert.equal(far.look(180_000, difficulty(256), wide, 0.001), undefined);
  shares(far, 9, 180_000);
  assert.equal(far.look(270_000, difficulty(256), wide, 0.001), undefined);
  shares(far, 24, 270_000);
  assert.equal(far.look(360_000, difficulty(256), wide), 1_024);
});

test('a difficulty that the miner has asked for is not raised to what it did before, for the sake of an easier chain', () => {
  const wish = (forgets: boolean): number | undefined => {
    const varDiff = new VarDiff(options, 0);
    for (let at = 15_000; at <= 90_000; at += 15_000) varDiff.share(at);
    assert.equal(varDiff.look(90_000, difficulty(1_024), wide, 0.001), 256);
    if (forgets) varDiff.forgetOwn();
    varDiff.restart(90_000);
    for (let at = 105_000; at <= 180_000; at += 15_000) varDiff.share(at);
    return varDiff.look(180_000, difficulty(64), wide, 0.001);
  };
  assert.equal(wish(false), 256);
  assert.equal(wish(true), 16);
});

test('a chain that is far too easy makes no flood: a day long four shares for one, and hardly a change', () => {
  for (const seed of seeds.slice(0, 8)) {
    const miner = simulate(seed, 8, 86_400, () => 4_096, 0, 0.001);
    const ratio = (miner.shares * options.targetTime) / 86_400;
    assert.ok(ratio > 2.5 && ratio < 7, `${ratio} shares for one`);
    assert.ok(miner.changes.length < 40, `${miner.changes.length} changes`);
  }
});

test('a difficulty outside the bounds is moved inside at the next look', () => {
  const bounds = boundsOf({ ...options, maxDiff: difficulty(512) }, 100);
  const varDiff = new VarDiff(options, 0);
  for (let at = 15_000; at <= 90_000; at += 15_000) varDiff.share(at);
  assert.equal(varDiff.look(90_000, difficulty(256), bounds), 100);
});

/** The middle, and the worst, of some figures. */
function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `median ${middle.toFixed(2)}, worst ${(sorted.at(-1) ?? 0).toFixed(2)}`;
}

/** When the difficulty came within a factor of two of the aim, to stay there until the end; seconds. */
function settledAt(miner: Miner, start: number, aim: number): number {
  const isNear = (value: number): boolean => Math.max(value / aim, aim / value) <= 2;
  let since: number | undefined = isNear(start) ? 0 : undefined;
  for (const { at, to } of miner.changes) {
    if (!isNear(to)) since = undefined;
    else since ??= at;
  }
  return since ?? Number.POSITIVE_INFINITY;
}

test('figures: how fast a start that is a million times off is mended, and how still a steady miner is left', (t) => {
  for (const factor of [1e6, 1e-6]) {
    const aim = factor > 1 ? 4_096 : 4_096e6;
    const miners = seeds.slice(0, 20).map((seed) => simulate(seed, aim * factor, 1_800, () => aim));
    const near = miners.map((miner) => settledAt(miner, aim * factor, aim));
    const changes = miners.map((miner) => miner.changes.length);
    t.diagnostic(
      `start × ${factor}: within a factor of 2 for good after ${spread(near)} s; ${spread(changes)} changes in half an hour`,
    );
    assert.ok(Math.max(...near) < 900);
    assert.ok(Math.max(...changes) <= 6);
  }
  const hours = 24;
  const steady = seeds.map((seed) => simulate(seed, 4_096, hours * 3_600, () => 4_096));
  const perHour = steady.map((miner) => miner.changes.length / hours);
  const interval = steady.map((miner) => (hours * 3_600) / miner.shares);
  const mean = perHour.reduce((sum, value) => sum + value, 0) / perHour.length;
  t.diagnostic(
    `steady miner, ${seeds.length} days of it: ${mean.toFixed(3)} changes an hour in the mean (${spread(perHour)}); one share each ${spread(interval)} s at targetTime 15`,
  );
  assert.ok(mean < 0.1);
  assert.ok(interval.every((seconds) => seconds > 15 / 1.3 && seconds < 15 * 1.3));
});

test('difficulties far below 1 are found as well as large ones, down to a millionth', (t) => {
  for (const aim of [1e-6, 3.7e-5, 0.002, 0.5]) {
    const miners = seeds
      .slice(0, 10)
      .map((seed) => simulate(seed, 1, 3_600, () => aim).difficulty / aim);
    const off = miners.map((ratio) => Math.max(ratio, 1 / ratio));
    t.diagnostic(`aim ${aim}, start 1: after an hour off by a factor of ${spread(off)}`);
    assert.ok(Math.max(...off) < 2, `${aim}: ${off}`);
  }
  // What goes out is the number itself, not a rounded one.
  const varDiff = new VarDiff(options, 0);
  for (let at = 45_000; at <= 90_000; at += 45_000) varDiff.share(at);
  varDiff.share(90_000);
  for (let share = 0; share < 30; share++) varDiff.share(90_000);
  assert.equal(varDiff.look(90_000, difficulty(1e-6), wide), 5.5e-6);
});

test('an ESP32 (50,000 hashes a second) on a port for large miners comes to a share each targetTime, and stays', (t) => {
  // Hashes of one share of difficulty 1: 2^32. 50,000 × 15 s are 0.000175 of it.
  const aim = (50_000 * options.targetTime) / 2 ** 32;
  const day = seeds.slice(0, 10).map((seed) => simulate(seed, 512, 86_400, () => aim, 3));
  const off = day.map((miner) => Math.max(miner.difficulty / aim, aim / miner.difficulty));
  const isNear = ({ to }: { readonly to: number }): boolean => Math.max(to / aim, aim / to) <= 2;
  const first = day.map(({ changes }) => changes.find(isNear)?.at ?? Number.POSITIVE_INFINITY);
  const shares = day.map((miner) => miner.shares);
  t.diagnostic(
    `ESP32 from difficulty 512: within a factor of 2 after ${spread(first)} s; after a day off by a factor of ${spread(off)}; shares of a day ${spread(shares)} (5,760 are aimed at)`,
  );
  assert.ok(Math.max(...off) < 1.5);
  assert.ok(Math.max(...first) < 1_800, `${first}`);
});
