import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import {
  adoptFolder,
  isAbandoned,
  leaveFolder,
  listFolders,
  listSegments,
  makeFolder,
  noteApplied,
  ownFolder,
  parseFolderName,
  readApplied,
  removeFolder,
  segmentPath,
  setAside,
  spoolRoot,
} from '../../libs/shares/spoolFolder.ts';
import { ownName } from '../../libs/shares/spoolOwner.ts';
import { dataDirFor } from './support/dataDir.ts';

const dead = '1-1-00000000';

test('the name of a folder says whose it is', () => {
  assert.deepEqual(parseFolderName('0-17-99.live.17-5-ab'), {
    name: '0-17-99.live.17-5-ab',
    writerId: '0-17-99',
    state: 'live',
    owner: '17-5-ab',
  });
  assert.deepEqual(parseFolderName('w.heir.1-2-3')?.state, 'heir');
  assert.deepEqual(parseFolderName('w.left'), { name: 'w.left', writerId: 'w', state: 'left' });
  for (const name of ['w', 'w.live', 'w.left.1-2-3', 'w.live.1-2-3.kept', '.left', 'w-1.corrupt']) {
    assert.equal(parseFolderName(name), undefined, name);
  }
});

test('a folder lies at data/spool/<coin>/, is ours while we run, and abandoned when it is left', async (t) => {
  const dataDir = await dataDirFor(t);
  const root = spoolRoot(dataDir, 'litecoin');
  assert.equal(root, join(dataDir, 'spool', 'litecoin'));
  assert.deepEqual(await listFolders(root), []);
  const folder = ownFolder(root, 'w-1');
  await makeFolder(folder);
  await makeFolder(folder);
  assert.deepEqual(await readdir(root), [`w-1.live.${ownName()}`]);
  assert.deepEqual((await listFolders(root)).map(isAbandoned), [false]);
  await leaveFolder(folder);
  assert.deepEqual(await readdir(root), ['w-1.left']);
  assert.deepEqual((await listFolders(root)).map(isAbandoned), [true]);
});

test('a writer id that would leave the folder is refused', () => {
  for (const id of ['', '..', 'a/b', '../x', 'a.b']) {
    assert.throws(() => ownFolder('/spool', id), { code: 'SHARES_WRITER_ID' });
  }
});

test('of many that take an abandoned folder over at the same time, one gets it', async (t) => {
  const root = await dataDirFor(t);
  for (let round = 0; round < 30; round += 1) {
    await mkdir(join(root, `w${round}.live.${dead}`));
    const [folder] = (await listFolders(root)).filter(isAbandoned);
    assert.ok(folder);
    const wins = await Promise.all(Array.from({ length: 4 }, () => adoptFolder(root, folder)));
    const won = wins.filter((path) => path !== undefined);
    assert.deepEqual(
      won.map((path) => basename(path)),
      [`w${round}.heir.${ownName()}`],
    );
  }
});

test('segments are listed by the sequence they begin with; other files are none', async (t) => {
  const root = await dataDirFor(t);
  for (const first of [200, 3, 10_000_000_001]) await writeFile(segmentPath(root, first), 'abc');
  for (const name of ['applied', '3.shares', 'x.shares']) await writeFile(join(root, name), '');
  assert.deepEqual(
    (await listSegments(root)).map(({ first, bytes }) => [first, bytes]),
    [
      [3, 3],
      [200, 3],
      [10_000_000_001, 3],
    ],
  );
});

test('the note of what was applied is read back; a broken one counts as none', async (t) => {
  const root = await dataDirFor(t);
  assert.equal(await readApplied(root), 0);
  await noteApplied(root, 1234);
  assert.equal(await readApplied(root), 1234);
  for (const text of ['', '12', '-3\n', '1e5\n', `${'9'.repeat(30)}\n`]) {
    await writeFile(join(root, 'applied'), text);
    assert.equal(await readApplied(root), 0, text);
  }
});

test('a folder is removed when nothing but the note is in it, else it is kept aside', async (t) => {
  const root = await dataDirFor(t);
  const folder = ownFolder(root, 'w');
  await removeFolder(folder);
  await makeFolder(folder);
  await noteApplied(folder, 5);
  assert.equal(await removeFolder(folder), undefined);
  assert.deepEqual(await readdir(root), []);
  await makeFolder(folder);
  await writeFile(segmentPath(folder, 1), 'abc');
  const kept = await removeFolder(folder);
  assert.deepEqual(await readdir(String(kept)), ['0000000000000001.shares']);
  assert.deepEqual(await listFolders(root), []);
});

test('a damaged segment goes out of the writer’s folder', async (t) => {
  const root = await dataDirFor(t);
  const folder = ownFolder(root, 'w');
  await makeFolder(folder);
  await writeFile(segmentPath(folder, 7), 'abc');
  const aside = await setAside(segmentPath(folder, 7));
  assert.equal(aside, join(root, 'w-0000000000000007.shares.corrupt'));
  assert.deepEqual(await readdir(folder), []);
});
