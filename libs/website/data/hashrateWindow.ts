import { NameTable } from './nameTable.ts';

// The shares of the last minutes, kept in memory: each tick reads only the newest seconds of Redis' set.

export interface WorkerSums {
  /** Sum of difficulty within the window. */
  shares: number;
  invalidShares: number;
}

/** Shares of some seconds, as they were read by one command. */
interface Slice {
  readonly start: number;
  readonly end: number;
  /** For each share: worker, unix second, difficulty (negative: an invalid share). */
  readonly ids: Uint32Array;
  readonly seconds: Uint32Array;
  readonly difficulties: Float64Array;
}

/** A span of unix seconds, the end excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Shares that are written late (a group waits for Redis) are still seen within so many seconds. */
const overlap = 5;
/** With many more names than are at work, the table is made anew. */
const forgottenNames = 10_000;

export class HashrateWindow {
  readonly #window: number;
  readonly #step: number;
  #names = new NameTable();
  #slices: Slice[] = [];

  /** `window` in seconds. */
  constructor(window: number) {
    this.#window = window;
    this.#step = Math.max(1, Math.floor(window / 100));
  }

  /** What must be read again or for the first time, oldest first. `all`: as if nothing had been read. */
  missing(nowSeconds: number, all = false): readonly Span[] {
    const step = this.#step;
    const oldest = Math.floor((nowSeconds - this.#window) / step) * step;
    const newest = this.#slices.at(-1);
    const known = all || newest === undefined ? oldest : newest.end - step - overlap;
    const spans: Span[] = [];
    // One second more: the writer's clock may be a little ahead.
    for (let start = Math.max(oldest, Math.floor(known / step) * step); start <= nowSeconds + 1; ) {
      spans.push({ start, end: start + step });
      start += step;
    }
    return spans;
  }

  /** Takes in the members of a span, which take the place of what was known of it. Spans come oldest first. */
  put(span: Span, members: Buffer): void {
    const kept = this.#slices.filter(({ end }) => end <= span.start);
    kept.push(parseSlice(span, members, this.#names));
    this.#slices = kept;
  }

  /** Every worker's sums over the last `window` seconds. */
  sums(nowSeconds: number): Map<string, WorkerSums> {
    const from = nowSeconds - this.#window;
    this.#slices = this.#slices.filter(({ end }) => end > from);
    const shares = new Float64Array(this.#names.size);
    const invalid = new Float64Array(this.#names.size);
    const seen = new Uint8Array(this.#names.size);
    let workers = 0;
    for (const { start, ids, seconds, difficulties } of this.#slices) {
      const whole = start >= from;
      for (let i = 0; i < ids.length; i++) {
        if (!whole && (seconds[i] ?? 0) < from) continue;
        const id = ids[i] ?? 0;
        const difficulty = difficulties[i] ?? 0;
        if (seen[id] === 0) {
          seen[id] = 1;
          workers += 1;
        }
        if (difficulty > 0) shares[id] = (shares[id] ?? 0) + difficulty;
        else invalid[id] = (invalid[id] ?? 0) - difficulty;
      }
    }
    const sums = new Map<string, WorkerSums>();
    for (let id = 0; id < seen.length; id++) {
      if (seen[id] === 0) continue;
      sums.set(this.#names.nameOf(id), {
        shares: shares[id] ?? 0,
        invalidShares: invalid[id] ?? 0,
      });
    }
    if (this.#names.size > 2 * workers + forgottenNames) this.#forgetNames();
    return sums;
  }

  #forgetNames(): void {
    const used = [...new Set(this.#slices.flatMap(({ ids }) => [...ids]))];
    const fresh = new Map(used.map((old, id) => [old, id]));
    for (const { ids } of this.#slices) {
      for (const [i, old] of ids.entries()) ids[i] = fresh.get(old) ?? 0;
    }
    this.#names = this.#names.only(used);
  }
}

const colon = 0x3a;
const lineFeed = 0x0a;
/** Of a time in milliseconds, until the year 2286. */
const millisDigits = 13;

/** Lines that are no `difficulty:worker:ms` are passed over: anybody may have written into the set. */
function parseSlice({ start, end }: Span, members: Buffer, names: NameTable): Slice {
  const ids: number[] = [];
  const seconds: number[] = [];
  const difficulties: number[] = [];
  for (let at = 0, lineEnd = 0; at < members.length; at = lineEnd + 1) {
    const feed = members.indexOf(lineFeed, at);
    lineEnd = feed === -1 ? members.length : feed;
    let first = at;
    while (first < lineEnd && members[first] !== colon) first += 1;
    let last = lineEnd - millisDigits - 1;
    if (last <= first || members[last] !== colon) last = members.lastIndexOf(colon, lineEnd - 1);
    if (last <= first + 1) continue;
    const difficulty = readNumber(members, at, first);
    const ms = readNumber(members, last + 1, lineEnd);
    if (!Number.isFinite(difficulty) || !Number.isFinite(ms)) continue;
    ids.push(names.idOf(members, first + 1, last));
    // The score is a second of the span; a member's own time can lie a little beyond it.
    seconds.push(Math.min(Math.max(Math.floor(ms / 1000), start), end - 1));
    difficulties.push(difficulty);
  }
  return {
    start,
    end,
    ids: Uint32Array.from(ids),
    seconds: Uint32Array.from(seconds),
    difficulties: Float64Array.from(difficulties),
  };
}

/** The number in bytes from…to; NaN if it is none. Plain decimals up to 15 digits are read without making a string. */
function readNumber(bytes: Buffer, from: number, to: number): number {
  if (from >= to) return Number.NaN;
  const negative = bytes[from] === 0x2d;
  let value = 0;
  let scale = 0;
  const begin = negative ? from + 1 : from;
  const isPlain = to - begin <= 15 && begin < to;
  for (let at = begin; isPlain && at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + byte - 0x30;
      scale *= 10;
    } else if (byte === 0x2e && scale === 0 && at > begin && at + 1 < to) scale = 1;
    else return Number(bytes.toString('latin1', from, to));
  }
  if (!isPlain) return Number(bytes.toString('latin1', from, to));
  const size = scale === 0 ? value : value / scale;
  return negative ? -size : size;
}
