import type { Report } from './report.ts';

// `drain [seconds]`: no new miners here; those that are connected are asked to reconnect, a few at a time, and find
// another portal behind the same name. `drain off` opens the ports again.

export interface DrainEffects {
  /** Seconds over which the miners are asked; undefined: the ports are opened again. */
  drain(seconds: number | undefined): void;
  isDraining(): boolean;
  /** Miners that are connected to all forks. */
  connections(): Promise<number>;
}

const usualSeconds = 60;
const mostSeconds = 3_600;

export async function drain(params: readonly string[], effects: DrainEffects): Promise<Report> {
  const [word] = params;
  if (word?.toLowerCase() === 'off') {
    if (!effects.isDraining()) throw new RangeError('the ports are open already');
    effects.drain(undefined);
    return { data: { draining: false }, text: 'The ports are open again.' };
  }
  const asked = word !== undefined || !effects.isDraining();
  const seconds = word === undefined ? usualSeconds : Number(word);
  if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > mostSeconds) {
    throw new RangeError(
      `drain needs nothing, a number of seconds from 1 to ${mostSeconds}, or off; "${word}" is none of these`,
    );
  }
  if (asked) effects.drain(seconds);
  const left = await effects.connections();
  const state = asked
    ? `No new miners are taken. Those that are connected are asked to reconnect within ${seconds} s`
    : 'No new miners are taken';
  const end =
    left === 0 ? 'it can be stopped' : 'drain says how many are left, drain off opens the ports';
  return {
    data: { draining: true, connections: left },
    text: `${state}; ${left} connection(s) are left: ${end}.`,
  };
}
