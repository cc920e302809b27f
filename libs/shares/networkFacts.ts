import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { decimalText } from './decimalText.ts';

// What the pool mines on, for people to look at: the height of its jobs and the network's difficulty. One fork writes it.

export interface NetworkFactsOptions {
  /** Stays the caller's. */
  readonly connection: RedisConnection;
  readonly keys: CoinKeys;
  readonly now: Clock;
}

export interface NetworkFacts {
  /** A job's height, and the network's difficulty in stratum units. Never fails, and takes no time to speak of. */
  tell(height: number, networkDifficulty: number): void;
  close(): void;
}

export function createNetworkFacts({ connection, keys, now }: NetworkFactsOptions): NetworkFacts {
  let told: readonly (string | number)[] | undefined;
  const write = (): void => {
    if (told === undefined) return;
    // Nobody is harmed by figures that are a block old; the next one, or the next connection, writes them again.
    connection.command('hset', keys.network, ...told).catch(() => undefined);
  };
  const forget = connection.onReady(write);
  let last = '';
  return {
    tell(height, networkDifficulty) {
      const difficulty = decimalText(networkDifficulty);
      if (last === `${height} ${difficulty}`) return;
      last = `${height} ${difficulty}`;
      told = ['height', height, 'difficulty', difficulty, 'time', now()];
      write();
    },
    close: forget,
  };
}
