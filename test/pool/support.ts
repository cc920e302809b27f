import type { Logger } from '../../libs/log/logger.ts';
import type { FoundBlock, Rounds, ShareRecord, ShareRecorder } from '../../libs/shares/types.ts';
import { memoryLog } from '../support/memoryLog.ts';

// Stand-ins for the rooms around the pool, where a test wants to decide what they say and when.

/** A log whose lines the test reads. */
export function keptLog(): { log: Logger; lines: string[] } {
  const log = memoryLog();
  return { log, lines: log.lines };
}

/** Records when the test says so. */
export class HeldRecorder implements ShareRecorder {
  readonly shares: ShareRecord[] = [];
  readonly #open: ((recorded: boolean) => void)[] = [];

  record(share: ShareRecord, done: (recorded: boolean) => void): void {
    this.shares.push(share);
    this.#open.push(done);
  }

  /** Settles everything that was taken in so far. */
  settle(recorded: boolean): void {
    for (const done of this.#open.splice(0)) done(recorded);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  applied(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Writes down what happened to rounds, in order. */
export class ScriptedRounds implements Pick<Rounds, 'close' | 'accept' | 'isKept' | 'refuse'> {
  readonly steps: string[] = [];
  /** Answers of isKept, in turn; then true. */
  readonly kept: boolean[] = [];

  isKept(): Promise<boolean> {
    return Promise.resolve(this.kept.shift() ?? true);
  }

  close(block: FoundBlock): Promise<'closed'> {
    this.steps.push(`close ${block.height}`);
    return Promise.resolve('closed');
  }

  accept(blockHash: string): Promise<void> {
    this.steps.push(`accept ${blockHash}`);
    return Promise.resolve();
  }

  refuse(blockHash: string, reason: string): Promise<void> {
    this.steps.push(`refuse ${blockHash}: ${reason}`);
    return Promise.resolve();
  }
}
