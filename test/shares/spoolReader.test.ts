import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, rmdir, stat, truncate, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { openAbandoned, type SpoolFiles } from '../../libs/shares/spoolFiles.ts';
import { segmentPath } from '../../libs/shares/spoolFolder.ts';
import { type SpoolDamage, SpoolReader } from '../../libs/shares/spoolReader.ts';
import { dataDirFor } from './support/dataDir.ts';
import { recordsOf } from './support/spools.ts';

const recordBytes = recordsOf(1, 1).length;

/** A dead writer's folder with these files. */
async function setUp(t: TestContext, segments: Readonly<Record<number, Buffer>>) {
  const folder = await dataDirFor(t);
  for (const [first, bytes] of Object.entries(segments)) {
    await writeFile(segmentPath(folder, Number(first)), bytes);
  }
  const opened = await openAbandoned(folder);
  const damage: SpoolDamage[] = [];
  const reader = new SpoolReader(opened.files, (found) => damage.push(found));
  return { folder, ...opened, reader, damage };
}

/** Sequences of all groups after `after`, read `most` shares at a time, and what was read through. */
async function readAll(reader: SpoolReader, files: SpoolFiles, after = 0, most = 7) {
  const sequences: number[] = [];
  let through = after;
  while (through < files.last) {
    const read = await reader.read(through, most);
    for (const { sequence, shares } of read.groups) {
      sequences.push(sequence);
      assert.deepEqual(
        shares.map(({ worker }) => worker),
        [0, 1, 2].map((i) => `g${sequence}s${i}`),
      );
    }
    assert.ok(read.through > through);
    through = read.through;
  }
  return sequences;
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

test('groups are read in order over all segments, from any sequence on', async (t) => {
  const segments = { 1: recordsOf(1, 4), 5: recordsOf(5, 9), 10: recordsOf(10, 10) };
  const { reader, files, damage } = await setUp(t, segments);
  assert.equal(files.last, 10);
  for (let after = 0; after <= 10; after += 1) {
    assert.deepEqual(await readAll(reader, files, after), range(after + 1, 10));
  }
  assert.deepEqual(await readAll(reader, files, 2, 1), range(3, 10));
  assert.deepEqual(damage, []);
  assert.equal(await reader.count(0, Infinity), 30);
  assert.equal(await reader.count(7, 9), 6);
});

test('a reader never reads beyond what is durable, and goes on when there is more', async (t) => {
  const folder = await dataDirFor(t);
  const path = segmentPath(folder, 1);
  await writeFile(path, recordsOf(1, 3));
  const { files } = await openAbandoned(folder);
  const [segment] = files.segments;
  assert.ok(segment);
  segment.open = true;
  segment.bytes = 2 * recordBytes;
  files.last = 2;
  const reader = new SpoolReader(files, () => assert.fail());
  assert.deepEqual(await readAll(reader, files), [1, 2]);
  assert.deepEqual(await reader.read(2, 100), { groups: [], through: 2 });
  segment.bytes = 3 * recordBytes;
  files.last = 3;
  assert.deepEqual(await readAll(reader, files, 2), [3]);
});

test('a write that a crash cut anywhere is cut off; every group before it stays', async (t) => {
  const whole = recordsOf(1, 3);
  for (let bytes = 2 * recordBytes; bytes < whole.length; bytes += 1) {
    const { folder, files, torn, reader, damage } = await setUp(t, { 1: whole.subarray(0, bytes) });
    assert.deepEqual(await readAll(reader, files), [1, 2]);
    assert.deepEqual(damage, []);
    assert.equal(torn?.bytes ?? 0, bytes - 2 * recordBytes);
    assert.equal((await stat(segmentPath(folder, 1))).size, 2 * recordBytes);
  }
});

test('a crash in the first write of a new segment leaves the ones before whole', async (t) => {
  for (const bytes of [0, 1, 23, 24, recordBytes - 1]) {
    const tail = recordsOf(4, 4).subarray(0, bytes);
    const { files, reader, damage } = await setUp(t, { 1: recordsOf(1, 3), 4: tail });
    assert.equal(files.last, 3);
    assert.deepEqual(await readAll(reader, files), [1, 2, 3]);
    assert.deepEqual(damage, []);
  }
});

test('zeros at the end are a write that never reached the disk', async (t) => {
  const { files, torn, reader } = await setUp(t, {
    1: Buffer.concat([recordsOf(1, 2), Buffer.alloc(5_000)]),
  });
  assert.equal(torn?.bytes, 5_000);
  assert.deepEqual(await readAll(reader, files), [1, 2]);
});

test('a flipped bit in the middle: it is reported, that group alone is lost, and no byte is cut', async (t) => {
  const whole = recordsOf(1, 4);
  for (let at = recordBytes; at < 2 * recordBytes; at += 7) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    const { folder, files, torn, reader, damage } = await setUp(t, { 1: bytes });
    assert.equal(torn, undefined);
    assert.deepEqual(await readAll(reader, files), [1, 3, 4], `byte ${at}`);
    assert.deepEqual(
      damage.map(({ at: from, bytes: length, after }) => [from, length, after]),
      [[recordBytes, recordBytes, 1]],
    );
    assert.equal((await readFile(segmentPath(folder, 1))).length, whole.length);
  }
});

test('a flipped bit in the last group, which is whole, is damage and not a torn write', async (t) => {
  const bytes = recordsOf(1, 3);
  bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
  const { files, torn, reader, damage } = await setUp(t, { 1: bytes });
  assert.equal(torn, undefined);
  assert.equal(files.last, 2);
  assert.deepEqual(await readAll(reader, files), [1, 2]);
  assert.deepEqual(await reader.read(2, 10), { groups: [], through: 2 });
  assert.equal(damage.length, 1);
});

test('damage at the end of a segment does not hide the next segment', async (t) => {
  const first = recordsOf(1, 3);
  first.fill(0xff, first.length - 20);
  const { files, reader, damage } = await setUp(t, { 1: first, 4: recordsOf(4, 5) });
  assert.deepEqual(await readAll(reader, files), [1, 2, 4, 5]);
  assert.deepEqual(
    damage.map(({ after, segment }) => [after, segment.first]),
    [[2, 1]],
  );
});

test('a segment that is gone or was cut while we ran is reported, and the others are read', async (t) => {
  const segments = { 1: recordsOf(1, 2), 3: recordsOf(3, 4), 5: recordsOf(5, 6) };
  const { folder, files, reader, damage } = await setUp(t, segments);
  await rm(segmentPath(folder, 1));
  await truncate(segmentPath(folder, 3), recordBytes + 10);
  assert.deepEqual(await readAll(reader, files), [3, 5, 6]);
  assert.deepEqual(
    damage.map(({ after, bytes }) => [after, bytes]),
    [
      [0, 2 * recordBytes],
      [3, recordBytes],
    ],
  );
});

test('what was read before the disk fails is given out, and the rest when it works again', async (t) => {
  const { folder, files, reader } = await setUp(t, { 1: recordsOf(1, 2), 3: recordsOf(3, 4) });
  const path = segmentPath(folder, 3);
  const bytes = await readFile(path);
  await rm(path);
  // Stands in for a disk that cannot be read: EISDIR.
  await mkdir(path);
  const read = await reader.read(0, 1_000);
  assert.deepEqual(
    read.groups.map(({ sequence }) => sequence),
    [1, 2],
  );
  assert.equal(read.through, 2);
  await assert.rejects(reader.read(2, 1_000), { code: 'EISDIR' });
  await rmdir(path);
  await writeFile(path, bytes);
  assert.deepEqual(await readAll(reader, files, 2), [3, 4]);
});

test('an empty folder is a spool without groups', async (t) => {
  const { folder, files, reader } = await setUp(t, {});
  assert.equal(files.last, 0);
  assert.deepEqual(await reader.read(0, 10), { groups: [], through: 0 });
  assert.deepEqual(await readdir(folder), []);
});
