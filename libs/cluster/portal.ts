import os from 'node:os';
import { join } from 'node:path';
import type { LoadedConfig } from '../config/loadConfig.ts';
import { formatProblem } from '../config/loadConfig.ts';
import type { PoolConfig, PortalConfig } from '../config/types.ts';
import type { Ban, ToChild, ToMaster } from '../ipc/messages.ts';
import type { RootLogger } from '../log/logger.ts';
import { codeOf, messageOf } from '../primitives/errors.ts';
import { systemClock } from '../primitives/units.ts';
import { openRedis, type RedisConnection, waitForRedis } from '../redis/connection.ts';
import { type CoinKeys, coinKeys } from '../redis/keys.ts';
import { keepNotice, tellNotice } from '../redis/notice.ts';
import { banKey } from '../stratum/bans.ts';
import { Asking } from './asking.ts';
import { BanStore } from './banStore.ts';
import type { CheckReport } from './checkCommand.ts';
import { checkServices } from './checkServices.ts';
import { setLevel } from './childProcess.ts';
import { type CliListener, listenForCommands } from './cliListener.ts';
import { runCommand } from './commands.ts';
import { ExtranonceRanges } from './extranonceRanges.ts';
import type { HandOff } from './handOff.ts';
import { claimInstance } from './instance.ts';
import { paysMiners } from './mposPools.ts';
import { type OperatorEffects, runOperatorCommand } from './operatorCommands.ts';
import { type Role, spawnRole } from './roles.ts';
import { Supervisor } from './supervisor.ts';
import { Switches, type SwitchMove, tellMove } from './switches.ts';

/** Children get this long to end cleanly, in milliseconds, before they are killed. */
const childPatience = 9_500;
const redisPatience = 3_000;

const processNames = {
  payments: 'payment processor',
  website: 'website',
  profit: 'profit switcher',
} as const;

interface Fork {
  readonly supervisor: Supervisor;
  readonly role: Role;
}

/** The running portal: the processes that the master watches, and what it passes between them. */
export class Portal {
  readonly #portal: PortalConfig;
  readonly #dataDir: string;
  readonly #reload: () => LoadedConfig;
  readonly #log: RootLogger;
  readonly #asking = new Asking();
  readonly #redis: RedisConnection;
  readonly #banStore: BanStore;
  readonly #forks: Fork[] = [];
  readonly #bans = new Map<string, Ban>();
  readonly #switches: Switches;
  #pools: readonly PoolConfig[];
  #ranges: ExtranonceRanges | undefined;
  #cli: readonly CliListener[] = [];
  #stopping = false;
  #draining = false;

  constructor(
    portal: PortalConfig,
    pools: readonly PoolConfig[],
    dataDir: string,
    reload: () => LoadedConfig,
    log: RootLogger,
  ) {
    this.#portal = portal;
    this.#pools = pools;
    this.#dataDir = dataDir;
    this.#reload = reload;
    this.#log = log;
    this.#redis = openRedis(portal.redis, log);
    this.#banStore = new BanStore(this.#redis, log, systemClock);
    this.#switches = new Switches({
      switching: portal.switching,
      pools: () => this.#pools,
      redis: this.#redis,
      log: log.child('Switch'),
      now: systemClock,
      tell: (coin) => {
        this.#tell('pool', { type: 'coinswitch', ...coin });
        this.#tell('profit', { type: 'coinswitch', ...coin });
      },
      onMove: (move) => this.#tellMove(move),
    });
  }

  async start(): Promise<void> {
    process.on('SIGINT', () => this.#signalled('SIGINT'));
    process.on('SIGTERM', () => this.#signalled('SIGTERM'));
    if (!(await this.#listenForCommands())) {
      await this.#redis.close();
      process.exitCode = 1;
      return;
    }
    // A Redis that is away must not keep the portal from starting.
    await waitForRedis(this.#redis, AbortSignal.timeout(redisPatience)).catch(() => undefined);
    this.#ranges = new ExtranonceRanges(await claimInstance(this.#redis, this.#log));
    await this.#loadBans();
    await this.#switches.restore();
    if (this.#stopping) return;
    const forks = this.#pools.length === 0 ? 0 : forkCount(this.#portal);
    for (let forkId = 0; forkId < forks; forkId++) this.#startFork('pool', forkId);
    if (this.#pools.some(paysMiners)) this.#startFork('payments', 0);
    if (this.#portal.website.enabled) this.#startFork('website', 0);
    if (this.#portal.profitSwitch.enabled) this.#startFork('profit', 0);
    this.#log.special(
      `The portal runs: ${this.#pools.length} pool(s) on ${forks} fork(s), commands on port ${this.#cli[0]?.port}.`,
    );
  }

  async #loadBans(): Promise<void> {
    const bans = await this.#banStore.load().catch(() => []);
    for (const ban of bans) this.#bans.set(ban.ip, ban);
    if (bans.length > 0) this.#log.debug(`${bans.length} ban(s) of an earlier start are in force.`);
  }

  async #listenForCommands(): Promise<boolean> {
    const effects = this.#effects();
    const log = this.#log.child('CLI');
    const { cliPort } = this.#portal;
    const path = join(this.#dataDir, 'cli.sock');
    try {
      const port = await listenForCommands(
        { port: cliPort },
        (command) => runCommand(command, effects),
        log,
      );
      this.#cli = [port];
      const file = await listenForCommands(
        { path },
        (command) => runOperatorCommand(command, effects),
        log,
      );
      this.#cli = [port, file];
      return true;
    } catch (error) {
      const place =
        this.#cli.length === 0 ? `The CLI port ${cliPort}` : `The command socket ${path}`;
      const why = codeOf(error) === 'EADDRINUSE' ? 'it is in use' : messageOf(error);
      this.#log.error(`${place} cannot be opened: ${why}.`);
      for (const listener of this.#cli) void listener.close();
      return false;
    }
  }

  #effects(): OperatorEffects {
    return {
      coins: () => this.#pools.map((pool) => pool.coin.name),
      blockNotify: (coin, hash) => this.#tell('pool', { type: 'blocknotify', coin, hash }),
      reloadPool: (coin) => this.#reloadPool(coin),
      coinSwitch: (coin, wish) => this.#switches.coinSwitch(coin, wish),
      switches: () => this.#switches.list(),
      ask: (role, command, params) => this.#ask(role, command, params),
      bans: () => this.#currentBans(),
      ban: (ip, seconds, why) =>
        this.#ban({ ip: banKey(ip), until: Date.now() + seconds * 1000, why }),
      unban: (ip) => {
        const key = banKey(ip);
        if (!this.#currentBans().some((ban) => ban.ip === key)) return false;
        // A ban that is over lifts the one in force.
        this.#ban({ ip: key, until: 0, why: 'lifted' });
        return true;
      },
      setLogLevel: (level) => {
        setLevel(this.#log, level);
        for (const { supervisor } of this.#forks) supervisor.send({ type: 'logLevel', level });
      },
      pools: () => this.#pools,
      inRedis: (pool, read) => this.#inRedis(pool, read),
      notice: (text) => this.#notice(text),
      check: () => this.#check(),
      isDraining: () => this.#draining,
      drain: (seconds) => {
        this.#draining = seconds !== undefined;
        this.#tell('pool', { type: 'drain', seconds });
      },
      processes: () => [
        { name: 'master', pid: process.pid },
        ...this.#forks.map(({ supervisor }) => ({ name: supervisor.name, pid: supervisor.pid })),
      ],
    };
  }

  #ban(ban: Ban): void {
    this.#bans.set(ban.ip, ban);
    void this.#banStore.save(ban);
    this.#tell('pool', { type: 'banIP', ban });
  }

  async #ask(role: Role, command: string, params: readonly string[]): Promise<readonly unknown[]> {
    const forks = this.#forks.filter((fork) => fork.role === role);
    if (forks.length === 0) throw new RangeError(`no ${role} process runs in this portal`);
    const answers = await Promise.allSettled(
      forks.map(({ supervisor }) =>
        this.#asking.ask((id) => supervisor.send({ type: 'ask', id, command, params })),
      ),
    );
    const good = answers.filter((answer) => answer.status === 'fulfilled');
    const [bad] = answers.filter((answer) => answer.status === 'rejected');
    if (good.length === 0 && bad !== undefined) throw bad.reason;
    return good.map(({ value }) => value);
  }

  #startFork(role: Role, forkId: number): void {
    const name = role === 'pool' ? `pool worker ${forkId}` : processNames[role];
    let range = { first: 0, count: 0 };
    const supervisor = new Supervisor({
      name,
      log: this.#log,
      spawn: () => {
        if (role === 'pool' && this.#ranges !== undefined) range = this.#ranges.deal();
        const child = spawnRole(role, (message) => {
          if (message.type === 'poolReady') {
            return this.#switches.poolReady(forkId, message.coin, message.noKeys);
          }
          if (message.type !== 'hello') return this.#heard(message, supervisor);
          child.send({
            type: 'start',
            forkId,
            config: this.#handOff(),
            extranonce: range,
            bans: this.#currentBans(),
            switches: this.#switches.coins,
          } satisfies ToChild);
          // Nobody is connected to it yet.
          if (this.#draining && role === 'pool') child.send({ type: 'drain', seconds: 1 });
        });
        return child;
      },
      onDied: () => {
        if (role !== 'pool') return;
        this.#ranges?.giveBack(range);
        this.#switches.forkDied(forkId);
      },
    });
    this.#forks.push({ supervisor, role });
    supervisor.start();
  }

  #heard(message: ToMaster, from: Supervisor): void {
    switch (message.type) {
      case 'banIP':
        this.#bans.set(message.ban.ip, message.ban);
        void this.#banStore.save(message.ban);
        this.#tellOthers(message, from);
        break;
      case 'blocknotify':
        this.#tellOthers(message, from);
        break;
      case 'answer':
        this.#asking.answered(message);
        break;
      case 'fatal':
        this.#log.error(message.message);
        void this.#stop(1);
        break;
      case 'hello':
      case 'poolReady':
        break;
    }
  }

  #tellOthers(message: ToChild, from: Supervisor): void {
    for (const { supervisor, role } of this.#forks) {
      if (role === 'pool' && supervisor !== from) supervisor.send(message);
    }
  }

  #handOff(): HandOff {
    return { portal: this.#portal, pools: this.#pools, dataDir: this.#dataDir };
  }

  #currentBans(): Ban[] {
    const now = Date.now();
    for (const [ip, ban] of this.#bans) if (ban.until <= now) this.#bans.delete(ip);
    return [...this.#bans.values()];
  }

  #tell(role: Role, message: ToChild): void {
    for (const fork of this.#forks) if (fork.role === role) fork.supervisor.send(message);
  }

  /** Reads the pool's files again and hands them to the forks. A sentence when they cannot be used. */
  #reloadPool(coin: string): string | undefined {
    const loaded = this.#reload();
    const errors = loaded.problems
      .filter(({ severity }) => severity === 'error')
      .map(formatProblem);
    if (errors.length > 0)
      return `the configuration has errors, nothing was changed: ${errors.join('; ')}`;
    const pool = loaded.pools.find((candidate) => candidate.coin.name === coin);
    if (pool === undefined) {
      return `no enabled pool file for ${coin} is there any more; restart the portal to remove the pool.`;
    }
    this.#pools = this.#pools.map((old) => (old.coin.name === coin ? pool : old));
    this.#tell('pool', { type: 'reloadpool', coin, pool });
    this.#tell('payments', { type: 'reloadpool', coin, pool });
    this.#tell('website', { type: 'reloadpool', coin, pool });
    this.#tell('profit', { type: 'reloadpool', coin, pool });
    return undefined;
  }

  async #inRedis<T>(
    { coin, redis }: PoolConfig,
    read: (connection: RedisConnection, keys: CoinKeys) => Promise<T>,
  ): Promise<T> {
    const connection = openRedis(redis, this.#log);
    try {
      await waitForRedis(connection, AbortSignal.timeout(redisPatience)).catch(() => undefined);
      return await read(connection, coinKeys(coin.name, redis.hashTag));
    } finally {
      await connection.close();
    }
  }

  /** In the event streams of both coins, for live pages. */
  #tellMove(move: SwitchMove): void {
    for (const pool of this.#pools) {
      if (pool.coin.name !== move.from && pool.coin.name !== move.to) continue;
      this.#inRedis(pool, (connection, keys) => tellMove(connection, keys, move)).catch(
        () => undefined,
      );
    }
  }

  /** On the pages of this portal, and to its miners, many of which show such texts. */
  async #notice(text: string): Promise<void> {
    const notice = { text, time: Date.now() };
    await keepNotice(this.#redis, notice);
    if (text !== '') this.#tell('pool', { type: 'say', text });
    const pools = this.#pools.filter(({ mposMode }) => !mposMode.enabled);
    await Promise.allSettled(
      pools.map((pool) =>
        this.#inRedis(pool, (connection, keys) => tellNotice(connection, keys, notice)),
      ),
    );
  }

  /** The files as they are now, not as they were read. */
  async #check(): Promise<CheckReport> {
    const { portal, pools, problems } = this.#reload();
    const lines = problems.map((problem) => `${problem.severity}: ${formatProblem(problem)}`);
    const sound = !problems.some(({ severity }) => severity === 'error');
    if (portal === undefined) return { ok: false, lines };
    const services = await checkServices(portal, pools);
    return { ok: sound && services.ok, lines: [...lines, ...services.lines] };
  }

  #signalled(signal: string): void {
    if (this.#stopping) process.exit(1);
    this.#log.special(
      `${signal}: the portal stops; shares and payments are brought to a safe end.`,
    );
    void this.#stop(0);
  }

  async #stop(exitCode: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await Promise.all([
      ...this.#cli.map((listener) => listener.close()),
      ...this.#forks.map(({ supervisor }) => supervisor.stop(childPatience)),
    ]);
    this.#switches.close();
    await this.#redis.close();
    process.exit(exitCode);
  }
}

function forkCount(portal: PortalConfig): number {
  const { enabled, forks } = portal.clustering;
  if (!enabled) return 1;
  return forks === 'auto' ? os.availableParallelism() : forks;
}
