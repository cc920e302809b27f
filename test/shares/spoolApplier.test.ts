import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../libs/primitives/units.ts';
import { SpoolApplier } from '../../libs/shares/spoolApplier.ts';
import { openAbandoned, SpoolFiles } from '../../libs/shares/spoolFiles.ts';
import { makeFolder, ownFolder, segmentPath } from '../../libs/shares/spoolFolder.ts';
import { SpoolWriter } from '../../libs/shares/spoolWriter.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { dataDirFor } from './support/dataDir.ts';
import { groupOf, recordsOf, StoreStandIn } from './support/spools.ts';

const recordBytes = recordsOf(1, 1).length;

async function setUp(
  t: TestContext,
  change: { windowShares?: number; gatherMillis?: number } = {},
) {
  const root = await dataDirFor(t);
  const files = new SpoolFiles(ownFolder(root, 'w'));
  const writer = new SpoolWriter({
    files,
    makeFolder: () => makeFolder(files.folder),
    segmentBytes: 5 * recordBytes,
  });
  const started = start(t, files, change);
  const record = async (first: number, last = first) => {
    for (let group = first; group <= last; group += 1) {
      const shares = groupOf(group);
      started.applier.offer({ sequence: await writer.append(shares), shares });
    }
  };
  return { root, files, writer, record, ...started };
}

function start(
  t: TestContext,
  files: SpoolFiles,
  change: { windowShares?: number; gatherMillis?: number } = {},
  store = new StoreStandIn(),
) {
  const log = memoryLog();
  const applier = new SpoolApplier({
    files,
    writerId: 'w',
    store,
    coin: 'testcoin',
    log,
    now: systemClock,
    windowShares: 1_000,
    batchShares: 30,
    gatherMillis: 1,
    ...change,
  });
  const running = applier.run();
  t.after(async () => {
    applier.stop();
    await running;
  });
  return { store, log, applier };
}

/** The workers of all shares of groups `first` to `last`, in order. */
function workersOf(first: number, last: number): string[] {
  const groups = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return groups.flatMap((group) => groupOf(group).map(({ worker }) => worker));
}

test('groups reach the store in order, each once, and applied waits for them', async (t) => {
  const { record, applier, store } = await setUp(t);
  await applier.whenApplied();
  await record(1, 20);
  await applier.whenApplied();
  assert.deepEqual(store.workers, workersOf(1, 20));
  assert.equal(applier.waiting, 0);
});

test('shares on disk wait for others before the store is called, but not when somebody waits for them', async (t) => {
  const { record, applier, store } = await setUp(t, { gatherMillis: 60_000 });
  await applier.whenApplied();
  await record(1, 3);
  assert.deepEqual(store.workers, []);
  await applier.whenApplied();
  assert.deepEqual(
    store.applied.map(({ sequence }) => sequence),
    [3],
  );
  await record(4, 13);
  await until('a full batch does not wait', () => store.workers.length === 39);
});

test('while the store is away memory holds a window only; all is applied from the files, in batches', async (t) => {
  const { record, applier, store, log } = await setUp(t, { windowShares: 15 });
  await record(1);
  await applier.whenApplied();
  store.down();
  let most = 0;
  for (let group = 2; group <= 300; group += 1) {
    await record(group);
    most = Math.max(most, applier.inMemory);
  }
  assert.ok(most <= 5, `${most} groups in memory`);
  assert.ok(applier.waiting >= 298 * 3);
  store.up();
  await applier.whenApplied();
  assert.deepEqual(store.workers, workersOf(1, 300));
  assert.ok(store.calls < 100, `${store.calls} calls`);
  await until('said', () => log.count(/\[special\].*All shares of testcoin .* are recorded/) === 1);
  assert.equal(applier.waiting, 0);
});

test('a store that lost its latest gets it again, also when no new share comes', async (t) => {
  const { record, applier, store, log } = await setUp(t);
  for (let group = 1; group <= 12; group += 1) {
    await record(group);
    await applier.whenApplied();
  }
  store.forgetAfter(4);
  await applier.whenApplied();
  assert.deepEqual(store.workers, workersOf(1, 12));
  assert.equal(log.count('groups 5 to 12 of writer w is applied again'), 1);
});

test('a store that lost its latest without our noticing refuses what follows, and gets all of it', async (t) => {
  const { record, applier, store } = await setUp(t);
  for (let group = 1; group <= 8; group += 1) {
    await record(group);
    await applier.whenApplied();
  }
  store.applied.splice(5);
  await record(9);
  await applier.whenApplied();
  assert.deepEqual(store.workers, workersOf(1, 9));
});

test('segments are dropped when the store cannot lose them, and not before', async (t) => {
  const { record, applier, store, files, writer } = await setUp(t);
  await record(1, 12);
  await applier.whenApplied();
  const firsts = () => files.segments.map(({ first }) => first);
  assert.equal(await applier.sweep(), false);
  assert.deepEqual(firsts(), [1, 6, 11]);
  store.safe = 9;
  await applier.sweep();
  assert.deepEqual(firsts(), [6, 11]);
  store.safe = 12;
  await applier.sweep();
  assert.deepEqual(firsts(), [11]);
  await writer.rest();
  assert.equal(await applier.sweep(), true);
  assert.deepEqual(await readdir(files.folder), []);
});

test('a store that lost what it had on disk: it is said, what the spool has is applied, and nothing waits for ever', async (t) => {
  const { record, applier, store, log } = await setUp(t);
  await record(1, 12);
  await applier.whenApplied();
  store.safe = 10;
  await applier.sweep();
  store.forgetAfter(0);
  await applier.whenApplied();
  assert.deepEqual(store.workers, workersOf(11, 12));
  assert.equal(log.count(/\[error\].*groups 1 to 10 of writer w are not in the spool/), 1);
  await record(13);
  await applier.whenApplied();
  assert.deepEqual(store.workers, workersOf(11, 13));
});

test('what a dead writer left is applied under its sequences, from where the store stands', async (t) => {
  const folder = await dataDirFor(t);
  await writeFile(segmentPath(folder, 1), recordsOf(1, 5));
  await writeFile(segmentPath(folder, 6), recordsOf(6, 9));
  const store = new StoreStandIn();
  await store.apply(7, groupOf(7), 0);
  const { files } = await openAbandoned(folder);
  const { applier } = start(t, files, {}, store);
  await applier.whenApplied();
  assert.deepEqual(store.workers.slice(3), workersOf(8, 9));
  assert.equal(applier.recorded, 6);
  store.safe = 9;
  assert.equal(await applier.sweep(), true);
});

test('a damaged group is said with an error, the others are applied, and the file is kept aside', async (t) => {
  const root = await dataDirFor(t);
  const folder = ownFolder(root, 'w');
  await makeFolder(folder);
  const bytes = recordsOf(1, 5);
  bytes[2 * recordBytes + 30] = 0;
  await writeFile(segmentPath(folder, 1), bytes);
  const { files } = await openAbandoned(folder);
  const { applier, store, log } = start(t, files);
  await applier.whenApplied();
  assert.deepEqual(store.workers, [...workersOf(1, 2), ...workersOf(4, 5)]);
  assert.equal(log.count(/\[error\].*damaged.*after group 2\..*Check the disk/), 1);
  await until('nothing is said to wait', () => applier.waiting === 0);
  store.safe = 5;
  assert.equal(await applier.sweep(), true);
  const aside = join(root, 'w-0000000000000001.shares.corrupt');
  assert.deepEqual(await readFile(aside), bytes);
  assert.equal(log.count(/\[error\].*is kept as .*corrupt/), 1);
});

test('groups that are lost at the very end hold nothing up', async (t) => {
  const { record, applier, store, files } = await setUp(t, { windowShares: 3 });
  store.down();
  await record(1, 4);
  const [segment] = files.segments;
  assert.ok(segment);
  const bytes = await readFile(segment.path);
  bytes.fill(0xff, 2 * recordBytes);
  await writeFile(segment.path, bytes);
  store.up();
  await applier.whenApplied();
  await record(5, 6);
  await applier.whenApplied();
  // What was read before the damage is not lost: either way, the later groups follow the first ones in order.
  const damaged = new Set(workersOf(3, 4));
  assert.deepEqual(
    store.workers.filter((worker) => !damaged.has(worker)),
    [...workersOf(1, 2), ...workersOf(5, 6)],
  );
});

test('stop rejects whoever waits', async (t) => {
  const { record, applier, store } = await setUp(t);
  store.down();
  await record(1);
  const waiting = assert.rejects(applier.whenApplied(), { code: 'SHARES_CLOSED' });
  applier.stop();
  store.up();
  await waiting;
  await assert.rejects(applier.whenApplied(), { code: 'SHARES_CLOSED' });
});
