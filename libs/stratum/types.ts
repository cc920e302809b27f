import type { Difficulty } from '../primitives/units.ts';

// What stratum/ and the pool behind it say to each other. stratum/ knows nothing of jobs/, shares/ or daemon/.

/** The pool behind a stratum server. Every method must never throw for anything that a miner sent. */
export interface PoolBehind {
  /** Settles always; a failing lookup refuses this login only. */
  authorize(request: AuthorizeRequest): Promise<AuthorizeAnswer>;
  /** `answer` is called exactly once, at once or later, when the share is durably recorded or refused. */
  submit(submit: Submit, answer: (verdict: SubmitAnswer) => void): void;
  /** The job that a new miner gets, or undefined while there is none yet. */
  currentJob(): JobNotice | undefined;
  /**
   * A job that is newer than the one with this sequence, for a miner whose difficulty changes; undefined while there
   * cannot be one: ask again a moment later.
   */
  newerJob(sequence: number): JobNotice | undefined;
}

export interface AuthorizeRequest {
  /** As the miner sent it, already checked: 1–128 bytes, no control characters, no colon. */
  readonly worker: string;
  readonly password: string;
  readonly ip: string;
  readonly port: number;
}

export type AuthorizeAnswer =
  | {
      readonly ok: true;
      /** Addresses for other coins in the worker's password, checked: coin name in lower case -> address. */
      readonly accounts?: ReadonlyMap<string, string> | undefined;
    }
  | { readonly ok: false; readonly reason: string };

export interface Submit {
  /** A name that this connection has authorised. */
  readonly worker: string;
  readonly ip: string;
  readonly port: number;
  readonly jobId: string;
  /** 4 bytes. */
  readonly extranonce1: Buffer;
  /** Bytes of extranonce2 on this port. */
  readonly extranonce2Size: number;
  // The miner's own text, unchecked but of type string: jobs/ refuses what is not strict hex of the right length.
  readonly extranonce2: string;
  readonly ntime: string;
  readonly nonce: string;
  readonly versionBits: string | undefined;
  /** Bits that the connection has negotiated to roll (BIP 310), 0 for none. */
  readonly versionMask: number;
  /** In force on this connection when the job was sent to it. */
  readonly jobDifficulty: Difficulty;
  /** In force now. */
  readonly currentDifficulty: Difficulty;
  /** The port, or the worker's password, asks for SOLO mining. */
  readonly solo: boolean;
  /** What the login's answer gave for this worker. */
  readonly accounts?: ReadonlyMap<string, string> | undefined;
}

export type SubmitAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: StratumErrorCode;
      readonly message: string;
      /** Whether this counts towards a ban: stale shares and our own failures never do. */
      readonly counts: boolean;
    };

/** 20 other, 21 job not found, 22 duplicate, 23 low difficulty, 24 unauthorized, 25 not subscribed. */
export type StratumErrorCode = 20 | 21 | 22 | 23 | 24 | 25;

export interface JobNotice {
  /** Lower-case hex of `sequence`, without leading zeros. */
  readonly jobId: string;
  /** Grows by one with each job of a pool on this fork. */
  readonly sequence: number;
  /** True only for a new previous block: miners drop older work. */
  readonly clean: boolean;
  /** The network's difficulty in stratum units. */
  readonly networkDifficulty: Difficulty;
  /** That of the easiest of several chains that the job works for: varDiff goes down to it as far as is sound. */
  readonly lowestDifficulty?: Difficulty;
  /** The fields of mining.notify for ports with extranonce2 of this many bytes. */
  notifyParams(extranonce2Size: number): NotifyParams;
}

/** All hex, as they stand in mining.notify. */
export interface NotifyParams {
  /** Previous block hash, its eight 32-bit words each byte-swapped. */
  readonly prevHash: string;
  readonly coinb1: string;
  readonly coinb2: string;
  readonly merkleBranch: readonly string[];
  readonly version: string;
  readonly nbits: string;
  readonly ntime: string;
}
