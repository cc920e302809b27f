import { noMiningKeys } from '../config/miningKeys.ts';
import type { PoolConfig, SwitchConfig } from '../config/types.ts';
import type { SwitchCoin } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Clock, type Millis, millis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { type CoinKeys, portalKeys } from '../redis/keys.ts';
import { readHash } from '../redis/read.ts';
import type { CliAnswer } from './cliListener.ts';

// Which coin is behind each switch. The master alone decides: what an operator (or the profit switcher) chose is kept
// over restarts; while the chosen coin's pool takes no miners anywhere, another of the same algorithm stands in.

export interface SwitchView {
  readonly name: string;
  readonly algorithm: string;
  readonly ports: readonly number[];
  readonly coin: string;
  readonly since: Millis;
}

export interface SwitchMove {
  readonly switch: string;
  readonly from: string;
  readonly to: string;
  readonly time: Millis;
}

export interface SwitchesOptions {
  readonly switching: Readonly<Record<string, SwitchConfig>>;
  pools(): readonly PoolConfig[];
  /** Of the portal. */
  readonly redis: RedisConnection;
  readonly log: Logger;
  readonly now: Clock;
  /** To every process that follows the switches. */
  tell(coin: SwitchCoin): void;
  /** For the event streams of both coins. Must not throw. */
  onMove(move: SwitchMove): void;
  /** Milliseconds that the chosen coin's pool may take to be ready, while another one is; default 10,000. */
  readonly patience?: number;
}

/** What a command asks for: one switch by its name, or all of an algorithm. */
export interface SwitchWish {
  readonly name: string | undefined;
  readonly algorithm: string | undefined;
}

interface Switch {
  readonly name: string;
  readonly algorithm: string;
  readonly ports: readonly number[];
  /** As an operator wants it, or as the configuration begins. */
  chosen: string;
  /** What is behind the ports: another one only while the chosen one has no running pool. */
  coin: string;
  since: Millis;
  /** Somebody has chosen since the start: what Redis remembers is older. */
  decided: boolean;
  /** The choice is in Redis. */
  kept: boolean;
  waiting: NodeJS.Timeout | undefined;
}

const usualPatience = 10_000;
const minute = 60_000;

export class Switches {
  readonly #options: SwitchesOptions;
  readonly #log: Logger;
  readonly #trouble: OncePer;
  readonly #switches: readonly Switch[];
  /** Fork -> coins whose pools take miners there, and whose miners can be paid by mining key. */
  readonly #ready = new Map<number, Set<string>>();
  /** Coin -> why its chain pays no mining keys. */
  readonly #noKeys = new Map<string, string>();
  readonly #unsaved = new Set<Switch>();
  readonly #forget: () => void;
  #restored = false;
  #closed = false;

  constructor(options: SwitchesOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#trouble = new OncePer(minute, options.now);
    this.#switches = this.#makeSwitches();
    this.#forget =
      this.#switches.length === 0
        ? () => undefined
        : options.redis.onReady(() => void this.#redisIsBack());
  }

  #makeSwitches(): readonly Switch[] {
    return Object.entries(this.#options.switching).flatMap(([name, config]) => {
      if (!config.enabled) return [];
      const { algorithm } = config;
      for (const pool of this.#options.pools()) {
        const fault = pool.coin.algorithm === algorithm ? noMiningKeys(pool) : undefined;
        if (fault === undefined) continue;
        this.#log.warning(
          `The pool for ${pool.coin.displayName} ${fault}: it is never put behind the switch "${name}".`,
        );
      }
      const [first] = this.#candidates(algorithm);
      if (first === undefined) {
        this.#log.error(
          `The switch "${name}" is not opened: no pool for the algorithm ${algorithm} runs here that pays mining keys.`,
        );
        return [];
      }
      const ports = Object.keys(config.ports).map(Number);
      const start = { chosen: first, coin: first, since: this.#options.now() };
      const rest = { decided: false, kept: true, waiting: undefined };
      return [{ name, algorithm, ports, ...start, ...rest }];
    });
  }

  /** Coins that may be behind a switch of this algorithm, in the order of the configuration. */
  #candidates(algorithm: string): string[] {
    return this.#options
      .pools()
      .filter((pool) => pool.coin.algorithm === algorithm && noMiningKeys(pool) === undefined)
      .map((pool) => pool.coin.name)
      .filter((coin) => !this.#noKeys.has(coin));
  }

  /** Puts back what was chosen before the restart. To be called before the forks start; never rejects. */
  async restore(): Promise<void> {
    if (this.#switches.length === 0) return;
    const { redis } = this.#options;
    let kept: ReadonlyMap<string, string>;
    let shown: ReadonlyMap<string, string>;
    try {
      kept = await readHash(redis, portalKeys.proxyState);
      shown = await readHash(redis, portalKeys.switchState);
    } catch (error) {
      this.#log.warning(
        `The coins of the switches cannot be restored before Redis answers, until then each has its first coin: ${messageOf(error)}`,
      );
      return;
    }
    this.#restored = true;
    for (const one of this.#switches) {
      if (one.decided) continue;
      const coin = (kept.get(one.name) ?? kept.get(one.algorithm))?.toLowerCase();
      if (coin !== undefined && !this.#candidates(one.algorithm).includes(coin)) {
        this.#log.warning(
          `The switch "${one.name}" was on ${JSON.stringify(coin)}, for which there is no pool of ${one.algorithm} any more: it begins with ${one.chosen}.`,
        );
      } else if (coin !== undefined) {
        one.chosen = coin;
      }
      // Without a running fork nobody has to be moved.
      if (this.#ready.size === 0) one.coin = one.chosen;
      one.since = sinceOf(shown.get(one.name), one.coin) ?? one.since;
      await this.#save(one);
      this.#look(one);
    }
  }

  async #redisIsBack(): Promise<void> {
    if (!this.#restored) await this.restore();
    for (const one of [...this.#unsaved]) await this.#save(one);
  }

  /** For a process that starts. */
  get coins(): readonly SwitchCoin[] {
    return this.#switches.map(({ name, coin }) => ({ switch: name, coin }));
  }

  list(): readonly SwitchView[] {
    return this.#switches.map(({ name, algorithm, ports, coin, since }) => ({
      ...{ name, algorithm, ports, coin, since },
    }));
  }

  // What runs

  /** `noKeys`: why the coin's miners cannot be paid by mining key, if so. */
  poolReady(fork: number, coin: string, noKeys: string | undefined): void {
    const ready = this.#ready.get(fork) ?? new Set();
    this.#ready.set(fork, ready);
    if (noKeys === undefined) {
      ready.add(coin);
      this.#noKeys.delete(coin);
    } else {
      ready.delete(coin);
      this.#sayNoKeys(coin, noKeys);
    }
    for (const one of this.#switches) this.#look(one);
  }

  #sayNoKeys(coin: string, why: string): void {
    const known = this.#noKeys.has(coin);
    this.#noKeys.set(coin, why);
    const pool = this.#options.pools().find((other) => other.coin.name === coin);
    const algorithm = pool?.coin.algorithm;
    if (known || !this.#switches.some((one) => one.algorithm === algorithm)) return;
    this.#log.error(`The pool for ${coin} ${why}: it is never put behind a switching port.`);
  }

  forkDied(fork: number): void {
    this.#ready.delete(fork);
    for (const one of this.#switches) this.#look(one);
  }

  #isReady(coin: string): boolean {
    return [...this.#ready.values()].some((coins) => coins.has(coin));
  }

  /** Goes to the chosen coin when it can be mined, and away from one that has no running pool after a while. */
  #look(one: Switch): void {
    const chosenIsReady = this.#isReady(one.chosen);
    if (chosenIsReady || this.#isReady(one.coin)) {
      clearTimeout(one.waiting);
      one.waiting = undefined;
    }
    if (chosenIsReady) {
      if (one.coin !== one.chosen) this.#move(one, one.chosen, 'its pool takes miners now');
      return;
    }
    if (this.#isReady(one.coin) || one.waiting !== undefined || this.#closed) return;
    if (this.#standIn(one) === undefined) return;
    one.waiting = setTimeout(() => {
      one.waiting = undefined;
      const other = this.#standIn(one);
      if (other === undefined || this.#isReady(one.chosen) || this.#isReady(one.coin)) return;
      this.#move(one, other, `the pool for ${one.chosen} does not take miners yet`);
    }, this.#options.patience ?? usualPatience);
  }

  #standIn(one: Switch): string | undefined {
    return this.#candidates(one.algorithm).find((coin) => this.#isReady(coin));
  }

  #move(one: Switch, to: string, why: string): void {
    const { coin: from, name } = one;
    const time = this.#options.now();
    one.coin = to;
    one.since = time;
    this.#log.special(`The switch "${name}" moves its miners from ${from} to ${to}: ${why}.`);
    this.#options.tell({ switch: name, coin: to });
    this.#options.onMove({ switch: name, from, to, time });
    void this.#save(one);
  }

  // What people say

  /** `coin` has a pool. Answers in a sentence; nothing is changed when anything is wrong. */
  coinSwitch(coin: string, wish: SwitchWish): CliAnswer {
    const pool = this.#options.pools().find((other) => other.coin.name === coin);
    if (pool === undefined) return wrong(`there is no pool for "${coin}".`);
    const wanted = this.#wanted(wish);
    if (typeof wanted === 'string') return wrong(wanted);
    const { algorithm } = pool.coin;
    const other = wanted.find((one) => one.algorithm !== algorithm);
    if (other !== undefined) {
      return wrong(
        `"${other.name}" is a switch for ${other.algorithm}, but ${coin} is ${algorithm}.`,
      );
    }
    const fault = noMiningKeys(pool) ?? this.#noKeys.get(coin);
    if (fault !== undefined) {
      return wrong(`the pool for ${coin} ${fault}: it cannot be behind a switch.`);
    }
    if (!this.#isReady(coin)) {
      return wrong(
        `the pool for ${coin} has not started: it takes no miners yet, the log says what it waits for.`,
      );
    }
    return right(wanted.map((one) => this.#choose(one, coin)).join(' '));
  }

  #choose(one: Switch, coin: string): string {
    one.chosen = coin;
    one.decided = true;
    one.kept = false;
    clearTimeout(one.waiting);
    one.waiting = undefined;
    const from = one.coin;
    if (from === coin) {
      void this.#save(one);
      return `"${one.name}" is on ${coin} already.`;
    }
    this.#move(one, coin, 'by command');
    return `"${one.name}" moves its miners from ${from} to ${coin}.`;
  }

  /** The switches that are meant, or a sentence. */
  #wanted({ name, algorithm }: SwitchWish): readonly Switch[] | string {
    const { switching } = this.#options;
    if (name === undefined && algorithm === undefined) {
      return `coinswitch needs the coin and the name of a switch, or -algorithm=NAME for all switches of it; ${this.#known()}.`;
    }
    if (name === undefined) {
      const all = this.#switches.filter((one) => one.algorithm === algorithm?.toLowerCase());
      return all.length > 0 ? all : `no enabled switch is for "${algorithm}"; ${this.#known()}.`;
    }
    if (!Object.hasOwn(switching, name)) return `there is no switch "${name}"; ${this.#known()}.`;
    if (switching[name]?.enabled !== true) {
      return `the switch "${name}" is disabled: set switching.${name}.enabled in config.json and start the portal anew.`;
    }
    const one = this.#switches.find((other) => other.name === name);
    if (one === undefined) {
      return `the switch "${name}" is not open: no pool of its algorithm runs here that pays mining keys.`;
    }
    if (algorithm !== undefined && algorithm.toLowerCase() !== one.algorithm) {
      return `"${name}" is a switch for ${one.algorithm}, not for ${algorithm}.`;
    }
    return [one];
  }

  #known(): string {
    if (this.#switches.length === 0) return 'no switch is enabled in config.json';
    const names = this.#switches.map(({ name, algorithm }) => `"${name}" (${algorithm})`);
    return `enabled are ${names.join(', ')}`;
  }

  // What is remembered

  /** The choice for the next start, and what is behind the ports for the website. Never rejects. */
  async #save(one: Switch): Promise<void> {
    const { name, algorithm, chosen, coin, since } = one;
    const { redis } = this.#options;
    this.#unsaved.add(one);
    try {
      if (!one.kept) {
        // The algorithm's field is for all its switches: those that stay where they are say so from now on.
        const alike = this.#switches.filter((other) => other.algorithm === algorithm);
        const fields = alike.flatMap((other) => [other.name, other.chosen]);
        await redis.command('HSET', portalKeys.proxyState, algorithm, chosen, ...fields);
        if (one.chosen === chosen) one.kept = true;
      }
      const text = JSON.stringify({ coin, since });
      await redis.command('HSET', portalKeys.switchState, name, text);
      if (one.kept && one.coin === coin && one.since === since) this.#unsaved.delete(one);
    } catch (error) {
      if (this.#closed || !this.#trouble.allows('save')) return;
      this.#log.warning(
        `The switch "${name}" is on ${coin}, which is written to Redis as soon as it answers: ${messageOf(error)}`,
      );
    }
  }

  close(): void {
    this.#closed = true;
    this.#forget();
    for (const one of this.#switches) clearTimeout(one.waiting);
  }
}

/** As the pools trim their streams. */
const keptEvents = 5_000;

/** For live pages. Rejects with RedisError. */
export async function tellMove(
  connection: RedisConnection,
  keys: CoinKeys,
  move: SwitchMove,
): Promise<void> {
  await connection.command(
    ...(['xadd', keys.events, 'MAXLEN', '~', keptEvents, '*'] as const),
    ...(['type', 'switch', 'data', JSON.stringify(move)] as const),
  );
}

/** Since when the switch has been on `coin`, if that is what it was on. */
function sinceOf(text: string | undefined, coin: string): Millis | undefined {
  const value = parseJson(text ?? '');
  if (!isRecord(value) || own(value, 'coin') !== coin) return undefined;
  const since = own(value, 'since');
  return typeof since === 'number' && Number.isFinite(since) ? millis(since) : undefined;
}

const right = (text: string): CliAnswer => ({ ok: true, text });
const wrong = (text: string): CliAnswer => ({ ok: false, text });
