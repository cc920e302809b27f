import type { CoinConfig, PaymentConfig } from '../config/types.ts';
import { type DaemonClient, DaemonError } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { formatCoins } from '../primitives/money.ts';
import { type Clock, satoshis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { BooksError } from './books.ts';
import { BlockCrediting } from './crediting.ts';
import { Lease, LeaseLost } from './lease.ts';
import { Ledger } from './ledger.ts';
import { Notes } from './notes.ts';
import { Paying } from './paying.ts';
import { proportional, type Scheme } from './rewards.ts';
import { type FailPoint, type PaymentContext, RunReport, StopRun } from './run.ts';
import type { CycleReport, PayeeLookup, PaymentEvent } from './types.ts';
import { createWallet } from './wallet.ts';

// One coin's payments, run after run: what is open is brought to its end first, then mature blocks are credited, then
// what is owed is paid. A run that fails leaves everything to the next one.

export interface PaymentProcessorOptions {
  readonly coin: CoinConfig;
  readonly config: PaymentConfig;
  /** The output script that coinbases pay. */
  readonly poolScript: Buffer;
  /** The same as an address: old daemons keep the pool's coins in its account. */
  readonly poolAddress?: string;
  readonly payee: PayeeLookup;
  /** The daemon that has the pool's wallet. */
  readonly client: DaemonClient;
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly log: Logger;
  readonly now: Clock;
  readonly onEvent?: (event: PaymentEvent) => void;
  /** Default: in proportion to the shares of the block's round. */
  readonly scheme?: Scheme;
  /** Milliseconds without a sign of life after which another payment process may take over, default 30,000. */
  readonly leaseMillis?: number;
  /** Called after each durable step, with its name. For tests: what it throws ends the run there. */
  readonly failPoint?: FailPoint;
}

export interface PaymentProcessor {
  /** One run; the one under way, if there is one. Never rejects. */
  runOnce(): Promise<CycleReport>;
  /** Runs now and every paymentInterval seconds. */
  start(): void;
  /** Ends the run under way after its current payment, but waits no longer than some seconds for it. */
  stop(): Promise<void>;
}

const minute = 60_000;
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
  #running: Promise<CycleReport> | undefined;
  #timer: NodeJS.Timeout | undefined;
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
    });
    this.#context = {
      coin,
      connection,
      batchKey: keys.pay('batch'),
      ledger: this.#ledger,
      notes: new Notes(connection, keys, this.#lease),
      log: this.#log,
      said: this.#said,
      money: (amount) => `${formatCoins(amount, coin.decimals)} ${coin.symbol}`,
      tell: (event) => options.onEvent?.(event),
      step: async (name) => {
        await options.failPoint?.(name);
      },
      checkStop: () => {
        if (this.#stopping) throw new StopRun();
      },
    };
    this.#crediting = new BlockCrediting(this.#context, {
      client,
      scheme: options.scheme ?? proportional,
      rules: {
        maturity: coin.maturity,
        minConfirmations: config.minConfirmations,
        decimals: coin.decimals,
        poolScript: options.poolScript,
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
  }

  runOnce(): Promise<CycleReport> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  start(): void {
    if (this.#started || this.#stopping) return;
    this.#started = true;
    this.#schedule(0);
  }

  #schedule(delay: number): void {
    this.#timer = setTimeout(() => {
      void this.runOnce().then(() => {
        if (!this.#stopping) this.#schedule(this.#options.config.paymentInterval * 1000);
      });
    }, delay);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), stopPatience);
    });
    const end = await Promise.race([this.#running, patience]);
    clearTimeout(timer);
    // A run that still goes on needs its lease; without it, it can only come to an end.
    if (end === 'late') return;
    await this.#lease.leave().catch(() => undefined);
  }

  async #run(): Promise<CycleReport> {
    const report = new RunReport();
    let renewing: NodeJS.Timeout | undefined;
    try {
      if (!(await this.#lease.take())) {
        this.#sayOnce(
          'standby',
          'Another payment process is at work on this coin; this one stands by.',
        );
        return report.finish('standby');
      }
      // A daemon may take minutes for an answer. Losing the lease is noticed by the next script.
      renewing = setInterval(() => {
        this.#lease.renew().catch(() => undefined);
      }, this.#leaseMillis / 3);
      await this.#cycle(report);
      return report.finish('done');
    } catch (error) {
      return this.#endOf(error, report);
    } finally {
      clearInterval(renewing);
    }
  }

  async #cycle(report: RunReport): Promise<void> {
    const clear = await this.#paying.recover(report);
    await this.#takeOver();
    // Said before anything is credited on top of it.
    await this.#ledger.balances();
    await this.#crediting.run(report);
    if (clear) await this.#paying.run(report);
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
    const reason = messageOf(error);
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
