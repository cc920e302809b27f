// What miners say in the password of their worker: words that commas, semicolons or spaces keep apart.

const separators = /[\s,;&]+/;
/** Plain decimal text, with or without an exponent: not what else `Number` takes for a number. */
const plainNumber = /^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** "x,d=16;LTC=L…" -> d: 16, ltc: L…. Names in lower case, values as they stand; of a repeated name the first counts. */
export function passwordWords(password: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const word of password.split(separators)) {
    const at = word.indexOf('=');
    if (at <= 0) continue;
    const name = word.slice(0, at).toLowerCase();
    if (!words.has(name)) words.set(name, word.slice(at + 1));
  }
  return words;
}

export interface Wishes {
  /** `d=N`: the difficulty to start with. */
  readonly difficulty: number | undefined;
  /** `md=N`: never less than this. */
  readonly minimum: number | undefined;
  /** `m=solo`. */
  readonly solo: boolean;
  /** Words that only the pool understands: addresses for other coins. */
  readonly hasOthers: boolean;
}

const own = new Set(['d', 'md', 'm']);

/** What concerns the connection itself. A number that is none, or not above 0, is as good as left out. */
export function wishesIn(password: string): Wishes {
  const words = passwordWords(password);
  return {
    difficulty: positive(words.get('d')),
    minimum: positive(words.get('md')),
    solo: words.get('m')?.toLowerCase() === 'solo',
    hasOthers: [...words.keys()].some((name) => !own.has(name)),
  };
}

function positive(text: string | undefined): number | undefined {
  const value = text !== undefined && plainNumber.test(text) ? Number(text) : 0;
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
