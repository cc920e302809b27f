import type { CoinConfig, PoolConfig } from '../config/types.ts';
import { createDaemonClient } from '../daemon/rpcClient.ts';
import { createTemplateSource, type TemplateSource } from '../daemon/templates.ts';
import type { DaemonClient } from '../daemon/types.ts';
import { type BlockTemplate, parseBlockTemplate } from '../jobs/blockTemplate.ts';
import { difficultyOfTarget } from '../primitives/target.ts';

// What a coin's own daemon says of it: how hard a block is, and what it brings.

export interface ChainFacts {
  /** The network's: 1 is 2^32 hashes of the coin's algorithm. */
  readonly difficulty: number;
  /** Coins that a block brings to the pool and its miners. */
  readonly reward: number;
}

/** The facts of a template: its coinbase's value, less what the chain's own rules pay to others. */
export function factsOf(
  { target, coinbaseValue, payees }: Pick<BlockTemplate, 'target' | 'coinbaseValue' | 'payees'>,
  decimals: number,
): ChainFacts {
  const paidAway = payees.reduce((sum, { amount }) => sum + amount, 0n);
  const left = coinbaseValue > paidAway ? coinbaseValue - paidAway : 0n;
  // A rough figure is enough here: nothing is paid by it.
  return { difficulty: difficultyOfTarget(target, 1), reward: Number(left) / 10 ** decimals };
}

/** One coin's daemons, in the order of its pool file. */
export class ChainWatch {
  readonly #coin: CoinConfig;
  readonly #clients: readonly DaemonClient[];
  readonly #sources: readonly TemplateSource[];

  constructor({ coin, daemons }: Pick<PoolConfig, 'coin' | 'daemons'>) {
    this.#coin = coin;
    this.#clients = daemons.map((daemon) => createDaemonClient(daemon));
    this.#sources = this.#clients.map((client) => createTemplateSource(client, coin));
  }

  /** Of the first daemon that answers. Rejects with DaemonError or TemplateError: the last one's. */
  async facts(): Promise<ChainFacts> {
    let failure: unknown;
    for (const source of this.#sources) {
      try {
        const template = parseBlockTemplate(await source.fetch({ timeout: 10_000 }));
        return factsOf(template, this.#coin.decimals);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
