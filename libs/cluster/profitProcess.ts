import { join } from 'node:path';
import type { PoolConfig } from '../config/types.ts';
import { askPortal, type PortalAnswer } from '../ipc/askPortal.ts';
import type { ToChild } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { pause } from '../primitives/pause.ts';
import { systemClock } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import { openRedis, type RedisConnection } from '../redis/connection.ts';
import { portalKeys } from '../redis/keys.ts';
import { ChainWatch } from '../switching/chainFacts.ts';
import { Exchange } from '../switching/exchange.ts';
import { enabledExchanges } from '../switching/exchanges/all.ts';
import { type ProfitPorts, ProfitSwitcher } from '../switching/profitSwitcher.ts';
import { type RunningChild, runChild, type StartMessage } from './childProcess.ts';
import { type HandOff, poolConfigFrom } from './handOff.ts';

/** Seconds for the pools to get their first work, before they are looked at. */
const firstWait = 30;

/** The process that moves switching ports to the coin that pays best. */
export function runProfitProcess(): void {
  runChild((start, handOff, log) => new ProfitProcess(start, handOff, log.child('Profit')));
}

class ProfitProcess implements RunningChild {
  readonly #handOff: HandOff;
  readonly #redis: RedisConnection;
  readonly #stop = new AbortController();
  readonly #chains = new Map<string, ChainWatch>();
  /** Switch -> the coin that it mines. */
  readonly #current = new Map<string, string>();
  readonly #work: Promise<void>;
  #pools: readonly PoolConfig[];

  constructor(start: StartMessage, handOff: HandOff, log: Logger) {
    this.#handOff = handOff;
    this.#pools = handOff.pools;
    for (const { switch: name, coin } of start.switches) this.#current.set(name, coin);
    const { portal } = handOff;
    this.#redis = openRedis(portal.redis, log);
    const switcher = new ProfitSwitcher({
      portal,
      exchanges: enabledExchanges(portal.profitSwitch).map(
        (adapter) => new Exchange(adapter, { log, now: systemClock }),
      ),
      ports: this.#ports(),
      log,
      now: systemClock,
    });
    this.#work = this.#run(switcher);
  }

  async #run(switcher: ProfitSwitcher): Promise<void> {
    const { signal } = this.#stop;
    const { updateInterval } = this.#handOff.portal.profitSwitch;
    await pause(Math.min(updateInterval, firstWait) * 1000, signal);
    while (!signal.aborted) {
      await switcher.round(this.#pools, signal);
      await pause(updateInterval * 1000, signal);
    }
  }

  #ports(): ProfitPorts {
    const { portal, dataDir } = this.#handOff;
    return {
      running: async () => {
        const place = { path: join(dataDir, 'cli.sock') };
        return runningOf(textOf(await askPortal(place, { command: 'pools', json: true })));
      },
      current: (name) => this.#current.get(name),
      facts: (coin) => this.#chain(coin).facts(),
      move: async (coin, name) => {
        const place = { host: '127.0.0.1', port: portal.cliPort };
        textOf(await askPortal(place, { command: 'coinswitch', params: [coin, name] }));
        this.#current.set(name, coin);
      },
      publish: async (table) => {
        await this.#redis.command('set', portalKeys.profitability, JSON.stringify(table));
      },
    };
  }

  #chain(coin: string): ChainWatch {
    const known = this.#chains.get(coin);
    if (known !== undefined) return known;
    const config = this.#pools.find((pool) => pool.coin.name === coin);
    if (config === undefined) throw new RangeError(`there is no pool for ${coin}`);
    const chain = new ChainWatch(config);
    this.#chains.set(coin, chain);
    return chain;
  }

  onMessage(message: ToChild): void {
    if (message.type === 'coinswitch') this.#current.set(message.switch, message.coin);
    if (message.type !== 'reloadpool') return;
    const pool = poolConfigFrom(message.pool);
    if (pool === undefined) return;
    this.#pools = this.#pools.map((old) => (old.coin.name === message.coin ? pool : old));
    this.#chains.get(message.coin)?.close();
    this.#chains.delete(message.coin);
  }

  ask(command: string): Promise<unknown> {
    return Promise.reject(new RangeError(`the profit switcher does not know "${command}"`));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    // Daemons that do not answer are not waited for.
    for (const chain of this.#chains.values()) chain.close();
    // A question to the portal, which is ending too, may stay without an answer.
    await Promise.race([this.#work, pause(1_000, new AbortController().signal)]);
    await this.#redis.close();
  }
}

function textOf({ ok, text }: PortalAnswer): string {
  if (!ok) throw new RangeError(text);
  return text;
}

/** Pools that have work for miners, of the answer to `pools -json`. */
function runningOf(text: string): ReadonlySet<string> {
  const pools = parseJson(text);
  if (!Array.isArray(pools)) throw new RangeError('The portal does not say which pools run.');
  const running = new Set<string>();
  for (const pool of pools) {
    const coin = isRecord(pool) ? own(pool, 'coin') : undefined;
    if (isRecord(pool) && typeof coin === 'string' && typeof own(pool, 'height') === 'number') {
      running.add(coin);
    }
  }
  return running;
}
