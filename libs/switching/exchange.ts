import { setTimeout } from 'node:timers/promises';
import type { Logger } from '../log/logger.ts';
import { type Clock, type Millis, millis } from '../primitives/units.ts';
import type { ExchangeAdapter, Pair } from './exchanges/adapter.ts';
import { RefusalError, ReplyError } from './exchanges/replies.ts';
import { type FetchLimits, fetchJson } from './fetchJson.ts';
import { weightedBid } from './profit.ts';

// One exchange, asked for the worth of coins in bitcoins. What goes wrong is said once, and never thrown.

export interface Quote {
  /** The market, "DOGE/BTC". */
  readonly pair: string;
  /** Weighted bid in the market's own money. */
  readonly bid: number;
  /** The same in BTC, at this exchange's own rate. */
  readonly btc: number;
}

/** Of one coin: its quotes; none and `listed` false, if this exchange surely does not trade it. */
export interface CoinQuotes {
  readonly quotes: readonly Quote[];
  readonly listed: boolean;
}

/** By symbol. Undefined: the exchange is left out of this round. */
export type ExchangeAnswer = ReadonlyMap<string, CoinQuotes> | undefined;

/** The moneys of markets that a price in BTC can be made of. */
const moneys = ['BTC', 'LTC', 'USDT'] as const;

/** A market that is not there is not asked for again for an hour. */
const missingFor = 3_600_000;
const usualLimits: FetchLimits = { patience: 10_000, longest: 2 * 1024 * 1024 };
/** Milliseconds between two questions: no exchange that is asked for its public data minds ten a second. */
const usualPace = 100;

export interface ExchangeOptions {
  readonly log: Logger;
  readonly now: Clock;
  readonly limits?: FetchLimits;
  /** Milliseconds between two questions. */
  readonly pace?: number;
}

type Asked<T> =
  | { readonly kind: 'here'; readonly value: T }
  | { readonly kind: 'noMarket' }
  /** The market may exist, and gives nothing this time; `why` completes "The exchange …". */
  | { readonly kind: 'refused'; readonly why: string };

/** One question for a market: where, and how its answer is read. */
interface Question<T> {
  readonly pair: Pair;
  readonly path: string;
  readonly parse: (reply: unknown) => T;
}

/** The exchange is left out of this round. */
class Skipped extends Error {}

export class Exchange {
  readonly title: string;
  readonly #adapter: ExchangeAdapter;
  readonly #options: ExchangeOptions;
  /** Path -> until when it is not asked for. */
  readonly #missing = new Map<string, Millis>();
  /** Troubles that were said: of a market, of a coin, or under the empty name of the whole exchange. */
  readonly #said = new Set<string>();
  #blockedUntil: Millis = millis(0);

  constructor(adapter: ExchangeAdapter, options: ExchangeOptions) {
    this.title = adapter.title;
    this.#adapter = adapter;
    this.#options = options;
  }

  /** `depth` as in weightedBid. Never rejects. */
  async ask(
    symbols: readonly string[],
    depth: number,
    signal: AbortSignal,
  ): Promise<ExchangeAnswer> {
    if (this.#options.now() < this.#blockedUntil) return undefined;
    const rates = new Rates((money) => this.#rate(money, signal));
    try {
      const answer = new Map<string, CoinQuotes>();
      for (const symbol of symbols) {
        answer.set(symbol, await this.#coin(symbol, depth, rates, signal));
      }
      // Who knows none of the coins, and not even bitcoin, is not the exchange that it was.
      const isSound =
        [...answer.values()].some(({ quotes }) => quotes.length > 0) ||
        (await rates.of('USDT')) !== undefined;
      if (!isSound) throw new Skipped('knows neither these coins nor BTC/USDT');
      this.#over('');
      return answer;
    } catch (error) {
      if (!(error instanceof Skipped)) throw error;
      if (!signal.aborted) {
        this.#say('', `${this.title} ${error.message}. It is left out until it answers well.`);
      }
      return undefined;
    }
  }

  async #coin(
    symbol: string,
    depth: number,
    rates: Rates,
    signal: AbortSignal,
  ): Promise<CoinQuotes> {
    const quotes: Quote[] = [];
    let listed = false;
    for (const money of moneys) {
      if (money === symbol) continue;
      const pair = { coin: encodeURIComponent(symbol), money };
      const { bookPath, parseBook } = this.#adapter;
      const book = await this.#ask({ pair, path: bookPath(pair), parse: parseBook }, signal);
      if (book.kind === 'noMarket') continue;
      listed = true;
      const name = nameOf(pair);
      if (book.kind === 'refused') {
        this.#say(name, `${this.title} ${book.why} to the question for ${name}.`);
        continue;
      }
      const bid = weightedBid(book.value, depth);
      if (bid === undefined) {
        this.#say(name, `On ${this.title} nobody offers to buy in the market ${name}.`);
        continue;
      }
      const rate = money === 'BTC' ? 1 : await rates.of(money);
      if (rate === undefined) {
        this.#say(name, `${this.title} gives no rate from ${money} to BTC: ${name} is left out.`);
        continue;
      }
      this.#over(name);
      quotes.push({ pair: name, bid, btc: bid * rate });
    }
    if (!listed) {
      this.#say(symbol, `${this.title} does not trade ${symbol} for BTC, LTC or USDT.`);
    }
    return { quotes, listed };
  }

  /** BTC for one LTC or USDT, as somebody gets them who sells at once. */
  async #rate(money: 'LTC' | 'USDT', signal: AbortSignal): Promise<number | undefined> {
    const pair = money === 'LTC' ? { coin: 'LTC', money: 'BTC' } : { coin: 'BTC', money: 'USDT' };
    const { tickerPath, parseTicker } = this.#adapter;
    const ticker = await this.#ask({ pair, path: tickerPath(pair), parse: parseTicker }, signal);
    if (ticker.kind !== 'here') return undefined;
    return money === 'LTC' ? ticker.value.bid : 1 / ticker.value.ask;
  }

  async #ask<T>({ pair, path, parse }: Question<T>, signal: AbortSignal): Promise<Asked<T>> {
    const { now, pace = usualPace } = this.#options;
    const missingUntil = this.#missing.get(path);
    if (missingUntil !== undefined && now() < missingUntil) return { kind: 'noMarket' };
    await setTimeout(pace, undefined, { signal }).catch(() => undefined);
    const { status, body } = await this.#fetch(path, signal);
    if (status === 400 || status === 404 || this.#adapter.isUnknownPair(body)) {
      this.#missing.set(path, millis(now() + missingFor));
      return { kind: 'noMarket' };
    }
    if (status !== 200) throw new Skipped(`answers HTTP ${status}`);
    try {
      return { kind: 'here', value: parse(body) };
    } catch (error) {
      if (error instanceof RefusalError) return { kind: 'refused', why: error.message };
      if (error instanceof ReplyError) throw new Skipped(`${error.message} (${nameOf(pair)})`);
      throw error;
    }
  }

  async #fetch(path: string, signal: AbortSignal): Promise<{ status: number; body: unknown }> {
    const { now, limits = usualLimits } = this.#options;
    const fetched = await fetchJson(this.#adapter.baseUrl + path, limits, now(), signal);
    switch (fetched.kind) {
      case 'answer':
        return fetched;
      case 'failed':
        throw new Skipped(fetched.why);
      case 'limited':
        this.#blockedUntil = fetched.until;
        throw new Skipped(`is not to be asked before ${new Date(fetched.until).toISOString()}`);
    }
  }

  #say(key: string, sentence: string): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#options.log.warning(sentence);
  }

  #over(key: string): void {
    if (this.#said.delete(key) && key === '') {
      this.#options.log.special(`${this.title} answers again.`);
    }
  }
}

/** One round's rates to BTC, each asked for once, when it is needed. */
class Rates {
  readonly #ask: (money: 'LTC' | 'USDT') => Promise<number | undefined>;
  readonly #known = new Map<string, Promise<number | undefined>>();

  constructor(ask: (money: 'LTC' | 'USDT') => Promise<number | undefined>) {
    this.#ask = ask;
  }

  of(money: 'LTC' | 'USDT'): Promise<number | undefined> {
    const known = this.#known.get(money) ?? this.#ask(money);
    this.#known.set(money, known);
    return known;
  }
}

const nameOf = ({ coin, money }: Pair): string => `${coin}/${money}`;
