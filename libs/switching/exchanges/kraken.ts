import type { ExchangeAdapter, Pair } from './adapter.ts';
import { bidsOf, listOf, memberOf, priceOf, RefusalError, recordOf, shown } from './replies.ts';

// https://docs.kraken.com/api/docs/rest-api/get-order-book. Errors come with HTTP 200.

/** Kraken's own names of two coins. */
const ownNames: ReadonlyMap<string, string> = new Map([
  ['BTC', 'XBT'],
  ['DOGE', 'XDG'],
]);
const nameOf = (coin: string): string => ownNames.get(coin) ?? coin;
const symbolOf = ({ coin, money }: Pair): string => `${nameOf(coin)}${nameOf(money)}`;

const errorsOf = (reply: unknown): readonly unknown[] =>
  listOf(memberOf(reply, 'error'), 'its list of errors');

/** The answer names the pair in yet another form: it holds the one that was asked for. */
function onlyResult(reply: unknown): unknown {
  const [error] = errorsOf(reply);
  if (error !== undefined) throw new RefusalError(`answers with an error (${shown(error)})`);
  const [result] = Object.values(recordOf(memberOf(reply, 'result'), 'a result'));
  return result;
}

function first(offer: unknown): unknown {
  return listOf(offer, 'a best offer')[0];
}

export const kraken: ExchangeAdapter = {
  name: 'kraken',
  title: 'Kraken',
  baseUrl: 'https://api.kraken.com',
  bookPath: (pair) => `/0/public/Depth?pair=${symbolOf(pair)}&count=100`,
  tickerPath: (pair) => `/0/public/Ticker?pair=${symbolOf(pair)}`,
  parseBook: (reply) => bidsOf(memberOf(onlyResult(reply), 'bids')),
  parseTicker: (reply) => {
    const ticker = recordOf(onlyResult(reply), 'a ticker');
    return {
      bid: priceOf(first(memberOf(ticker, 'b'))),
      ask: priceOf(first(memberOf(ticker, 'a'))),
    };
  },
  isUnknownPair: (reply) => {
    const errors = memberOf(reply, 'error');
    return Array.isArray(errors) && errors.includes('EQuery:Unknown asset pair');
  },
};
