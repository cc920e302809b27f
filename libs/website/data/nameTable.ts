import { randomInt } from 'node:crypto';

/**
 * Names as bytes -> small whole numbers, by 64 bits of hash: looking a name up makes no string and compares none, and a
 * tick of a big pool looks up 200,000 of them. Two names that share all 64 bits would be one: the seeds are secret, so
 * that nobody can choose such names, and by chance it does not happen.
 */
export class NameTable {
  readonly #names: string[] = [];
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  /** Open addressing: id + 1, or 0 for a free place. */
  #places = new Int32Array(1 << 10);

  get size(): number {
    return this.#names.length;
  }

  nameOf(id: number): string {
    return this.#names[id] ?? '';
  }

  /** The number of the name in bytes from…to, a new one if it has not been seen before. */
  idOf(bytes: Buffer, from: number, to: number): number {
    let first = seeds[0] ^ (to - from);
    let second = seeds[1];
    let at = from;
    for (; at + 4 <= to; at += 4) {
      const word =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24);
      first = mixed(first ^ word, 0x85ebca6b);
      second = mixed(second ^ word, 0xc2b2ae35);
    }
    for (; at < to; at++) {
      first = mixed(first ^ (bytes[at] ?? 0), 0x85ebca6b);
      second = mixed(second ^ (bytes[at] ?? 0), 0xc2b2ae35);
    }
    const mask = this.#places.length - 1;
    for (let place = first & mask; ; place = (place + 1) & mask) {
      const id = (this.#places[place] ?? 0) - 1;
      if (id === -1) return this.#add(bytes.toString('utf8', from, to), first, second);
      if (this.#first[id] === first && this.#second[id] === second) return id;
    }
  }

  #add(name: string, first: number, second: number): number {
    const id = this.#names.length;
    this.#names.push(name);
    this.#first.push(first);
    this.#second.push(second);
    if (this.#names.length * 2 > this.#places.length) this.#grow();
    else this.#put(id, first);
    return id;
  }

  #put(id: number, first: number): void {
    const mask = this.#places.length - 1;
    let place = first & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    this.#places[place] = id + 1;
  }

  #grow(): void {
    this.#places = new Int32Array(this.#places.length * 2);
    for (const [id, first] of this.#first.entries()) this.#put(id, first);
  }

  /** A table of these names alone, numbered in this order. */
  only(ids: readonly number[]): NameTable {
    const table = new NameTable();
    for (const id of ids) {
      table.#add(this.nameOf(id), this.#first[id] ?? 0, this.#second[id] ?? 0);
    }
    return table;
  }
}

const seeds = [randomInt(2 ** 32) | 0, randomInt(2 ** 32) | 0] as const;

function mixed(hash: number, multiplier: number): number {
  const product = Math.imul(hash, multiplier);
  return product ^ (product >>> 15);
}
