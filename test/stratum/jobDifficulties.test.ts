import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difficulty } from '../../libs/primitives/units.ts';
import { JobDifficulties } from '../../libs/stratum/jobDifficulties.ts';
import { fakeJob } from './support/fakePool.ts';

const sent = (jobs: JobDifficulties, sequence: number, value: number, clean = false): void =>
  jobs.sent(fakeJob(sequence, clean), difficulty(value));

test('each job keeps the difficulty that was in force when it was sent', () => {
  const jobs = new JobDifficulties();
  sent(jobs, 5, 8, true);
  sent(jobs, 6, 8);
  sent(jobs, 7, 16);
  sent(jobs, 9, 4);
  assert.deepEqual(
    [4, 5, 6, 7, 8, 9, 10].map((n) => jobs.of(n)),
    [undefined, 8, 8, 16, 16, 4, undefined],
  );
});

test('a job that is sent again under another difficulty keeps its first one', () => {
  const jobs = new JobDifficulties();
  sent(jobs, 5, 8, true);
  sent(jobs, 5, 16, true);
  sent(jobs, 6, 16);
  assert.deepEqual([jobs.of(5), jobs.of(6)], [8, 16]);
});

test('a new block forgets older jobs, and no more than 16 changes are kept', () => {
  const jobs = new JobDifficulties();
  for (let n = 1; n <= 40; n++) sent(jobs, n, n);
  assert.equal(jobs.of(40), 40);
  assert.equal(jobs.of(24), 24);
  assert.equal(jobs.of(23), undefined);
  sent(jobs, 41, 7, true);
  assert.deepEqual([jobs.of(40), jobs.of(41)], [undefined, 7]);
});

test('text that is no job id has no difficulty', () => {
  const jobs = new JobDifficulties();
  sent(jobs, 1, 8);
  assert.equal(jobs.of(Number.NaN), undefined);
});
