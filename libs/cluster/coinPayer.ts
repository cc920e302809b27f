import type { PoolConfig } from '../config/types.ts';
import { createDaemonGroup } from '../daemon/group.ts';
import { detectDaemon, waitForDaemon } from '../daemon/startup.ts';
import type { DaemonClient, DaemonGroup } from '../daemon/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { type PaymentsAnswer, runPaymentsCommand } from '../payments/paymentsCommand.ts';
import { createPaymentProcessor, type PaymentProcessor } from '../payments/processor.ts';
import { createAddressBook } from '../pool/addressBook.ts';
import { untilDone } from '../pool/untilDone.ts';
import { messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';
import { systemClock } from '../primitives/units.ts';
import { openRedis, type RedisConnection, waitForRedis } from '../redis/connection.ts';
import { coinKeys } from '../redis/keys.ts';
import { unfinishedSpools } from '../shares/spoolUnfinished.ts';

// One coin's payments: waits for its wallet's daemon and for Redis, then runs the payment processor.

export class CoinPayer {
  readonly #config: PoolConfig;
  readonly #dataDir: string;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #trouble = new OncePer(60_000, systemClock);
  #group: DaemonGroup | undefined;
  #redis: RedisConnection | undefined;
  #processor: PaymentProcessor | undefined;
  #started: Promise<void> = Promise.resolve();

  constructor(config: PoolConfig, dataDir: string, log: Logger) {
    this.#config = config;
    this.#dataDir = dataDir;
    this.#log = log;
  }

  run(): void {
    const { signal } = this.#stop;
    this.#started = untilDone(
      () => this.#start(signal),
      () => this.#letGo(),
      'Payments could not start',
      this.#log,
      signal,
    ).catch((error: unknown) => {
      this.#log.error(`Payments do not start, mining goes on: ${messageOf(error)}`);
    });
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { coin, paymentProcessing, redis: redisConfig, address } = this.#config;
    const group = createDaemonGroup([paymentProcessing.daemon], this.#log, systemClock);
    this.#group = group;
    await waitForDaemon(group, this.#log, signal);
    const { network, reward } = await detectDaemon(group, coin);
    const addresses = createAddressBook(coin, network, group);
    const poolScript = await addresses.scriptForPool(address, coin.reward ?? reward);
    const poolPayee = await addresses.payee(address);
    const redis = openRedis(redisConfig, this.#log);
    this.#redis = redis;
    await waitForRedis(redis, signal);
    await this.#untilSharesAreIn(signal);
    const processor = createPaymentProcessor({
      coin,
      config: paymentProcessing,
      poolScript,
      recipients: this.#config.rewardRecipients,
      isAuxiliary: this.#config.auxiliaryOf !== undefined,
      ...(poolPayee.ok ? { poolAddress: poolPayee.address } : {}),
      dataDir: this.#dataDir,
      payee: addresses.payee,
      client: onlyClient(group),
      connection: redis,
      keys: coinKeys(coin.name, redisConfig.hashTag),
      log: this.#log,
      now: systemClock,
    });
    this.#processor = processor;
    processor.start();
    this.#log.special(
      `Payments of ${coin.symbol} run every ${paymentProcessing.paymentInterval} s, from ${paymentProcessing.minimumPayment} ${coin.symbol} on.`,
    );
  }

  /** Shares that a dead pool worker left in its spool belong to rounds that are about to be credited. */
  async #untilSharesAreIn(signal: AbortSignal): Promise<void> {
    const { coin } = this.#config;
    for (;;) {
      const waiting = await unfinishedSpools(this.#dataDir, coin.name);
      if (waiting === 0) return;
      if (this.#trouble.allows('spool')) {
        this.#log.warning(
          `Payments of ${coin.symbol} wait: ${waiting} share(s) of pool workers that died are not in Redis yet.`,
        );
      }
      await pause(1_000, signal);
      signal.throwIfAborted();
    }
  }

  /** A command of the operator. Never rejects. */
  command(action: string, words: readonly string[]): Promise<PaymentsAnswer> {
    if (this.#processor !== undefined) return runPaymentsCommand(this.#processor, action, words);
    const text = `Payments of ${this.#config.coin.displayName} have not started yet: the log says what they wait for.`;
    const { name: coin, symbol } = this.#config.coin;
    return Promise.resolve({
      ok: action === 'status',
      text,
      data: { coin, symbol, state: 'notStarted' },
    });
  }

  /** Ends the payment step that is under way, then lets everything go. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#letGo();
    await this.#started;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    await this.#processor?.stop();
    await this.#redis?.close();
    this.#group?.close();
    this.#processor = undefined;
    this.#redis = undefined;
    this.#group = undefined;
  }
}

function onlyClient(group: DaemonGroup): DaemonClient {
  const [client] = group.clients;
  if (client === undefined) throw new RangeError('A payment wallet has exactly one daemon.');
  return client;
}
