import { messageOf } from '../../libs/primitives/errors.ts';
import { readWish } from '../support/wish.ts';

// What all chaos suites have in common: they do something harmful so many times, and count what held.

export interface SuiteRun {
  readonly seed: number;
  /** Of what the suite counts: kills, repetitions, turns. */
  readonly count: number;
  say(line: string): void;
}

export interface Suite {
  readonly name: string;
  /** "kills of pool workers, the payment process and the master" */
  readonly counts: string;
  /** How many of them the long form and the short form take. */
  readonly long: number;
  readonly short: number;
  run(run: SuiteRun, tally: Tally): Promise<void>;
}

/** Checks that passed, checks that did not, and figures of what was done. */
export class Tally {
  readonly figures = new Map<string, number>();
  readonly failures: string[] = [];
  passed = 0;
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  count(figure: string, more = 1): void {
    this.figures.set(figure, (this.figures.get(figure) ?? 0) + more);
  }

  /** `what` is said when the check fails: the rule, and what was found instead. */
  check(holds: boolean, what: () => string): boolean {
    if (holds) this.passed += 1;
    else this.fail(what());
    return holds;
  }

  fail(what: string): void {
    this.failures.push(what);
    this.#say(`FAILED: ${what}`);
  }

  get summary(): string {
    return [...this.figures].map(([figure, value]) => `${figure} ${value}`).join(', ');
  }
}

/** Runs a suite to its end; an error on the way is a failure like any other. */
export async function runSuite(suite: Suite, run: SuiteRun): Promise<Tally> {
  const tally = new Tally(run.say);
  run.say(`${suite.name}: ${run.count} ${suite.counts}, seed ${run.seed}`);
  const startedAt = performance.now();
  try {
    await suite.run(run, tally);
  } catch (error) {
    tally.fail(`the suite broke off: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  run.say(
    `${suite.name}: ${tally.passed} checks passed, ${tally.failures.length} failed in ${seconds} s (${tally.summary})`,
  );
  return tally;
}

/** Runs the suites that the command line asks for, and says what held. Gives the exit code. */
export async function runSuites(
  command: string,
  suites: readonly Suite[],
  args: readonly string[],
): Promise<number> {
  const say = (line: string): void => console.log(line);
  const wish = readWish(args);
  const chosen = suites.filter(({ name }) => wish?.only === undefined || name === wish.only);
  if (wish === undefined || chosen.length === 0) {
    const names = suites.map(({ name }) => name).join('|');
    say(`Usage: ${command} [--short] [--only ${names}] [--seed N] [--count N]`);
    return 2;
  }
  let passed = 0;
  let failed = 0;
  for (const suite of chosen) {
    const count = wish.count ?? (wish.short ? suite.short : suite.long);
    const tally = await runSuite(suite, { seed: wish.seed, count, say });
    passed += tally.passed;
    failed += tally.failures.length;
  }
  say(`seed ${wish.seed}: ${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
