import type { ExchangeAdapter, Pair } from './adapter.ts';
import { bidsOf, memberOf, priceOf, recordOf } from './replies.ts';

// https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints. Other exchanges have the
// same API: Binance.US and MEXC among them.

const symbolOf = ({ coin, money }: Pair): string => `${coin}${money}`;
const invalidSymbol = -1121;

export const binance: ExchangeAdapter = {
  name: 'binance',
  title: 'Binance',
  baseUrl: 'https://api.binance.com',
  bookPath: (pair) => `/api/v3/depth?symbol=${symbolOf(pair)}&limit=100`,
  tickerPath: (pair) => `/api/v3/ticker/bookTicker?symbol=${symbolOf(pair)}`,
  parseBook: (reply) => bidsOf(memberOf(reply, 'bids')),
  parseTicker: (reply) => {
    const ticker = recordOf(reply, 'a ticker');
    return {
      bid: priceOf(memberOf(ticker, 'bidPrice')),
      ask: priceOf(memberOf(ticker, 'askPrice')),
    };
  },
  isUnknownPair: (reply) => memberOf(reply, 'code') === invalidSymbol,
};
