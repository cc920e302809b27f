import type { Socket } from 'node:net';
import type { BanningConfig, LimitsConfig } from '../config/types.ts';
import { OncePer } from '../log/oncePer.ts';
import type { Difficulty, Millis } from '../primitives/units.ts';
import { type Ban, BanList, banKey } from './bans.ts';
import { CoinbaseSizes } from './coinbaseSize.ts';
import { DifficultyMemory } from './difficultyMemory.ts';
import { type ExtranonceSource, Extranonces } from './extranonce.ts';
import {
  type Arrived,
  Listener,
  type ListenerOptions,
  socketListener,
  type TlsText,
} from './listener.ts';
import { admit, type Rate } from './rateLimit.ts';
import { NotifyLines, reconnectLine, showMessageLine } from './replies.ts';
import { receive } from './requests.ts';
import { Session, type SessionFacts } from './session.ts';
import { type OpenPort, type Peer, type SessionHost, usualVersionMask } from './sessionHost.ts';
import type { JobNotice, PoolBehind } from './types.ts';

// The miners of one pool on one fork: keeps the sessions, sends jobs, bans, sweeps. Its ports are listener.ts.

/** What the miners of a coin must know. */
export interface CoinFacts {
  /** Multiplier of the algorithm (65536 for scrypt), for mining.suggest_target; default 1. */
  readonly multiplier?: number;
  /** Version bits that miners may roll, default 1fffe000; fewer where the coin uses some of them for itself. */
  readonly versionMask?: number;
}

export interface StratumOptions extends ListenerOptions, CoinFacts {
  readonly pool: PoolBehind;
  /** Seconds without a submit until a miner is dropped; 0: never. */
  readonly connectionTimeout: number;
  readonly banning: BanningConfig;
  readonly limits: LimitsConfig;
  /** The uint32 range of this fork, or a source that several servers of one fork share. */
  readonly extranonce: { readonly first: number; readonly count: number } | ExtranonceSource;
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
/** Time that the last replies have to reach the miners when the server closes. */
const farewellTime = 1_000;
/** Milliseconds between two parts of the miners that are asked to reconnect. */
const askPause = 250;
/** One address is complained about once in so long. */
const complaintPause = 10_000;

export class StratumServer {
  #options: StratumOptions;
  readonly #host: SessionHost;
  #bans: BanList;
  readonly #extranonces: ExtranonceSource;
  readonly #complaints: OncePer;
  readonly #notifyLines = new NotifyLines();
  readonly #sessions = new Map<Socket, Session>();
  readonly #connectionsOfKey = new Map<string, number>();
  readonly #loginsOfKey = new Map<string, number>();
  readonly #listener: Listener;
  readonly #difficulties = new DifficultyMemory();
  readonly #coinbaseSizes: CoinbaseSizes;
  #pool: PoolBehind;
  #coin: CoinFacts;
  #dirty: { flush(): void }[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;

  /** Throws STRATUM_TLS_BAD for a certificate or key that cannot be used. */
  constructor(options: StratumOptions) {
    this.#options = options;
    this.#pool = options.pool;
    this.#coin = options;
    this.#coinbaseSizes = new CoinbaseSizes(() => this.#options.log, options.now);
    this.#bans = new BanList(options.banning, options.now, options.bans);
    this.#extranonces =
      'take' in options.extranonce ? options.extranonce : new Extranonces(options.extranonce);
    this.#complaints = new OncePer(complaintPause, options.now);
    this.#listener = new Listener(options, {
      refusal: (key) => this.#refusal(key),
      arrived: (who, bytes) => this.#take(who, bytes),
      left: (stream) => this.#forget(stream),
    });
    this.#host = this.#makeHost();
  }

  /** Everything that a new configuration may change is looked up each time. */
  #makeHost(): SessionHost {
    const options = () => this.#options;
    const coin = () => this.#coin;
    return {
      get log() {
        return options().log;
      },
      get multiplier() {
        return coin().multiplier ?? 1;
      },
      get versionMask() {
        return coin().versionMask ?? usualVersionMask;
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
      lastDifficulty: ({ port }, worker) =>
        this.#difficulties.recall(port.number, worker, this.#options.now()),
      complain: (session, sentence, topic = sentence) => {
        if (this.#complaints.allows(`${session.key ?? session.ip} ${topic}`)) {
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
    try {
      await this.#listener.open();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#checkCoinbase(this.#pool.currentJob());
    this.#sweeper = setInterval(() => this.sweep(), 1_000);
  }

  /** The ports as they were bound, in the order of the configuration. */
  get ports(): number[] {
    return this.#listener.ports;
  }

  // Connections

  #take({ stream, port, ip, key }: Arrived, bytes: Buffer | undefined): void {
    const session = new Session(this.#host, stream, port, ip, key);
    if (key !== undefined) {
      this.#connectionsOfKey.set(key, (this.#connectionsOfKey.get(key) ?? 0) + 1);
    }
    this.#sessions.set(stream, session);
    stream.on('data', this.#onData);
    if (bytes !== undefined) receive(session, bytes);
  }

  #refusal(key: string): string | undefined {
    if (this.#bans.isBanned(key)) return 'it is banned';
    const { connectionsPerIp } = this.#options.limits;
    const open = this.#connectionsOfKey.get(key) ?? 0;
    if (connectionsPerIp <= 0 || open < connectionsPerIp) return undefined;
    return `it has ${connectionsPerIp} connections already (limits.connectionsPerIp)`;
  }

  readonly #onData = socketListener((socket, chunk: Buffer) => {
    const session = this.#sessions.get(socket);
    if (session !== undefined) receive(session, chunk);
  });

  #forget(socket: Socket): void {
    const session = this.#sessions.get(socket);
    if (session === undefined) return;
    this.#sessions.delete(socket);
    session.close();
    this.#remember(session);
    if (session.extranonce1 !== undefined) this.#extranonces.giveBack(session.extranonce1);
    const { key } = session;
    if (key === undefined) return;
    const left = (this.#connectionsOfKey.get(key) ?? 1) - 1;
    if (left > 0) this.#connectionsOfKey.set(key, left);
    else this.#connectionsOfKey.delete(key);
  }

  /** Only what shares were found under, and of those who found them: a login alone could spoil anybody's next start. */
  #remember({ port, difficulty, workers }: Session): void {
    const { proven } = difficulty;
    if (port.config.varDiff === undefined || proven === undefined) return;
    const now = this.#options.now();
    for (const worker of workers.mined()) {
      this.#difficulties.remember(port.number, worker, proven, now);
    }
  }

  // Replies of one turn leave in one write a socket.

  #queue(session: { flush(): void }): void {
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
    // Those that mine come first: ten thousands of idle connections must not keep a new block from them.
    for (const turn of [true, false]) {
      for (const session of this.#sessions.values()) {
        if (session.isSubscribed && session.hasMined === turn) session.sendJob(job, job.clean);
      }
    }
    this.#checkCoinbase(job);
  }

  #checkCoinbase(job: JobNotice | undefined): void {
    if (job !== undefined) this.#coinbaseSizes.check(job, this.#listener.openPorts);
  }

  /** Shows a text to every miner whose firmware shows any. */
  say(text: string): void {
    const line = showMessageLine(text);
    for (const session of this.#sessions.values()) session.send(line);
  }

  /**
   * Goes on with another configuration and another pool, all sockets open. False, and nothing is changed, when the
   * ports are not the same ones: they must be opened anew.
   */
  reconfigure(options: StratumOptions): boolean {
    const sizes = new Map(
      this.#listener.openPorts.map((port) => [port, port.config.extranonce2Size]),
    );
    if (!this.#listener.reconfigure(options)) return false;
    this.#options = options;
    this.#bans = new BanList(options.banning, options.now, this.#bans.list());
    this.#changePool(
      options.pool,
      options,
      (port) => sizes.get(port) !== port.config.extranonce2Size,
    );
    return true;
  }

  /** For connections from now on. Throws STRATUM_TLS_BAD, and nothing is changed, for one that cannot be used. */
  setCertificate(tls: TlsText): void {
    this.#listener.setCertificate(tls);
  }

  /**
   * Puts another pool behind the open sockets: each gets its difficulty and the pool's current job, clean. `coin`: what
   * the miners must know of its coin; as before when left out.
   */
  setPool(pool: PoolBehind, coin: CoinFacts = this.#coin): void {
    this.#changePool(pool, coin, () => false);
  }

  #changePool(pool: PoolBehind, coin: CoinFacts, hasOtherSize: (port: OpenPort) => boolean): void {
    this.#pool = pool;
    this.#coin = coin;
    for (const session of this.#sessions.values()) session.changePool(hasOtherSize(session.port));
    this.#checkCoinbase(pool.currentJob());
  }

  // Bans

  #counted(session: Peer, valid: boolean): void {
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
    this.#listener.sweep(now);
    this.#difficulties.purge(now);
    for (const [key, due] of this.#loginsOfKey) if (due <= now) this.#loginsOfKey.delete(key);
    this.#bans.purge();
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** `workers`: names that are logged in, once for each connection. */
  stats(): { connections: number; workers: number } {
    let workers = 0;
    for (const session of this.#sessions.values()) workers += session.workers.count;
    return { connections: this.#sessions.size, workers };
  }

  /** Every subscribed or logged-in connection. */
  miners(): SessionFacts[] {
    return [...this.#sessions.values()]
      .filter((session) => session.isSubscribed || session.workers.count > 0)
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
    this.#listener.stopAccepting();
  }

  /** Opens the ports again. Rejects as `listen`, and they stay closed. */
  acceptAgain(): Promise<void> {
    clearInterval(this.#asking);
    return this.#listener.reopen();
  }

  get isAccepting(): boolean {
    return this.#listener.isAccepting;
  }

  /** Asks the miners, spread over `seconds`, to connect anew; those whose firmware does not know how stay. */
  askToReconnect(seconds: number): void {
    clearInterval(this.#asking);
    const sessions = [...this.#sessions.values()];
    const each = Math.ceil((sessions.length * askPause) / (seconds * 1_000));
    this.#asking = setInterval(() => {
      for (const session of sessions.splice(0, each)) session.send(reconnectLine);
      if (sessions.length === 0) clearInterval(this.#asking);
    }, askPause);
  }

  /** Closes ports and connections; replies that were given get a second to arrive. */
  async close(): Promise<void> {
    this.stopAccepting();
    clearInterval(this.#sweeper);
    clearInterval(this.#asking);
    const gone = [...this.#sessions.keys()].map(closed);
    for (const session of this.#sessions.values()) session.end();
    const timer = setTimeout(() => {
      for (const session of this.#sessions.values()) session.destroy();
    }, farewellTime);
    await Promise.all(gone);
    clearTimeout(timer);
    this.#listener.close();
  }
}

function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

function messageRateOf({ messagesPerSecond }: LimitsConfig): Rate | undefined {
  if (messagesPerSecond <= 0) return undefined;
  return { perSecond: messagesPerSecond, burst: messagesPerSecond * burstSeconds };
}
