import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection } from '../redis/connection.ts';
import { RedisError } from '../redis/errors.ts';

// Before a call that can move money, what announces it must be on Redis' disk.

/** How long WAITAOF may take, milliseconds. */
const patience = 5_000;
/** "appendfsync everysec" puts a write off for two seconds, counted in whole ones, while the disk is busy. */
const everySecond = 3_000;

/**
 * Resolves when what this connection wrote is as safe as Redis is set to make it; a Redis without an append-only file
 * cannot do better, which is said at start. Rejects with RedisError when Redis is away.
 */
export async function waitUntilDurable(connection: RedisConnection): Promise<void> {
  try {
    // Redis 7.2 and later.
    await connection.command('WAITAOF', 1, 0, patience);
    return;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  if ((await appendFsync(connection)) !== 'always') await sleep(everySecond);
}

async function appendFsync(connection: RedisConnection): Promise<string | undefined> {
  try {
    const reply = await connection.command('CONFIG', 'GET', 'appendfsync');
    return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return undefined;
  }
}

/** Redis answered, and does not know or allow the command. */
function isRefusal(error: unknown): boolean {
  return error instanceof RedisError && error.trouble === 'permanent';
}
