import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Candidate, createBlockJournal } from '../../libs/pool/blockJournal.ts';
import { millis } from '../../libs/primitives/units.ts';

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'journal-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const candidate = (height: number): Candidate => ({
  coin: 'litecoin',
  hex: '00ff',
  height,
  blockHash: height.toString(16).padStart(64, '0'),
  txHash: 'cd'.repeat(32),
  finder: 'miner "one"\n__proto__',
  time: millis(1_700_000_000_000),
  reward: '1250000000',
  networkDifficulty: 3.05e-5,
});

test('candidates come back as they were written, lowest height first, until they are forgotten', async (t) => {
  const dir = await folder(t);
  const journal = createBlockJournal(dir, 'litecoin');
  await journal.write(candidate(12));
  await journal.write(candidate(9));
  const reopened = createBlockJournal(dir, 'litecoin');
  assert.deepEqual((await reopened.unfinished()).candidates, [candidate(9), candidate(12)]);
  await reopened.forget(candidate(9).blockHash);
  assert.deepEqual((await journal.unfinished()).candidates, [candidate(12)]);
});

test('a rejected block is kept for the operator with its reason, and is not resumed', async (t) => {
  const dir = await folder(t);
  const journal = createBlockJournal(dir, 'litecoin');
  await journal.write(candidate(7));
  const file = await journal.reject(candidate(7).blockHash, 'bad-cb-amount');
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    reason: 'bad-cb-amount',
    candidate: candidate(7),
  });
  assert.deepEqual((await journal.unfinished()).candidates, []);
});

test('a file that is no candidate is reported by name and does not hide the others', async (t) => {
  const dir = await folder(t);
  const journal = createBlockJournal(dir, 'litecoin');
  await journal.write(candidate(3));
  await writeFile(join(dir, 'candidates', 'litecoin', 'torn.json'), '{"coin":"lite');
  const { candidates, unreadable } = await journal.unfinished();
  assert.deepEqual(candidates, [candidate(3)]);
  assert.equal(unreadable.length, 1);
  assert.match(unreadable[0] ?? '', /torn\.json/);
});

test('no journal folder means nothing unfinished', async (t) => {
  const journal = createBlockJournal(await folder(t), 'litecoin');
  assert.deepEqual(await journal.unfinished(), { candidates: [], unreadable: [] });
});
