import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstJobNumber } from '../../libs/cluster/jobNumbers.ts';

test('with 139 pools on a fork each has two years of jobs, one every five seconds, before it meets the next', () => {
  const jobs = (2 * 365 * 86_400) / 5;
  for (let round = 0; round < 20; round++) {
    const starts = Array.from({ length: 139 }, (_, at) => firstJobNumber(at, 139));
    const ends = [...starts.slice(1), 2 ** 32];
    starts.forEach((start, at) => {
      assert.ok((ends[at] ?? 0) - start > jobs, `pool ${at} begins at ${start}`);
    });
  }
});

test('a pool of one process does not begin where it began in the process before', () => {
  const starts = new Set(Array.from({ length: 50 }, () => firstJobNumber(0, 2)));
  assert.ok(starts.size > 45);
});
