import type { ExchangeName } from '../../config/types.ts';
import type { Bid } from '../profit.ts';

/** A coin, and the money of a market: the prices of DOGE/BTC are bitcoins for a dogecoin. */
export interface Pair {
  readonly coin: string;
  readonly money: string;
}

/** The best offers. */
export interface Ticker {
  readonly bid: number;
  readonly ask: number;
}

/** What is particular to one exchange: where it answers, and how. Parsers throw ReplyError. */
export interface ExchangeAdapter {
  readonly name: ExchangeName;
  /** As people write it. */
  readonly title: string;
  readonly baseUrl: string;
  /** Paths and queries, to follow the base URL. */
  bookPath(pair: Pair): string;
  tickerPath(pair: Pair): string;
  parseBook(reply: unknown): readonly Bid[];
  parseTicker(reply: unknown): Ticker;
  /** True when the answer says in its own words that there is no such market; HTTP 400 and 404 say so by themselves. */
  isUnknownPair(reply: unknown): boolean;
}
