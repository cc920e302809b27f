import type { RedisConnection } from '../../redis/connection.ts';
import { readHashLines } from './bytesScripts.ts';
import { NameTable } from './nameTable.ts';
import { readNumber } from './numberBytes.ts';

// The running round's hash of a pool: read as bytes, so that ten thousand names that are known make no strings.

const fieldsAtOnce = 2_000;
/** With many more names than the round has, the table is made anew. */
const forgottenNames = 10_000;
const colon = 0x3a;
const lineFeed = 0x0a;

export class RoundReader {
  #names = new NameTable();
  /** By name: the look that saw it last. A scan may give a field twice. */
  #seen = new Uint32Array(1 << 10);
  #look = 0;

  /** Calls `each` with every worker and its sum, at most `most` of them. Rejects with RedisError. */
  async read(
    connection: RedisConnection,
    key: string,
    most: number,
    each: (worker: string, shares: number) => void,
  ): Promise<void> {
    this.#look += 1;
    let left = most;
    let cursor = '0';
    do {
      const page = await readHashLines(connection, key, cursor, fieldsAtOnce);
      const end = lineEnd(page, 0);
      cursor = page.toString('latin1', 0, end);
      left -= this.#take(page, end + 1, left, each);
    } while (left > 0 && /^[1-9]\d*$/.test(cursor));
    if (this.#names.size > 2 * (most - left) + forgottenNames) this.#names = new NameTable();
  }

  /** Lines that are no `value:field` are passed over. Returns how many there were. */
  #take(
    page: Buffer,
    from: number,
    most: number,
    each: (worker: string, shares: number) => void,
  ): number {
    let taken = 0;
    for (let at = from, end = 0; at < page.length && taken < most; at = end + 1) {
      end = lineEnd(page, at);
      const middle = page.indexOf(colon, at);
      if (middle === -1 || middle >= end - 1) continue;
      const shares = readNumber(page, at, middle);
      if (!(shares >= 0 && shares < Infinity)) continue;
      const id = this.#names.idOf(page, middle + 1, end);
      if (this.#isSeen(id)) continue;
      taken += 1;
      each(this.#names.nameOf(id), shares);
    }
    return taken;
  }

  #isSeen(id: number): boolean {
    if (id >= this.#seen.length) {
      const more = new Uint32Array(Math.max(this.#seen.length * 2, id + 1));
      more.set(this.#seen);
      this.#seen = more;
    }
    if (this.#seen[id] === this.#look) return true;
    this.#seen[id] = this.#look;
    return false;
  }
}

function lineEnd(bytes: Buffer, from: number): number {
  const feed = bytes.indexOf(lineFeed, from);
  return feed === -1 ? bytes.length : feed;
}
