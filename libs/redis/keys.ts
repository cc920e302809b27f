// The only file that spells Redis key names. The first group is the original NOMP's, read by operators' scripts.

export interface CoinKeys {
  readonly coin: string;
  /** hash worker -> sum of share difficulty. */
  readonly roundCurrent: string;
  round(height: number): string;
  /** zset, score unix seconds, member `difficulty:worker:ms`. */
  readonly hashrate: string;
  /** hash validShares, invalidShares, validBlocks, invalidBlocks, totalPaid. */
  readonly stats: string;
  /** sets of `blockHash:txHash:height`. */
  readonly blocksPending: string;
  readonly blocksConfirmed: string;
  readonly blocksOrphaned: string;
  readonly blocksKicked: string;
  /** hashes worker -> decimal coins. */
  readonly balances: string;
  readonly payouts: string;

  // Ours.
  /** hash worker -> sum, kept for 30 days after a round was credited. */
  paidRound(height: number): string;
  /** hash of facts of one block candidate: height, txHash, state, finder, time, … */
  block(blockHash: string): string;
  /** set of block hashes whose shares are round<height> (twins). */
  roundBlocks(height: number): string;
  /** hash writerId -> highest applied sequence of share groups. */
  readonly spoolSequences: string;
  /** The open payment batch and the payment processor's lease, as JSON or text. */
  pay(what: string): string;
  /** list of settled payments as JSON, newest first. */
  readonly payments: string;
}

/** Key names of one coin (its name in lower case). With `hashTag` the prefix is `{coin}`: one slot of a Redis Cluster. */
export function coinKeys(coin: string, hashTag = false): CoinKeys {
  const prefix = hashTag ? `{${coin}}` : coin;
  return {
    coin,
    roundCurrent: `${prefix}:shares:roundCurrent`,
    round: (height) => `${prefix}:shares:round${height}`,
    hashrate: `${prefix}:hashrate`,
    stats: `${prefix}:stats`,
    blocksPending: `${prefix}:blocksPending`,
    blocksConfirmed: `${prefix}:blocksConfirmed`,
    blocksOrphaned: `${prefix}:blocksOrphaned`,
    blocksKicked: `${prefix}:blocksKicked`,
    balances: `${prefix}:balances`,
    payouts: `${prefix}:payouts`,
    paidRound: (height) => `${prefix}:shares:paid${height}`,
    block: (blockHash) => `${prefix}:blk:${blockHash}`,
    roundBlocks: (height) => `${prefix}:blk:round${height}`,
    spoolSequences: `${prefix}:spool:sequences`,
    pay: (what) => `${prefix}:pay:${what}`,
    payments: `${prefix}:payments`,
  };
}

/** Portal-wide keys. */
export const portalKeys = {
  statHistory: 'statHistory',
  proxyState: 'proxyState',
  coinVersionBytes: 'coinVersionBytes',
  /** string counter: each started master takes the next instance number for its extranonce range. */
  instances: 'nomp:instances',
} as const;
