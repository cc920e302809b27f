import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import type { RedisConnection } from './connection.ts';

/** Warns of settings with which Redis would lose shares or balances. Never rejects. */
export async function checkRedisSafety(connection: RedisConnection, log: Logger): Promise<void> {
  try {
    const info = parseInfo(await connection.command('info'));
    const appendfsync = await readSetting(connection, 'appendfsync');
    for (const risk of risksOf(info, appendfsync))
      log.warning(`Redis at ${connection.name} ${risk}`);
  } catch (error) {
    log.warning(
      `It could not be checked whether Redis at ${connection.name} keeps its data: ${messageOf(error)}`,
    );
  }
}

/** `info` as INFO tells it; `appendfsync` undefined where CONFIG is not allowed. */
export function risksOf(
  info: ReadonlyMap<string, string>,
  appendfsync: string | undefined,
): readonly string[] {
  const risks: string[] = [];
  if (info.get('aof_enabled') === '0') {
    risks.push(
      'keeps no append-only file: when it stops, shares and balances since its last snapshot are gone. Set "appendonly yes" and "appendfsync always" in redis.conf.',
    );
  } else if (appendfsync !== undefined && appendfsync !== 'always') {
    risks.push(
      `has "appendfsync ${appendfsync}": a crash of its machine can lose the last shares and bookings. Set "appendfsync always" in redis.conf; shares are written in groups, so it costs little.`,
    );
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    risks.push(
      `has "maxmemory-policy ${policy}": when memory is short it deletes keys, balances among them. Set "maxmemory-policy noeviction" in redis.conf.`,
    );
  }
  return risks;
}

/** INFO's lines `name:value`. */
export function parseInfo(reply: unknown): Map<string, string> {
  const info = new Map<string, string>();
  if (typeof reply !== 'string') return info;
  for (const line of reply.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return info;
}

/** One value of CONFIG GET; undefined where the command is not allowed. */
export async function readSetting(
  connection: RedisConnection,
  setting: string,
): Promise<string | undefined> {
  try {
    const reply = await connection.command('config', 'get', setting);
    return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
  } catch {
    // Hosted servers do.
    return undefined;
  }
}
