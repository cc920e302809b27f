import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { SpoolFiles } from '../../libs/shares/spoolFiles.ts';
import { makeFolder, ownFolder } from '../../libs/shares/spoolFolder.ts';
import { openNew, SpoolWriter } from '../../libs/shares/spoolWriter.ts';
import { dataDirFor } from './support/dataDir.ts';
import { faultyDiskStandIn, groupOf, recordsOf } from './support/spools.ts';

async function setUp(t: TestContext, segmentBytes = 1e6) {
  const root = await dataDirFor(t);
  const files = new SpoolFiles(ownFolder(root, 'w'));
  const disk = faultyDiskStandIn();
  const writer = new SpoolWriter({
    files,
    makeFolder: () => makeFolder(files.folder),
    segmentBytes,
    openFile: disk.openFile,
  });
  t.after(() => writer.close());
  const append = (group: number) => writer.append(groupOf(group));
  const onDisk = async () =>
    Buffer.concat(await Promise.all(files.segments.map(({ path }) => readFile(path))));
  return { root, files, disk, writer, append, onDisk };
}

const recordBytes = recordsOf(1, 1).length;

test('each group is one record and one fdatasync, in order', async (t) => {
  const { append, onDisk, disk, files } = await setUp(t);
  for (let group = 1; group <= 5; group += 1) assert.equal(await append(group), group);
  assert.deepEqual(await onDisk(), recordsOf(1, 5));
  assert.equal(disk.syncs, 5);
  assert.equal(files.last, 5);
  assert.equal(files.segments[0]?.bytes, 5 * recordBytes);
});

test('a full segment is followed by one that is named for its first group', async (t) => {
  const { append, files, disk } = await setUp(t, 2 * recordBytes);
  for (let group = 1; group <= 5; group += 1) await append(group);
  assert.deepEqual(
    files.segments.map(({ first, open }) => [first, open]),
    [
      [1, false],
      [3, false],
      [5, true],
    ],
  );
  assert.equal(disk.opens, 3);
  const [first] = files.segments;
  assert.ok(first);
  assert.equal(files.lastOf(first), 2);
  assert.deepEqual(await readFile(first.path), recordsOf(1, 2));
});

test('a disk that becomes full in the middle of a group: nothing of the group stays, and its sequence is free', async (t) => {
  const { append, onDisk, disk } = await setUp(t);
  await append(1);
  for (const room of [0, 1, 30, recordBytes - 1]) {
    disk.room = room;
    await assert.rejects(append(2), { code: 'ENOSPC' });
    assert.deepEqual(await onDisk(), recordsOf(1, 1));
  }
  disk.room = Infinity;
  assert.equal(await append(2), 2);
  assert.deepEqual(await onDisk(), recordsOf(1, 2));
});

test('a full disk from the start: groups are refused until there is room', async (t) => {
  const { append, onDisk, disk } = await setUp(t);
  disk.room = 0;
  await assert.rejects(append(1), { code: 'ENOSPC' });
  await assert.rejects(append(1), { code: 'ENOSPC' });
  disk.room = Infinity;
  assert.equal(await append(1), 1);
  assert.deepEqual(await onDisk(), recordsOf(1, 1));
});

test('a group that could not be synced is cut off', async (t) => {
  const { append, onDisk, disk, files } = await setUp(t);
  await append(1);
  disk.syncFails = true;
  await assert.rejects(append(2), { code: 'EIO' });
  assert.deepEqual(await onDisk(), recordsOf(1, 1));
  assert.equal(files.last, 1);
  disk.syncFails = false;
  assert.equal(await append(2), 2);
  assert.deepEqual(await onDisk(), recordsOf(1, 2));
});

test('bytes that could not be cut off are cut off before anything else is written', async (t) => {
  const { append, onDisk, disk, files } = await setUp(t, 1);
  disk.syncFails = true;
  disk.cutFails = true;
  await assert.rejects(append(1), { code: 'EIO' });
  disk.syncFails = false;
  await assert.rejects(append(1), { code: 'EIO' });
  assert.deepEqual(await onDisk(), recordsOf(1, 1));
  assert.equal(files.segments[0]?.bytes, 0);
  disk.cutFails = false;
  disk.room = 10;
  await assert.rejects(append(1), { code: 'ENOSPC' });
  assert.equal((await onDisk()).length, 0);
  disk.room = Infinity;
  assert.equal(await append(1), 1);
  assert.deepEqual(await onDisk(), recordsOf(1, 1));
});

test('a folder that somebody removed is made again for the next segment', async (t) => {
  const { append, files, writer } = await setUp(t);
  await append(1);
  await writer.rest();
  const [first] = files.segments;
  assert.ok(first);
  await files.drop(first);
  await rm(files.folder, { recursive: true });
  await assert.rejects(append(2), { code: 'ENOENT' });
  assert.equal(await append(2), 2);
});

test('rest ends a segment, but not under a group that is being written', async (t) => {
  const { append, files, writer, disk } = await setUp(t);
  const writing = append(1);
  await writer.rest();
  await writing;
  assert.equal(files.segments[0]?.open, true);
  await writer.rest();
  assert.equal(files.segments[0]?.open, false);
  assert.equal(await append(2), 2);
  assert.equal(disk.opens, 2);
});

test('/dev/full: a real ENOSPC refuses the group', async (t) => {
  const root = await dataDirFor(t);
  const files = new SpoolFiles(ownFolder(root, 'w'));
  const writer = new SpoolWriter({
    files,
    makeFolder: () => makeFolder(files.folder),
    segmentBytes: 1e6,
    openFile: () => openNew('/dev/full'),
  });
  await assert.rejects(writer.append(groupOf(1)), { code: 'ENOSPC' });
  await writer.close();
});
