import type { JournalEntry } from './journal.ts';

// What the journal says against what Redis says. Pure. Other machines may have gone on from where this one ended, so
// that Redis may be ahead of the journal in every way; it may never lack what the journal knows.

/** What Redis knows of payments. */
export interface PaymentFacts {
  /** Satoshis. */
  readonly paid: bigint;
  /** The open one. */
  readonly batch: { readonly id: string; readonly state: string } | undefined;
  /** How the batch of the journal's entry was closed; 'forgotten': so long ago that Redis need not know it. */
  readonly closed: 'paid' | 'released' | 'forgotten' | undefined;
  /** When a person took the books for the truth last; 0: never. */
  readonly checkedFrom: number;
}

export type JournalVerdict =
  /** They tell the same, or Redis lacks a step that is done again without harm. */
  | 'agrees'
  /** There is no journal yet. */
  | 'none'
  /** Redis knows of payments that this journal has not seen: another machine made them. */
  | 'behind'
  /** Since the entry a person has taken the books for the truth, on another machine. */
  | 'decided'
  /** Redis lacks the entry: it holds an older state. Whoever was paid by it would be paid again. */
  | 'rolledBack';

export function compareJournal(
  entry: JournalEntry | undefined,
  { paid, batch, closed, checkedFrom }: PaymentFacts,
): JournalVerdict {
  if (entry === undefined) return 'none';
  const decided = entry.checkedFrom ?? checkedFrom;
  if (decided !== checkedFrom) return decided < checkedFrom ? 'decided' : 'rolledBack';
  if (entry.kind === 'begin') return against(entry.paid, paid);

  // As an intent it would be given back, and paid anew.
  const isOpen = batch !== undefined && batch.id === entry.batch && batch.state !== 'intent';
  switch (entry.kind) {
    case 'sending': {
      if (!isOpen && closed === undefined) return 'rolledBack';
      // A process may have ended between booking the payment in Redis and in the journal.
      const isBooked = closed === 'paid' && paid === entry.paid + entry.amount;
      return isBooked ? 'agrees' : against(entry.paid, paid);
    }
    case 'settled': {
      // Only the booking is lost: the batch is open again, and is settled again by the same transaction.
      if (isOpen) return paid === entry.paid - entry.amount ? 'agrees' : 'rolledBack';
      const isKnown = closed === 'paid' || closed === 'forgotten';
      return isKnown ? against(entry.paid, paid) : 'rolledBack';
    }
    case 'released': {
      // Without the release Redis lacks what rules the given-up transaction out. Open, it is sent again.
      return isOpen || closed !== undefined ? against(entry.paid, paid) : 'rolledBack';
    }
  }
}

function against(known: bigint, paid: bigint): JournalVerdict {
  if (paid === known) return 'agrees';
  return paid > known ? 'behind' : 'rolledBack';
}
