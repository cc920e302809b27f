// Lines out of a TCP stream. Bytes are kept as bytes until a whole line is there, so that a packet may end anywhere,
// inside a UTF-8 character too.

/** More than this without a newline is a flood. */
export const longestLine = 10_240;

const newline = 0x0a;
const carriageReturn = 0x0d;

export class LineReader {
  #bytes: Buffer | undefined;
  #at = 0;
  #flooded = false;

  /** Takes what a socket read; `next` then gives the whole lines in it. */
  feed(chunk: Buffer): void {
    const rest = this.#bytes?.subarray(this.#at);
    this.#bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    this.#at = 0;
  }

  /** The next line without its end, or undefined when more bytes are needed. Invalid UTF-8 reads as U+FFFD. */
  next(): string | undefined {
    const bytes = this.#bytes;
    if (bytes === undefined || this.#flooded) return undefined;
    const end = bytes.indexOf(newline, this.#at);
    const length = (end === -1 ? bytes.length : end) - this.#at;
    if (length > longestLine) {
      this.#flooded = true;
      this.#bytes = undefined;
      return undefined;
    }
    if (end === -1) {
      this.#keepRest(bytes);
      return undefined;
    }
    const start = this.#at;
    this.#at = end + 1;
    const last = end > start && bytes[end - 1] === carriageReturn ? end - 1 : end;
    return bytes.toString('utf8', start, last);
  }

  /** Nothing waits for the rest of its line. */
  get isEmpty(): boolean {
    return this.#bytes === undefined && !this.#flooded;
  }

  get flooded(): boolean {
    return this.#flooded;
  }

  // A copy: a view would keep the whole chunk in memory for as long as the miner idles.
  #keepRest(bytes: Buffer): void {
    if (this.#at === 0 && bytes.length > 0) return;
    this.#bytes = this.#at === bytes.length ? undefined : Buffer.from(bytes.subarray(this.#at));
    this.#at = 0;
  }
}
