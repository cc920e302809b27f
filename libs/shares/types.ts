import type { Difficulty, Millis } from '../primitives/units.ts';

// What shares/ takes from the pool, and what stands behind it: a spool on disk, and a store (Redis, or MPOS's MySQL).

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
  /** Mined for itself: it counts in statistics and in no round; a block that it finds is its worker's alone. */
  readonly solo?: true;
}

export interface ShareRecorder {
  /**
   * Takes a share in. `done(true)` when it is durably recorded, exactly once; `done(false)` when it is not and never
   * will be. Shares are recorded in the order in which they were taken in.
   */
  record(share: ShareRecord, done: (recorded: boolean) => void): void;
  /** Resolves when everything taken in before has been recorded or given up. */
  flush(): Promise<void>;
  /**
   * Resolves when everything recorded before is in the store as well, also what other processes of this coin on this
   * machine recorded, dead ones among them. Waits as long as it takes, but for another process only while it gets on:
   * ten seconds without that are enough. Rejects with SHARES_CLOSED when close() comes first.
   */
  applied(): Promise<void>;
  /** Flushes, brings to the store what it takes in a few seconds, then lets go. The rest waits for the next start. */
  close(): Promise<void>;
}

/** Shares that were made durable together, by one writer. */
export interface ShareGroup {
  /** Of this writer: 1, 2, 3, … */
  readonly sequence: number;
  readonly shares: readonly ShareRecord[];
}

/** `already`: the store has this sequence. `moved`: its last one is not what the caller took for it; nothing was done. */
export type ApplyOutcome = 'applied' | 'already' | 'moved';

/**
 * Where the groups of one writer end up. The store keeps the writer's last sequence, in the same transaction as the
 * shares: that makes each group count exactly once.
 */
export interface ShareStore {
  /**
   * Adds the shares of the groups after `after` up to `sequence`, all or nothing, if `after` is the writer's last
   * sequence in the store. Tries until there is an answer; rejects only after the signal that the store was opened with.
   */
  apply(sequence: number, shares: readonly ShareRecord[], after: number): Promise<ApplyOutcome>;
  /** The highest sequence of this writer that the store has; 0 if none. Tries, and rejects, as `apply`. */
  lastSequence(): Promise<number>;
  /** The highest sequence that a crash of the store cannot take back. Asks once; rejects while the store is away. */
  safeSequence(): Promise<number>;
  /** Everything of this writer is safe and its spool is gone: the sequence may be forgotten, in months. Never rejects. */
  retire(): Promise<void>;
  /** Calls `listener` each time the store came back, and may have lost its latest; returns how to stop that. */
  onReturn(listener: () => void): () => void;
}

/** What a store tells the log, and when it stops trying. */
export interface StoreFacts {
  readonly signal: AbortSignal;
  /** Shares of this writer that are on disk and not in the store. */
  readonly waiting: () => number;
}

export type OpenStore = (writerId: string, facts: StoreFacts) => ShareStore;

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
  /** Found by a SOLO share: the finder gets all of it, and no round ends. */
  readonly solo?: true;
  /** Mined beside another chain: its daemon built it, and its coinbase pays the pool alone. */
  readonly merged?: true;
}

export interface Rounds {
  /**
   * Ends the current round with this block: roundCurrent becomes round<height>. Idempotent on the block hash. Two
   * blocks of one height share the first one's round. Retries until Redis has it.
   */
  close(block: FoundBlock): Promise<'closed' | 'already' | 'twin'>;
  /** A daemon took the block: it waits in blocksPending for its confirmations. Idempotent. */
  accept(blockHash: string): Promise<void>;
  /**
   * Resolves true when the disk of Redis has that the block was accepted; false when Redis has crashed and forgotten
   * it: the round is then to be closed again. The block's journal must be kept until it is true.
   */
  isKept(blockHash: string): Promise<boolean>;
  /** Every daemon refused the block: its round goes back into the current one (unless a twin needs it). Idempotent. */
  refuse(blockHash: string, reason: string): Promise<void>;
}
