import type { RedisConnection } from '../../redis/connection.ts';
import { RedisError } from '../../redis/errors.ts';

// Typed, bounded reads. Each rejects with RedisError; a reply of an odd shape reads as empty.

const scanCount = 1_000;
const fieldsAtOnce = 500;

/** The reading, or `fallback` where Redis holds something that cannot be read so (a key of another type). */
export async function tolerate<T>(reading: Promise<T>, fallback: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RedisError && error.trouble === 'permanent') return fallback;
    throw error;
  }
}

/** Fields of a hash, in no order, at most `most` of them; no single command is long. */
export async function scanHash(
  connection: RedisConnection,
  key: string,
  most: number,
  each: (field: string, value: string) => void,
): Promise<void> {
  let left = most;
  await scan(connection, 'hscan', key, (items) => {
    for (let i = 0; i + 1 < items.length && left > 0; i += 2, left -= 1) {
      each(String(items[i]), String(items[i + 1]));
    }
    return left > 0;
  });
}

/** Members of a set, in no order, at most `most` of them. */
export async function scanSet(
  connection: RedisConnection,
  key: string,
  most: number,
  each: (member: string) => void,
): Promise<void> {
  let left = most;
  await scan(connection, 'sscan', key, (items) => {
    for (const item of items) {
      if (left-- <= 0) return false;
      each(String(item));
    }
    return true;
  });
}

async function scan(
  connection: RedisConnection,
  command: 'hscan' | 'sscan',
  key: string,
  take: (items: readonly unknown[]) => boolean,
): Promise<void> {
  let cursor = '0';
  do {
    const reply = await connection.command(command, key, cursor, 'COUNT', scanCount);
    if (!Array.isArray(reply) || !Array.isArray(reply[1])) return;
    if (!take(reply[1])) return;
    cursor = String(reply[0]);
  } while (cursor !== '0');
}

/** Those of the fields that the hash has. */
export async function readFields(
  connection: RedisConnection,
  key: string,
  fields: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < fields.length; at += fieldsAtOnce) {
    const some = fields.slice(at, at + fieldsAtOnce);
    const values = await connection.send('hmget', [key, ...some]);
    if (!Array.isArray(values)) continue;
    for (const [i, field] of some.entries()) {
      const value: unknown = values[i];
      if (typeof value === 'string') found.set(field, value);
    }
  }
  return found;
}

/** SCARD, LLEN, … */
export async function readCount(
  connection: RedisConnection,
  command: 'scard' | 'llen' | 'zcard',
  key: string,
): Promise<number> {
  const count = Number(await connection.command(command, key));
  return Number.isSafeInteger(count) ? count : 0;
}

/** A part of a list, both ends included. */
export async function readRange(
  connection: RedisConnection,
  command: 'lrange' | 'zrevrange',
  key: string,
  from: number,
  to: number,
): Promise<string[]> {
  const reply = await connection.command(command, key, from, to);
  return Array.isArray(reply) ? reply.map(String) : [];
}

/** A number that is written as text, if it is finite and not negative. */
export function readFigure(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  return value >= 0 && value < Infinity ? value : undefined;
}
