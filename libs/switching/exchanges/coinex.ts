import type { ExchangeAdapter, Pair } from './adapter.ts';
import { bidsOf, listOf, memberOf, priceOf, RefusalError, recordOf, shown } from './replies.ts';

// https://docs.coinex.com/api/v2/spot/market/http/list-market-depth. Its own code says whether it is right.

const symbolOf = ({ coin, money }: Pair): string => `${coin}${money}`;
const right = 0;
/** A parameter that it does not take: the only one that changes is the market. */
const invalidParameter = 3639;

function dataOf(reply: unknown): unknown {
  const code = memberOf(reply, 'code');
  if (code !== right) throw new RefusalError(`answers with code ${shown(code)}`);
  return memberOf(reply, 'data');
}

export const coinex: ExchangeAdapter = {
  name: 'coinex',
  title: 'CoinEx',
  baseUrl: 'https://api.coinex.com',
  bookPath: (pair) => `/v2/spot/depth?market=${symbolOf(pair)}&limit=50&interval=0`,
  tickerPath: (pair) => `/v2/spot/ticker?market=${symbolOf(pair)}`,
  parseBook: (reply) => bidsOf(memberOf(memberOf(dataOf(reply), 'depth'), 'bids')),
  parseTicker: (reply) => {
    // It tells no offers, only the last price.
    const [only] = listOf(dataOf(reply), 'a list of tickers');
    const last = priceOf(memberOf(recordOf(only, 'a ticker'), 'last'));
    return { bid: last, ask: last };
  },
  isUnknownPair: (reply) => {
    const data = memberOf(reply, 'data');
    const code = memberOf(reply, 'code');
    return (
      code === invalidParameter || (code === right && Array.isArray(data) && data.length === 0)
    );
  },
};
