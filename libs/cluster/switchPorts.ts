import { multiplierOf } from '../algos/multiplier.ts';
import { noMiningKeys } from '../config/miningKeys.ts';
import type { PoolConfig, SwitchConfig } from '../config/types.ts';
import type { SwitchCoin } from '../ipc/messages.ts';
import type { Job } from '../jobs/job.ts';
import type { Logger } from '../log/logger.ts';
import { type CertificateWatch, certificateFor, watchFor } from '../pool/certificate.ts';
import { connectionRules } from '../pool/connectionRules.ts';
import { isCalled, type Pool } from '../pool/pool.ts';
import { codeOf, messageOf } from '../primitives/errors.ts';
import { isHex } from '../primitives/hex.ts';
import { type Clock, millis } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import type { Ban } from '../stratum/bans.ts';
import type { ExtranonceSource } from '../stratum/extranonce.ts';
import { type CoinFacts, StratumServer } from '../stratum/server.ts';
import type { SessionFacts } from '../stratum/session.ts';
import type { AuthorizeAnswer, PoolBehind } from '../stratum/types.ts';

// The switching ports of one fork: a stratum server for each switch, in front of the pool of the coin that the master
// says. Moving its miners leaves their sockets, logins and extranonces as they are.

export interface SwitchPortsOptions {
  readonly switching: Readonly<Record<string, SwitchConfig>>;
  /** As they are now: a reload may change them. */
  pools(): readonly PoolConfig[];
  /** As the master says. */
  readonly coins: readonly SwitchCoin[];
  readonly forkId: number;
  /** The fork's own, so that no miner needs a new one when it moves. */
  readonly extranonces: ExtranonceSource;
  /** Those in force when ports are opened. */
  bans(): readonly Ban[];
  onBan(ip: string, until: number, why: string, by: StratumServer): void;
  /** Ports that another program holds: nothing can be done here. */
  onPortTaken(message: string): void;
  readonly log: Logger;
  readonly now: Clock;
}

export interface SwitchMiner extends SessionFacts {
  readonly coin: string;
  readonly switch: string;
}

export interface SwitchStats {
  readonly switch: string;
  /** Null while its ports are not open. */
  readonly coin: string | null;
  readonly connections: number;
  readonly workers: number;
}

/** A pool that takes miners. */
interface Ready {
  readonly coin: string;
  readonly pool: Pool;
}

export class SwitchPorts {
  readonly #ports: readonly SwitchPort[];
  readonly #ready = new Map<string, Ready>();

  constructor(options: SwitchPortsOptions) {
    this.#ports = options.coins.flatMap(({ switch: name, coin }) => {
      const config = Object.hasOwn(options.switching, name) ? options.switching[name] : undefined;
      return config === undefined ? [] : [new SwitchPort(name, config, coin, options)];
    });
  }

  /** A pool takes miners, for the first time or in place of an older one. */
  poolReady(coin: string, pool: Pool): void {
    this.#ready.set(coin, { coin, pool });
    for (const port of this.#ports) port.follow(this.#ready);
  }

  /** Its miners stay where they are until the master says where they go. */
  poolGone(coin: string): void {
    this.#ready.delete(coin);
  }

  coinSwitch({ switch: name, coin }: SwitchCoin): void {
    for (const port of this.#ports) {
      if (port.name !== name) continue;
      port.wanted = coin;
      port.follow(this.#ready);
    }
  }

  onJob(pool: Pool, job: Job): void {
    for (const port of this.#ports) port.onJob(pool, job);
  }

  /** Those that are open. */
  servers(): readonly StratumServer[] {
    return this.#ports.flatMap(({ server }) => server ?? []);
  }

  miners(coin = ''): SwitchMiner[] {
    return this.#ports
      .filter((port) => coin === '' || port.coin === coin)
      .flatMap((port) =>
        (port.server?.miners() ?? []).map((facts) => ({
          ...{ coin: port.coin ?? '', switch: port.name },
          ...facts,
        })),
      );
  }

  /** Closes the connections of an IP or a worker (with or without its rig); returns how many. */
  kick(name: string): number {
    return this.servers().reduce((sum, server) => sum + server.kick(isCalled(name)), 0);
  }

  stats(): SwitchStats[] {
    return this.#ports.map(({ name, coin, server }) => ({
      ...{ switch: name, coin: coin ?? null, connections: 0, workers: 0 },
      ...server?.stats(),
    }));
  }

  /** No more miners; the shares of those that are here are still taken. */
  stopAccepting(): void {
    for (const server of this.servers()) server.stopAccepting();
  }

  async close(): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.close()));
  }
}

class SwitchPort {
  readonly name: string;
  /** The coin that the master says. */
  wanted: string;
  readonly #config: SwitchConfig;
  readonly #options: SwitchPortsOptions;
  readonly #log: Logger;
  #server: StratumServer | undefined;
  #certificate: CertificateWatch | undefined;
  #behind: Ready | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(name: string, config: SwitchConfig, coin: string, options: SwitchPortsOptions) {
    this.name = name;
    this.wanted = coin;
    this.#config = config;
    this.#options = options;
    this.#log = options.log.child('Switch', `${name} (thread ${options.forkId})`);
  }

  get server(): StratumServer | undefined {
    return this.#server;
  }

  /** The coin that its miners mine. */
  get coin(): string | undefined {
    return this.#server === undefined ? undefined : this.#behind?.coin;
  }

  /** Goes to the wanted coin, if its pool takes miners on this fork; else everything stays as it is until then. */
  follow(ready: ReadonlyMap<string, Ready>): void {
    const next = ready.get(this.wanted);
    if (next === undefined || this.#closed || next.pool === this.#behind?.pool) return;
    const behind = next.pool.behind();
    if (behind === undefined) return;
    if (this.#server !== undefined) {
      this.#behind = next;
      const { connections } = this.#server;
      this.#server.setPool(onlyMiningKeys(behind, this.name), this.#factsOf(next.coin));
      this.#log.debug(`${connections} connection(s) mine ${next.coin} from now on.`);
      return;
    }
    this.#opening ??= this.#open(next, behind)
      .catch((error: unknown) => this.#cannotOpen(error))
      .finally(() => {
        this.#opening = undefined;
        // What was said meanwhile.
        if (this.#server !== undefined) this.follow(ready);
      });
  }

  async #open(next: Ready, behind: PoolBehind): Promise<void> {
    const { pools, extranonces, bans, onBan, now, forkId } = this.#options;
    const ports = Object.values(this.#config.ports);
    const pool = pools().find(
      ({ coin, ...rest }) =>
        coin.algorithm === this.#config.algorithm && noMiningKeys({ coin, ...rest }) === undefined,
    );
    if (pool === undefined) return;
    const read = await certificateFor(ports, pool.tls);
    const server: StratumServer = new StratumServer({
      log: this.#log,
      pool: onlyMiningKeys(behind, this.name),
      ports,
      // Rules for connections, which the switch has not of its own: those of the algorithm's first pool.
      ...connectionRules(pool),
      extranonce: extranonces,
      ...this.#factsOf(next.coin),
      ...(read === undefined ? {} : { tls: read.tls }),
      now,
      bans: bans().map(({ ip, until }) => ({ ip, until: millis(until) })),
      onBan: (ip, until, why) => onBan(ip, until, why, server),
    });
    await server.listen();
    if (this.#closed) {
      await server.close();
      return;
    }
    this.#behind = next;
    this.#server = server;
    this.#certificate = watchFor(server, read, { forkId, log: this.#log, now });
    this.#log.special(
      `The switch takes miners of ${this.#config.algorithm} on port ${ports.map(({ port }) => port).join(', ')}, they mine ${next.coin}.`,
    );
    if (forkId > 0) return;
    this.#log.debug(`Banning, limits and time-outs of its ports are those of ${pool.file}.`);
  }

  #cannotOpen(error: unknown): void {
    this.#log.error(`The ports of the switch are not opened: ${messageOf(error)}`);
    if (codeOf(error) === 'STRATUM_PORT_TAKEN') this.#options.onPortTaken(messageOf(error));
  }

  /** What its miners must know of the coin. */
  #factsOf(name: string): CoinFacts {
    const { versionMask } =
      this.#options.pools().find(({ coin }) => coin.name === name)?.coin ?? {};
    return {
      multiplier: multiplierOf(this.#config.algorithm) ?? 1,
      ...(versionMask === undefined ? {} : { versionMask }),
    };
  }

  /** A pool has new work; only the one that is behind these ports counts. */
  onJob(pool: Pool, job: Job): void {
    if (pool === this.#behind?.pool) this.#server?.broadcast(job);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#certificate?.close();
    await this.#opening;
    await this.#server?.close();
  }
}

const miningKeyBytes = 20;

/** The pool, for miners who log in with what each coin's address can be made of. */
export function onlyMiningKeys(pool: PoolBehind, name: string): PoolBehind {
  const refusal: AuthorizeAnswer = {
    ok: false,
    reason: `The port belongs to the switch ${name}, whose coin changes: log in with a mining key, the 40 hex digits that each coin's address is made of (optionally KEY.rig), not with an address of one coin. Make one on the page /key.html of the pool's website`,
  };
  return {
    authorize: async (request) =>
      isHex(addressPart(request.worker), miningKeyBytes) ? pool.authorize(request) : refusal,
    submit: (submit, answer) => pool.submit(submit, answer),
    currentJob: () => pool.currentJob(),
    newerJob: (sequence) => pool.newerJob(sequence),
  };
}
