import { isAuxiliaryOnly } from '../config/auxiliaries.ts';
import { noMiningKeys } from '../config/miningKeys.ts';
import type { PoolConfig } from '../config/types.ts';
import type { ToChild } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { Pool, type PoolStats } from '../pool/pool.ts';
import { codeOf, messageOf } from '../primitives/errors.ts';
import { millis, systemClock } from '../primitives/units.ts';
import { Extranonces } from '../stratum/extranonce.ts';
import type { StratumServer } from '../stratum/server.ts';
import { type RunningChild, runChild, type StartMessage, tellMaster } from './childProcess.ts';
import { ForkDrain } from './forkDrain.ts';
import { type HandOff, poolConfigFrom } from './handOff.ts';
import { firstJobNumber } from './jobNumbers.ts';
import { LiveTeller } from './liveTeller.ts';
import { SwitchPorts } from './switchPorts.ts';

/** One fork: every configured pool, on shared ports. */
export function runPoolWorker(): void {
  runChild((start, handOff, log) => new PoolWorker(start, handOff, log));
}

class PoolWorker implements RunningChild {
  readonly #start: StartMessage;
  readonly #handOff: HandOff;
  readonly #log: Logger;
  readonly #extranonces: Extranonces;
  readonly #pools = new Map<string, Pool>();
  /** By coin: also of those that are only mined beside others. */
  readonly #configs = new Map<string, PoolConfig>();
  /** Pools that are about to take another one's place. */
  readonly #reloads = new Map<string, Pool>();
  readonly #switches: SwitchPorts;
  readonly #drain: ForkDrain;
  readonly #live: LiveTeller;
  /** Bans that came after the start: a reloaded pool needs them too. */
  readonly #bans = new Map<string, number>();

  constructor(start: StartMessage, handOff: HandOff, log: Logger) {
    this.#start = start;
    this.#handOff = handOff;
    this.#log = log;
    this.#extranonces = new Extranonces(start.extranonce);
    for (const { ip, until } of start.bans) this.#bans.set(ip, until);
    this.#switches = new SwitchPorts({
      switching: handOff.portal.switching,
      pools: () => [...this.#configs.values()],
      coins: start.switches,
      forkId: start.forkId,
      extranonces: this.#extranonces,
      bans: () => [...this.#bans].map(([ip, until]) => ({ ip, until: millis(until) })),
      onBan: (ip, until, why, by) => this.#banned(ip, until, why, by),
      onPortTaken: (message) => tellMaster({ type: 'fatal', message }),
      log,
      now: systemClock,
    });
    this.#drain = new ForkDrain(() => this.#servers(), log);
    this.#live = new LiveTeller({
      redis: handOff.portal.redis,
      forkId: start.forkId,
      stats: () => this.#stats(),
      log,
      now: systemClock,
    });
    for (const config of handOff.pools) this.#configs.set(config.coin.name, config);
    for (const config of handOff.pools) if (!isAuxiliaryOnly(config)) this.#run(config);
  }

  /** Of every pool, and of the coins that are only mined beside one. */
  #stats(): PoolStats[] {
    const pools = [...this.#pools.values()];
    const beside = pools
      .flatMap((pool) => pool.auxiliaryStats())
      .filter(({ coin }) => !this.#pools.has(coin));
    const once = new Map(beside.map((stats) => [stats.coin, stats]));
    return [...pools.map((pool) => pool.stats()), ...once.values()];
  }

  /** Everything that miners of this fork are connected to. */
  #servers(): readonly StratumServer[] {
    const pools = [...this.#pools.values()].flatMap((pool) => pool.server() ?? []);
    return [...pools, ...this.#switches.servers()];
  }

  #run(config: PoolConfig): void {
    const { coin } = config;
    const log = this.#logFor(coin.name);
    const pool = this.#create(config, log);
    this.#pools.set(coin.name, pool);
    pool.start().catch((error: unknown) => {
      log.error(`The pool does not start: ${messageOf(error)}`);
      if (codeOf(error) === 'STRATUM_PORT_TAKEN') {
        tellMaster({ type: 'fatal', message: messageOf(error) });
      }
    });
  }

  #logFor(coin: string): Logger {
    return this.#log.child('Pool', `${coin} (thread ${this.#start.forkId})`);
  }

  #create(config: PoolConfig, log: Logger, takeOver?: () => StratumServer | undefined): Pool {
    const pool: Pool = new Pool({
      config,
      stats: this.#handOff.portal.website.stats,
      dataDir: this.#handOff.dataDir,
      forkId: this.#start.forkId,
      extranonces: this.#extranonces,
      bans: [...this.#bans].map(([ip, until]) => ({ ip, until })),
      log,
      now: systemClock,
      firstSequence: firstJobNumber(
        Math.max(
          this.#handOff.pools.findIndex(({ file }) => file === config.file),
          0,
        ),
        this.#handOff.pools.length,
      ),
      onBan: (ip, until, why) => this.#banned(ip, until, why, pool),
      onBlockNews: (hash) => tellMaster({ type: 'blocknotify', coin: config.coin.name, hash }),
      onReady: (chainsFault) => {
        const coin = config.coin.name;
        const noKeys = noMiningKeys(config) ?? chainsFault;
        if (noKeys === undefined) this.#switches.poolReady(coin, pool);
        tellMaster({ type: 'poolReady', coin, noKeys });
      },
      onJob: (job) => this.#switches.onJob(pool, job),
      auxiliary: (config.auxiliary ?? []).flatMap((coin) => this.#configs.get(coin) ?? []),
      onAuxBlockNews: (coin, hash) => {
        this.#heardOfBlock(coin, hash);
        tellMaster({ type: 'blocknotify', coin, hash });
      },
      ...(takeOver === undefined ? {} : { takeOver }),
    });
    return pool;
  }

  onMessage(message: ToChild): void {
    switch (message.type) {
      case 'banIP':
        this.#ban(message.ban.ip, message.ban.until);
        break;
      case 'blocknotify':
        this.#heardOfBlock(message.coin, message.hash);
        break;
      case 'reloadpool':
        void this.#reload(message.coin, poolConfigFrom(message.pool));
        break;
      case 'coinswitch':
        this.#switches.coinSwitch(message);
        break;
      case 'drain':
        this.#drain.set(message.seconds);
        break;
      case 'say':
        for (const server of this.#servers()) server.say(message.text);
        break;
      case 'start':
      case 'stop':
      case 'ask':
      case 'logLevel':
        break;
    }
  }

  #heardOfBlock(coin: string, hash: string): void {
    this.#pools.get(coin)?.heardOfBlock(hash);
    for (const pool of this.#pools.values()) pool.heardOfAuxBlock(coin);
  }

  async ask(command: string, params: readonly string[]): Promise<unknown> {
    const [name = ''] = params;
    const pools = [...this.#pools];
    switch (command) {
      case 'stats':
        return this.#stats();
      case 'miners':
        return [
          ...pools
            .filter(([coin]) => name === '' || coin === name)
            .flatMap(([coin, pool]) => pool.miners().map((miner) => ({ coin, ...miner }))),
          ...this.#switches.miners(name),
        ];
      case 'switches':
        return this.#switches.stats();
      case 'kick':
        return (
          pools.reduce((sum, [, pool]) => sum + pool.kick(name), 0) + this.#switches.kick(name)
        );
      default:
        throw new RangeError(`a pool worker does not know "${command}"`);
    }
  }

  /** A pool or a switch of this fork has banned it. */
  #banned(ip: string, until: number, why: string, by: Pool | StratumServer): void {
    this.#ban(ip, until, by);
    tellMaster({ type: 'banIP', ban: { ip, until, why } });
  }

  /** A banned IP is banned from every pool and every switch of this fork. */
  #ban(ip: string, until: number, except?: Pool | StratumServer): void {
    this.#bans.set(ip, until);
    for (const pool of this.#pools.values()) if (pool !== except) pool.ban(ip, until);
    for (const server of this.#switches.servers()) {
      if (server !== except) server.ban(ip, millis(until));
    }
  }

  /** The old pool goes on until the new one is ready for its miners, and for good if that one cannot start. */
  async #reload(coin: string, config: PoolConfig | undefined): Promise<void> {
    if (config === undefined) return;
    const before = this.#configs.get(coin);
    this.#configs.set(coin, config);
    const parents = [...this.#configs.values()].filter(({ auxiliary }) =>
      auxiliary?.includes(coin),
    );
    // A chain that is mined beside others is taken anew by their pools.
    for (const parent of parents) void this.#replace(parent, parent);
    if (!isAuxiliaryOnly(config)) return this.#replace(config, before);
    const old = this.#pools.get(coin);
    tellMaster({ type: 'poolReady', coin, noKeys: noMiningKeys(config) });
    this.#switches.poolGone(coin);
    this.#pools.delete(coin);
    await old?.stop();
  }

  async #replace(config: PoolConfig, before: PoolConfig | undefined): Promise<void> {
    const coin = config.coin.name;
    const log = this.#logFor(coin);
    // A reload that has not come to an end yet is overtaken by this one.
    const waiting = this.#reloads.get(coin);
    await waiting?.stop();
    const old = this.#pools.get(coin);
    const pool = this.#create(config, log, () => old?.handOver());
    this.#reloads.set(coin, pool);
    try {
      await pool.start();
      if (this.#reloads.get(coin) !== pool) return;
      this.#pools.set(coin, pool);
      await old?.stop();
      await pool.resumeBlocks();
      log.special('The pool was reloaded.');
    } catch (error) {
      const why = messageOf(error);
      if (old === undefined || before === undefined || old.server() !== undefined) {
        log.error(`The reloaded pool does not start, the old one goes on: ${why}`);
      } else {
        // The new ports could not be had when the old ones were closed already.
        log.error(`The reloaded pool does not start, the old one is started again: ${why}`);
        await old.stop();
        this.#configs.set(coin, before);
        this.#run(before);
      }
    }
    if (this.#reloads.get(coin) === pool) this.#reloads.delete(coin);
  }

  async stop(): Promise<void> {
    const pools = [...this.#reloads.values(), ...this.#pools.values()];
    this.#drain.end();
    this.#switches.stopAccepting();
    // Shares that the pools have taken are answered before their miners' sockets are closed.
    await Promise.all(pools.map((pool) => pool.stop()));
    await this.#switches.close();
    await this.#live.close();
  }
}
