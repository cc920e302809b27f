import type { CoinConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import type { OncePer } from '../log/oncePer.ts';
import type { Clock, Satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import type { Journal } from './journal.ts';
import type { Lease } from './lease.ts';
import type { Ledger } from './ledger.ts';
import type { Notes } from './notes.ts';
import type { CycleReport, PaymentEvent } from './types.ts';

// What the parts of a payment run share.

/** The durable steps, in the order in which a run comes by them. */
export type Step =
  | 'takenOver'
  | 'suspected'
  | 'orphaned'
  | 'held'
  | 'credited'
  | 'intended'
  | 'built'
  | 'signed'
  | 'sending'
  | 'journaled'
  | 'sent'
  | 'settled'
  | 'released';

export type FailPoint = (step: Step) => void | Promise<void>;

export interface PaymentContext {
  readonly coin: CoinConfig;
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly lease: Lease;
  readonly ledger: Ledger;
  readonly notes: Notes;
  readonly journal: Journal;
  readonly log: Logger;
  readonly said: OncePer;
  readonly now: Clock;
  /** "12.5 LTC" */
  money(amount: Satoshis): string;
  tell(event: PaymentEvent): void;
  step(name: Step): Promise<void>;
  /** Throws StopRun when the process is asked to end: called where nothing is half done. */
  checkStop(): void;
}

/** The process is asked to end: no failure. */
export class StopRun extends Error {}

/** Collects a run's report. */
export class RunReport {
  readonly credited: CycleReport['credited'][number][] = [];
  readonly orphaned: number[] = [];
  readonly paid: CycleReport['paid'][number][] = [];
  held: CycleReport['held'] = [];
  #problem: string | undefined;

  /** The first one stays: what comes after it is often its consequence. */
  problem(sentence: string): void {
    this.#problem ??= sentence;
  }

  finish(outcome: CycleReport['outcome']): CycleReport {
    const { credited, orphaned, paid, held } = this;
    const problem = this.#problem;
    return {
      outcome,
      credited,
      orphaned,
      paid,
      held,
      ...(problem === undefined ? {} : { problem }),
    };
  }
}
