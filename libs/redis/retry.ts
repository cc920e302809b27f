import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { endWithSignal } from '../primitives/endWithSignal.ts';
import type { Clock } from '../primitives/units.ts';
import type { RedisConnection } from './connection.ts';
import { RedisError } from './errors.ts';

export interface RetryOptions {
  readonly connection: RedisConnection;
  readonly log: Logger;
  readonly now: Clock;
  /** Ends the trying: it rejects with the last RedisError. */
  readonly signal?: AbortSignal | undefined;
}

/** `waiting` begins the log's sentence: what stands still meanwhile ("Shares of litecoin wait"). */
export type Retry = <T>(work: () => Promise<T>, waiting: () => string) => Promise<T>;

const minute = 60_000;
/** Milliseconds that a try under way still gets after the signal. */
const grace = 1_000;
/** A connection that comes back at once is not worth a line. */
const quietTries = 3;
const delays = {
  transient: { first: 50, longest: 2_000 },
  // Until a person has repaired it: asking more often does not help, but is cheap.
  permanent: { first: 100, longest: 5_000 },
} as const;

/**
 * Tries a piece of work until Redis has done it; at least once, also after the signal. Troubles are said once a
 * minute. Errors that are no RedisError are thrown at once.
 */
export function createRetry({ connection, log, now, signal }: RetryOptions): Retry {
  const said = new OncePer(minute, now);

  function say(error: RedisError, tries: number, waiting: () => string): void {
    if (error.trouble === 'transient' && tries < quietTries) return;
    if (!said.allows(error.code)) return;
    if (error.trouble === 'permanent') {
      log.error(
        `${waiting()} until the key or the settings of Redis are repaired: ${error.message}`,
      );
    } else log.warning(`${waiting()}: ${error.message}`);
  }

  const late = (): RedisError =>
    new RedisError('REDIS_DOWN', `Redis at ${connection.name} did not answer before the stop.`, {
      trouble: 'transient',
      mayHaveRun: true,
    });

  return async (work, waiting) => {
    for (let tries = 0; ; tries += 1) {
      try {
        return await (signal ? endWithSignal(work(), signal, grace, late) : work());
      } catch (error) {
        if (!(error instanceof RedisError) || signal?.aborted) throw error;
        say(error, tries, waiting);
        const { first, longest } = delays[error.trouble];
        const delay = Math.min(first * 2 ** Math.min(tries, 10), longest);
        await pause(delay, error.code === 'REDIS_DOWN' ? connection : undefined, signal);
        if (signal?.aborted) throw error;
      }
    }
  };
}

/** Ends after the delay, with the signal, or when the connection (if given) comes back. */
function pause(
  milliseconds: number,
  connection: RedisConnection | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      forget?.();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    const forget = connection?.onReady(end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
