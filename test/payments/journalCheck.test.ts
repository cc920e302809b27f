import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry } from '../../libs/payments/journal.ts';
import { compareJournal, type PaymentFacts } from '../../libs/payments/journalCheck.ts';
import { millis, satoshis } from '../../libs/primitives/units.ts';

// 100 had been paid before batch "b", which pays 40.
const entry = (kind: 'sending' | 'settled' | 'released'): JournalEntry => ({
  kind,
  time: millis(1),
  batch: 'b',
  amount: satoshis(40n),
  paid: satoshis(kind === 'settled' ? 140n : 100n),
});
const begin: JournalEntry = { kind: 'begin', time: millis(1), paid: satoshis(100n) };
const redis = (paid: bigint, more: Partial<PaymentFacts> = {}): PaymentFacts => ({
  paid,
  batch: undefined,
  closed: undefined,
  checkedFrom: 0,
  ...more,
});
const open = (state: string, id = 'b') => ({ batch: { id, state } });

test('a journal that has not begun says nothing against any Redis', () => {
  assert.equal(compareJournal(undefined, redis(0n)), 'none');
  assert.equal(compareJournal(undefined, redis(140n)), 'none');
});

test('what was about to be sent must be open in Redis, or closed', () => {
  assert.equal(compareJournal(entry('sending'), redis(100n, open('signed'))), 'agrees');
  assert.equal(compareJournal(entry('sending'), redis(100n, open('sending'))), 'agrees');
  assert.equal(compareJournal(entry('sending'), redis(140n, { closed: 'paid' })), 'agrees');
  assert.equal(compareJournal(entry('sending'), redis(100n, { closed: 'released' })), 'agrees');
});

test('a Redis that does not know what was about to be sent is of before: the money would go out again', () => {
  assert.equal(compareJournal(entry('sending'), redis(100n)), 'rolledBack');
  assert.equal(compareJournal(entry('sending'), redis(100n, open('signed', 'a'))), 'rolledBack');
  assert.equal(compareJournal(entry('sending'), redis(60n, open('signed'))), 'rolledBack');
});

test('a batch that may have been sent and is an intent again would be given back: that is of before, too', () => {
  assert.equal(compareJournal(entry('sending'), redis(100n, open('intent'))), 'rolledBack');
  assert.equal(compareJournal(entry('settled'), redis(100n, open('intent'))), 'rolledBack');
});

test('a settled payment must be among those that Redis knows', () => {
  assert.equal(compareJournal(entry('settled'), redis(140n, { closed: 'paid' })), 'agrees');
  const next = { ...open('intent', 'c'), closed: 'paid' } as const;
  assert.equal(compareJournal(entry('settled'), redis(140n, next)), 'agrees');
  assert.equal(compareJournal(entry('settled'), redis(100n)), 'rolledBack');
  assert.equal(compareJournal(entry('settled'), redis(0n)), 'rolledBack');
});

test('a Redis that lost only the booking of a payment settles it again by itself', () => {
  assert.equal(compareJournal(entry('settled'), redis(100n, open('signed'))), 'agrees');
  assert.equal(compareJournal(entry('settled'), redis(60n, open('signed'))), 'rolledBack');
});

test('after a payment that was given back nothing is missing', () => {
  assert.equal(compareJournal(entry('released'), redis(100n, { closed: 'released' })), 'agrees');
  assert.equal(compareJournal(entry('released'), redis(100n, open('signed'))), 'agrees');
  assert.equal(compareJournal(entry('released'), redis(60n)), 'rolledBack');
});

test('a Redis that has forgotten that a payment was given up lacks what rules its transaction out', () => {
  assert.equal(compareJournal(entry('released'), redis(100n)), 'rolledBack');
});

test('what another machine has made of a batch that this one had begun is no older state', () => {
  const released = { closed: 'released' } as const;
  assert.equal(compareJournal(entry('sending'), redis(100n, released)), 'agrees');
  const next = { ...released, ...open('signed', 'c') };
  assert.equal(compareJournal(entry('sending'), redis(100n, next)), 'agrees');
  assert.equal(compareJournal(entry('sending'), redis(170n, { closed: 'paid' })), 'behind');
  assert.equal(compareJournal(entry('released'), redis(140n, { closed: 'paid' })), 'behind');
});

test('a Redis that was set back and has paid others since is not ahead: it lacks the payment', () => {
  for (const last of [entry('sending'), entry('settled')]) {
    assert.equal(compareJournal(last, redis(500n, open('signed', 'c'))), 'rolledBack');
  }
  assert.equal(compareJournal(entry('settled'), redis(500n, { closed: 'released' })), 'rolledBack');
});

test('what is so long ago that Redis keeps no record of it is judged by the sums', () => {
  const closed = 'forgotten';
  assert.equal(compareJournal(entry('settled'), redis(500n, { closed })), 'behind');
  assert.equal(compareJournal(entry('settled'), redis(99n, { closed })), 'rolledBack');
});

test("a person's decision at another machine goes before what this one knew; one that Redis lacks is of after it", () => {
  const known = { ...entry('settled'), checkedFrom: millis(1_000) };
  assert.equal(compareJournal(known, redis(0n, { checkedFrom: 1_001 })), 'decided');
  const before = redis(140n, { checkedFrom: 999, closed: 'paid' });
  assert.equal(compareJournal(known, before), 'rolledBack');
  const same = redis(140n, { checkedFrom: 1_000, closed: 'paid' });
  assert.equal(compareJournal(known, same), 'agrees');
});

test('a Redis that knows more payments than the journal is ahead of it, whatever stands last', () => {
  for (const last of [begin, entry('sending'), entry('settled'), entry('released')]) {
    assert.equal(compareJournal(last, redis(141n, { closed: 'paid' })), 'behind');
  }
  assert.equal(compareJournal(begin, redis(100n)), 'agrees');
  assert.equal(compareJournal(begin, redis(99n)), 'rolledBack');
});
