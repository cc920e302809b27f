import { addressPart } from '../../primitives/workerName.ts';

/** Which workers an address has, as far as they were ever seen. Bounded: names come from strangers. */
export class WorkerIndex {
  readonly #workers = new Map<string, string[]>();
  readonly #names = new Set<string>();

  has(address: string): boolean {
    return this.#workers.has(address);
  }

  /** Names of the address's workers, at most `mostOfOne`. */
  workersOf(address: string): readonly string[] {
    return this.#workers.get(address) ?? [];
  }

  add(worker: string): void {
    if (this.#names.has(worker) || this.#names.size >= mostNames) return;
    this.#names.add(worker);
    const address = addressPart(worker);
    const known = this.#workers.get(address);
    if (known === undefined) this.#workers.set(address, [worker]);
    else if (known.length < mostOfOne) known.push(worker);
  }
}

const mostNames = 500_000;
const mostOfOne = 1_000;
