import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { noteApplied, segmentPath, spoolRoot } from '../../libs/shares/spoolFolder.ts';
import { ownName } from '../../libs/shares/spoolOwner.ts';
import { unfinishedSpools } from '../../libs/shares/spoolUnfinished.ts';
import { dataDirFor } from './support/dataDir.ts';
import { recordsOf } from './support/spools.ts';

const dead = '1-1-00000000';

/** Folders of these names with groups 1 to 4, of three shares each, in two segments. */
async function setUp(t: TestContext, ...names: string[]) {
  const dataDir = await dataDirFor(t);
  const root = spoolRoot(dataDir, 'litecoin');
  for (const name of names) {
    await mkdir(join(root, name), { recursive: true });
    await writeFile(segmentPath(join(root, name), 1), recordsOf(1, 2));
    await writeFile(segmentPath(join(root, name), 3), recordsOf(3, 4));
  }
  return { root, count: () => unfinishedSpools(dataDir, 'litecoin') };
}

test('without a spool nothing is unfinished', async (t) => {
  const { count } = await setUp(t);
  assert.equal(await count(), 0);
});

test('shares of the dead count: abandoned, left, or taken over; those of the living do not', async (t) => {
  const { count } = await setUp(
    t,
    `a.live.${dead}`,
    'b.left',
    `c.heir.${dead}`,
    `d.heir.${ownName()}`,
    `e.live.${ownName()}`,
    'backup',
  );
  assert.equal(await count(), 4 * 12);
});

test('shares that the store is known to have do not count', async (t) => {
  const { root, count } = await setUp(t, 'a.left', 'b.left');
  await noteApplied(join(root, 'a.left'), 4);
  await noteApplied(join(root, 'b.left'), 1);
  assert.equal(await count(), 9);
});

test('a torn or damaged record is no reason to wait', async (t) => {
  const { root, count } = await setUp(t, 'a.left');
  const bytes = recordsOf(3, 5);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await writeFile(segmentPath(join(root, 'a.left'), 3), bytes.subarray(0, bytes.length - 1));
  assert.equal(await count(), 9);
});

test('a spool that changes hands again and again is never missed', async (t) => {
  const { root, count } = await setUp(t, 'a.left');
  const hands = ['a.left', `a.heir.${ownName()}`, `a.heir.${dead}`];
  let turn = 0;
  const moveOn = async (times: number) => {
    for (let i = 0; i < times; i += 1) {
      const [from = '', to = ''] = [hands[turn % 3], hands[++turn % 3]];
      await rename(join(root, from), join(root, to));
    }
  };
  for (let i = 0; i < 100; i += 1) {
    const [shares] = await Promise.all([count(), moveOn(i % 10)]);
    assert.equal(shares, 12);
  }
});

test('a disk that cannot be read is no "nothing"', async (t) => {
  const { root, count } = await setUp(t, 'a.left');
  const segment = segmentPath(join(root, 'a.left'), 1);
  await rm(segment);
  await mkdir(segment);
  await assert.rejects(count(), { code: 'EISDIR' });
});
