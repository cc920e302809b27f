// Extranonce1: 4 bytes that keep two connections from ever doing the same work.

export interface ExtranonceSource {
  /** A value that no open connection holds, or undefined when all are taken. */
  take(): number | undefined;
  giveBack(value: number): void;
}

/** Deals the values first … first + count - 1 in turn, and begins anew at `first`; those in use are passed over. */
export class Extranonces implements ExtranonceSource {
  readonly #first: number;
  readonly #count: number;
  readonly #held = new Set<number>();
  #next = 0;

  /** The range must lie within 0 … 2^32 - 1; RangeError otherwise. */
  constructor(range: { readonly first: number; readonly count: number }) {
    const { first, count } = range;
    const whole = Number.isInteger(first) && Number.isInteger(count);
    if (!whole || first < 0 || count < 1 || first + count > 2 ** 32) {
      throw new RangeError(`${count} values from ${first} are no range of 32-bit extranonces.`);
    }
    this.#first = first;
    this.#count = count;
  }

  take(): number | undefined {
    if (this.#held.size >= this.#count) return undefined;
    for (;;) {
      const value = this.#first + this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#held.has(value)) continue;
      this.#held.add(value);
      return value;
    }
  }

  giveBack(value: number): void {
    this.#held.delete(value);
  }
}

export function extranonceBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function extranonceHex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
