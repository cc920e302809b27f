import type { DaemonConfig } from '../../libs/config/types.ts';
import type { SendMode } from './payScenes.ts';

// What a suite and the payment processes that it starts say to each other.

export interface PayerSettings {
  readonly redisPort: number;
  readonly daemon: DaemonConfig;
  readonly mode: SendMode;
  readonly poolScript: string;
  /** worker, address, script as hex. */
  readonly payees: readonly (readonly [string, string, string])[];
  readonly leaseMillis: number;
  readonly intervalSeconds: number;
}

export interface ToPayer {
  /** Undefined takes an earlier wish back. */
  readonly stopAt: string | undefined;
}

export type FromPayer = { readonly started: true } | { readonly stoppedAt: string };
