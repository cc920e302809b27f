/**
 * A text of one byte a character that still lies in the bytes it came in: megabytes of text cost nothing until they are
 * read, piece by piece. Whoever holds a slice holds all of these bytes.
 */
export class TextSlice {
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #to: number;

  constructor(bytes: Buffer, from: number, to: number) {
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  /** Characters. */
  get length(): number {
    return this.#to - this.#from;
  }

  /** A byte above 0x7f gives the Latin-1 character of its number. */
  toString(): string {
    return this.#bytes.toString('latin1', this.#from, this.#to);
  }

  toJSON(): string {
    return this.toString();
  }
}
