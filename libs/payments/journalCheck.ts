import type { JournalEntry } from './journal.ts';

// What the journal says against what Redis says. Pure.

/** What Redis knows of payments. */
export interface PaymentFacts {
  /** Satoshis. */
  readonly paid: bigint;
  readonly batch: { readonly id: string; readonly state: string } | undefined;
  /** The batch that was closed last. */
  readonly lastId: string | undefined;
}

export type JournalVerdict =
  /** They tell the same, or Redis lacks a step that is done again without harm. */
  | 'agrees'
  /** There is no journal yet. */
  | 'none'
  /** Redis knows of payments that this journal has not seen: another machine made them. */
  | 'behind'
  /** Redis lacks the entry: it holds an older state. Whoever was paid by it would be paid again. */
  | 'rolledBack';

export function compareJournal(
  entry: JournalEntry | undefined,
  { paid, batch, lastId }: PaymentFacts,
): JournalVerdict {
  if (entry === undefined) return 'none';
  if (paid > entry.paid) return isOwnSettling(entry, paid, lastId) ? 'agrees' : 'behind';
  const mayBeSent = batch !== undefined && batch.state !== 'intent';
  switch (entry.kind) {
    case 'begin':
    case 'released':
      return paid === entry.paid ? 'agrees' : 'rolledBack';
    case 'sending': {
      // Closed as released, or still open; as an intent it would be given back and paid anew.
      const isKnown = lastId === entry.batch || (mayBeSent && batch.id === entry.batch);
      return paid === entry.paid && isKnown ? 'agrees' : 'rolledBack';
    }
    case 'settled': {
      if (paid === entry.paid) return 'agrees';
      // Only the booking is lost: the batch is open again, and is settled again by the same transaction.
      const isOpenAgain = mayBeSent && batch.id === entry.batch;
      return isOpenAgain && paid === entry.paid - entry.amount ? 'agrees' : 'rolledBack';
    }
  }
}

/** A process that ended between booking the payment in Redis and in the journal. */
function isOwnSettling(entry: JournalEntry, paid: bigint, lastId: string | undefined): boolean {
  return entry.kind === 'sending' && lastId === entry.batch && paid === entry.paid + entry.amount;
}
