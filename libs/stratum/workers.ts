// Who is logged in on one connection. Most have a single worker, without accounts, so the rest is made when it is needed.

/** What a login said of its worker. */
export interface WorkerFacts {
  /** Its password asks for SOLO mining. */
  readonly solo: boolean;
  /** Its addresses for other coins. */
  readonly accounts: ReadonlyMap<string, string> | undefined;
}

export class Workers {
  #first: string | undefined;
  #more: Set<string> | undefined;
  /** Only of workers whose last login said anything. */
  #facts: Map<string, WorkerFacts> | undefined;

  get count(): number {
    return (this.#first === undefined ? 0 : 1) + (this.#more?.size ?? 0);
  }

  /** The one that logged in first. */
  get first(): string | undefined {
    return this.#first;
  }

  names(): string[] {
    return this.#first === undefined ? [] : [this.#first, ...(this.#more ?? [])];
  }

  has(worker: string): boolean {
    return worker === this.#first || this.#more?.has(worker) === true;
  }

  /** Of a worker that logs in again the last login counts. */
  add(worker: string, facts: WorkerFacts): void {
    this.#setFacts(worker, facts);
    if (this.#first === undefined) {
      this.#first = worker;
    } else if (worker !== this.#first) {
      this.#more ??= new Set();
      this.#more.add(worker);
    }
  }

  /** Undefined for a worker that said nothing. */
  facts(worker: string): WorkerFacts | undefined {
    return this.#facts?.get(worker);
  }

  #setFacts(worker: string, facts: WorkerFacts): void {
    if (!facts.solo && facts.accounts === undefined) {
      this.#facts?.delete(worker);
      return;
    }
    this.#facts ??= new Map();
    this.#facts.set(worker, facts);
  }
}
