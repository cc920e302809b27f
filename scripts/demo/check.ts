// Do the pool's books and the chain agree, to the satoshi? Pure: every disagreement becomes a sentence.
import type { ChainBooks, Output, PoolBooks } from './books.ts';
import { sum } from './books.ts';
import { coins } from './coins.ts';
import { feePercent } from './poolFiles.ts';

export interface Evidence {
  readonly pool: PoolBooks;
  readonly chain: ChainBooks;
  /** Of the pool's wallet: coinbases pay it. */
  readonly poolAddress: string;
  readonly feeAddress: string;
  /** What the miners know: their own shares that the pool acknowledged, and the blocks among them. */
  readonly acknowledged: number;
  readonly foundBlocks: readonly string[];
}

/** Sentences on what is wrong; none when all is right. */
export function disagreements(evidence: Evidence): string[] {
  return [
    ...wrongPayouts(evidence),
    ...wrongCredits(evidence),
    ...wrongFees(evidence),
    ...wrongBlocks(evidence),
    ...wrongShares(evidence),
  ];
}

/** What each address was paid according to Redis: its workers' payouts together. */
export function paidByAddress(payouts: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const paid = new Map<string, bigint>();
  for (const [worker, amount] of payouts) {
    const [address = worker] = worker.split('.');
    paid.set(address, (paid.get(address) ?? 0n) + amount);
  }
  return paid;
}

function wrongPayouts({ pool, chain }: Evidence): string[] {
  const paid = paidByAddress(pool.payouts);
  if (sum(paid.values()) === 0n) return ['Nobody was paid.'];
  return [...paid]
    .filter(([address, amount]) => (chain.received.get(address) ?? 0n) !== amount)
    .map(
      ([address, amount]) =>
        `${address} was paid ${coins(amount)} according to Redis, but the chain shows ${coins(chain.received.get(address) ?? 0n)}.`,
    );
}

/** Every satoshi of a confirmed block's reward is owed to somebody, or was paid. */
function wrongCredits({ pool, chain, poolAddress }: Evidence): string[] {
  if (pool.paying) return ['A payment is still under way.'];
  const credited = sum(
    pool.confirmed.map(({ blockHash }) =>
      valueFor(poolAddress, chain.coinbases.get(blockHash) ?? []),
    ),
  );
  const owed = sum(pool.balances.values());
  const paid = sum(pool.payouts.values());
  if (credited === owed + paid) return [];
  return [
    `The confirmed blocks gave the pool ${coins(credited)}, but balances (${coins(owed)}) and payouts (${coins(paid)}) add up to ${coins(owed + paid)}.`,
  ];
}

function wrongFees({ pool, chain, poolAddress, feeAddress }: Evidence): string[] {
  return [...pool.confirmed, ...pool.pending].flatMap(({ blockHash, height }) => {
    const outputs = chain.coinbases.get(blockHash);
    if (outputs === undefined) return [];
    const reward = sum(outputs.map(({ value }) => value));
    const fee = (reward * BigInt(feePercent)) / 100n;
    const wrong: string[] = [];
    const paidFee = valueFor(feeAddress, outputs);
    if (paidFee !== fee) {
      wrong.push(
        `Block ${height} pays its recipient ${coins(paidFee)}, ${feePercent} % of ${coins(reward)} is ${coins(fee)}.`,
      );
    }
    const paidPool = valueFor(poolAddress, outputs);
    if (paidPool !== reward - fee) {
      wrong.push(`Block ${height} pays the pool ${coins(paidPool)}, not ${coins(reward - fee)}.`);
    }
    return wrong;
  });
}

function wrongBlocks({ pool, chain, foundBlocks }: Evidence): string[] {
  const booked = new Set([...pool.confirmed, ...pool.pending].map(({ blockHash }) => blockHash));
  const found = new Set(foundBlocks);
  const lost = foundBlocks.filter((hash) => chain.coinbases.has(hash) && !booked.has(hash));
  const foreign = pool.confirmed.filter(({ blockHash }) => !found.has(blockHash));
  const gone = pool.confirmed.filter(({ blockHash }) => !chain.coinbases.has(blockHash));
  return [
    ...lost.map((hash) => `Block ${hash} is ours and on the chain, but the pool does not know it.`),
    ...foreign.map(({ blockHash }) => `Block ${blockHash} was found by none of our miners.`),
    ...gone.map(({ blockHash }) => `Block ${blockHash} was credited, but is not on the chain.`),
  ];
}

function wrongShares({ pool, acknowledged }: Evidence): string[] {
  if (pool.validShares === acknowledged) return [];
  return [
    `The miners had ${acknowledged} shares acknowledged, but the pool counts ${pool.validShares}.`,
  ];
}

function valueFor(address: string, outputs: readonly Output[]): bigint {
  return sum(outputs.filter((output) => output.address === address).map(({ value }) => value));
}
