import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashratePoints, thinned } from '../../../libs/website/data/history.ts';

test('the points of a chart begin with the first share and end before the running bucket', () => {
  const series = Array.from({ length: 1_440 }, (_, i) => ({
    time: i * 60,
    difficulty: i >= 1_400 ? 60 : 0,
  }));
  const points = hashratePoints(series, '1h', 2 ** 32);
  assert.deepEqual(points[0], [1_400 * 60, 2 ** 32]);
  assert.equal(points.length, 39);
  assert.deepEqual(points.at(-1), [1_438 * 60, 2 ** 32]);
  assert.deepEqual(hashratePoints(series.slice(0, 1_000), '1h', 1), []);
  assert.deepEqual(hashratePoints([], '1y', 1), []);
});

test('more than 720 points become means of neighbours', () => {
  const many = Array.from({ length: 1_440 }, (_, i) => [i, i] as const);
  const points = thinned(many);
  assert.equal(points.length, 720);
  assert.deepEqual(points[0], [0, 0.5]);
  assert.deepEqual(points.at(-1), [1_438, 1_438.5]);
  assert.equal(thinned(many.slice(0, 721)).length, 361);
});
