import type { ExchangeAdapter, Pair } from './adapter.ts';
import { bidsOf, listOf, memberOf, priceOf, recordOf } from './replies.ts';

// https://www.gate.com/docs/developers/apiv4/en/#retrieve-order-book

const symbolOf = ({ coin, money }: Pair): string => `${coin}_${money}`;
/** A pair that it does not know, and a coin that it does not know. */
const unknownSymbol: ReadonlySet<unknown> = new Set(['INVALID_CURRENCY_PAIR', 'INVALID_CURRENCY']);

export const gateio: ExchangeAdapter = {
  name: 'gateio',
  title: 'Gate.io',
  baseUrl: 'https://api.gateio.ws',
  bookPath: (pair) => `/api/v4/spot/order_book?currency_pair=${symbolOf(pair)}&limit=100`,
  tickerPath: (pair) => `/api/v4/spot/tickers?currency_pair=${symbolOf(pair)}`,
  parseBook: (reply) => bidsOf(memberOf(reply, 'bids')),
  parseTicker: (reply) => {
    const [only] = listOf(reply, 'a list of tickers');
    const ticker = recordOf(only, 'a ticker');
    return {
      bid: priceOf(memberOf(ticker, 'highest_bid')),
      ask: priceOf(memberOf(ticker, 'lowest_ask')),
    };
  },
  isUnknownPair: (reply) => unknownSymbol.has(memberOf(reply, 'label')),
};
