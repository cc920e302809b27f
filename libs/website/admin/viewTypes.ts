import type { AuditEntry } from './auditLog.ts';
import type { HeldFacts, PaymentFacts } from './paymentFacts.ts';
import type { PlannedChange } from './poolFiles.ts';
import type { FormGroup } from './poolForm.ts';
import type { Flash } from './sessions.ts';

// What the pages of the admin centre show: plain data without secrets.

export type AdminView = LoginView | (InsideView & InsideFacts);

export interface LoginView {
  readonly section: 'login';
  readonly problem: string | undefined;
}

export type InsideView =
  | DashboardView
  | PoolFileView
  | ChangeView
  | PaymentsView
  | BansView
  | NoticeView
  | AuditView;

/** What every page has once somebody is logged in. */
export interface InsideFacts {
  readonly csrf: string;
  readonly flash: Flash | undefined;
}

/** A view whose data the portal did not give says why in `problem`. */
export interface DashboardView {
  readonly section: 'dashboard';
  readonly problem: string | undefined;
  readonly processes: readonly { readonly name: string; readonly pid: number | undefined }[];
  readonly running: readonly RunningPool[];
  readonly bans: number;
  readonly files: readonly {
    readonly coin: string;
    readonly name: string;
    readonly file: string;
  }[];
  readonly payments: readonly PaymentsText[];
  /** Each daemon, wallet and Redis, and what is wrong with the files as they are now. */
  readonly services: readonly ServiceLine[];
  readonly logLevels: readonly string[];
}

/** A file of pool_configs/, as text and as a form. */
export interface PoolFileView {
  readonly section: 'pool';
  readonly coin: string;
  readonly name: string;
  readonly file: string;
  readonly problem: string | undefined;
  /** Secrets masked; undefined when the file cannot be shown. */
  readonly text: string | undefined;
  readonly form: readonly FormGroup[];
  /** Why the last change was refused. */
  readonly refusals: readonly string[];
}

/** What a change of a file comes to, before it is written. */
export interface ChangeView {
  readonly section: 'change';
  readonly coin: string;
  readonly name: string;
  readonly file: string;
  readonly change: PlannedChange;
}

export interface RunningPool {
  readonly coin: string;
  readonly algorithm: string;
  readonly ports: readonly number[];
  readonly height: number | undefined;
  readonly connections: number;
  readonly workers: number;
}

export interface ServiceLine {
  readonly state: 'ok' | 'warning' | 'trouble';
  readonly text: string;
}

export interface PaymentsText {
  readonly coin: string;
  readonly ok: boolean;
  /** Lines. */
  readonly text: string;
  /** The same as data; undefined when it gave none. */
  readonly facts: PaymentFacts | undefined;
}

export interface PaymentsView {
  readonly section: 'payments';
  readonly coins: readonly { readonly coin: string; readonly name: string }[];
  readonly payments: readonly PaymentsText[];
  /** Blocks and payees that are held back. */
  readonly held: readonly HeldFacts[];
  /** Newest first. */
  readonly orphans: readonly {
    readonly coin: string;
    readonly time: number;
    readonly height: number | undefined;
    readonly hash: string;
  }[];
}

export interface BansView {
  readonly section: 'bans';
  readonly problem: string | undefined;
  /** `until` in Unix milliseconds. */
  readonly bans: readonly { readonly ip: string; readonly until: number; readonly why: string }[];
}

export interface NoticeView {
  readonly section: 'notice';
  readonly text: string;
  readonly longest: number;
}

export interface AuditView {
  readonly section: 'audit';
  readonly problem: string | undefined;
  readonly entries: readonly AuditEntry[];
}
