import type { PoolConfig } from '../config/types.ts';
import type { ToChild } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { type RunningChild, runChild } from './childProcess.ts';
import { CoinPayer } from './coinPayer.ts';
import { type HandOff, poolConfigFrom } from './handOff.ts';
import { paysMiners } from './mposPools.ts';

/** The one process that moves money: each pool with paymentProcessing enabled, but for MPOS's. */
export function runPaymentProcess(): void {
  runChild((_start, handOff, log) => new PaymentProcess(handOff, log));
}

class PaymentProcess implements RunningChild {
  readonly #log: Logger;
  readonly #dataDir: string;
  readonly #payers = new Map<string, CoinPayer>();

  constructor(handOff: HandOff, log: Logger) {
    this.#log = log;
    this.#dataDir = handOff.dataDir;
    for (const config of handOff.pools) this.#run(config);
  }

  #run(config: PoolConfig): void {
    if (!paysMiners(config)) return;
    const log = this.#log.child('Payments', config.coin.name);
    const payer = new CoinPayer(config, this.#dataDir, log);
    this.#payers.set(config.coin.name, payer);
    payer.run();
  }

  onMessage(message: ToChild): void {
    if (message.type === 'reloadpool') {
      void this.#reload(message.coin, poolConfigFrom(message.pool));
    }
  }

  async #reload(coin: string, config: PoolConfig | undefined): Promise<void> {
    if (config === undefined) return;
    const old = this.#payers.get(coin);
    this.#payers.delete(coin);
    await old?.stop();
    this.#run(config);
  }

  /** `payments <action> <coin> [words]`; the status needs no coin. */
  async ask(command: string, params: readonly string[]): Promise<unknown> {
    if (command !== 'payments') {
      throw new RangeError(`the payment processor does not know "${command}"`);
    }
    const [action = 'status', coin, ...words] = params;
    if (action === 'status' && coin === undefined) return this.#allStatus();
    const payer = this.#payers.get(coin?.toLowerCase() ?? '');
    if (payer === undefined) {
      const known = [...this.#payers.keys()].join(', ');
      throw new RangeError(
        `payments ${action} needs the name of a coin; payments run for ${known}`,
      );
    }
    const { ok, text, data } = await payer.command(action, words);
    if (!ok) throw new RangeError(text);
    return { data: data ?? { text }, text };
  }

  async #allStatus(): Promise<unknown> {
    const answers = await Promise.all(
      [...this.#payers].map(async ([coin, payer]) => ({
        coin,
        ...(await payer.command('status', [])),
      })),
    );
    return {
      data: answers.map(({ coin, text, data }) => data ?? { coin, text }),
      text: answers.map(({ text }) => text).join('\n\n'),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#payers.values()].map((payer) => payer.stop()));
  }
}
