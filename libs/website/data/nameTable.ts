import { randomInt } from 'node:crypto';

/**
 * Names as bytes -> small whole numbers. Looking one up makes no string: a tick of a big pool looks up 200,000 of them.
 */
export class NameTable {
  readonly #names: string[] = [];
  readonly #ends: number[] = [];
  /** All names, one behind the other. */
  #bytes = Buffer.alloc(1 << 12);
  /** Open addressing: id + 1, or 0 for a free place. */
  #places = new Int32Array(1 << 8);
  #hashes: number[] = [];
  // Names come from strangers: nobody shall be able to choose many that collide.
  readonly #seed = randomInt(2 ** 32);

  get size(): number {
    return this.#names.length;
  }

  nameOf(id: number): string {
    return this.#names[id] ?? '';
  }

  /** The number of the name in bytes from…to, which is a new one if it has not been seen before. */
  idOf(source: Buffer, from: number, to: number): number {
    let hash = this.#seed;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (source[at] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#places.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const id = (this.#places[place] ?? 0) - 1;
      if (id === -1) return this.#add(source, from, to, hash, place);
      if (this.#hashes[id] === hash && this.#isAt(id, source, from, to)) return id;
    }
  }

  #isAt(id: number, source: Buffer, from: number, to: number): boolean {
    const start = id === 0 ? 0 : (this.#ends[id - 1] ?? 0);
    if ((this.#ends[id] ?? 0) - start !== to - from) return false;
    const bytes = this.#bytes;
    for (let at = from, own = start; at < to; at++, own++) {
      if (bytes[own] !== source[at]) return false;
    }
    return true;
  }

  #add(source: Buffer, from: number, to: number, hash: number, place: number): number {
    const id = this.#names.length;
    const start = id === 0 ? 0 : (this.#ends[id - 1] ?? 0);
    const end = start + to - from;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, end));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    source.copy(this.#bytes, start, from, to);
    this.#names.push(source.toString('utf8', from, to));
    this.#ends.push(end);
    this.#hashes.push(hash);
    this.#places[place] = id + 1;
    if (this.#names.length * 2 > this.#places.length) this.#grow();
    return id;
  }

  #grow(): void {
    const places = new Int32Array(this.#places.length * 2);
    const mask = places.length - 1;
    for (const [id, hash] of this.#hashes.entries()) {
      let place = hash & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = id + 1;
    }
    this.#places = places;
  }
}
