import { isRecord, own } from '../primitives/unknown.ts';
import type { RedisConnection } from './connection.ts';

// Readers that give Maps: field names come from miners (`__proto__` is one of them).

/** All fields of a hash; empty if there is no such key. Rejects with RedisError. */
export async function readHash(
  connection: RedisConnection,
  key: string,
): Promise<Map<string, string>> {
  return fieldsOf(await connection.command('hgetall', key));
}

/** HGETALL's reply, as a flat list or as the object that ioredis makes of it. */
export function fieldsOf(reply: unknown): Map<string, string> {
  const fields = new Map<string, string>();
  if (Array.isArray(reply)) {
    for (let i = 0; i + 1 < reply.length; i += 2)
      fields.set(String(reply[i]), String(reply[i + 1]));
  } else if (isRecord(reply)) {
    for (const field of Object.keys(reply)) fields.set(field, String(own(reply, field)));
  }
  return fields;
}

/** All members of a set. Rejects with RedisError. */
export async function readSet(connection: RedisConnection, key: string): Promise<string[]> {
  const reply = await connection.command('smembers', key);
  return Array.isArray(reply) ? reply.map(String) : [];
}
