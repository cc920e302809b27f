import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Job } from '../../libs/jobs/job.ts';
import { JobStore } from '../../libs/jobs/jobStore.ts';
import { createJobRefresher, type JobRefresher } from '../../libs/pool/jobRefresher.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { replyOf, settingsOf } from '../jobs/fixtures.ts';
import { until } from '../support/until.ts';
import { keptLog } from './support.ts';

const hashAt = (height: number) => height.toString(16).padStart(64, '0');
const templateOn = (height: number, changes = {}) =>
  replyOf({ height: height + 1, previousblockhash: hashAt(height), ...changes });

interface Setup {
  readonly refresher: JobRefresher;
  readonly jobs: JobStore;
  readonly made: { job: Job; why: string }[];
  readonly lines: string[];
  /** What the daemon answers next. */
  readonly daemon: { template: () => unknown; best: () => string; fetched: number };
}

function setUp(t: TestContext, pollInterval = 0, rebroadcastAfter = 60_000): Setup {
  const daemon: Setup['daemon'] = {
    template: () => templateOn(100),
    best: () => hashAt(100),
    fetched: 0,
  };
  const { log, lines } = keptLog();
  const jobs = new JobStore(settingsOf());
  const made: Setup['made'] = [];
  const refresher = createJobRefresher({
    source: {
      fetch: async () => {
        daemon.fetched++;
        return daemon.template();
      },
      bestBlockHash: async () => daemon.best(),
    },
    jobs,
    pollInterval,
    rebroadcastAfter,
    log,
    now: systemClock,
    onJob: (job, why) => void made.push({ job, why }),
  });
  t.after(() => refresher.stop());
  return { refresher, jobs, made, lines, daemon };
}

test('the same block heard from three sources makes one job and asks for no further template', async (t) => {
  const { refresher, made, daemon } = setUp(t);
  await refresher.refresh();
  daemon.template = () => templateOn(101);
  await Promise.all([1, 2, 3].map(() => refresher.heardOf(hashAt(101))));
  await refresher.heardOf(hashAt(101));
  assert.deepEqual(
    made.map(({ why, job }) => [why, job.height, job.clean]),
    [
      ['newBlock', 101, true],
      ['newBlock', 102, true],
    ],
  );
  assert.ok(daemon.fetched <= 3, `${daemon.fetched} templates`);
});

test('polling notices a block that nobody told of', async (t) => {
  const { refresher, made, daemon } = setUp(t, 5);
  await refresher.refresh();
  refresher.start();
  daemon.template = () => templateOn(101);
  daemon.best = () => hashAt(101);
  await until('a job on the new block', () => made.some(({ job }) => job.height === 102));
});

test('polling follows the chain to a lower height when the tip says so', async (t) => {
  const { refresher, made, daemon } = setUp(t, 5);
  await refresher.refresh();
  refresher.start();
  daemon.template = () => templateOn(98);
  daemon.best = () => hashAt(98);
  await until('a job on the shorter chain', () => made.some(({ job }) => job.height === 99));
});

test('a job is sent again with clean_jobs false when nothing came for a while', async (t) => {
  const { refresher, made } = setUp(t, 0, 10);
  await refresher.refresh();
  refresher.start();
  await until('a second job', () => made.length >= 2);
  assert.deepEqual(made[1] && [made[1].why, made[1].job.clean, made[1].job.height], [
    'refresh',
    false,
    101,
  ]);
});

test('a broken template leaves the old job in force and is said once, not at each try', async (t) => {
  const { refresher, made, lines, daemon, jobs } = setUp(t);
  await refresher.refresh();
  const broken: unknown[] = [
    null,
    [],
    {},
    templateOn(101, { bits: 0 }),
    templateOn(101, { coinbasevalue: -1 }),
  ];
  for (const template of broken) {
    daemon.template = () => template;
    await refresher.refresh();
  }
  daemon.template = () => {
    throw new Error('no answer');
  };
  await refresher.refresh();
  assert.equal(made.length, 1);
  assert.equal(jobs.current, made[0]?.job);
  assert.equal(lines.filter((line) => line.includes('No new job')).length, 1);
  daemon.template = () => templateOn(101);
  await refresher.refresh();
  assert.equal(made.length, 2);
  assert.ok(lines.some((line) => line.includes('good again')));
});
