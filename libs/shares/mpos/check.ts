import type { MposConfig } from '../../config/types.ts';
import { createLogger } from '../../log/logger.ts';
import { messageOf } from '../../primitives/errors.ts';
import { systemClock } from '../../primitives/units.ts';
import { openMposDatabase } from './database.ts';
import { readyForShares, readyForWorkers } from './tables.ts';

/** What is wrong with the database of MPOS, or undefined if all is well. Nothing is changed there. Never rejects. */
export async function checkMpos(
  config: MposConfig,
  validateWorkerUsername: boolean,
  patience: number,
): Promise<string | undefined> {
  const database = openMposDatabase({
    config,
    log: createLogger({ level: 'special', colors: false, format: 'text' }, { write: () => {} }),
    now: systemClock,
    connectMillis: patience,
    statementMillis: patience,
  });
  try {
    await readyForShares(database, false);
    if (validateWorkerUsername || config.autoCreateWorker) {
      await readyForWorkers(database, config.autoCreateWorker);
    }
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    await database.close();
  }
}
