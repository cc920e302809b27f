import type { CoinProfit } from '../redis/profitability.ts';

/** The table for the log: a line for each coin, with all its markets. */
export function tableLines(algorithm: string, coins: readonly CoinProfit[]): string[] {
  return coins.map((row) => {
    const { coin, running, difficulty, reward, coinsPerDay, btcPerDay, markets } = row;
    const chain =
      difficulty === undefined || reward === undefined || coinsPerDay === undefined
        ? `its ${running ? 'daemon says nothing' : 'pool does not run'}`
        : `difficulty ${short(difficulty)}, reward ${short(reward)}, ${short(coinsPerDay)} coins a day`;
    const worth = btcPerDay === undefined ? 'worth not known' : `${short(btcPerDay)} BTC a day`;
    const from = markets.map(
      ({ exchange, pair, bid, btcPerDay: brings }) =>
        `${exchange} ${pair} at ${short(bid)} (${short(brings)} BTC)`,
    );
    const list = from.length === 0 ? '' : `: ${from.join(', ')}`;
    return `1 MH/s of ${algorithm} on ${coin}: ${worth}; ${chain}${list}.`;
  });
}

/** Six digits: enough to compare, and to read. */
const short = (value: number): string => String(Number(value.toPrecision(6)));
