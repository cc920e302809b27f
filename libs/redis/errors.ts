import { CodedError, codeOf, messageOf } from '../primitives/errors.ts';

// What can go wrong with a command, so that callers can tell "wait" from "a person must repair this".

/**
 * `transient`: goes away by itself or by repairing Redis (connection lost, LOADING, READONLY, OOM, …): try again.
 * `permanent`: the same command will fail again until someone changes data or settings (WRONGTYPE, BADVALUE, …).
 */
export type RedisTrouble = 'transient' | 'permanent';

/** `code` is REDIS_DOWN, REDIS_BADREPLY, or REDIS_ and the word with which Redis' own error begins (REDIS_WRONGTYPE). */
export class RedisError extends CodedError {
  readonly trouble: RedisTrouble;
  /** True if the command may have been executed although there is no answer. */
  readonly mayHaveRun: boolean;

  constructor(
    code: string,
    message: string,
    facts: { trouble: RedisTrouble; mayHaveRun: boolean; cause?: unknown },
  ) {
    super(code, message, { cause: facts.cause });
    this.trouble = facts.trouble;
    this.mayHaveRun = facts.mayHaveRun;
  }
}

const transientWords: ReadonlySet<string> = new Set([
  'LOADING',
  'READONLY',
  'OOM',
  'BUSY',
  'CLUSTERDOWN',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'NOAUTH',
  'WRONGPASS',
  'UNKILLABLE',
]);

// Before version 7 an error inside a script came as "ERR Error running script (…): @user_script:9: -OOM command …".
const inScript = /^ERR Error running script .*-([A-Z]{2,})/;
const firstWord = /^-?([A-Z]{2,})\b/;

/** Anything that a command rejected with, as a RedisError. `name` is the server as the log shows it. */
export function toRedisError(error: unknown, name: string): RedisError {
  if (error instanceof RedisError) return error;
  const message = messageOf(error);
  if (!isReply(error)) {
    return new RedisError('REDIS_DOWN', `Redis at ${name} is away: ${message}`, {
      trouble: 'transient',
      mayHaveRun: !message.includes('enableOfflineQueue'),
      cause: error,
    });
  }
  const word = (inScript.exec(message) ?? firstWord.exec(message))?.[1] ?? 'ERR';
  return new RedisError(`REDIS_${word}`, `Redis at ${name} says: ${message}`, {
    trouble: transientWords.has(word) ? 'transient' : 'permanent',
    mayHaveRun: false,
    cause: error,
  });
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Why there is no usable connection, as a clause that follows "Redis at … ". */
export function explainOutage(error: unknown): string {
  const message = messageOf(error);
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return 'refuses connections (ECONNREFUSED): is it running, on this host and port?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has a host name that cannot be looked up: check redis.host.';
    case 'ETIMEDOUT':
      return 'does not answer (ETIMEDOUT): check the host, the port and the firewall.';
  }
  const word = isReply(error) ? firstWord.exec(message)?.[1] : undefined;
  switch (word) {
    case 'NOAUTH':
      return 'wants a password (NOAUTH): set redis.password in the configuration.';
    case 'WRONGPASS':
      return 'refuses the password (WRONGPASS): check redis.password in the configuration.';
    case 'LOADING':
      return 'is loading its data (LOADING): it serves when it has done so.';
  }
  if (message.includes('invalid password')) {
    return 'refuses the password: check redis.password in the configuration.';
  }
  if (isBadDatabase(error)) {
    return `has no such database (${message}): check redis.db in the configuration.`;
  }
  return `cannot be used: ${message}`;
}

/** SELECT was refused: without a check commands would go to database 0. */
export function isBadDatabase(error: unknown): boolean {
  return isReply(error) && /DB index|SELECT is not allowed/i.test(messageOf(error));
}
