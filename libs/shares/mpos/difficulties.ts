import type { Logger } from '../../log/logger.ts';
import { OncePer } from '../../log/oncePer.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { Clock, Difficulty } from '../../primitives/units.ts';
import type { MposDatabase } from './database.ts';

// Tells MPOS the difficulty of each worker, for its pages: the latest of each, once a second, never in the way of mining.

export interface MposDifficulties {
  changed(worker: string, difficulty: Difficulty): void;
  close(): void;
}

export interface MposDifficultiesOptions {
  readonly database: MposDatabase;
  readonly coin: string;
  readonly log: Logger;
  readonly now: Clock;
}

const minute = 60_000;
const tellMillis = 1_000;
const mostAtOnce = 500;
/** While the database is away so many workers' latest are kept. */
const mostKept = 50_000;
/** A FLOAT column holds no more. */
const largestFloat = 3.4e38;

export function createMposDifficulties(options: MposDifficultiesOptions): MposDifficulties {
  const { database, log } = options;
  const said = new OncePer(minute, options.now);
  const latest = new Map<string, number>();
  let telling = false;
  let closed = false;

  async function tell(): Promise<void> {
    while (latest.size > 0 && !closed) {
      const some = takeSome();
      try {
        await database.transaction(async (session) => {
          for (const [worker, difficulty] of some) {
            // Only workers that are there: a row without an account would break MPOS.
            await session.change('UPDATE pool_worker SET difficulty = ? WHERE username = ?', [
              difficulty,
              worker,
            ]);
          }
        });
      } catch (error) {
        // What has changed again meanwhile is newer.
        for (const [worker, difficulty] of some) {
          if (!latest.has(worker)) latest.set(worker, difficulty);
        }
        if (!closed && said.allows('trouble')) {
          log.debug(
            `The difficulties of ${latest.size} ${options.coin} workers wait: ${messageOf(error)}`,
          );
        }
        return;
      }
    }
  }

  /** In the order of their names, so that two forks never wait for each other. */
  function takeSome(): [string, number][] {
    const some = [...latest].slice(0, mostAtOnce);
    for (const [worker] of some) latest.delete(worker);
    return some.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  const timer = setInterval(() => {
    if (telling || latest.size === 0) return;
    telling = true;
    void tell().finally(() => {
      telling = false;
    });
  }, tellMillis);
  timer.unref();

  return {
    changed(worker, difficulty) {
      const name = worker.toLowerCase();
      if (latest.size >= mostKept && !latest.has(name)) return;
      latest.set(name, Math.min(difficulty, largestFloat));
    },
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}
