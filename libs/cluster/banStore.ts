import type { Ban } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { RedisConnection } from '../redis/connection.ts';
import { portalKeys } from '../redis/keys.ts';
import { readHash } from '../redis/read.ts';

// Bans outlive the portal: a restart must not let everybody back in. Redis being away costs that memory, not the ban.

const minute = 60_000;

export class BanStore {
  readonly #redis: RedisConnection;
  readonly #log: Logger;
  readonly #now: Clock;
  readonly #trouble: OncePer;

  constructor(redis: RedisConnection, log: Logger, now: Clock) {
    this.#redis = redis;
    this.#log = log;
    this.#now = now;
    this.#trouble = new OncePer(minute, now);
  }

  /** Bans that are still in force; what is over, or cannot be read, is removed. Rejects with RedisError. */
  async load(): Promise<Ban[]> {
    const fields = await readHash(this.#redis, portalKeys.bans);
    const bans: Ban[] = [];
    const over: string[] = [];
    for (const [ip, text] of fields) {
      const ban = readBan(ip, text);
      if (ban !== undefined && ban.until > this.#now()) bans.push(ban);
      else over.push(ip);
    }
    if (over.length > 0) await this.#redis.command('HDEL', portalKeys.bans, ...over);
    return bans;
  }

  /** Keeps a ban, or removes one whose time is over. Never rejects. */
  async save({ ip, until, why }: Ban): Promise<void> {
    try {
      if (until <= this.#now()) await this.#redis.command('HDEL', portalKeys.bans, ip);
      else {
        const text = JSON.stringify({ until, why });
        await this.#redis.command('HSET', portalKeys.bans, ip, text);
      }
    } catch (error) {
      if (this.#trouble.allows('save')) {
        this.#log.warning(
          `The ban of ${ip} is in force, but is not remembered over a restart: ${messageOf(error)}.`,
        );
      }
    }
  }
}

function readBan(ip: string, text: string): Ban | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const until = own(value, 'until');
  const why = own(value, 'why');
  if (typeof until !== 'number' || typeof why !== 'string') return undefined;
  return { ip, until, why };
}
