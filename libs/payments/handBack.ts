import { commandText } from './commandText.ts';

// The way back to the original NOMP: its own keys are kept as it writes them, so it needs nothing but a quiet moment in
// which they tell all. Then balances hold everything that is owed, and each pending block has its round. Pure.

export interface HandBackFacts {
  readonly coin: string;
  readonly paused: boolean;
  /** Id of the open payment batch. */
  readonly openBatch: string | undefined;
  /** Hashes of blocks that are neither accepted nor refused yet. */
  readonly openBlocks: readonly string[];
  /** The pending blocks, with the number of workers in their rounds. */
  readonly rounds: readonly {
    readonly member: string;
    readonly workers: number;
    readonly solo: boolean;
  }[];
  /** Sum of balances, coins as decimal text. */
  readonly owed: string;
  /** Why balances cannot be read. */
  readonly problem: string | undefined;
}

export interface HandBack {
  readonly coin: string;
  /** True: stop this pool, start the original on the same Redis. */
  readonly ready: boolean;
  /** What is in the way, as sentences with what to do. */
  readonly obstacles: readonly string[];
  readonly owed: string;
  readonly pendingBlocks: number;
}

export function judgeHandBack(facts: HandBackFacts): HandBack {
  const { coin, paused, openBatch, openBlocks, rounds, owed, problem } = facts;
  const obstacles: string[] = [];
  if (!paused) {
    const command = commandText(coin, 'pause');
    obstacles.push(`Payments are not paused, and could begin at any time: ${command}`);
  }
  if (problem !== undefined) obstacles.push(`Balances cannot be read: ${problem}.`);
  if (openBatch !== undefined) {
    obstacles.push(
      `Payment batch ${openBatch} is open: its money is not in balances. Wait until it is paid or given back, both of which happen while payments are paused.`,
    );
  }
  for (const blockHash of openBlocks) {
    obstacles.push(`Block ${blockHash} is neither accepted nor refused yet: wait for it.`);
  }
  for (const { member, workers, solo } of rounds) {
    if (solo) {
      obstacles.push(
        `The pending block ${member} belongs to its finder alone, which the original does not know: wait until it is credited.`,
      );
    } else if (workers === 0) {
      obstacles.push(`The pending block ${member} has no shares: the original would pay nobody.`);
    }
  }
  return { coin, ready: obstacles.length === 0, obstacles, owed, pendingBlocks: rounds.length };
}
