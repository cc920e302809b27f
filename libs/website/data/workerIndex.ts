import { addressPart } from '../../primitives/workerName.ts';

/** Which workers an address has, as far as they were ever seen. Bounded: names come from strangers. */
export class WorkerIndex {
  readonly #workers = new Map<string, string[]>();
  readonly #addresses = new Map<string, string>();

  has(address: string): boolean {
    return this.#workers.has(address);
  }

  /** Names of the address's workers, at most `mostOfOne`. */
  workersOf(address: string): readonly string[] {
    return this.#workers.get(address) ?? [];
  }

  /** Returns the worker's address. */
  add(worker: string): string {
    const seen = this.#addresses.get(worker);
    if (seen !== undefined) return seen;
    const address = addressPart(worker);
    if (this.#addresses.size >= mostNames) return address;
    this.#addresses.set(worker, address);
    const known = this.#workers.get(address);
    if (known === undefined) this.#workers.set(address, [worker]);
    else if (known.length < mostOfOne) known.push(worker);
    return address;
  }
}

const mostNames = 500_000;
const mostOfOne = 1_000;
