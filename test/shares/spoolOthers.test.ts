import assert from 'node:assert/strict';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { segmentPath } from '../../libs/shares/spoolFolder.ts';
import { othersOnDisk, untilStored } from '../../libs/shares/spoolOthers.ts';
import { until } from '../support/until.ts';
import { dataDirFor } from './support/dataDir.ts';
import { groupOf, recordsOf, StoreStandIn } from './support/spools.ts';

async function setUp(t: TestContext) {
  const root = await dataDirFor(t);
  const add = async (name: string, segments: Readonly<Record<number, Buffer>>) => {
    await mkdir(join(root, name));
    for (const [first, bytes] of Object.entries(segments)) {
      await writeFile(segmentPath(join(root, name), Number(first)), bytes);
    }
  };
  return { root, add };
}

test('the last whole group of each other writer is told, living or dead', async (t) => {
  const { root, add } = await setUp(t);
  await add('own.live.1-1-ab', { 1: recordsOf(1, 9) });
  await add('living.live.1-1-ab', { 1: recordsOf(1, 2), 3: recordsOf(3, 5) });
  await add('dead.left', { 4: recordsOf(4, 6).subarray(0, -1) });
  await add('fresh.heir.1-1-ab', { 7: Buffer.alloc(0) });
  await add('empty.left', {});
  assert.deepEqual([...(await othersOnDisk(root, 'own'))].sort(), [
    ['dead', 5],
    ['empty', 0],
    ['fresh', 6],
    ['living', 5],
  ]);
  assert.equal((await othersOnDisk(join(root, 'nowhere'), 'own')).size, 0);
});

test('a folder that is taken over while we look is not missed', async (t) => {
  const { root, add } = await setUp(t);
  const names = ['w.left', 'w.heir.1-1-ab'];
  await add('w.left', { 1: recordsOf(1, 3) });
  let turn = 0;
  const moveOn = async (times: number) => {
    for (let i = 0; i < times; i += 1) {
      const [from = '', to = ''] = [names[turn % 2], names[++turn % 2]];
      await rename(join(root, from), join(root, to));
    }
  };
  for (let i = 0; i < 60; i += 1) {
    const [others] = await Promise.all([othersOnDisk(root, 'own'), moveOn(i % 10)]);
    assert.deepEqual([...others], [['w', 3]]);
  }
});

test('it waits while the others get on, and gives up one that does not', async () => {
  const stores = new Map(['a', 'b'].map((id) => [id, new StoreStandIn()]));
  const open = (id: string) => stores.get(id) ?? new StoreStandIn();
  const { signal } = new AbortController();
  let done = false;
  const waiting = untilStored(new Map([['a', 3]]), open, 5_000, signal).then(() => {
    done = true;
  });
  for (let group = 1; group <= 3; group += 1) {
    assert.equal(done, false);
    await open('a').apply(group, groupOf(group), group - 1);
  }
  await until('it has all three', () => done);
  await waiting;
  await untilStored(new Map([['b', 1]]), open, 40, signal);
  assert.deepEqual(open('b').workers, []);
});

test('it ends with the recorder', async () => {
  const stop = new AbortController();
  const waiting = untilStored(new Map([['a', 1]]), () => new StoreStandIn(), 60_000, stop.signal);
  stop.abort();
  await assert.rejects(waiting, { code: 'SHARES_CLOSED' });
});
