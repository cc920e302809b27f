// What mining pays, and which coin a switch should mine. Pure.
//
// Difficulty here is the network's: 1 means 2^32 hashes of the coin's own algorithm, as the `bits` of a block template
// say it. It is not stratum's difficulty, which counts in units of the algorithm's multiplier: that one would make
// scrypt coins look 65,536 times too good beside their own figures.

/** An offer to buy: price of one coin, in the market's money, and how many coins. */
export interface Bid {
  readonly price: number;
  readonly quantity: number;
}

const secondsOfDay = 86_400;
const megahash = 1e6;
const hashesOfDifficultyOne = 2 ** 32;

/**
 * Σ(price × quantity) / Σ quantity over the bids at or above best bid × depth (0–1): what selling into the book brings.
 * Undefined when nobody wants to buy.
 */
export function weightedBid(bids: readonly Bid[], depth: number): number | undefined {
  // Some exchanges list offers of nothing.
  const offers = bids.filter((bid) => bid.quantity > 0);
  const best = offers.reduce((most, { price }) => Math.max(most, price), 0);
  let value = 0;
  let quantity = 0;
  for (const bid of offers) {
    if (bid.price < best * depth) continue;
    value += bid.price * bid.quantity;
    quantity += bid.quantity;
  }
  return quantity > 0 ? value / quantity : undefined;
}

/** Coins that 1 MH/s finds in a day, at this network difficulty (2^32 hashes each) and reward (coins of a block). */
export function coinsPerDay(difficulty: number, reward: number): number {
  return ((secondsOfDay * megahash) / (difficulty * hashesOfDifficultyOne)) * reward;
}

/** One coin as a candidate. `btcPerDay`: of 1 MH/s; 0 if no exchange trades it, undefined if that is not known now. */
export interface Standing {
  readonly coin: string;
  /** Its pool takes miners. */
  readonly running: boolean;
  readonly btcPerDay: number | undefined;
}

export type Choice =
  | { readonly kind: 'switch'; readonly coin: string }
  | {
      readonly kind: 'stay';
      readonly why: 'best' | 'gain' | 'noFigures' | 'currentUnknown' | 'onlyOne';
    };

/**
 * The coin for a switch that mines `current` now. Only running coins are chosen, and only for more than `minimumGain`
 * percent above what the current coin pays: equals never change places. A current coin whose worth is not known is
 * kept, unless its pool does not run.
 */
export function chooseCoin(
  current: string,
  standings: readonly Standing[],
  minimumGain: number,
): Choice {
  const running = standings.filter((standing) => standing.running);
  if (running.length < 2) return { kind: 'stay', why: 'onlyOne' };
  let best: { coin: string; btcPerDay: number } | undefined;
  for (const { coin, btcPerDay = 0 } of running) {
    if (btcPerDay > (best?.btcPerDay ?? 0)) best = { coin, btcPerDay };
  }
  if (best === undefined) return { kind: 'stay', why: 'noFigures' };
  const now = running.find(({ coin }) => coin === current);
  if (now === undefined) return { kind: 'switch', coin: best.coin };
  if (now.btcPerDay === undefined) return { kind: 'stay', why: 'currentUnknown' };
  if (best.btcPerDay <= now.btcPerDay) return { kind: 'stay', why: 'best' };
  const enough = best.btcPerDay > now.btcPerDay * (1 + minimumGain / 100);
  return enough ? { kind: 'switch', coin: best.coin } : { kind: 'stay', why: 'gain' };
}
