import { addressPart } from '../../primitives/workerName.ts';

/** Which workers an address has, as far as they were ever seen. Bounded: names come from strangers. */
export class WorkerIndex {
  readonly #workers = new Map<string, Set<string>>();
  #names = 0;

  has(address: string): boolean {
    return this.#workers.has(address);
  }

  /** Names of the address's workers, at most `mostOfOne`. */
  workersOf(address: string): readonly string[] {
    return [...(this.#workers.get(address) ?? [])];
  }

  add(worker: string): void {
    const address = addressPart(worker);
    const known = this.#workers.get(address);
    if (known?.has(worker) || this.#names >= mostNames) return;
    if (known === undefined) this.#workers.set(address, new Set([worker]));
    else if (known.size < mostOfOne) known.add(worker);
    else return;
    this.#names += 1;
  }
}

const mostNames = 500_000;
const mostOfOne = 1_000;
