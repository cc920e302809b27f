// Which block each daemon of a pool stands on, and which daemon's templates are the ones to mine. Pure: nobody is asked.

export interface Tip {
  /** Of the best block, lower-case hex. */
  readonly hash: string;
  readonly height: number;
}

/**
 * follow: templates on `tip` are wanted, from these daemons, the preferred one first. behind: whoever stood on the
 * current tip is silent or gives no work, and all others are `blocks` blocks short of it. unknown: nobody has said
 * anything yet.
 */
export type Choice =
  | { readonly kind: 'follow'; readonly tip: Tip; readonly daemons: readonly number[] }
  | { readonly kind: 'behind'; readonly blocks: number }
  | { readonly kind: 'unknown' };

interface Member {
  /** The last that it said; kept while it is silent. */
  tip: Tip | undefined;
  answers: boolean;
  /** Tips that it stood on, the last few. */
  readonly past: Map<string, number>;
  /** When its last answer came, on the clock of `turn`. */
  heardAt: number;
}

const rememberedTips = 32;

export class Tips {
  readonly #members: readonly Member[];
  #turn = 0;

  constructor(daemons: number) {
    this.#members = Array.from({ length: daemons }, () => ({
      tip: undefined,
      answers: false,
      past: new Map(),
      heardAt: 0,
    }));
  }

  /** The order of questions and answers: take one when a question is asked, hand it in with its answer. */
  turn(): number {
    this.#turn += 1;
    return this.#turn;
  }

  /**
   * Daemon `index` stands on `tip`, in answer to a question of turn `asked`. When another answer of its came in the
   * meantime, nobody knows which is newer, and the higher tip is believed. A guessed height counts, but not as a memory.
   */
  said(index: number, tip: Tip, asked: number, isGuess = false): void {
    const member = this.#members[index];
    if (member === undefined) return;
    member.answers = true;
    const wasOvertaken = asked < member.heardAt;
    if (wasOvertaken && member.tip !== undefined && member.tip.height >= tip.height) return;
    member.tip = tip;
    member.heardAt = this.turn();
    if (isGuess) return;
    member.past.delete(tip.hash);
    member.past.set(tip.hash, tip.height);
    for (const hash of member.past.keys()) {
      if (member.past.size <= rememberedTips) break;
      member.past.delete(hash);
    }
  }

  /** It does not answer: nothing is asked of it until it says something again. */
  silent(index: number): void {
    const member = this.#members[index];
    if (member !== undefined) member.answers = false;
  }

  /** The height of a block that some daemon stood on. */
  heightOf(hash: string): number | undefined {
    for (const { past } of this.#members) {
      const height = past.get(hash);
      if (height !== undefined) return height;
    }
    return undefined;
  }

  /**
   * The most work wins, which is the greatest height. Among tips of one height the current one stays, as nodes
   * themselves keep the first they saw. A lower one is taken only when a daemon has left the current tip by itself.
   */
  choose(current: Tip | undefined): Choice {
    const best = this.#best(current?.hash);
    if (best === undefined) return { kind: 'unknown' };
    if (current !== undefined && best.height < current.height && !this.#wasLeft(current.hash)) {
      return { kind: 'behind', blocks: current.height - best.height };
    }
    const daemons = this.#members.flatMap(({ answers, tip }, index) =>
      answers && tip?.hash === best.hash ? [index] : [],
    );
    return { kind: 'follow', tip: best, daemons };
  }

  #best(preferred: string | undefined): Tip | undefined {
    let best: Tip | undefined;
    for (const { answers, tip } of this.#members) {
      if (!answers || tip === undefined) continue;
      const isHigher = best === undefined || tip.height > best.height;
      const isKept = tip.height === best?.height && tip.hash === preferred;
      if (isHigher || isKept) best = tip;
    }
    return best;
  }

  #wasLeft(hash: string): boolean {
    return this.#members.some(
      ({ answers, tip, past }) => answers && past.has(hash) && tip?.hash !== hash,
    );
  }
}
