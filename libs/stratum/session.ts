import type { Socket } from 'node:net';
import { type Difficulty, type Millis, millis } from '../primitives/units.ts';
import { extranonceBytes, extranonceHex } from './extranonce.ts';
import type { LineReader } from './lines.ts';
import type { OpenLogins } from './openLogins.ts';
import { Outbox } from './outbox.ts';
import {
  reconnectLine,
  setDifficultyLine,
  setExtranonceLine,
  setVersionMaskLine,
} from './replies.ts';
import { type OpenPort, type Peer, type SessionHost, shown } from './sessionHost.ts';
import type { JobNotice } from './types.ts';
import { WorkDifficulty } from './workDifficulty.ts';
import { Workers } from './workers.ts';

// One miner's connection: what is known of it, and the work that it is sent. What it says is answered in requests.ts and
// the files beside it. Thousands idle at once, so it has no timers and no closures of its own: the server sweeps.

/** Time to subscribe and log in. */
const handshakeTime = 30_000;
/** Shares under way in the pool: reading stops above the one and begins again below the other. */
const mostInFlight = 1_024;
const fewInFlight = 512;
/** After another pool came behind the port, wrong shares are held against nobody for so long. */
const poolChangeGrace = 10_000;
/** A miner that was asked to come back may take so long to hang up. */
const farewell = 5_000;

/** What an operator sees of a connection. */
export interface SessionFacts {
  readonly ip: string;
  readonly port: number;
  readonly workers: readonly string[];
  readonly difficulty: Difficulty;
  readonly connected: Millis;
  /** The time of connecting, before the first one. */
  readonly lastSubmit: Millis;
}

export class Session implements Peer {
  readonly ip: string;
  readonly key: string | undefined;
  readonly port: OpenPort;
  readonly host: SessionHost;
  readonly workers = new Workers();
  readonly difficulty: WorkDifficulty;
  /** Only while a line is not complete. */
  lines: LineReader | undefined;
  /** Only while there are any. */
  logins: OpenLogins | undefined;
  /** The miner takes other extranonces while it is connected. */
  followsExtranonce = false;
  /** State of the rate of its messages. */
  rate = 0;
  saidUnknown = false;
  /** A share of this connection was accepted: it is no idler. */
  hasMined = false;
  readonly #out: Outbox;
  readonly #connected: number;
  /** Milliseconds after `#connected`. */
  #lastSubmit = 0;
  #extranonce1 = -1;
  #inFlight = 0;
  /** Version bits that the miner would roll, as far as the pool lets it; 0 when it rolls none. */
  #wantedMask = 0;
  #versionMask = 0;
  /** When another pool came behind the port; its first seconds see shares for the old pool's jobs. */
  #poolChanged: number | undefined;
  /** What the workers' pool was told last. */
  #told: Difficulty | undefined;

  constructor(
    host: SessionHost,
    socket: Socket,
    port: OpenPort,
    ip: string,
    key: string | undefined,
  ) {
    this.host = host;
    this.port = port;
    this.ip = ip;
    this.key = key;
    this.difficulty = new WorkDifficulty(this);
    this.#out = new Outbox(socket);
    this.#connected = host.now();
  }

  get isClosed(): boolean {
    return this.#out.isClosed;
  }

  get isSubscribed(): boolean {
    return this.#extranonce1 !== -1;
  }

  get extranonce1(): number | undefined {
    return this.isSubscribed ? this.#extranonce1 : undefined;
  }

  /** The 4 bytes of a miner that has subscribed. Made anew: kept ones would each hold on to a slab of Node's pool. */
  get extranonce1Bytes(): Buffer {
    return extranonceBytes(this.#extranonce1);
  }

  /** Who this is, for the log. */
  get name(): string {
    const { first } = this.workers;
    return first === undefined ? this.ip : `${shown(first)} (${this.ip})`;
  }

  facts(): SessionFacts {
    return {
      ip: this.ip,
      port: this.port.number,
      workers: this.workers.names(),
      difficulty: this.difficulty.current,
      connected: millis(this.#connected),
      lastSubmit: millis(this.#connected + this.#lastSubmit),
    };
  }

  // What was agreed upon

  /** Version bits that the miner may roll, 0 for none. */
  get versionMask(): number {
    return this.#versionMask;
  }

  /** `wanted`: the bits that the miner would roll. False when the pool lets it roll none of them. */
  allowRolling(wanted: number): boolean {
    this.#versionMask = (wanted & this.host.versionMask) >>> 0;
    this.#wantedMask = this.#versionMask === 0 ? 0 : wanted;
    return this.#versionMask !== 0;
  }

  #followMask(): void {
    const mask = (this.#wantedMask & this.host.versionMask) >>> 0;
    if (mask === this.#versionMask) return;
    this.#versionMask = mask;
    this.send(setVersionMaskLine(extranonceHex(mask)));
  }

  // Work

  /** Gives it its extranonce1; one that it has already stays. False when there is none left. */
  takeExtranonce(): boolean {
    if (this.isSubscribed) return true;
    const value = this.host.takeExtranonce();
    if (value === undefined) return false;
    this.#extranonce1 = value;
    return true;
  }

  /** Sends the difficulty and the current job, clean. */
  startWork(): void {
    this.difficulty.start(this.host.now());
    this.send(setDifficultyLine(this.difficulty.current));
    this.#tellDifficulty();
    const job = this.host.pool().currentJob();
    if (job !== undefined) this.sendJob(job, true);
  }

  /**
   * Another pool is behind the port: its jobs begin anew, the extranonce1 and the logins stay. `hasOtherSize`: the port's
   * extranonce2 has another size than before, which only some miners can take while they are connected.
   */
  changePool(hasOtherSize: boolean): void {
    if (this.isClosed) return;
    this.#followMask();
    if (!this.isSubscribed) return;
    this.#poolChanged = this.host.now();
    this.#told = undefined;
    if (hasOtherSize && !this.followsExtranonce) {
      this.#askBack();
      return;
    }
    if (this.followsExtranonce) {
      const extranonce1 = extranonceHex(this.#extranonce1);
      this.send(setExtranonceLine(extranonce1, this.port.config.extranonce2Size));
    }
    this.difficulty.followPort();
    this.startWork();
  }

  #askBack(): void {
    this.send(reconnectLine);
    this.#out.end();
    this.#out.close();
  }

  /** True since another pool came behind the port. */
  get hasChangedPool(): boolean {
    return this.#poolChanged !== undefined;
  }

  /** A job id of the old pool may mean another job of the new one: not the miner's fault. */
  get hasJustChangedPool(): boolean {
    return this.#poolChanged !== undefined && this.host.now() - this.#poolChanged < poolChangeGrace;
  }

  /** Sends a job, after the difficulty that waits for one. `clean`: as the miner shall see it. */
  sendJob(job: JobNotice, clean: boolean): void {
    if (this.isClosed) return;
    if (this.difficulty.takePending()) {
      this.#out.add(setDifficultyLine(this.difficulty.current));
      this.#tellDifficulty();
    }
    this.difficulty.sent(job);
    this.#out.write(this.host.notifyLines.line(job, this.port.config.extranonce2Size, clean));
    this.#dropIfSlow();
  }

  /**
   * Sends a job for the difficulty that waits for one. Not the same job again: whoever may hash one job under two
   * difficulties could keep its best shares back for the higher one, so that the lower one counts for all of them.
   */
  sendNewerJob(): void {
    if (!this.isSubscribed) return;
    const job = this.host.pool().newerJob(this.difficulty.lastSequence);
    if (job !== undefined) this.sendJob(job, false);
  }

  #tellDifficulty(): void {
    const { current } = this.difficulty;
    // A miner may subscribe again and again, with thousands of workers.
    if (current === this.#told) return;
    this.#told = current;
    for (const worker of this.workers.names()) this.host.difficultyChanged(worker, current);
  }

  // Shares under way

  shareGoesIn(): void {
    this.#lastSubmit = this.host.now() - this.#connected;
    this.#inFlight++;
    if (this.#inFlight === mostInFlight) this.#out.pauseReading();
  }

  shareComesOut(): void {
    this.#inFlight--;
    if (this.#inFlight !== fewInFlight || this.isClosed) return;
    if (this.#out.isReadingPaused) this.#out.resumeReading();
  }

  // Writing

  /** Sends a line at the end of this turn, or with the next job. */
  send(line: string): void {
    if (this.#out.add(line)) this.host.queue(this);
  }

  /** Writes all replies that have gathered. */
  flush(): void {
    if (this.isClosed) return;
    this.#out.flush();
    this.#dropIfSlow();
  }

  #dropIfSlow(): void {
    if (this.#out.isSlow) this.drop('does not read what it is sent');
  }

  // Ending

  /** What time brings: called about once a second. */
  sweep(now: number): void {
    if (this.isClosed) {
      if (now - (this.#poolChanged ?? 0) >= farewell) this.destroy();
      return;
    }
    const isReady = this.isSubscribed && this.workers.count > 0;
    if (!isReady && now - this.#connected >= handshakeTime) {
      this.drop('did not subscribe and log in within 30 s');
      return;
    }
    const { connectionTimeout } = this.host;
    if (connectionTimeout > 0 && now - this.#connected - this.#lastSubmit >= connectionTimeout) {
      this.drop(`submitted nothing for ${connectionTimeout / 1_000} s`);
      return;
    }
    if (this.isSubscribed && this.difficulty.sweep(now)) this.sendNewerJob();
  }

  /** Ends the connection at once; `why` completes "Miner NAME …". */
  drop(why: string): void {
    if (this.isClosed) return;
    this.host.complain(this, why);
    this.#out.flush();
    this.destroy();
  }

  destroy(): void {
    this.#out.destroy();
  }

  /** Lets what was written reach the miner first. */
  end(): void {
    if (!this.isClosed) this.flush();
    this.#out.end();
  }

  /** The socket is gone; answers that still come are for nobody. */
  close(): void {
    this.#out.close();
  }
}
