import type { Cores } from './benchPool.ts';

// What the parts of the bench have in common.

export interface BenchWish {
  /** Within a minute and a half, with fewer repetitions. */
  readonly isShort: boolean;
  /** Undefined where processes cannot be given cores of their own. */
  readonly cores: Cores | undefined;
}

export interface BenchPart {
  readonly name: string;
  /** "shares, new blocks and idle miners" */
  readonly measures: string;
  /** Prints its table. False when a figure could not be had. */
  run(wish: BenchWish): Promise<boolean>;
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
