import { createServer, type Server, Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { BanningConfig, LimitsConfig, PortConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { CodedError, codeOf, messageOf } from '../primitives/errors.ts';
import type { Clock, Difficulty, Millis } from '../primitives/units.ts';
import { type Ban, BanList, banKey, plainAddress } from './bans.ts';
import { type ExtranonceSource, Extranonces } from './extranonce.ts';
import { parseProxyHeader } from './proxyProtocol.ts';
import { admit, type Rate } from './rateLimit.ts';
import { NotifyLines } from './replies.ts';
import {
  type OpenPort,
  Session,
  type SessionFacts,
  type SessionHost,
  usualVersionMask,
} from './session.ts';
import type { JobNotice, PoolBehind } from './types.ts';

// The ports of one pool on one fork: accepts, keeps the sessions, sends jobs, bans, sweeps.

export interface StratumOptions {
  readonly log: Logger;
  readonly pool: PoolBehind;
  readonly ports: readonly PortConfig[];
  /** The platform's choice when left out: all addresses, IPv6 and IPv4. */
  readonly host?: string;
  /** Seconds without a submit until a miner is dropped; 0: never. */
  readonly connectionTimeout: number;
  readonly tcpProxyProtocol: boolean;
  readonly banning: BanningConfig;
  readonly limits: LimitsConfig;
  /** The uint32 range of this fork, or a source that several servers of one fork share. */
  readonly extranonce: { readonly first: number; readonly count: number } | ExtranonceSource;
  /** Multiplier of the algorithm (65536 for scrypt), for mining.suggest_target; default 1. */
  readonly multiplier?: number;
  /** Version bits that miners may roll, default 1fffe000; fewer where the coin uses some of them for itself. */
  readonly versionMask?: number;
  /** PEM text, for ports with `tls`. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly now: Clock;
  /** Bans that are in force already. */
  readonly bans?: readonly Ban[];
  /** This server has banned `ip` (an IPv6 one as its /64); the other forks want to know. */
  onBan(ip: string, until: Millis, why: string): void;
  /** A worker that is logged in mines at this difficulty from now on. */
  onDifficultyChange?(worker: string, difficulty: Difficulty): void;
}

/** Logins of one address: a farm comes back at once after an outage, but no faster for ever. */
const loginRate: Rate = { perSecond: 20, burst: 2_000 };
const burstSeconds = 10;
const keepAliveDelay = 60_000;
const backlog = 4_096;
const headerTime = 30_000;
/** Time that the last replies have to reach the miners when the server closes. */
const farewellTime = 1_000;
/** One address is complained about once in so long. */
const complaintPause = 10_000;

/** A connection behind a proxy whose header is not complete yet. */
interface Arrival {
  readonly port: OpenPort;
  readonly since: number;
  bytes: Buffer;
}

const ignoreError = (): void => {};

export class StratumServer {
  #options: StratumOptions;
  readonly #host: SessionHost;
  #bans: BanList;
  readonly #extranonces: ExtranonceSource;
  #secureContext: SecureContext | undefined;
  readonly #complaints: OncePer;
  readonly #notifyLines = new NotifyLines();
  readonly #sessions = new Map<Socket, Session>();
  readonly #arrivals = new Map<Socket, Arrival>();
  readonly #connectionsOfKey = new Map<string, number>();
  readonly #loginsOfKey = new Map<string, number>();
  #listeners: { readonly server: Server; readonly port: OpenPort }[] = [];
  #pool: PoolBehind;
  #dirty: Session[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #accepting = false;

  /** Throws STRATUM_TLS_BAD for a certificate or key that cannot be used. */
  constructor(options: StratumOptions) {
    this.#options = options;
    this.#pool = options.pool;
    this.#bans = new BanList(options.banning, options.now, options.bans);
    this.#extranonces =
      'take' in options.extranonce ? options.extranonce : new Extranonces(options.extranonce);
    this.#complaints = new OncePer(complaintPause, options.now);
    this.#secureContext = options.tls && secureContextOf(options.tls);
    this.#host = this.#makeHost();
  }

  /** Everything that a new configuration may change is looked up each time. */
  #makeHost(): SessionHost {
    const options = () => this.#options;
    return {
      get log() {
        return options().log;
      },
      get multiplier() {
        return options().multiplier ?? 1;
      },
      get versionMask() {
        return options().versionMask ?? usualVersionMask;
      },
      get connectionTimeout() {
        return options().connectionTimeout * 1_000;
      },
      get messageRate() {
        return messageRateOf(options().limits);
      },
      now: this.#options.now,
      notifyLines: this.#notifyLines,
      pool: () => this.#pool,
      takeExtranonce: () => this.#extranonces.take(),
      mayLogIn: ({ key }) =>
        key === undefined || options().limits.messagesPerSecond <= 0 || this.#mayLogIn(key),
      queue: (session) => this.#queue(session),
      counted: (session, valid) => this.#counted(session, valid),
      difficultyChanged: (worker, difficulty) =>
        this.#options.onDifficultyChange?.(worker, difficulty),
      complain: (session, sentence, topic = sentence) => {
        if (this.#complaints.allows(`${session.ip} ${topic}`)) {
          options().log.warning(
            `Miner ${session.name} on port ${session.port.number} ${sentence}.`,
          );
        }
      },
    };
  }

  /**
   * Opens every port, or none: rejects with STRATUM_PORT_TAKEN, naming the port and the reason, if one cannot be had,
   * and with STRATUM_TLS_MISSING if a TLS port has no certificate.
   */
  async listen(): Promise<void> {
    const withoutCertificate = this.#options.ports.find(({ tls }) => tls);
    if (withoutCertificate !== undefined && this.#secureContext === undefined) {
      throw new CodedError(
        'STRATUM_TLS_MISSING',
        `Port ${withoutCertificate.port} asks for TLS, but the pool has no tls certificate and key.`,
      );
    }
    this.#accepting = true;
    try {
      for (const config of this.#options.ports) await this.#open(config);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#sweeper = setInterval(() => this.sweep(), 1_000);
  }

  async #open(config: PortConfig): Promise<void> {
    const server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelay,
    });
    const { host } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(portError(config.port, error)));
      server.listen({ port: config.port, backlog, ...(host === undefined ? {} : { host }) }, () =>
        resolve(),
      );
    });
    const address = server.address();
    const number = typeof address === 'object' && address !== null ? address.port : config.port;
    const port: OpenPort = { number, config };
    server.removeAllListeners('error');
    server.on('error', (error) => {
      this.#options.log.error(`Port ${number} has trouble accepting miners: ${messageOf(error)}.`);
    });
    server.on('connection', (socket) => this.#accept(socket, port));
    this.#listeners.push({ server, port });
  }

  /** The ports as they were bound, in the order of the configuration. */
  get ports(): number[] {
    return this.#listeners.map(({ port }) => port.number);
  }

  // Connections

  #accept(socket: Socket, port: OpenPort): void {
    socket.on('error', ignoreError);
    const { remoteAddress } = socket;
    if (!this.#accepting || remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    if (!this.#options.tcpProxyProtocol) {
      this.#admit(socket, port, plainAddress(remoteAddress), true);
      return;
    }
    this.#arrivals.set(socket, { port, since: this.#options.now(), bytes: Buffer.alloc(0) });
    socket.on('data', this.#onHeaderData);
    socket.on('close', this.#onArrivalClose);
  }

  /** `named`: the address is the miner's, so that bans and limits apply to it. */
  #admit(socket: Socket, port: OpenPort, ip: string, named: boolean): Session | undefined {
    const key = named ? banKey(ip) : undefined;
    const refusal = key === undefined ? undefined : this.#refusal(key);
    if (refusal !== undefined) {
      if (this.#complaints.allows(`${key} ${refusal}`)) {
        this.#options.log.warning(`A connection of ${ip} was refused: ${refusal}.`);
      }
      socket.destroy();
      return undefined;
    }
    const stream = port.config.tls ? this.#secured(socket) : socket;
    const session = new Session(this.#host, stream, port, ip, key);
    if (key !== undefined) {
      this.#connectionsOfKey.set(key, (this.#connectionsOfKey.get(key) ?? 0) + 1);
    }
    this.#sessions.set(stream, session);
    stream.on('data', this.#onData);
    stream.on('close', this.#onClose);
    return session;
  }

  #refusal(key: string): string | undefined {
    if (this.#bans.isBanned(key)) return 'it is banned';
    const { connectionsPerIp } = this.#options.limits;
    const open = this.#connectionsOfKey.get(key) ?? 0;
    if (connectionsPerIp <= 0 || open < connectionsPerIp) return undefined;
    return `it has ${connectionsPerIp} connections already (limits.connectionsPerIp)`;
  }

  #secured(socket: Socket): Socket {
    const secured = new TLSSocket(socket, {
      isServer: true,
      ...(this.#secureContext && { secureContext: this.#secureContext }),
    });
    secured.on('error', ignoreError);
    return secured;
  }

  // Shared by all sockets, which they get as `this`: an idle miner then costs no closures.

  readonly #onData = this.#listener((socket, chunk: Buffer) => {
    this.#sessions.get(socket)?.receive(chunk);
  });

  readonly #onClose = this.#listener((socket) => this.#forget(socket));

  readonly #onHeaderData = this.#listener((socket, chunk: Buffer) => {
    const arrival = this.#arrivals.get(socket);
    if (arrival === undefined) return;
    arrival.bytes = Buffer.concat([arrival.bytes, chunk]);
    this.#readHeader(socket, arrival);
  });

  readonly #onArrivalClose = this.#listener((socket) => {
    this.#arrivals.delete(socket);
  });

  #listener<A extends unknown[]>(
    action: (socket: Socket, ...args: A) => void,
  ): (this: Socket, ...args: A) => void {
    return function listener(...args) {
      action(this, ...args);
    };
  }

  #readHeader(socket: Socket, arrival: Arrival): void {
    const header = parseProxyHeader(arrival.bytes);
    if (header.kind === 'more') return;
    socket.removeListener('data', this.#onHeaderData);
    socket.removeListener('close', this.#onArrivalClose);
    this.#arrivals.delete(socket);
    const { remoteAddress = '' } = socket;
    if (header.kind === 'bad') {
      if (this.#complaints.allows(`${remoteAddress} header`)) {
        this.#options.log.warning(
          `A connection of ${plainAddress(remoteAddress)} was dropped: ${header.reason}. With tcpProxyProtocol each connection must come through the proxy.`,
        );
      }
      socket.destroy();
      return;
    }
    const rest = arrival.bytes.subarray(header.length);
    // TLS takes over what waits in the socket; a plain session is given it.
    if (arrival.port.config.tls) {
      socket.pause();
      if (rest.length > 0) socket.unshift(rest);
    }
    const ip = plainAddress(header.address ?? remoteAddress);
    const session = this.#admit(socket, arrival.port, ip, header.address !== undefined);
    if (!arrival.port.config.tls && rest.length > 0) session?.receive(rest);
  }

  #forget(socket: Socket): void {
    const session = this.#sessions.get(socket);
    if (session === undefined) return;
    this.#sessions.delete(socket);
    session.close();
    if (session.extranonce1 !== undefined) this.#extranonces.giveBack(session.extranonce1);
    const { key } = session;
    if (key === undefined) return;
    const left = (this.#connectionsOfKey.get(key) ?? 1) - 1;
    if (left > 0) this.#connectionsOfKey.set(key, left);
    else this.#connectionsOfKey.delete(key);
  }

  // Replies of one turn leave in one write a socket.

  #queue(session: Session): void {
    if (this.#dirty.length === 0) setImmediate(this.#flush);
    this.#dirty.push(session);
  }

  readonly #flush = (): void => {
    const sessions = this.#dirty;
    this.#dirty = [];
    for (const session of sessions) session.flush();
  };

  // Jobs

  /** Sends a job to every subscribed miner. */
  broadcast(job: JobNotice): void {
    for (const session of this.#sessions.values()) {
      if (session.isSubscribed) session.sendJob(job, job.clean);
    }
  }

  /**
   * Goes on with another configuration and another pool, all sockets open. False, and nothing is changed, when the
   * ports are not the same ones: they must be opened anew.
   */
  reconfigure(options: StratumOptions): boolean {
    if (options.tcpProxyProtocol !== this.#options.tcpProxyProtocol) return false;
    if (!hasSamePorts(this.#options.ports, options.ports)) return false;
    this.#secureContext = options.tls && secureContextOf(options.tls);
    this.#options = options;
    this.#bans = new BanList(options.banning, options.now, this.#bans.list());
    for (const { port } of this.#listeners) {
      port.config =
        options.ports.find(({ port: number }) => number === port.config.port) ?? port.config;
    }
    this.setPool(options.pool);
    return true;
  }

  /** Puts another pool behind the open sockets: each gets its difficulty and the pool's current job, clean. */
  setPool(pool: PoolBehind): void {
    this.#pool = pool;
    for (const session of this.#sessions.values()) session.changePool();
  }

  // Bans

  #counted(session: Session, valid: boolean): void {
    const { key } = session;
    if (key === undefined) return;
    const why = this.#bans.countShare(key, valid);
    if (why === undefined) return;
    const until = this.#bans.end();
    this.#options.log.warning(
      `${key} is banned for ${this.#options.banning.time} s: ${why} (worker ${session.name}).`,
    );
    this.ban(key, until);
    this.#options.onBan(key, until, why);
  }

  /** Refuses `ip` (an IPv6 one with its whole /64) until then, and closes its connections. */
  ban(ip: string, until: Millis): void {
    this.#bans.set(ip, until);
    if (!this.#bans.isBanned(ip)) return;
    const key = banKey(ip);
    for (const session of this.#sessions.values()) if (session.key === key) session.destroy();
  }

  unban(ip: string): void {
    this.#bans.lift(ip);
  }

  /** Those in force, for a list or for another server. */
  get bans(): Ban[] {
    return this.#bans.list();
  }

  #mayLogIn(key: string): boolean {
    const next = admit(this.#loginsOfKey.get(key) ?? 0, this.#options.now(), loginRate);
    if (next === undefined) return false;
    this.#loginsOfKey.set(key, next);
    return true;
  }

  // Time

  /** Drops the idle and the slow, moves difficulties, forgets what is over. The server does it each second by itself. */
  sweep(): void {
    const now = this.#options.now();
    for (const session of this.#sessions.values()) session.sweep(now);
    for (const [socket, { since }] of this.#arrivals) {
      if (now - since >= headerTime) socket.destroy();
    }
    for (const [key, due] of this.#loginsOfKey) if (due <= now) this.#loginsOfKey.delete(key);
    this.#bans.purge();
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** `workers`: names that are logged in, once for each connection. */
  stats(): { connections: number; workers: number } {
    let workers = 0;
    for (const session of this.#sessions.values()) workers += session.workers;
    return { connections: this.#sessions.size, workers };
  }

  /** Every subscribed or logged-in connection. */
  miners(): SessionFacts[] {
    return [...this.#sessions.values()]
      .filter((session) => session.isSubscribed || session.workers > 0)
      .map((session) => session.facts());
  }

  /** Closes the connections that fit; returns how many. */
  kick(fits: (facts: SessionFacts) => boolean): number {
    const kicked = [...this.#sessions.values()].filter((session) => fits(session.facts()));
    for (const session of kicked) session.destroy();
    return kicked.length;
  }

  // Ending

  /** Closes the ports; miners that are connected stay. */
  stopAccepting(): void {
    this.#accepting = false;
    for (const { server } of this.#listeners) server.close();
  }

  /** Closes ports and connections; replies that were given get a second to arrive. */
  async close(): Promise<void> {
    this.stopAccepting();
    clearInterval(this.#sweeper);
    for (const socket of this.#arrivals.keys()) socket.destroy();
    const gone = [...this.#sessions.keys()].map(closed);
    for (const session of this.#sessions.values()) session.end();
    const timer = setTimeout(() => {
      for (const session of this.#sessions.values()) session.destroy();
    }, farewellTime);
    await Promise.all(gone);
    clearTimeout(timer);
    await Promise.all(this.#listeners.map(({ server }) => closed(server)));
  }
}

function secureContextOf(tls: { readonly cert: string; readonly key: string }): SecureContext {
  try {
    return createSecureContext({ cert: tls.cert, key: tls.key });
  } catch (error) {
    const why = messageOf(error);
    throw new CodedError('STRATUM_TLS_BAD', `The tls certificate or key cannot be used: ${why}.`, {
      cause: error,
    });
  }
}

function messageRateOf({ messagesPerSecond }: LimitsConfig): Rate | undefined {
  if (messagesPerSecond <= 0) return undefined;
  return { perSecond: messagesPerSecond, burst: messagesPerSecond * burstSeconds };
}

/** Miners keep what they were told when they came: transport and size of extranonce2. */
function hasSamePorts(old: readonly PortConfig[], now: readonly PortConfig[]): boolean {
  return (
    old.length === now.length &&
    old.every((port) =>
      now.some(
        (other) =>
          other.port === port.port &&
          other.tls === port.tls &&
          other.extranonce2Size === port.extranonce2Size,
      ),
    )
  );
}

function closed(emitter: Socket | Server): Promise<void> {
  const over = emitter instanceof Socket ? emitter.closed : !emitter.listening;
  if (over) return Promise.resolve();
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}

function portError(port: number, error: unknown): CodedError {
  const why =
    codeOf(error) === 'EADDRINUSE' ? 'another program (or another pool) uses it' : messageOf(error);
  return new CodedError('STRATUM_PORT_TAKEN', `Port ${port} cannot be opened for miners: ${why}.`, {
    cause: error,
  });
}
