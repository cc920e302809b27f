// What a pool owes to whom, as simply as it can be said. Written from the rules, not from the code: shares belong to
// the current round; a block ends it; a mature block's reward is divided by the shares of its round (PROP), or by the
// last shares before it, as many as some times the network's difficulty (PPLNS); the shares of a block that is given up
// go into the round that is current then, unless another block of that height may be paid. A SOLO block is its
// finder's and has nothing to do with rounds.

export interface ModelBlock {
  readonly hash: string;
  readonly height: number;
  readonly reward: bigint;
  /** Of the network, in the unit of shares. */
  readonly difficulty: bigint;
  /** The finder of a SOLO block. */
  readonly solo: string | undefined;
}

export type Shares = ReadonlyMap<string, bigint>;

export type ModelScheme = 'PROP' | { readonly times: bigint };

export class PoolModel {
  #current = new Map<string, bigint>();
  readonly #rounds = new Map<number, Map<string, bigint>>();
  /** Of heights whose block was credited. */
  readonly #paid = new Map<number, Shares>();
  readonly #waiting = new Map<string, ModelBlock>();
  readonly #credited = new Map<string, bigint>();

  share(worker: string, shares: bigint): void {
    add(this.#current, worker, shares);
  }

  get hasShares(): boolean {
    return this.#current.size > 0;
  }

  /** The second block of a height shares the round of the first. */
  blockFound(block: ModelBlock): void {
    this.#waiting.set(block.hash, block);
    if (block.solo !== undefined || this.#rounds.has(block.height)) return;
    this.#rounds.set(block.height, this.#current);
    this.#current = new Map();
  }

  blockMature(hash: string, scheme: ModelScheme): void {
    const block = this.#end(hash);
    if (block.solo !== undefined) {
      add(this.#credited, block.solo, block.reward);
      return;
    }
    const round = this.#rounds.get(block.height) ?? new Map<string, bigint>();
    const shares =
      scheme === 'PROP'
        ? round
        : lastShares(scheme.times * block.difficulty, [round, ...this.#before(block.height)]);
    this.#rounds.delete(block.height);
    this.#paid.set(block.height, round);
    for (const [worker, amount] of divide(block.reward, shares))
      add(this.#credited, worker, amount);
  }

  /** What was mined for lower blocks, newest first; of one height what waits is newer. */
  #before(height: number): Shares[] {
    const both = [...this.#rounds, ...this.#paid].filter(([other]) => other < height);
    return both.toSorted(([a], [b]) => b - a).map(([, shares]) => shares);
  }

  /** Given up, or refused by every daemon. */
  blockDead(hash: string): void {
    const { height, solo } = this.#end(hash);
    const round = this.#rounds.get(height);
    const twin = [...this.#waiting.values()].some(
      (block) => block.height === height && block.solo === undefined,
    );
    if (solo !== undefined || round === undefined || twin) return;
    this.#rounds.delete(height);
    for (const [worker, shares] of round) add(this.#current, worker, shares);
  }

  #end(hash: string): ModelBlock {
    const block = this.#waiting.get(hash);
    if (block === undefined) throw new Error(`Block ${hash} has come to its end before.`);
    this.#waiting.delete(hash);
    return block;
  }

  get waiting(): readonly ModelBlock[] {
    return [...this.#waiting.values()];
  }

  get current(): Shares {
    return this.#current;
  }

  /** Only those that a block still waits for. */
  get rounds(): ReadonlyMap<number, Shares> {
    return this.#rounds;
  }

  /** worker -> everything it was ever credited, satoshis. */
  get credited(): Shares {
    return this.#credited;
  }
}

/** Each round counts as far as the window still has room: in part where it has room for a part. On one scale. */
function lastShares(window: bigint, newestFirst: readonly Shares[]): Shares {
  const counted = new Map<string, bigint>();
  const totals = newestFirst.map((round) => [...round.values()].reduce((a, b) => a + b, 0n));
  const scale = totals.reduce((product, total) => product * (total || 1n), 1n);
  let room = window;
  newestFirst.forEach((round, i) => {
    const total = totals[i] ?? 0n;
    const fits = total < room ? total : room;
    room -= fits;
    for (const [worker, shares] of round) add(counted, worker, (shares * fits * scale) / total);
  });
  return counted;
}

/** Floors, then one satoshi each to the largest remainders; among equal ones the first name in byte order. */
export function divide(reward: bigint, round: Shares): Map<string, bigint> {
  const total = [...round.values()].reduce((sum, shares) => sum + shares, 0n);
  const parts = [...round].map(([worker, shares]) => ({
    worker,
    floor: (reward * shares) / total,
    remainder: (reward * shares) % total,
  }));
  let left = reward - parts.reduce((sum, { floor }) => sum + floor, 0n);
  parts.sort((a, b) => {
    if (a.remainder !== b.remainder) return a.remainder > b.remainder ? -1 : 1;
    return a.worker < b.worker ? -1 : 1;
  });
  return new Map(
    parts.map(({ worker, floor }) => {
      const extra = left > 0n ? 1n : 0n;
      left -= extra;
      return [worker, floor + extra];
    }),
  );
}

function add(sums: Map<string, bigint>, key: string, more: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + more);
}
