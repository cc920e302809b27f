import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Suite, SuiteRun, Tally } from '../chaos/suite.ts';

// What holds for every fuzzing suite: nothing reaches the process's rim, and memory stays what it was.

/** Megabytes that the heap and the buffers may have grown by, and the process as a whole. */
const mostHeapGrowth = 24;
const mostProcessGrowth = 160;

interface Memory {
  readonly held: number;
  readonly resident: number;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('This Node has no gc().');
  collect();
  collect();
}

function memoryNow(): Memory {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { held: (heapUsed + external) / 2 ** 20, resident: rss / 2 ** 20 };
}

/** What a suite calls before each piece of its work; the first quarter warms up, the rest must not grow. */
export interface Watch {
  /** `done` of the run's count. */
  at(done: number): void;
}

export interface FuzzSuite extends Omit<Suite, 'run'> {
  fuzz(run: SuiteRun, tally: Tally, watch: Watch): Promise<void>;
}

/** The suite with both rules around it. */
export function watched(suite: FuzzSuite): Suite {
  const { name, counts, long, short } = suite;
  return {
    name,
    counts,
    long,
    short,
    run: async (run, tally) => {
      const escaped = (error: unknown): void => {
        const text = error instanceof Error ? error.stack : String(error);
        tally.fail(`${name}: an error would have ended the process: ${text}`);
      };
      process.on('uncaughtException', escaped);
      process.on('unhandledRejection', escaped);
      let warm: Memory | undefined;
      try {
        await suite.fuzz(run, tally, {
          at: (done) => {
            if (warm === undefined && done * 4 >= run.count) warm = memoryNow();
          },
        });
        // Sockets that were closed last give back what they hold one turn later.
        await new Promise((resolve) => setImmediate(resolve));
        if (warm !== undefined) compare(name, warm, memoryNow(), tally);
      } finally {
        process.off('uncaughtException', escaped);
        process.off('unhandledRejection', escaped);
      }
    },
  };
}

function compare(name: string, before: Memory, after: Memory, tally: Tally): void {
  const held = after.held - before.held;
  const resident = after.resident - before.resident;
  tally.count('MB more held', Math.round(held));
  tally.count('MB more resident', Math.round(resident));
  tally.check(
    held < mostHeapGrowth,
    () => `${name}: heap and buffers grew by ${held.toFixed(1)} MB after the first quarter`,
  );
  tally.check(
    resident < mostProcessGrowth,
    () => `${name}: the process grew by ${resident.toFixed(1)} MB after the first quarter`,
  );
}

/**
 * Runs `action`; true if it returned, or threw what its contract names. Anything else is a failure that tells the input.
 */
export function keepsContract(
  tally: Tally,
  what: () => string,
  action: () => void,
  isDocumented: (error: unknown) => boolean = () => false,
): boolean {
  try {
    action();
    tally.passed += 1;
    return true;
  } catch (error) {
    if (isDocumented(error)) {
      tally.passed += 1;
      tally.count('refused');
      return false;
    }
    const text = error instanceof Error ? error.stack : String(error);
    tally.fail(`${what()}: ${text}`);
    return false;
  }
}
