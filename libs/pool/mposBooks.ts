import { join } from 'node:path';
import { createMposAuthorizer } from '../shares/mpos/authorizer.ts';
import { openMposDatabase } from '../shares/mpos/database.ts';
import { createMposDifficulties } from '../shares/mpos/difficulties.ts';
import { createMposRounds } from '../shares/mpos/rounds.ts';
import { createMposStore } from '../shares/mpos/store.ts';
import { createSpoolRecorder } from '../shares/spoolRecorder.ts';
import { unfinishedSpools } from '../shares/spoolUnfinished.ts';
import { WindowSum } from '../shares/windowSum.ts';
import { type BooksOptions, newWriterId, type PoolBooks } from './books.ts';

/**
 * Books of MPOS: shares go through a spool into its MySQL tables, its workers are who may log in. Rounds, payments and
 * statistics are MPOS's own. The database need not be there yet.
 */
export function openMposBooks(options: BooksOptions): PoolBooks {
  const { config, dataDir, forkId, log, now, signal } = options;
  const { coin, mposMode, validateWorkerUsername } = config;
  const database = openMposDatabase({ config: mposMode, log, now });
  const facts = { database, coin: coin.name, log, now };
  const multiplier = coin.mposDiffMultiplier;
  const authorize = createMposAuthorizer({
    ...mposMode,
    ...facts,
    validateWorkerUsername,
  });
  const difficulties = createMposDifficulties(facts);
  const window = new WindowSum(options.hashrateWindow);
  const recorder = createSpoolRecorder({
    // Apart from the spool for Redis: what waits there is not MPOS's.
    dataDir: join(dataDir, 'mpos'),
    coin: coin.name,
    writerId: newWriterId(forkId, now),
    openStore: (writerId, store) => createMposStore({ ...facts, ...store, multiplier, writerId }),
    log,
    now,
  });
  if (forkId === 0) void sayLeftForRedis(options);

  return {
    store: 'MySQL',
    recorder,
    statistics: {
      share: ({ difficulty }) => window.add(difficulty, now()),
    },
    rounds: createMposRounds({ ...facts, multiplier, signal }),
    authorize,
    onDifficultyChange: difficulties.changed,
    windowShares: () => window.sum(now()),
    async close() {
      difficulties.close();
      await database.close();
    },
  };
}

/** Shares of a time before MPOS mode. */
async function sayLeftForRedis({ dataDir, config, log }: BooksOptions): Promise<void> {
  const left = await unfinishedSpools(dataDir, config.coin.name).catch(() => 0);
  if (left === 0) return;
  log.warning(
    `${left} share(s) in ${join(dataDir, 'spool', config.coin.name)} are from before MPOS mode and still on their way to Redis: start the pool once without mposMode to record them.`,
  );
}
