// Who is logged in on one connection. Most have a single worker that says nothing: a map is made when it is needed.

/** What a login said of its worker. */
export interface WorkerFacts {
  /** Its password asks for SOLO mining. */
  readonly solo: boolean;
  /** Its addresses for other coins. */
  readonly accounts: ReadonlyMap<string, string> | undefined;
}

export class Workers {
  #first: string | undefined;
  /** All of them, the first one too; undefined while there is no more to say than its name. */
  #all: Map<string, WorkerFacts | undefined> | undefined;
  #firstMined = false;
  #othersMined: Set<string> | undefined;

  get count(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#first === undefined ? 0 : 1;
  }

  /** The one that logged in first. */
  get first(): string | undefined {
    return this.#first;
  }

  names(): string[] {
    if (this.#all !== undefined) return [...this.#all.keys()];
    return this.#first === undefined ? [] : [this.#first];
  }

  has(worker: string): boolean {
    return worker === this.#first || this.#all?.has(worker) === true;
  }

  /** Of a worker that logs in again the last login counts. */
  add(worker: string, facts: WorkerFacts): void {
    const said = facts.solo || facts.accounts !== undefined ? facts : undefined;
    this.#first ??= worker;
    if (this.#all === undefined) {
      if (worker === this.#first && said === undefined) return;
      this.#all = new Map([[this.#first, undefined]]);
    }
    this.#all.set(worker, said);
  }

  /** A share of this worker was good. */
  markMined(worker: string): void {
    if (worker === this.#first) {
      this.#firstMined = true;
      return;
    }
    this.#othersMined ??= new Set();
    this.#othersMined.add(worker);
  }

  /** Those whose shares were good: anybody may log in under any name. */
  mined(): string[] {
    const others = [...(this.#othersMined ?? [])];
    return this.#first !== undefined && this.#firstMined ? [this.#first, ...others] : others;
  }

  /** Undefined for a worker that said nothing. */
  facts(worker: string): WorkerFacts | undefined {
    return this.#all?.get(worker);
  }
}
