import type { Bid } from '../profit.ts';
import type { ExchangeAdapter, Pair } from './adapter.ts';
import { listOf, memberOf, priceOf, quantityOf, recordOf } from './replies.ts';

// https://api-docs.poloniex.com/spot/api/public/market-data

const symbolOf = ({ coin, money }: Pair): string => `${coin}_${money}`;

export const poloniex: ExchangeAdapter = {
  name: 'poloniex',
  title: 'Poloniex',
  baseUrl: 'https://api.poloniex.com',
  bookPath: (pair) => `/markets/${symbolOf(pair)}/orderBook?limit=150`,
  tickerPath: (pair) => `/markets/${symbolOf(pair)}/ticker24h`,
  parseBook: (reply) => {
    // One flat list: price, quantity, price, quantity, …
    const flat = listOf(memberOf(reply, 'bids'), 'a list of bids');
    const bids: Bid[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      bids.push({ price: priceOf(flat[at]), quantity: quantityOf(flat[at + 1]) });
    }
    return bids;
  },
  parseTicker: (reply) => {
    const ticker = recordOf(reply, 'a ticker');
    return { bid: priceOf(memberOf(ticker, 'bid')), ask: priceOf(memberOf(ticker, 'ask')) };
  },
  // Told by the status alone.
  isUnknownPair: () => false,
};
