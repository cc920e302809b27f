import { noMiningKeys } from '../config/miningKeys.ts';
import type { PoolConfig, PortalConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import type {
  AlgorithmProfit,
  CoinProfit,
  MarketProfit,
  ProfitTable,
} from '../redis/profitability.ts';
import type { ChainFacts } from './chainFacts.ts';
import type { CoinQuotes, Exchange, ExchangeAnswer } from './exchange.ts';
import { type Choice, chooseCoin, coinsPerDay, type Standing } from './profit.ts';
import { tableLines } from './profitText.ts';

// One round of profit switching: looks, tells, and moves the switches of each algorithm to the coin that pays best.

export interface ProfitPorts {
  /** Coins whose pools take miners now. Rejects with a sentence. */
  running(): Promise<ReadonlySet<string>>;
  /** The coin that a switch mines now. */
  current(switchName: string): string | undefined;
  /** Rejects with a sentence. */
  facts(coin: string): Promise<ChainFacts>;
  /** As a person would, by the command `coinswitch`. Rejects with the portal's sentence. */
  move(coin: string, switchName: string): Promise<void>;
  /** For the website. */
  publish(table: ProfitTable): Promise<void>;
}

export interface ProfitSwitcherOptions {
  readonly portal: Pick<PortalConfig, 'switching' | 'profitSwitch'>;
  readonly exchanges: readonly Pick<Exchange, 'title' | 'ask'>[];
  readonly ports: ProfitPorts;
  readonly log: Logger;
  readonly now: Clock;
}

/** What is needed of a pool. */
type CoinPool = Pick<PoolConfig, 'coin' | 'mposMode'>;

/** An algorithm that has something to choose from. */
interface Contest {
  readonly algorithm: string;
  readonly switches: readonly string[];
  readonly pools: readonly CoinPool[];
}

const bitcoin = 'BTC';

export class ProfitSwitcher {
  readonly #options: ProfitSwitcherOptions;
  /** Subject -> what was said of it last: nothing is said twice in a row. */
  readonly #said = new Map<string, string>();

  constructor(options: ProfitSwitcherOptions) {
    this.#options = options;
  }

  /** Never rejects; the signal ends it early, and nothing is switched then. */
  async round(pools: readonly CoinPool[], signal: AbortSignal): Promise<void> {
    const { portal, exchanges, ports, now } = this.#options;
    const contests = this.#contests(pools);
    if (contests.length === 0 || exchanges.length === 0) return;
    let running: ReadonlySet<string>;
    try {
      running = await ports.running();
      this.#over('running');
    } catch (error) {
      this.#say('running', `Nothing is switched: ${messageOf(error)}`);
      return;
    }
    const open = contests.filter((contest) => this.#hasChoice(contest, running));
    const symbols = symbolsOf(open.flatMap((contest) => contest.pools));
    const { depth } = portal.profitSwitch;
    const [answers, facts] = await Promise.all([
      this.#askExchanges(symbols, depth, signal),
      this.#askDaemons(open, running),
    ]);
    if (signal.aborted) return;
    const algorithms: AlgorithmProfit[] = [];
    for (const contest of open) {
      algorithms.push(await this.#settle(contest, running, answers, facts, signal));
    }
    await this.#publish({ time: now(), algorithms });
  }

  /** Algorithms with an enabled switch and two pools or more that may be behind it. Says once what can never switch. */
  #contests(pools: readonly CoinPool[]): Contest[] {
    const { portal, exchanges } = this.#options;
    const enabled = Object.entries(portal.switching).filter(([, { enabled }]) => enabled);
    if (enabled.length === 0) {
      this.#say('switches', 'Profit switching has nothing to do: no switch is enabled.');
    }
    if (exchanges.length === 0) {
      this.#say('exchanges', 'Profit switching has nobody to ask: no exchange is enabled.');
    }
    const algorithms = [...new Set(enabled.map(([, { algorithm }]) => algorithm))];
    return algorithms.flatMap((algorithm) => {
      const contest = {
        algorithm,
        switches: enabled.filter(([, one]) => one.algorithm === algorithm).map(([name]) => name),
        pools: pools.filter(
          (pool) => pool.coin.algorithm === algorithm && noMiningKeys(pool) === undefined,
        ),
      };
      if (contest.pools.length >= 2) return [contest];
      this.#say(
        algorithm,
        `Nothing can be switched for ${algorithm}: fewer than two of its pools pay mining keys.`,
      );
      return [];
    });
  }

  #hasChoice({ algorithm, pools }: Contest, running: ReadonlySet<string>): boolean {
    const coins = pools.filter(({ coin }) => running.has(coin.name));
    if (coins.length >= 2) return true;
    const only = coins[0]?.coin.name ?? 'none';
    this.#say(
      algorithm,
      `Nothing is switched for ${algorithm}: of its pools ${only === 'none' ? 'none runs' : `only ${only} runs`}.`,
    );
    return false;
  }

  async #askExchanges(
    symbols: readonly string[],
    depth: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ExchangeAnswer>> {
    const { exchanges } = this.#options;
    if (symbols.length === 0) return new Map();
    const asked = exchanges.map(
      async (exchange) => [exchange.title, await exchange.ask(symbols, depth, signal)] as const,
    );
    return new Map(await Promise.all(asked));
  }

  /** Only of running pools: the others are not chosen anyway. */
  async #askDaemons(
    contests: readonly Contest[],
    running: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, ChainFacts>> {
    const facts = new Map<string, ChainFacts>();
    const coins = contests.flatMap(({ pools }) => pools.map(({ coin }) => coin.name));
    await Promise.all(
      coins
        .filter((coin) => running.has(coin))
        .map(async (coin) => {
          try {
            facts.set(coin, await this.#options.ports.facts(coin));
            this.#over(`daemon ${coin}`);
          } catch (error) {
            this.#say(`daemon ${coin}`, `What ${coin} pays is not known: ${messageOf(error)}`);
          }
        }),
    );
    return facts;
  }

  async #settle(
    { algorithm, switches, pools }: Contest,
    running: ReadonlySet<string>,
    answers: ReadonlyMap<string, ExchangeAnswer>,
    facts: ReadonlyMap<string, ChainFacts>,
    signal: AbortSignal,
  ): Promise<AlgorithmProfit> {
    const { ports, log } = this.#options;
    const rows = pools.map((pool) => {
      const { name } = pool.coin;
      return profitOf(pool, running.has(name), facts.get(name), answers);
    });
    const standings = rows.map(({ profit, worth }) => ({
      coin: profit.coin,
      running: profit.running,
      btcPerDay: worth,
    }));
    const coins = rows
      .map(({ profit }) => profit)
      .sort((a, b) => (b.btcPerDay ?? -1) - (a.btcPerDay ?? -1));
    for (const line of tableLines(algorithm, coins)) log.debug(line);
    const after: { name: string; coin: string }[] = [];
    for (const name of switches) {
      const current = ports.current(name) ?? pools[0]?.coin.name ?? '';
      after.push({ name, coin: await this.#settleSwitch(name, current, standings, signal) });
    }
    this.#over(algorithm);
    return { algorithm, switches: after, coins };
  }

  /** The coin that it mines afterwards. Where the portal refuses the best coin, the next one is tried. */
  async #settleSwitch(
    name: string,
    current: string,
    standings: readonly Standing[],
    signal: AbortSignal,
  ): Promise<string> {
    const { minimumGain } = this.#options.portal.profitSwitch;
    const choice = chooseCoin(current, standings, minimumGain);
    if (choice.kind === 'stay') {
      this.#sayStay(name, current, choice, standings);
      return current;
    }
    const { coin } = choice;
    if (signal.aborted) return current;
    if (await this.#move(name, current, coin)) return coin;
    const others = standings.filter((standing) => standing.coin !== coin);
    return this.#settleSwitch(name, current, others, signal);
  }

  async #move(name: string, from: string, to: string): Promise<boolean> {
    const { ports, log } = this.#options;
    const subject = `move ${name} ${to}`;
    try {
      await ports.move(to, name);
      this.#over(subject);
      log.special(`The switch "${name}" was moved from ${from} to ${to}, which pays more now.`);
      return true;
    } catch (error) {
      this.#say(
        subject,
        `The switch "${name}" could not be moved from ${from} to ${to}: ${messageOf(error)}`,
      );
      return false;
    }
  }

  #sayStay(
    name: string,
    current: string,
    { why }: Extract<Choice, { kind: 'stay' }>,
    standings: readonly Standing[],
  ): void {
    const subject = `switch ${name}`;
    if (why === 'noFigures') {
      this.#say(subject, `The switch "${name}" stays with ${current}: no coin's worth is known.`);
    } else if (why === 'currentUnknown') {
      const known = standings.filter(({ btcPerDay }) => btcPerDay !== undefined);
      this.#say(
        subject,
        `The switch "${name}" stays with ${current}, whose worth is not known; known are ${known.map(({ coin }) => coin).join(', ')}.`,
      );
    } else this.#over(subject);
  }

  async #publish(table: ProfitTable): Promise<void> {
    try {
      await this.#options.ports.publish(table);
      this.#over('publish');
    } catch (error) {
      this.#say('publish', `The profitability table is not on the website: ${messageOf(error)}`);
    }
  }

  #say(subject: string, sentence: string): void {
    if (this.#said.get(subject) === sentence) return;
    this.#said.set(subject, sentence);
    this.#options.log.warning(sentence);
  }

  #over(subject: string): void {
    this.#said.delete(subject);
  }
}

/** Bitcoin is what the others are counted in: nobody is asked for its price. */
function symbolsOf(pools: readonly CoinPool[]): string[] {
  const symbols = pools.map(({ coin }) => coin.symbol.toUpperCase());
  return [...new Set(symbols)].filter((symbol) => symbol !== bitcoin);
}

/** `worth`: BTC of 1 MH/s a day; 0 if no exchange trades the coin, undefined if that is not known now. */
function profitOf(
  { coin }: CoinPool,
  running: boolean,
  facts: ChainFacts | undefined,
  answers: ReadonlyMap<string, ExchangeAnswer>,
): { profit: CoinProfit; worth: number | undefined } {
  const symbol = coin.symbol.toUpperCase();
  const perDay = facts && coinsPerDay(facts.difficulty, facts.reward);
  const known = [...answers].map(([exchange, answer]) => ({
    exchange,
    answer: answer?.get(symbol),
  }));
  const markets = perDay === undefined ? [] : marketsOf(symbol, perDay, known);
  const best = markets[0]?.btcPerDay;
  const profit = {
    ...{ coin: coin.name, symbol, running },
    difficulty: facts?.difficulty,
    reward: facts?.reward,
    coinsPerDay: perDay,
    btcPerDay: best,
    markets,
  };
  const untraded =
    known.length > 0 && known.every(({ answer }) => answer !== undefined && !answer.listed);
  return { profit, worth: best ?? (untraded && symbol !== bitcoin ? 0 : undefined) };
}

function marketsOf(
  symbol: string,
  perDay: number,
  known: readonly { readonly exchange: string; readonly answer: CoinQuotes | undefined }[],
): MarketProfit[] {
  if (symbol === bitcoin) {
    return [{ exchange: 'none needed', pair: 'BTC', bid: 1, btc: 1, btcPerDay: perDay }];
  }
  return known
    .flatMap(({ exchange, answer }) =>
      (answer?.quotes ?? []).map(({ pair, bid, btc }) => ({
        ...{ exchange, pair, bid, btc },
        btcPerDay: perDay * btc,
      })),
    )
    .filter(({ btcPerDay }) => btcPerDay > 0 && Number.isFinite(btcPerDay))
    .sort((a, b) => b.btcPerDay - a.btcPerDay);
}
