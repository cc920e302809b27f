import type { Difficulty, Millis } from '../primitives/units.ts';

// What shares/ takes from the pool. A recorder (Redis, or MPOS's MySQL) stands behind one interface.

export interface ShareRecord {
  readonly time: Millis;
  /** The authorised name: the only one that is ever credited. */
  readonly worker: string;
  readonly ip: string;
  readonly port: number;
  readonly jobId: string;
  readonly height: number;
  /** True: counted for the worker. False: counted as an invalid share, `error` says why. */
  readonly valid: boolean;
  /** Credited if valid; what the share should have met if not. */
  readonly difficulty: Difficulty;
  /** What the hash is worth. 0 when it was refused before hashing. */
  readonly shareDiff: number;
  /** The network's difficulty in stratum units. */
  readonly blockDiff: Difficulty;
  readonly blockHash?: string;
  /** Shown to MPOS with emitInvalidBlockHashes. */
  readonly blockHashInvalid?: string;
  readonly error?: string;
}

export interface ShareRecorder {
  /**
   * Takes a share in. `done(true)` when it is durably recorded, exactly once; `done(false)` when it certainly is not
   * and never will be. Shares are recorded in the order in which they were taken in.
   */
  record(share: ShareRecord, done: (recorded: boolean) => void): void;
  /** Resolves when everything taken in before has been recorded or given up. */
  flush(): Promise<void>;
  /** Flushes, then lets go of the store. */
  close(): Promise<void>;
}

/** A block that this pool found, as the rounds know it. */
export interface FoundBlock {
  readonly height: number;
  /** Big-endian hex as daemons show it. */
  readonly blockHash: string;
  /** Coinbase txid, as daemons show it. */
  readonly txHash: string;
  readonly finder: string;
  readonly time: Millis;
  /** Satoshis of the coinbase that go to the pool's own script, as integer text. */
  readonly reward: string;
  /** The network's difficulty in stratum units. */
  readonly networkDifficulty: number;
}

export interface Rounds {
  /**
   * Ends the current round with this block: roundCurrent becomes round<height>. Idempotent on the block hash. Two
   * blocks of one height share the first one's round. Retries until Redis has it.
   */
  close(block: FoundBlock): Promise<'closed' | 'already' | 'twin'>;
  /** A daemon took the block: it waits in blocksPending for its confirmations. Idempotent. */
  accept(blockHash: string): Promise<void>;
  /** Every daemon refused the block: its round goes back into the current one (unless a twin needs it). Idempotent. */
  refuse(blockHash: string, reason: string): Promise<void>;
}
