import { NameTable } from './nameTable.ts';
import { readNumber } from './numberBytes.ts';

// The shares of the last minutes, kept in memory: each tick reads only the newest seconds of Redis' set, and adds and
// takes away only what came and what went.

export interface WorkerSums {
  /** Sum of difficulty within the window. */
  shares: number;
  invalidShares: number;
}

/** Shares of some seconds, as they were read by one command. */
interface Slice {
  readonly start: number;
  readonly end: number;
  /** For each share: worker (or `gone`), unix second, difficulty (negative: an invalid share). */
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
/** A share that has left the window before the rest of its slice. */
const gone = 0xffffffff;
/** After so many slices the sums are made anew, before what rounding leaves behind adds up. */
const recountEvery = 100;
/** With many more names than are at work, the table is made anew. */
const forgottenNames = 10_000;

/** By worker: sums of what is in the slices. */
class Totals {
  shares = new Float64Array(1 << 10);
  invalid = new Float64Array(1 << 10);
  counts = new Uint32Array(1 << 10);

  growTo(size: number): void {
    if (size <= this.counts.length) return;
    const wanted = Math.max(size, this.counts.length * 2);
    const { shares, invalid, counts } = this;
    this.shares = new Float64Array(wanted);
    this.shares.set(shares);
    this.invalid = new Float64Array(wanted);
    this.invalid.set(invalid);
    this.counts = new Uint32Array(wanted);
    this.counts.set(counts);
  }

  add(id: number, difficulty: number): void {
    this.counts[id] = (this.counts[id] ?? 0) + 1;
    if (difficulty > 0) this.shares[id] = (this.shares[id] ?? 0) + difficulty;
    else this.invalid[id] = (this.invalid[id] ?? 0) - difficulty;
  }

  takeAway(id: number, difficulty: number): void {
    const left = (this.counts[id] ?? 1) - 1;
    this.counts[id] = left;
    if (left === 0) {
      this.shares[id] = 0;
      this.invalid[id] = 0;
    } else if (difficulty > 0) this.shares[id] = Math.max(0, (this.shares[id] ?? 0) - difficulty);
    else this.invalid[id] = Math.max(0, (this.invalid[id] ?? 0) + difficulty);
  }
}

export class HashrateWindow {
  readonly #window: number;
  readonly #step: number;
  #names = new NameTable();
  #totals = new Totals();
  #slices: Slice[] = [];
  #sinceRecount = 0;

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
    this.#drop(({ end }) => end > span.start);
    const slice = parseSlice(span, members, this.#names);
    this.#add(slice);
    this.#slices.push(slice);
    this.#sinceRecount += 1;
  }

  #add({ ids, difficulties }: Slice): void {
    this.#totals.growTo(this.#names.size);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] ?? gone;
      if (id !== gone) this.#totals.add(id, difficulties[i] ?? 0);
    }
  }

  #drop(isOver: (slice: Slice) => boolean): void {
    const over = this.#slices.filter(isOver);
    if (over.length === 0) return;
    this.#slices = this.#slices.filter((slice) => !isOver(slice));
    for (const { ids, difficulties } of over) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i] ?? gone;
        if (id !== gone) this.#totals.takeAway(id, difficulties[i] ?? 0);
      }
    }
  }

  /** Every worker's sums over the last `window` seconds. Time does not go back. */
  sums(nowSeconds: number): Map<string, WorkerSums> {
    const from = nowSeconds - this.#window;
    this.#drop(({ end }) => end <= from);
    for (const slice of this.#slices) if (slice.start < from) this.#cut(slice, from);
    if (this.#sinceRecount >= recountEvery) this.#recount();
    const { shares, invalid, counts } = this.#totals;
    const sums = new Map<string, WorkerSums>();
    for (let id = 0; id < this.#names.size; id++) {
      if (counts[id] === 0) continue;
      sums.set(this.#names.nameOf(id), {
        shares: shares[id] ?? 0,
        invalidShares: invalid[id] ?? 0,
      });
    }
    if (this.#names.size > 2 * sums.size + forgottenNames) this.#forgetNames();
    return sums;
  }

  /** Takes away what is older than `from`. */
  #cut({ ids, seconds, difficulties }: Slice, from: number): void {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] ?? gone;
      if (id === gone || (seconds[i] ?? 0) >= from) continue;
      this.#totals.takeAway(id, difficulties[i] ?? 0);
      ids[i] = gone;
    }
  }

  #recount(): void {
    this.#sinceRecount = 0;
    this.#totals = new Totals();
    for (const slice of this.#slices) this.#add(slice);
  }

  #forgetNames(): void {
    const used = [...new Set(this.#slices.flatMap(({ ids }) => [...ids]))].filter(
      (id) => id !== gone,
    );
    const fresh = new Map(used.map((old, id) => [old, id]));
    for (const { ids } of this.#slices) {
      for (const [i, old] of ids.entries()) if (old !== gone) ids[i] = fresh.get(old) ?? gone;
    }
    this.#names = this.#names.only(used);
    this.#recount();
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
