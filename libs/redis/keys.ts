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
  /**
   * hash of facts of one block: state (candidate, accepted, refused; payments add theirs), height, txHash, finder,
   * time (ms), reward (satoshis), networkDifficulty, effort (the round's work against it), solo (1: all of it is the
   * finder's), merged (1: mined beside another chain), reason, confirmations (as payments saw them last; 0: off the active chain). Only the latter and theirs
   * for a block that an older pool found.
   */
  block(blockHash: string): string;
  /** set of the block hashes, refused ones left out, whose shares are round<height> (several: twins). */
  roundBlocks(height: number): string;
  /** set of block hashes in state candidate: neither accepted nor refused yet. */
  readonly openBlocks: string;
  /** string: the highest sequence of share groups that was applied for this writer. Expires long after its spool. */
  spoolSequence(writerId: string): string;
  pay(what: PayKey): string;
  /** list of settled payments as JSON, newest first. */
  readonly payments: string;

  // What people look at. Lost, it harms nobody.
  /** zset, score height, member block hash: every block that this pool found, refused ones left out. */
  readonly blockIndex: string;
  /** stream of fields type, data (JSON): what happened, for live pages. */
  readonly events: string;
  /** hash height, difficulty (stratum units), time (ms): of the newest job. */
  readonly network: string;
  /** string: ring of credited difficulty in buckets of this length, of the whole pool (see redis/series.ts). */
  series(resolution: SeriesResolution): string;
  /** The same of one miner (address). */
  minerSeries(address: string, resolution: SeriesResolution): string;
  /** hash worker -> `firstShare:lastShare:bestShare` (unix ms, unix ms, difficulty). */
  readonly workersSeen: string;
  /** hash fork -> JSON {time (ms), connections, workers, shares}: of a pool in MPOS mode, in the portal's Redis. */
  readonly live: string;
  /** list of a miner's payments as JSON {time, txid, amount}, newest first. */
  minerPayments(address: string): string;
}

/** Buckets of a minute for a day, of ten minutes for 30 days, of an hour for a year. */
export type SeriesResolution = '1m' | '10m' | '1h';

/** The payment process's own: */
export type PayKey =
  /** hash epoch (`number:mark`), owner, until (ms): who may move money. */
  | 'lease'
  /** hash id, state, time, plan, …: the open payment batch, while there is one. */
  | 'batch'
  /** hash id, outcome: the batch that was closed last. */
  | 'last'
  /** zset of `id outcome` (paid, released), all of score 0: batches that might have been sent, the last 5,000. */
  | 'closed'
  /** hash txid -> batch id: payments whose fee the wallet has not told yet. */
  | 'feesUnknown'
  /** hash of integer satoshis: takenOver, credited, paid, fees, adjusted (what a person took for the truth, signed). */
  | 'totals'
  /** hash paused, pausedTime, stopped, stoppedTime, checkedFrom, audit (JSON): what steers the payments of the coin. */
  | 'state'
  /** zset, score and member height: credited rounds whose shares are kept, for PPLNS. */
  | 'rounds'
  /** `outpoint txid …`: what the next transaction must spend, so that given-up ones can never be mined beside it. */
  | 'guard'
  /** hashes block member -> reason, worker -> reason. */
  | 'heldBlocks'
  | 'heldPayees'
  /** hash block hash -> height of the chain when it was first seen off the active chain. */
  | 'suspects';

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
    openBlocks: `${prefix}:blk:open`,
    spoolSequence: (writerId) => `${prefix}:spool:sequence:${writerId}`,
    pay: (what) => `${prefix}:pay:${what}`,
    payments: `${prefix}:payments`,
    blockIndex: `${prefix}:blk:index`,
    events: `${prefix}:events`,
    network: `${prefix}:network`,
    series: (resolution) => `${prefix}:series:${resolution}`,
    minerSeries: (address, resolution) => `${prefix}:miner:${address}:${resolution}`,
    workersSeen: `${prefix}:workersSeen`,
    live: `${prefix}:live`,
    minerPayments: (address) => `${prefix}:miner:${address}:payments`,
  };
}

/** Portal-wide keys. */
export const portalKeys = {
  statHistory: 'statHistory',
  /** hash algorithm -> coin, as the original; and a switch's own name -> coin, which goes first. */
  proxyState: 'proxyState',
  /** hash switch -> JSON {coin, since (ms)}: what is behind its ports, for people. */
  switchState: 'nomp:switchState',
  coinVersionBytes: 'coinVersionBytes',
  /** string counter: each started master takes the next instance number for its extranonce range. */
  instances: 'nomp:instances',
  /** hash ip -> JSON {until (ms), why}: bans that are in force, for the next start. */
  bans: 'nomp:bans',
  /** string JSON: the last table of the profit switcher (see redis/profitability.ts). */
  profitability: 'nomp:profitability',
  /** string JSON {text, time (ms)}: the operator's notice on the pages; an empty text: there is none. */
  notice: 'nomp:notice',
} as const;
