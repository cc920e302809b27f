import type { Millis, Satoshis } from '../primitives/units.ts';

// What payments/ takes from the pool and tells to others.

/** Who is behind a worker's name. Money goes to `script`; `address` is how the daemon is told so. */
export type Payee =
  | { readonly ok: true; readonly address: string; readonly script: Buffer }
  | { readonly ok: false; readonly reason: string };

/** Finds the payee of a worker (`address`, `address.rig`, `address_rig`). Must settle; a reason holds the money back. */
export type PayeeLookup = (worker: string) => Payee | Promise<Payee>;

export type PaymentEvent =
  | {
      readonly type: 'blockConfirmed';
      readonly height: number;
      readonly blockHash: string;
      readonly reward: Satoshis;
      readonly workers: number;
    }
  | { readonly type: 'blockOrphaned'; readonly height: number; readonly blockHash: string }
  | {
      readonly type: 'payment';
      readonly txid: string;
      readonly paid: Satoshis;
      readonly addresses: number;
    };

/** What one run of the processor did. */
export interface CycleReport {
  /** 'standby': another payment process is at work. 'stopped': `problem` says why the run ended early. */
  readonly outcome: 'done' | 'standby' | 'stopped';
  readonly credited: readonly { readonly height: number; readonly reward: Satoshis }[];
  readonly orphaned: readonly number[];
  readonly paid: readonly { readonly txid: string; readonly amount: Satoshis }[];
  /** Workers whose money is held back, with the reason. */
  readonly held: readonly { readonly worker: string; readonly reason: string }[];
  /** The first thing that a person may have to look at, as a sentence. */
  readonly problem?: string;
}

/** What the auditor said at the end of a run. Plain JSON. */
export interface AuditVerdict {
  readonly time: Millis;
  /** Why nothing is paid, with the way out; null when all is well. */
  readonly stop: string | null;
  /** What a person should know, and does not stop payments. */
  readonly warnings: readonly string[];
}
