import { createMposAuthorizer } from '../shares/mpos/authorizer.ts';
import { openMposDatabase } from '../shares/mpos/database.ts';
import { createMposDifficulties } from '../shares/mpos/difficulties.ts';
import { createMposRounds } from '../shares/mpos/rounds.ts';
import { createMposStore } from '../shares/mpos/store.ts';
import { createSpoolRecorder } from '../shares/spoolRecorder.ts';
import { WindowSum } from '../shares/windowSum.ts';
import {
  type BooksOptions,
  mposDataDir,
  newWriterId,
  type PoolBooks,
  sayLeftOver,
} from './books.ts';

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
    dataDir: mposDataDir(dataDir),
    coin: coin.name,
    writerId: newWriterId(forkId, now),
    openStore: (writerId, store) => createMposStore({ ...facts, ...store, multiplier, writerId }),
    log,
    now,
  });
  if (forkId === 0) {
    void sayLeftOver(
      { coin: coin.name, log },
      dataDir,
      'are from before MPOS mode and still on their way to Redis: start the pool once without mposMode to record them',
    );
  }

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
