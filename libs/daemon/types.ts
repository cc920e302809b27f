import { CodedError } from '../primitives/errors.ts';

// What daemon/ gives to the rooms above: JSON-RPC to one or several coin daemons.

export interface CallOptions {
  /** Milliseconds until the call fails with kind 'timeout'; default 30,000. */
  readonly timeout?: number;
  /**
   * Keep numbers as their decimal text: every JSON number arrives as a DecimalText. For every call whose reply
   * carries amounts of coins.
   */
  readonly exactNumbers?: boolean;
  /** For getblocktemplate: the `data` of transactions may arrive as TextSlices, which cost nothing until they are read. */
  readonly slicesData?: boolean;
}

/** One daemon. All methods reject with DaemonError only. */
export interface DaemonClient {
  /** host:port, for logs. */
  readonly name: string;
  call(method: string, params?: readonly unknown[], options?: CallOptions): Promise<unknown>;
  /** One HTTP request for all calls; each has its own outcome. Rejects only when the request as a whole failed. */
  batch(calls: readonly BatchCall[], options?: CallOptions): Promise<readonly BatchOutcome[]>;
  close(): void;
}

export interface BatchCall {
  readonly method: string;
  readonly params?: readonly unknown[];
}

export type BatchOutcome =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: DaemonError };

/** A JSON number as its text, exact. Also accepted inside params, where it is written as that very number. */
export class DecimalText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type DaemonErrorKind =
  /** The daemon answered with a JSON-RPC error; `rpcCode` has its number. */
  | 'rpc'
  /** Wrong user or password (401, 403). */
  | 'auth'
  /** No connection could be made: the request was certainly not delivered. */
  | 'unreachable'
  /** The daemon's work queue (or ours) is full: the request was not executed. */
  | 'busy'
  /** No answer in time. */
  | 'timeout'
  /** The connection broke after the request was (perhaps partly) written. */
  | 'reset'
  /** An answer that is no JSON-RPC reply (HTML, truncated, wrong id, too large). */
  | 'badReply';

export class DaemonError extends CodedError {
  readonly kind: DaemonErrorKind;
  /** The daemon's own error number, for kind 'rpc'. */
  readonly rpcCode: number | undefined;
  /** The daemon (host:port) and method, for logs. */
  readonly daemon: string;
  readonly method: string;

  constructor(
    kind: DaemonErrorKind,
    message: string,
    facts: { daemon: string; method: string; rpcCode?: number; cause?: unknown },
  ) {
    super(`DAEMON_${kind.toUpperCase()}`, message, { cause: facts.cause });
    this.kind = kind;
    this.rpcCode = facts.rpcCode;
    this.daemon = facts.daemon;
    this.method = facts.method;
  }

  /** True if the daemon may have executed the call although we have no answer: money must not be sent again. */
  get mayHaveRun(): boolean {
    return this.kind === 'timeout' || this.kind === 'reset' || this.kind === 'badReply';
  }
}

/** Several daemons of one coin: calls go to the first one that is alive, and move on when it fails. */
export interface DaemonGroup {
  readonly clients: readonly DaemonClient[];
  call(method: string, params?: readonly unknown[], options?: CallOptions): Promise<unknown>;
  /** One HTTP request to one of them, for calls that cannot do harm twice. Rejects with DaemonError. */
  batch(calls: readonly BatchCall[], options?: CallOptions): Promise<readonly BatchOutcome[]>;
  /** The same call to every daemon at once; each outcome is reported as it comes, none delays another. */
  callAll(
    method: string,
    params: readonly unknown[],
    onOutcome: (client: DaemonClient, outcome: BatchOutcome) => void,
    options?: CallOptions,
  ): Promise<void>;
  close(): void;
}

export type ChainNetwork = 'main' | 'test' | 'regtest' | 'signet';

/** What a pool needs to know of its daemon before it can make a job. */
export interface DaemonFacts {
  readonly network: ChainNetwork;
  readonly reward: 'POW' | 'POS';
  readonly protocolVersion: number;
  /** False: old daemons take a block by getblocktemplate {"mode":"submit"}. */
  readonly hasSubmitBlock: boolean;
}

/** What the daemon says of an address, all fields checked. */
export interface AddressFacts {
  readonly isValid: boolean;
  /** Lower-case hex, where the daemon tells it. */
  readonly scriptPubKey: string | undefined;
  /** Known for daemons old enough to answer it in validateaddress, else by getaddressinfo. */
  readonly isMine: boolean | undefined;
  readonly pubKey: string | undefined;
}
