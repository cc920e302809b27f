// A stratum server in a process that is to run out of file descriptors: parent starts it with a low limit.
import { closeSync, openSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { StratumServer } from '../../../libs/stratum/server.ts';
import { mostConnections, SocketBudget } from '../../../libs/stratum/socketBudget.ts';
import { LogInMemory, serverOptions } from './fakePool.ts';

const log = new LogInMemory();
const server = new StratumServer({
  ...serverOptions(),
  log,
  // Without it the server would not let it come to this.
  budget: new SocketBudget(mostConnections(undefined)),
});
await server.listen();

const hoard: number[] = [];

function starve(): string {
  for (;;) {
    try {
      hoard.push(openSync('/dev/null', 'r'));
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    }
  }
}

/** Part of the time that the process is busy, 0–1. */
async function busyPart(): Promise<number> {
  const before = performance.eventLoopUtilization();
  for (let turn = 0; turn < 20; turn++) await wait(10);
  return performance.eventLoopUtilization(before).utilization;
}

const commands: Record<string, () => unknown> = {
  starve,
  busyPart,
  feed: () => {
    for (const descriptor of hoard.splice(0)) closeSync(descriptor);
  },
  errors: () => log.lines.filter(({ severity }) => severity === 'error').map(({ text }) => text),
};

process.on('message', (command) => {
  void Promise.resolve(commands[String(command)]?.()).then((answer) =>
    process.send?.({ answer: answer ?? null }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ answer: server.ports[0] });
