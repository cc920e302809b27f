import type { DaemonConfig } from '../../libs/config/types.ts';
import type { OracleScheme } from './moneyOracle.ts';
import type { SendMode } from './payScenes.ts';

// What a suite and the payment processes that it starts say to each other.

export interface PayerSettings {
  readonly redisPort: number;
  readonly daemon: DaemonConfig;
  readonly mode: SendMode;
  readonly scheme: OracleScheme;
  readonly poolScript: string;
  /** worker, address, script as hex. */
  readonly payees: readonly (readonly [string, string, string])[];
  /** Each one is on a machine of its own. */
  readonly dataDir: string;
  readonly leaseMillis: number;
  readonly intervalSeconds: number;
}

export type ToPayer =
  /** Undefined takes an earlier wish back. */
  | { readonly stopAt: string | undefined }
  /** As an operator who knows that the open batch was never sent. */
  | { readonly resolve: 'unpaid' };

export type FromPayer =
  | { readonly started: true }
  | { readonly stoppedAt: string }
  | { readonly resolved: boolean; readonly text: string };
