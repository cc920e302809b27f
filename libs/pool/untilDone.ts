import type { Logger } from '../log/logger.ts';
import { CodedError, messageOf } from '../primitives/errors.ts';
import { pause } from '../primitives/pause.ts';

const firstRetry = 1_000;
const longestRetry = 30_000;

/**
 * Runs `attempt` until it succeeds, with back-off, letting go of what a failed one left behind. An outage is waited
 * out for ever; only what waiting cannot mend is thrown. Resolves as well when the signal ends it.
 */
export async function untilDone(
  attempt: () => Promise<void>,
  letGo: () => Promise<void>,
  complaint: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let wait = firstRetry; ; wait = Math.min(wait * 2, longestRetry)) {
    try {
      await attempt();
      return;
    } catch (error) {
      await letGo();
      if (signal.aborted) return;
      if (isPermanent(error)) throw error;
      log.error(`${complaint}: ${messageOf(error)}. It is tried again in ${wait / 1000} s.`);
      await pause(wait, signal);
      if (signal.aborted) return;
    }
  }
}

/** True for what waiting cannot mend: a wrong address, an unknown algorithm, a port in use. */
function isPermanent(error: unknown): boolean {
  return error instanceof CodedError && /^(ADDRESS|ALGORITHM|STRATUM)_/.test(error.code);
}
