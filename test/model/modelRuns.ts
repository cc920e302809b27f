import { openRedis, type RedisConnection, waitForRedis } from '../../libs/redis/connection.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { logTo } from '../support/memoryLog.ts';
import { playSequence } from './sequence.ts';

// Many random sequences at once, each in a database of its own of one Redis.

/** As many as Redis has databases. */
const lanes = 16;

export interface ModelFigures {
  sequences: number;
  events: number;
  /** Payment runs that died or had a call fail. */
  crashes: number;
  credited: number;
  orphaned: number;
  payments: number;
}

/** Plays sequences 0 to count - 1 of the seed. Each that differs from the model is told of; the others go on. */
export async function playSequences(
  seed: number,
  count: number,
  onMismatch: (message: string) => void,
  onProgress: (done: number) => void = () => undefined,
): Promise<ModelFigures> {
  const server = await startRedis({ args: ['--appendonly', 'no'] });
  const figures: ModelFigures = {
    sequences: 0,
    events: 0,
    crashes: 0,
    credited: 0,
    orphaned: 0,
    payments: 0,
  };
  let next = 0;
  const lane = async (connection: RedisConnection): Promise<void> => {
    while (next < count) {
      const number = next++;
      await connection.command('FLUSHDB');
      try {
        const sequence = await playSequence(connection, seed, number);
        figures.events += sequence.events.length;
        for (const what of ['crashes', 'credited', 'orphaned', 'payments'] as const) {
          figures[what] += sequence[what];
        }
      } catch (error) {
        onMismatch(error instanceof Error ? error.message : String(error));
      }
      figures.sequences += 1;
      onProgress(figures.sequences);
    }
  };
  const connections = Array.from({ length: lanes }, (_, db) =>
    openRedis({ host: '127.0.0.1', port: server.port, db }, logTo([])),
  );
  try {
    await Promise.all(
      connections.map(async (connection) => {
        await waitForRedis(connection, AbortSignal.timeout(10_000));
        await lane(connection);
      }),
    );
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
    await server.stop();
  }
  return figures;
}
