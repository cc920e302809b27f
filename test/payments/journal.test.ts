import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type JournalEntry, JournalError, openJournal } from '../../libs/payments/journal.ts';
import { millis, satoshis } from '../../libs/primitives/units.ts';

function fileFor(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'journal-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'payments', 'litecoin.journal');
}

const begin: JournalEntry = { kind: 'begin', time: millis(1), paid: satoshis(0n) };
const sent = (batch: string, kind: 'sending' | 'settled' = 'sending'): JournalEntry => ({
  kind,
  time: millis(2),
  batch,
  txid: 'ab'.repeat(32),
  amount: satoshis(123_456_789_012_345_678_901n),
  paid: satoshis(7n),
});

test('the last entry is read back as it was added, also by another process', async (t) => {
  const file = fileFor(t);
  const journal = openJournal(file);
  assert.equal(await journal.last(), undefined);
  for (const entry of [begin, sent('a'), sent('a', 'settled')]) {
    await journal.add(entry);
    assert.deepEqual(await journal.last(), entry);
    assert.deepEqual(await openJournal(file).last(), entry);
  }
  assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 3);
});

test('a line torn by a power cut is passed over, and the next one does not melt into it', async (t) => {
  const file = fileFor(t);
  const journal = openJournal(file);
  await journal.add(begin);
  await journal.add(sent('a'));
  const whole = readFileSync(file, 'utf8');
  const cuts = [whole.length - 1, whole.length - 20, whole.indexOf('\n') + 3];
  for (const cut of cuts) {
    writeFileSync(file, whole.slice(0, cut));
    assert.deepEqual(await journal.last(), cut === cuts[0] ? sent('a') : begin);
    await journal.add(sent('b'));
    assert.deepEqual(await journal.last(), sent('b'));
  }
  writeFileSync(file, whole);
  appendFileSync(file, Buffer.alloc(4_096));
  assert.deepEqual(await journal.last(), sent('a'));
});

test('a line that was changed does not count', async (t) => {
  const file = fileFor(t);
  const journal = openJournal(file);
  await journal.add(begin);
  await journal.add(sent('a'));
  writeFileSync(file, readFileSync(file, 'utf8').replace('"paid":"7"', '"paid":"8"'));
  assert.deepEqual(await journal.last(), begin);
});

test('a journal of which nothing can be read is an error, not a new beginning', async (t) => {
  const file = fileFor(t);
  await openJournal(file).add(begin);
  writeFileSync(file, 'what is this?\n');
  await assert.rejects(openJournal(file).last(), (error) => {
    assert.ok(error instanceof JournalError);
    assert.equal(error.code, 'JOURNAL_DAMAGED');
    return error.message.includes(file);
  });
});

test('a journal that cannot be written is an error that names the file', async (t) => {
  const file = fileFor(t);
  await openJournal(file).add(begin);
  const inFile = join(file, 'litecoin.journal');
  await assert.rejects(openJournal(inFile).add(begin), (error) => {
    assert.ok(error instanceof JournalError);
    assert.equal(error.code, 'JOURNAL_IO');
    return error.message.includes(inFile);
  });
});

test('a journal that grows past its limit goes on in a new file, without losing its last entry', async (t) => {
  const file = fileFor(t);
  const journal = openJournal(file, 2_000);
  await journal.add(begin);
  for (let i = 0; i < 40; i++) {
    await journal.add(sent(`batch ${i}`));
    assert.deepEqual(await journal.last(), sent(`batch ${i}`));
    assert.ok(statSync(file).size < 2_500);
  }
  assert.ok(statSync(`${file}.old`).size < 2_500);
});
