import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** What the one who starts a bench, chaos or fuzz run asks of it. */
export interface Wish {
  readonly short: boolean;
  /** The name of one part; undefined: all of them. */
  readonly only: string | undefined;
  /** Drawn when none was given. */
  readonly seed: number;
  readonly count: number | undefined;
}

/** `[--short] [--only NAME] [--seed N] [--count N]`. Undefined for arguments that mean nothing. */
export function readWish(args: readonly string[]): Wish | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        short: { type: 'boolean', default: false },
        only: { type: 'string' },
        seed: { type: 'string' },
        count: { type: 'string' },
      },
    });
    const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
    const count = values.count === undefined ? undefined : Number(values.count);
    if (!Number.isSafeInteger(seed)) return undefined;
    if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) return undefined;
    return { short: values.short, only: values.only, seed, count };
  } catch {
    return undefined;
  }
}
