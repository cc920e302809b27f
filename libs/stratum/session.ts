import type { Socket } from 'node:net';
import type { PortConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { parseHex, reversed } from '../primitives/hex.ts';
import { difficultyOfTarget } from '../primitives/target.ts';
import { type Clock, type Difficulty, type Millis, millis } from '../primitives/units.ts';
import { own } from '../primitives/unknown.ts';
import { extranonceBytes, extranonceHex } from './extranonce.ts';
import { JobDifficulties } from './jobDifficulties.ts';
import { LineReader } from './lines.ts';
import {
  asksForSolo,
  difficultyInPassword,
  type Message,
  nameFault,
  parseMessage,
  type RequestId,
  type SubmitMessage,
} from './messages.ts';
import { admit, type Rate } from './rateLimit.ts';
import {
  errorReply,
  type NotifyLines,
  resultReply,
  setDifficultyLine,
  trueReply,
} from './replies.ts';
import type { JobNotice, PoolBehind, SubmitAnswer } from './types.ts';
import { boundsOf, VarDiff, within } from './varDiff.ts';

// One miner's connection. Thousands idle at once, so it has no timers and no closures of its own: the server sweeps.

/** Bytes that may wait for a miner that does not read. */
const slowReader = 256 * 1_024;
/** Time to subscribe and log in. */
const handshakeTime = 30_000;
/** A new difficulty waits so long for a job to go with, then the current job is sent again. */
const longestPending = 3_000;
/** Suggestions that are followed at once; more of them wait for a job like any other change. */
const promptSuggestions = 3;
const mostWorkers = 4_096;
/** Submits that may wait for the login they follow. */
const mostHeld = 64;
/** Shares under way in the pool: reading stops above the one and begins again below the other. */
const mostInFlight = 1_024;
const fewInFlight = 512;
/** After another pool came behind the port, wrong shares are held against nobody for so long. */
const poolChangeGrace = 10_000;
/** Version bits that miners may roll (BIP 320), where the coin does not use them for itself. */
export const usualVersionMask = 0x1fffe000;

/** A port that is open. A reload of the configuration puts another `config` into it. */
export interface OpenPort {
  readonly number: number;
  config: PortConfig;
}

/** What a session needs of its server. */
export interface SessionHost {
  readonly log: Logger;
  readonly now: Clock;
  readonly notifyLines: NotifyLines;
  /** Multiplier of the algorithm: what turns a target into a difficulty. */
  readonly multiplier: number;
  /** Version bits that miners may roll. */
  readonly versionMask: number;
  /** Milliseconds without a submit until a miner is dropped, 0 for never. */
  readonly connectionTimeout: number;
  readonly messageRate: Rate | undefined;
  pool(): PoolBehind;
  takeExtranonce(): number | undefined;
  /** False when the address logs in too often. */
  mayLogIn(session: Session): boolean;
  /** Will call `flush` at the end of this turn. */
  queue(session: Session): void;
  /** A share was judged. */
  counted(session: Session, valid: boolean): void;
  /** A worker mines at this difficulty from now on. */
  difficultyChanged(worker: string, difficulty: Difficulty): void;
  /** Warns of a miner, but not again and again of one address and topic (the sentence itself when left out). */
  complain(session: Session, sentence: string, topic?: string): void;
}

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

interface HeldLogin {
  logins: number;
  readonly submits: SubmitMessage[];
}

export class Session {
  readonly ip: string;
  /** What stands for `ip` in bans and limits; undefined when the proxy did not name the client. */
  readonly key: string | undefined;
  readonly port: OpenPort;
  readonly #host: SessionHost;
  readonly #socket: Socket;
  readonly #lines = new LineReader();
  readonly #jobs = new JobDifficulties();
  readonly #connected: number;
  #lastSubmit: number;
  #closed = false;
  #out = '';
  #extranonce1 = -1;
  #extranonce1Bytes: Buffer | undefined;
  #worker: string | undefined;
  #moreWorkers: Set<string> | undefined;
  /** Workers whose last password asked for SOLO mining. */
  #soloWorkers: Set<string> | undefined;
  #logins: Map<string, HeldLogin> | undefined;
  #difficulty: Difficulty;
  #pending: Difficulty | undefined;
  #pendingSince = 0;
  #suggested = 0;
  #minimum = 0;
  #varDiff: VarDiff | undefined;
  #versionMask = 0;
  #inFlight = 0;
  #paused = false;
  #rate = 0;
  #saidUnknown = false;
  /** When another pool came behind the port; its first seconds see shares for the old pool's jobs. */
  #poolChanged: number | undefined;

  constructor(
    host: SessionHost,
    socket: Socket,
    port: OpenPort,
    ip: string,
    key: string | undefined,
  ) {
    this.#host = host;
    this.#socket = socket;
    this.port = port;
    this.ip = ip;
    this.key = key;
    this.#connected = host.now();
    this.#lastSubmit = this.#connected;
    this.#difficulty = port.config.diff;
  }

  get isSubscribed(): boolean {
    return this.#extranonce1 !== -1;
  }

  get extranonce1(): number | undefined {
    return this.isSubscribed ? this.#extranonce1 : undefined;
  }

  get workers(): number {
    return (this.#worker === undefined ? 0 : 1) + (this.#moreWorkers?.size ?? 0);
  }

  /** Who this is, for the log. */
  get name(): string {
    return this.#worker === undefined ? this.ip : `${shown(this.#worker)} (${this.ip})`;
  }

  facts(): SessionFacts {
    const workers = [this.#worker, ...(this.#moreWorkers ?? [])];
    return {
      ip: this.ip,
      port: this.port.number,
      workers: workers.filter((worker) => worker !== undefined),
      difficulty: this.#difficulty,
      connected: millis(this.#connected),
      lastSubmit: millis(this.#lastSubmit),
    };
  }

  // Reading

  receive(chunk: Buffer): void {
    this.#lines.feed(chunk);
    while (!this.#closed) {
      const line = this.#lines.next();
      if (line === undefined) break;
      this.#line(line);
    }
    if (this.#lines.flooded) this.drop('sent more than 10 KB without a newline');
  }

  #line(line: string): void {
    if (!this.#admitted()) {
      this.drop('sends more messages than limits.messagesPerSecond allows');
      return;
    }
    if (line.trim() === '') return;
    const message = parseMessage(line);
    if (message.kind === 'malformed') this.drop(`sent a malformed message: ${message.reason}`);
    else this.#handle(message);
  }

  #admitted(): boolean {
    const rate = this.#host.messageRate;
    if (rate === undefined || this.key === undefined) return true;
    const next = admit(this.#rate, this.#host.now(), rate);
    if (next === undefined) return false;
    this.#rate = next;
    return true;
  }

  #handle(message: Exclude<Message, { kind: 'malformed' }>): void {
    switch (message.kind) {
      case 'submit':
        this.#submit(message);
        break;
      case 'subscribe':
        this.#subscribe(message.id);
        break;
      case 'authorize':
        this.#authorize(message.id, message.worker, message.password);
        break;
      case 'configure':
        this.#configure(message);
        break;
      case 'suggestDifficulty':
        this.#suggest(message.id, message.difficulty);
        break;
      case 'suggestTarget':
        this.#suggestTarget(message.id, message.target);
        break;
      case 'extranonceSubscribe':
      case 'courtesy':
        this.#send(trueReply(message.id));
        break;
      case 'getTransactions':
        this.#send(resultReply(message.id, []));
        break;
      case 'ping':
        this.#send(resultReply(message.id, 'pong'));
        break;
      case 'unknown':
        this.#unknown(message.id, message.method);
        break;
      case 'reply':
        break;
    }
  }

  #unknown(id: RequestId, method: string): void {
    this.#send(errorReply(id, 20, `Unknown method ${shown(method)}`));
    if (this.#saidUnknown) return;
    this.#saidUnknown = true;
    this.#host.log.warning(`Miner ${this.name} asks for the unknown method ${shown(method)}.`);
  }

  // Subscribing

  #subscribe(id: RequestId): void {
    if (!this.isSubscribed) {
      const value = this.#host.takeExtranonce();
      if (value === undefined) {
        this.drop('cannot be served: every extranonce1 of this fork is in use');
        return;
      }
      this.#extranonce1 = value;
    }
    const now = this.#host.now();
    const { config } = this.port;
    if (config.varDiff !== undefined) this.#varDiff ??= new VarDiff(config.varDiff, now);
    const extranonce1 = extranonceHex(this.#extranonce1);
    const subscriptions = [
      ['mining.set_difficulty', extranonce1],
      ['mining.notify', extranonce1],
    ];
    this.#send(resultReply(id, [subscriptions, extranonce1, config.extranonce2Size]));
    this.#startWork(now);
  }

  /** The difficulty and the current job, clean. */
  #startWork(now: number): void {
    if (this.#pending !== undefined) this.#difficulty = this.#pending;
    this.#pending = undefined;
    this.#varDiff?.restart(now);
    this.#send(setDifficultyLine(this.#difficulty));
    this.#tellDifficulty();
    const job = this.#host.pool().currentJob();
    if (job !== undefined) this.sendJob(job, true);
  }

  /** Another pool is behind the port: its jobs begin anew, the extranonce1 and the logins stay. */
  changePool(): void {
    if (!this.isSubscribed) return;
    this.#jobs.clear();
    const now = this.#host.now();
    this.#poolChanged = now;
    this.#followPort(now);
    this.#startWork(now);
  }

  /** The port may have another configuration than when this miner came. */
  #followPort(now: number): void {
    const { varDiff, diff } = this.port.config;
    this.#varDiff = varDiff && new VarDiff(varDiff, now);
    this.#pending = undefined;
    const bounds = this.#bounds();
    this.#difficulty = bounds === undefined ? diff : within(bounds, this.#difficulty);
  }

  // Logging in

  #authorize(id: RequestId, worker: string, password: string): void {
    const fault = nameFault(worker);
    if (fault !== undefined) {
      this.#send(errorReply(id, 20, fault, false));
      return;
    }
    const wanted = difficultyInPassword(password);
    const solo = asksForSolo(password);
    if (this.#isAuthorized(worker)) {
      this.#setSolo(worker, solo);
      this.#send(trueReply(id));
      if (wanted !== undefined) this.#prefer(wanted);
      return;
    }
    if (this.workers + (this.#logins?.size ?? 0) >= mostWorkers) {
      this.#send(errorReply(id, 20, 'Too many workers on one connection', false));
      return;
    }
    if (!this.#host.mayLogIn(this)) {
      this.#send(errorReply(id, 20, 'Too many logins, try again later', false));
      return;
    }
    this.#logins ??= new Map();
    const held = this.#logins.get(worker) ?? { logins: 0, submits: [] };
    held.logins++;
    this.#logins.set(worker, held);
    const request = { worker, password, ip: this.ip, port: this.port.number };
    this.#host
      .pool()
      .authorize(request)
      .catch((error: unknown) => {
        this.#host.log.error(`The login of ${this.ip} could not be checked: ${messageOf(error)}.`);
        return { ok: false, reason: 'The login could not be checked' } as const;
      })
      .then((answer) => {
        if (answer.ok) this.#setSolo(worker, solo);
        this.#loggedIn(id, worker, answer.ok ? undefined : answer.reason, wanted);
      })
      .catch((error: unknown) => {
        this.#host.log.error(`The login of ${this.ip} failed: ${messageOf(error)}.`);
      });
  }

  #loggedIn(
    id: RequestId,
    worker: string,
    refusal: string | undefined,
    wanted: number | undefined,
  ): void {
    if (this.#closed) return;
    if (refusal === undefined) {
      this.#addWorker(worker);
      this.#send(trueReply(id));
      if (this.isSubscribed) this.#host.difficultyChanged(worker, this.#difficulty);
      if (wanted !== undefined) this.#prefer(wanted);
      this.#host.log.debug(`Worker ${shown(worker)} logged in from ${this.ip}.`);
    } else {
      this.#send(errorReply(id, 24, refusal, false));
      this.#host.complain(this, `was refused as worker ${shown(worker)}: ${refusal}`, 'login');
    }
    const held = this.#logins?.get(worker);
    if (held === undefined) return;
    held.logins--;
    if (held.logins > 0 && refusal !== undefined) return;
    if (held.logins === 0) this.#logins?.delete(worker);
    if (this.#logins?.size === 0) this.#logins = undefined;
    for (const submit of held.submits.splice(0)) this.#submit(submit);
  }

  #setSolo(worker: string, solo: boolean): void {
    if (!solo) this.#soloWorkers?.delete(worker);
    else {
      this.#soloWorkers ??= new Set();
      this.#soloWorkers.add(worker);
    }
  }

  #isAuthorized(worker: string): boolean {
    return worker === this.#worker || this.#moreWorkers?.has(worker) === true;
  }

  #addWorker(worker: string): void {
    if (this.#worker === undefined) {
      this.#worker = worker;
    } else if (worker !== this.#worker) {
      this.#moreWorkers ??= new Set();
      this.#moreWorkers.add(worker);
    }
  }

  // Shares

  #submit(message: SubmitMessage): void {
    const { id, worker } = message;
    if (!this.#isAuthorized(worker)) {
      const held = this.#logins?.get(worker)?.submits;
      if (held !== undefined && held.length < mostHeld) held.push(message);
      else this.#send(errorReply(id, 24, 'unauthorized worker'));
      return;
    }
    if (!this.isSubscribed) {
      this.#send(errorReply(id, 25, 'not subscribed'));
      return;
    }
    this.#lastSubmit = this.#host.now();
    const sequence = Number.parseInt(message.jobId, 16);
    const known = this.#jobs.of(sequence);
    if (known === undefined && this.#poolChanged !== undefined) {
      this.#send(errorReply(id, 21, 'job not found'));
      return;
    }
    const jobDifficulty = known ?? this.#difficulty;
    this.#extranonce1Bytes ??= extranonceBytes(this.#extranonce1);
    this.#inFlight++;
    if (this.#inFlight === mostInFlight) this.#pause();
    let answered = false;
    this.#host.pool().submit(
      {
        worker,
        ip: this.ip,
        port: this.port.number,
        jobId: message.jobId,
        extranonce1: this.#extranonce1Bytes,
        extranonce2Size: this.port.config.extranonce2Size,
        extranonce2: message.extranonce2,
        ntime: message.ntime,
        nonce: message.nonce,
        versionBits: message.versionBits,
        versionMask: this.#versionMask,
        jobDifficulty,
        currentDifficulty: this.#difficulty,
        solo: this.port.config.solo === true || this.#soloWorkers?.has(worker) === true,
      },
      (answer) => {
        if (answered) return;
        answered = true;
        this.#judged(id, jobDifficulty, answer);
      },
    );
  }

  #judged(id: RequestId, jobDifficulty: Difficulty, answer: SubmitAnswer): void {
    this.#inFlight--;
    if (this.#closed) return;
    if (this.#paused && this.#inFlight <= fewInFlight) this.#resume();
    if (!answer.ok) {
      this.#send(errorReply(id, answer.code, answer.message));
      if (answer.counts && !this.#poolHasJustChanged()) this.#host.counted(this, false);
      return;
    }
    this.#send(trueReply(id));
    if (this.#varDiff !== undefined) {
      const now = this.#host.now();
      this.#varDiff.share(now, Math.min(1, jobDifficulty / this.#difficulty));
      this.#retarget(this.#varDiff, now);
    }
    this.#host.counted(this, true);
  }

  /** A job id of the old pool may mean another job of the new one: not the miner's fault. */
  #poolHasJustChanged(): boolean {
    return (
      this.#poolChanged !== undefined && this.#host.now() - this.#poolChanged < poolChangeGrace
    );
  }

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  // Difficulty

  #retarget(varDiff: VarDiff, now: number): void {
    if (this.#pending !== undefined || !varDiff.isDue(now)) return;
    const bounds = this.#bounds();
    if (bounds === undefined) return;
    const next = varDiff.look(now, this.#difficulty, bounds);
    if (next === undefined) return;
    this.#pending = next;
    this.#pendingSince = now;
  }

  #bounds(): ReturnType<typeof boundsOf> | undefined {
    const { varDiff } = this.port.config;
    if (varDiff === undefined) return undefined;
    return boundsOf(varDiff, this.#host.pool().currentJob()?.networkDifficulty, this.#minimum);
  }

  #suggest(id: RequestId, wanted: number): void {
    if (!(wanted > 0)) {
      this.#send(errorReply(id, 20, 'A difficulty must be above 0'));
      return;
    }
    this.#send(trueReply(id));
    this.#prefer(wanted);
  }

  #suggestTarget(id: RequestId, text: string): void {
    const target = parseHex(text, 32);
    if (target === undefined) {
      this.#send(errorReply(id, 20, 'A target must be 64 hex digits'));
      return;
    }
    this.#suggest(id, difficultyOfTarget(reversed(target), this.#host.multiplier));
  }

  /** The miner's own wish, taken within the bounds of the port; a port without varDiff has one difficulty. */
  #prefer(wanted: number): void {
    const bounds = this.#bounds();
    if (bounds === undefined) return;
    const next = within(bounds, wanted);
    this.#pending = next === this.#difficulty ? undefined : next;
    if (this.#pending === undefined || !this.isSubscribed) return;
    this.#pendingSince = this.#host.now();
    this.#suggested++;
    if (this.#suggested <= promptSuggestions) this.#sendPending();
  }

  #sendPending(): void {
    const job = this.#host.pool().currentJob();
    if (job !== undefined) this.sendJob(job, false);
  }

  #tellDifficulty(): void {
    const value = this.#difficulty;
    if (this.#worker !== undefined) this.#host.difficultyChanged(this.#worker, value);
    for (const worker of this.#moreWorkers ?? []) this.#host.difficultyChanged(worker, value);
  }

  // Extensions (BIP 310)

  #configure(message: Extract<Message, { kind: 'configure' }>): void {
    const result: [string, unknown][] = [];
    for (const extension of message.extensions) {
      switch (extension) {
        case 'version-rolling':
          result.push(...this.#allowRolling(own(message.options, 'version-rolling.mask')));
          break;
        case 'minimum-difficulty':
          result.push([
            extension,
            this.#setMinimum(own(message.options, 'minimum-difficulty.value')),
          ]);
          break;
        case 'subscribe-extranonce':
          result.push([extension, true]);
          break;
        default:
          result.push([extension, false]);
      }
    }
    this.#send(resultReply(message.id, Object.fromEntries(result)));
  }

  #allowRolling(asked: unknown): [string, unknown][] {
    const mask = asked === undefined ? this.#host.versionMask : parseHex(asked, 4)?.readUInt32BE(0);
    this.#versionMask = mask === undefined ? 0 : mask & this.#host.versionMask;
    if (this.#versionMask === 0) return [['version-rolling', false]];
    return [
      ['version-rolling', true],
      ['version-rolling.mask', extranonceHex(this.#versionMask)],
    ];
  }

  #setMinimum(asked: unknown): boolean {
    if (typeof asked !== 'number' || !(asked > 0)) return false;
    const bounds = this.#bounds();
    if (bounds === undefined) return asked <= this.port.config.diff;
    if (asked > bounds.highest) return false;
    this.#minimum = asked;
    if (asked > (this.#pending ?? this.#difficulty)) this.#prefer(asked);
    return true;
  }

  // Writing

  /** Sends a job, after the difficulty that waits for one. `clean`: as the miner shall see it. */
  sendJob(job: JobNotice, clean: boolean): void {
    if (this.#closed) return;
    if (this.#pending !== undefined) {
      this.#difficulty = this.#pending;
      this.#pending = undefined;
      this.#varDiff?.restart(this.#host.now());
      this.#out += setDifficultyLine(this.#difficulty);
      this.#tellDifficulty();
    }
    this.#jobs.sent(job, this.#difficulty);
    const line = this.#host.notifyLines.line(job, this.port.config.extranonce2Size, clean);
    if (this.#out === '') {
      this.#socket.write(line);
    } else {
      this.#socket.cork();
      this.#writeOut();
      this.#socket.write(line);
      this.#socket.uncork();
    }
    this.#dropIfSlow();
  }

  #send(line: string): void {
    if (this.#closed) return;
    if (this.#out === '') this.#host.queue(this);
    this.#out += line;
  }

  /** Writes all replies that have gathered. */
  flush(): void {
    if (this.#out === '' || this.#closed) return;
    this.#writeOut();
    this.#dropIfSlow();
  }

  #writeOut(): void {
    const out = this.#out;
    this.#out = '';
    if (out !== '') this.#socket.write(out, 'latin1');
  }

  #dropIfSlow(): void {
    if (this.#socket.writableLength > slowReader) this.drop('does not read what it is sent');
  }

  // Ending

  /** What time brings: called about once a second. */
  sweep(now: number): void {
    const ready = this.isSubscribed && this.#worker !== undefined;
    if (!ready && now - this.#connected >= handshakeTime) {
      this.drop('did not subscribe and log in within 30 s');
      return;
    }
    const { connectionTimeout } = this.#host;
    if (connectionTimeout > 0 && now - this.#lastSubmit >= connectionTimeout) {
      this.drop(`submitted nothing for ${connectionTimeout / 1_000} s`);
      return;
    }
    if (!this.isSubscribed) return;
    if (this.#varDiff !== undefined) this.#retarget(this.#varDiff, now);
    if (this.#pending !== undefined && now - this.#pendingSince >= longestPending) {
      this.#sendPending();
    }
  }

  /** Ends the connection at once; `why` completes "Miner NAME …". */
  drop(why: string): void {
    if (this.#closed) return;
    this.#host.complain(this, why);
    this.#writeOut();
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
    this.close();
  }

  /** Lets what was written reach the miner first. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  /** The socket is gone; answers that still come are for nobody. */
  close(): void {
    this.#closed = true;
    this.#out = '';
  }
}

/** Names as the log shows them: a miner may send 10 KB of one. */
function shown(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name;
}
