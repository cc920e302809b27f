import { join } from 'node:path';
import type { CoinConfig, PaymentConfig } from '../config/types.ts';
import { type DaemonClient, DaemonError } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { formatCoins } from '../primitives/money.ts';
import { type Clock, type Millis, millis, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { Auditor } from './auditor.ts';
import { BooksError } from './books.ts';
import { BlockCrediting } from './crediting.ts';
import type { HandBack } from './handBack.ts';
import { JournalError, noJournal, openJournal } from './journal.ts';
import { Lease, LeaseLost } from './lease.ts';
import { Ledger } from './ledger.ts';
import { Notes } from './notes.ts';
import { Paying, type Resolved } from './paying.ts';
import { proportional, type Recipient, type Scheme } from './rewards.ts';
import { type FailPoint, type PaymentContext, RunReport, StopRun } from './run.ts';
import {
  type BalancesShown,
  type DryRun,
  type Held,
  type PaymentsStatus,
  type Resolution,
  Steering,
} from './steering.ts';
import type { CycleReport, PayeeLookup, PaymentEvent } from './types.ts';
import { createWallet } from './wallet.ts';
import { WalletWitness } from './witness.ts';

// One coin's payments, run after run: what is open is brought to its end first, then mature blocks are credited, then
// what is owed is paid. A run that fails leaves everything to the next one.

export interface PaymentProcessorOptions {
  readonly coin: CoinConfig;
  /** PROP unless `scheme` says PPLNS, whose window is 2 unless it is given. */
  readonly config: Omit<PaymentConfig, 'scheme' | 'pplnsWindow'> &
    Partial<Pick<PaymentConfig, 'scheme' | 'pplnsWindow'>>;
  /** The output script that coinbases pay. */
  readonly poolScript: Buffer;
  /** Who gets part of a block that was mined beside another chain: its coinbase could pay the pool alone. */
  readonly recipients?: readonly Recipient[];
  /** The coin is mined beside another: its daemon may have paid a block to another address of the wallet. */
  readonly isAuxiliary?: boolean;
  /** The same as an address: old daemons keep the pool's coins in its account. */
  readonly poolAddress?: string;
  readonly payee: PayeeLookup;
  /** The daemon that has the pool's wallet. */
  readonly client: DaemonClient;
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly log: Logger;
  readonly now: Clock;
  /** Absolute path of data/, where the payment journal is kept; without it, a Redis set back in time is not noticed. */
  readonly dataDir?: string;
  readonly onEvent?: (event: PaymentEvent) => void;
  /** Default: in proportion to the shares of the block's round. */
  readonly scheme?: Scheme;
  /** Milliseconds without a sign of life after which another payment process may take over, default 30,000. */
  readonly leaseMillis?: number;
  /** Called after each durable step, with its name. For tests: what it throws ends the run there. */
  readonly failPoint?: FailPoint;
}

/** The answers are plain JSON; steering.ts says what rejects. */
export interface PaymentProcessor {
  /** One run; the one under way, if there is one. Never rejects. */
  runOnce(): Promise<CycleReport>;
  /** Runs now and every paymentInterval seconds. */
  start(): void;
  /** Ends the run under way after its current payment, but waits no longer than some seconds for it. */
  stop(): Promise<void>;
  status(): Promise<PaymentsStatus>;
  /** Who is owed what, at most so many addresses. Asks no daemon. */
  balances(most: number): Promise<BalancesShown>;
  /** Nothing new is sent, until resume(); survives restarts. A sentence that says so. */
  pause(reason: string): Promise<string>;
  resume(): Promise<string>;
  /** What a run would pay now, and why not the rest. */
  dryRun(): Promise<DryRun>;
  held(): Promise<Held>;
  /** Waits for the run under way. Never rejects: what goes wrong is in the answer. */
  resolve(resolution: Resolution): Promise<Resolved>;
  /** Whether the original NOMP could take over now. */
  handBack(): Promise<HandBack>;
}

const minute = 60_000;
/** Whoever looks at the status does not wait for a daemon that hangs, milliseconds. */
const fundsPatience = 2_000;
/** An exit must not wait for a daemon that hangs: every step can be taken up again. Milliseconds. */
const stopPatience = 8_000;

export function createPaymentProcessor(options: PaymentProcessorOptions): PaymentProcessor {
  return new Processor(options);
}

class Processor implements PaymentProcessor {
  readonly #options: PaymentProcessorOptions;
  readonly #log: Logger;
  readonly #said: OncePer;
  readonly #lease: Lease;
  readonly #leaseMillis: number;
  readonly #ledger: Ledger;
  readonly #context: PaymentContext;
  readonly #crediting: BlockCrediting;
  readonly #paying: Paying;
  readonly #auditor: Auditor;
  readonly #steering: Steering;
  #turn: Promise<unknown> = Promise.resolve();
  #running: Promise<CycleReport> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextRun: Millis | undefined;
  #started = false;
  #stopping = false;

  constructor(options: PaymentProcessorOptions) {
    const { coin, config, client, connection, keys, now } = options;
    this.#options = options;
    this.#log = options.log;
    this.#said = new OncePer(minute, now);
    this.#leaseMillis = options.leaseMillis ?? 30_000;
    this.#lease = new Lease(connection, keys, this.#leaseMillis);
    this.#ledger = new Ledger({
      connection,
      keys,
      lease: this.#lease,
      decimals: coin.decimals,
      now,
      ...(options.recipients === undefined ? {} : { recipients: options.recipients }),
    });
    this.#context = {
      coin,
      connection,
      keys,
      lease: this.#lease,
      ledger: this.#ledger,
      notes: new Notes(connection, keys, this.#lease),
      journal:
        options.dataDir === undefined
          ? noJournal
          : openJournal(join(options.dataDir, 'payments', `${coin.name}.journal`)),
      log: this.#log,
      said: this.#said,
      now,
      money: (amount) => `${formatCoins(amount, coin.decimals)} ${coin.symbol}`,
      tell: (event) => options.onEvent?.(event),
      step: async (name) => {
        await options.failPoint?.(name);
      },
      checkStop: () => {
        if (this.#stopping) throw new StopRun();
      },
    };
    const window = config.scheme === 'PPLNS' ? (config.pplnsWindow ?? 2) : undefined;
    const scheme = options.scheme ?? proportional;
    this.#crediting = new BlockCrediting(this.#context, {
      client,
      scheme,
      window,
      rules: {
        maturity: coin.maturity,
        minConfirmations: config.minConfirmations,
        decimals: coin.decimals,
        poolScript: options.poolScript,
        isAuxiliary: options.isAuxiliary ?? false,
      },
    });
    this.#paying = new Paying(this.#context, {
      wallet: createWallet({
        client,
        decimals: coin.decimals,
        ...(options.poolAddress === undefined ? {} : { poolAddress: options.poolAddress }),
      }),
      payee: options.payee,
      minimumPayment: config.minimumPayment,
    });
    const witness = new WalletWitness(client, coin.decimals);
    this.#auditor = new Auditor(this.#context, {
      keys,
      witness,
      daemon: client.name,
      poolScript: options.poolScript,
      poolAddress: options.poolAddress,
    });
    this.#steering = new Steering(this.#context, this.#paying, {
      scheme: window === undefined ? 'PROP' : `PPLNS over ${window} times the network's difficulty`,
      minimumPayment: config.minimumPayment,
      funds: () => witness.funds(fundsPatience).catch(() => undefined),
      expected: () => this.#ledger.expected(scheme, window),
      schedule: () => ({ running: this.#running !== undefined, nextRun: this.#nextRun ?? null }),
    });
  }

  balances(most: number): Promise<BalancesShown> {
    return this.#steering.balances(most);
  }

  status(): Promise<PaymentsStatus> {
    return this.#steering.status();
  }

  pause(reason: string): Promise<string> {
    return this.#steering.pause(reason);
  }

  resume(): Promise<string> {
    return this.#steering.resume();
  }

  dryRun(): Promise<DryRun> {
    return this.#steering.dryRun();
  }

  held(): Promise<Held> {
    return this.#steering.held();
  }

  handBack(): Promise<HandBack> {
    return this.#steering.handBack();
  }

  async resolve(resolution: Resolution): Promise<Resolved> {
    try {
      const done = await this.#inTurn(() =>
        this.#underLease(() => this.#steering.resolve(resolution)),
      );
      return (
        done ?? { ok: false, text: 'Another payment process is at work on this coin: ask it.' }
      );
    } catch (error) {
      return { ok: false, text: `That failed: ${messageOf(error)}. Try it again.` };
    }
  }

  runOnce(): Promise<CycleReport> {
    this.#running ??= this.#inTurn(() => this.#run()).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** One at a time: a run, or a person's decision. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  start(): void {
    if (this.#started || this.#stopping) return;
    this.#started = true;
    this.#schedule(0);
  }

  #schedule(delay: number): void {
    this.#nextRun = millis(this.#options.now() + delay);
    this.#timer = setTimeout(() => {
      this.#nextRun = undefined;
      void this.runOnce().then(() => {
        if (!this.#stopping) this.#schedule(this.#options.config.paymentInterval * 1000);
      });
    }, delay);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#nextRun = undefined;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), stopPatience);
    });
    const end = await Promise.race([this.#turn, patience]);
    clearTimeout(timer);
    // A run that still goes on needs its lease; without it, it can only come to an end.
    if (end === 'late') return;
    await this.#lease.leave().catch(() => undefined);
  }

  async #run(): Promise<CycleReport> {
    const report = new RunReport();
    try {
      const done = await this.#underLease(() => this.#cycle(report));
      if (done === undefined) {
        this.#sayOnce(
          'standby',
          'Another payment process is at work on this coin; this one stands by.',
        );
        return report.finish('standby');
      }
      return report.finish('done');
    } catch (error) {
      return this.#endOf(error, report);
    }
  }

  /** Undefined while another process has the lease. */
  async #underLease<T>(work: () => Promise<T>): Promise<T | undefined> {
    let renewing: NodeJS.Timeout | undefined;
    try {
      if (!(await this.#lease.take())) return undefined;
      // A daemon may take minutes for an answer. Losing the lease is noticed by the next script.
      renewing = setInterval(() => {
        this.#lease.renew().catch(() => undefined);
      }, this.#leaseMillis / 3);
      return await work();
    } finally {
      clearInterval(renewing);
    }
  }

  async #cycle(report: RunReport): Promise<true> {
    let stop: string | null = null;
    try {
      await this.#auditor.identify();
      const clear = await this.#paying.recover(report);
      await this.#paying.bookFees();
      await this.#takeOver();
      // Said before anything is credited on top of it.
      await this.#ledger.balances();
      await this.#crediting.run(report);
      await this.#auditor.check();
      if (clear) await this.#paying.run(report);
    } catch (error) {
      stop = stopOf(error);
      throw error;
    } finally {
      await this.#note(stop);
    }
    return true;
  }

  /** For people only: what it cannot write now it writes at the next run. */
  async #note(stop: string | null): Promise<void> {
    const { notes, now } = this.#context;
    const { warnings } = this.#auditor;
    await notes.verdict({ time: now(), stop, warnings }).catch(() => undefined);
  }

  async #takeOver(): Promise<void> {
    const { coin, keys } = this.#options;
    const changes = await this.#ledger.takeOver();
    if (changes === undefined) return;
    await this.#context.step('takenOver');
    if (changes.length === 0) return;
    this.#log.special(
      `${changes.length} balance(s) in ${keys.balances} had more than ${coin.decimals} decimals and were rounded down, each by less than ${this.#context.money(satoshis(1n))}.`,
    );
    for (const { worker, from, to } of changes) {
      const left = this.#context.money(to ?? satoshis(0n));
      this.#log.debug(`The balance of ${worker} was ${from} and is now ${left}.`);
    }
  }

  #endOf(error: unknown, report: RunReport): CycleReport {
    if (error instanceof StopRun) return report.finish('stopped');
    if (error instanceof LeaseLost) {
      this.#sayOnce('standby', `This payment run ends here: ${error.message}.`);
      return report.finish('standby');
    }
    const reason = stopOf(error) ?? messageOf(error);
    const sentence = /[.?!]$/.test(reason) ? reason : `${reason}.`;
    report.problem(reason);
    const { name } = this.#context.coin;
    const again = `Next try in ${this.#options.config.paymentInterval} s.`;
    if (error instanceof BooksError) {
      this.#errorOnce(error.code, `Payments of ${name} stand still, mining goes on: ${sentence}`);
    } else if (error instanceof DaemonError) {
      this.#sayOnce('daemon', `Payments of ${name} wait: ${sentence} ${again}`);
    } else if (error instanceof RedisError && error.trouble === 'transient') {
      this.#sayOnce('redis', `Payments of ${name} wait: ${sentence} ${again}`);
    } else if (error instanceof JournalError || isBrokenData(error)) {
      this.#errorOnce('data', `Payments of ${name} stand still, mining goes on: ${sentence}`);
    } else {
      this.#errorOnce('other', `A payment run of ${name} failed: ${sentence} ${again}`);
    }
    return report.finish('stopped');
  }

  #sayOnce(key: string, sentence: string): void {
    if (this.#said.allows(key)) this.#log.warning(sentence);
  }

  #errorOnce(key: string, sentence: string): void {
    if (this.#said.allows(key)) this.#log.error(sentence);
  }
}

/** Why payments stand still until a person acts, with the way out; null for what goes away by itself. */
function stopOf(error: unknown): string | null {
  if (error instanceof BooksError || error instanceof JournalError) return error.message;
  if (!isBrokenData(error)) return null;
  return `${messageOf(error)}. Look at that key with redis-cli (TYPE, HGETALL), and move it away (RENAME) or set it right; payments go on then`;
}

function isBrokenData(error: unknown): error is RedisError {
  return error instanceof RedisError && error.trouble === 'permanent';
}
