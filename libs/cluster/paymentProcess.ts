import type { PoolConfig } from '../config/types.ts';
import type { ToChild } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { type RunningChild, runChild } from './childProcess.ts';
import { CoinPayer } from './coinPayer.ts';
import { type HandOff, poolConfigFrom } from './handOff.ts';

/** The one process that moves money: each pool with paymentProcessing enabled. */
export function runPaymentProcess(): void {
  runChild((_start, handOff, log) => new PaymentProcess(handOff, log));
}

class PaymentProcess implements RunningChild {
  readonly #log: Logger;
  readonly #payers = new Map<string, CoinPayer>();

  constructor(handOff: HandOff, log: Logger) {
    this.#log = log;
    for (const config of handOff.pools) this.#run(config);
  }

  #run(config: PoolConfig): void {
    if (!config.paymentProcessing.enabled) return;
    const payer = new CoinPayer(config, this.#log.child('Payments', config.coin.name));
    this.#payers.set(config.coin.name, payer);
    void payer.run();
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

  ask(command: string): Promise<unknown> {
    return Promise.reject(new RangeError(`the payment processor does not know "${command}"`));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#payers.values()].map((payer) => payer.stop()));
  }
}
