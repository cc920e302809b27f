import { secretsOf } from '../config/secrets.ts';
import type { PortalConfig } from '../config/types.ts';
import { parseToChild, type ToChild, type ToMaster } from '../ipc/messages.ts';
import { createLogger, hideInLogs, type Logger } from '../log/logger.ts';
import { type HandOff, handOffFrom } from './handOff.ts';

// What every child process does alike: greet the master, wait for `start`, end cleanly when told to or left alone.

/** A clean end may take this long, in milliseconds, before the process ends all the same. */
const patience = 9_000;

export type StartMessage = Extract<ToChild, { type: 'start' }>;

export interface RunningChild {
  onMessage(message: ToChild): void;
  stop(): Promise<void>;
}

export function tellMaster(message: ToMaster): void {
  if (process.connected) process.send?.(message);
}

/** Runs this process as a child of the master. `run` is called once, with the configuration. */
export function runChild(
  run: (start: StartMessage, handOff: HandOff, log: Logger) => RunningChild,
): void {
  let running: RunningChild | undefined;
  let stopping = false;

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), patience).unref();
    Promise.resolve(running?.stop()).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };

  process.on('message', (raw: unknown) => {
    const message = parseToChild(raw);
    if (message === undefined || stopping) return;
    if (message.type === 'stop') return stop();
    if (message.type !== 'start') return running?.onMessage(message);
    const handOff = handOffFrom(message.config);
    if (handOff === undefined || running !== undefined) return;
    running = run(message, handOff, loggerFor(handOff.portal, handOff.pools));
  });
  // The master is gone: nobody would steer, restart or stop this process any more.
  process.on('disconnect', stop);
  // A terminal's Ctrl-C reaches the whole group, but the master decides the order in which its children end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', stop);
  tellMaster({ type: 'hello' });
}

/** The logger of a process, with every configured secret hidden from then on. */
export function loggerFor(portal: PortalConfig, pools: HandOff['pools']): Logger {
  for (const secret of secretsOf(portal, pools)) hideInLogs(secret);
  return createLogger({
    level: portal.logLevel,
    colors: portal.logColors && process.stdout.isTTY === true,
    format: portal.logFormat,
  });
}
