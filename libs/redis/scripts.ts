import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installRoot } from '../primitives/installRoot.ts';
import type { RedisConnection } from './connection.ts';
import { RedisError } from './errors.ts';

// One Lua file is one change of state. Redis runs it whole or, when its checks fail, not at all.

/** Gives the typed reply, or undefined if it is none that the script's head promises. */
export type ReplyParser<T> = (reply: unknown) => T | undefined;

export interface Script<T> {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
  readonly parse: ReplyParser<T>;
}

/** Reads libs/redis/scripts/<name>.lua. A line `-- include x.lua` is replaced by that file of the same folder. */
export function loadScript<T>(name: string, parse: ReplyParser<T>): Script<T> {
  const lua = read(`${name}.lua`).replace(/^-- include (\w+\.lua)$/gm, (_, file: string) =>
    read(file).trimEnd(),
  );
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex'), parse };
}

function read(file: string): string {
  return readFileSync(join(installRoot, 'libs', 'redis', 'scripts', file), 'utf8');
}

/**
 * Runs a script once. Rejects with RedisError: what the script itself refused has a code like REDIS_BADVALUE, a reply
 * that cannot be understood REDIS_BADREPLY.
 */
export async function runScript<T>(
  connection: RedisConnection,
  script: Script<T>,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<T> {
  const rest = [keys.length, ...keys, ...args];
  const reply = await connection.send('evalsha', [script.sha, ...rest]).catch((error: unknown) => {
    // Redis forgets scripts when it restarts or somebody says SCRIPT FLUSH. It has not run: send the text.
    if (!(error instanceof RedisError) || error.code !== 'REDIS_NOSCRIPT') throw error;
    return connection.send('eval', [script.lua, ...rest]);
  });
  const parsed = script.parse(reply);
  if (parsed !== undefined) return parsed;
  throw new RedisError(
    'REDIS_BADREPLY',
    `The script ${script.name} gave a reply that it cannot give (${JSON.stringify(reply)?.slice(0, 100)}).`,
    { trouble: 'permanent', mayHaveRun: true },
  );
}

/** Parser for scripts that answer with one of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): ReplyParser<Word> {
  return (reply) => words.find((word) => word === reply);
}
