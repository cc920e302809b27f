import type { ExchangeAdapter, Pair } from './adapter.ts';
import { bidsOf, memberOf, priceOf, RefusalError, recordOf, shown } from './replies.ts';

// https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-part-orderbook. Its own code says whether it is right.

const symbolOf = ({ coin, money }: Pair): string => `${coin}-${money}`;
const right = '200000';
/** "symbol not exists", and a parameter that it does not take. */
const unknownSymbol: ReadonlySet<unknown> = new Set(['900001', '400100']);

function dataOf(reply: unknown): unknown {
  const code = memberOf(reply, 'code');
  if (code !== right) throw new RefusalError(`answers with code ${shown(code)}`);
  return memberOf(reply, 'data');
}

export const kucoin: ExchangeAdapter = {
  name: 'kucoin',
  title: 'KuCoin',
  baseUrl: 'https://api.kucoin.com',
  bookPath: (pair) => `/api/v1/market/orderbook/level2_100?symbol=${symbolOf(pair)}`,
  tickerPath: (pair) => `/api/v1/market/orderbook/level1?symbol=${symbolOf(pair)}`,
  parseBook: (reply) => bidsOf(memberOf(dataOf(reply), 'bids')),
  parseTicker: (reply) => {
    const ticker = recordOf(dataOf(reply), 'a ticker');
    return {
      bid: priceOf(memberOf(ticker, 'bestBid')),
      ask: priceOf(memberOf(ticker, 'bestAsk')),
    };
  },
  isUnknownPair: (reply) => {
    const code = memberOf(reply, 'code');
    return unknownSymbol.has(code) || (code === right && memberOf(reply, 'data') === null);
  },
};
