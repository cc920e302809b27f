// A token bucket as one number (the generic cell rate algorithm): cheap enough to give to each connection.

export interface Rate {
  /** In the mean. */
  readonly perSecond: number;
  /** Pass at once after a pause. */
  readonly burst: number;
}

/**
 * One more event at `now` (ms). `state` is what the last call gave, 0 at first; returns the next state, or undefined
 * when the event is beyond the rate (the state then stays as it was).
 */
export function admit(state: number, now: number, rate: Rate): number | undefined {
  const interval = 1_000 / rate.perSecond;
  const due = Math.max(state, now);
  return due - now > (rate.burst - 1) * interval ? undefined : due + interval;
}
