/** worker -> shares, in quarters of difficulty 1, so that every sum is exact. */
export type Round = ReadonlyMap<string, number>;

/** A block of the pool, as the chain tells of it. */
export interface FoundOnChain {
  readonly hash: string;
  readonly txHash: string;
  readonly height: number;
  /** Satoshis that the coinbase pays to the pool. */
  readonly reward: bigint;
}

/** How the pool found it. */
export interface Finding {
  /** The finder, whose SOLO block it is alone. */
  readonly solo: string | undefined;
  /** Of the network, in quarters of difficulty 1; 0: an older pool found it, which tells nothing of it. */
  readonly difficulty: number;
}

export const plainFinding: Finding = { solo: undefined, difficulty: 4 };

/** As it stands in blocksPending. */
export function memberOf({ hash, txHash, height }: FoundOnChain): string {
  return `${hash}:${txHash}:${height}`;
}
