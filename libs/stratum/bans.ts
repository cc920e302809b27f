import { isIPv4, isIPv6 } from 'node:net';
import type { BanningConfig } from '../config/types.ts';
import { type Clock, type Millis, millis } from '../primitives/units.ts';

// Who is banned, and who is about to be. An IPv6 customer holds a whole /64, so that is what is banned.

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The address as people write it: IPv4-mapped IPv6 as IPv4, without a zone ("%eth0"). */
export function plainAddress(ip: string): string {
  const [address = ip] = ip.split('%');
  return mapped.exec(address)?.[1] ?? address;
}

/** What stands for `ip` in lists of bans and limits: the IPv4 address, or "2001:db8:0:1::/64". Its own result stays. */
export function banKey(ip: string): string {
  const address = plainAddress(ip);
  if (isIPv4(address) || address.endsWith('/64') || !isIPv6(address)) return address;
  const [left = '', right] = address.split('::');
  const before = groups(left);
  const after = right === undefined ? [] : groups(right);
  const missing = right === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array<string>(missing).fill('0'), ...after];
  const prefix = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  const ipv4 = mappedIPv4(all);
  return ipv4 ?? `${prefix.join(':')}::/64`;
}

function groups(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [group];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  });
}

/** ::ffff:0:0/96 written in hex. */
function mappedIPv4(all: readonly string[]): string | undefined {
  const values = all.map((group) => Number.parseInt(group, 16));
  const [high = 0, low = 0] = values.slice(6);
  const isMapped = values[5] === 0xffff && values.slice(0, 5).every((value) => value === 0);
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : undefined;
}

/** The last `checkThreshold` shares of one address; bits are made at its first invalid one. */
interface Window {
  seen: number;
  invalid: number;
  bits: Uint8Array | undefined;
  last: number;
}

export interface Ban {
  readonly ip: string;
  readonly until: Millis;
}

export class BanList {
  readonly #banning: BanningConfig;
  readonly #now: Clock;
  readonly #until = new Map<string, Millis>();
  readonly #windows = new Map<string, Window>();
  #purged: number;

  constructor(banning: BanningConfig, now: Clock, initial: readonly Ban[] = []) {
    this.#banning = banning;
    this.#now = now;
    this.#purged = now();
    for (const { ip, until } of initial) this.set(ip, until);
  }

  /** A time that has passed lifts the ban. */
  set(ip: string, until: Millis): void {
    const key = banKey(ip);
    this.#windows.delete(key);
    if (until > this.#now()) this.#until.set(key, until);
    else this.#until.delete(key);
  }

  lift(ip: string): void {
    this.#until.delete(banKey(ip));
  }

  isBanned(ip: string): boolean {
    const until = this.#until.get(banKey(ip));
    return until !== undefined && until > this.#now();
  }

  list(): Ban[] {
    const now = this.#now();
    return [...this.#until]
      .filter(([, until]) => until > now)
      .map(([ip, until]) => ({ ip, until }));
  }

  /**
   * Counts one share that was judged, of the address that `key` (of `banKey`) stands for; gives the reason when this one
   * earns a ban, which the caller sets.
   */
  countShare(key: string, valid: boolean): string | undefined {
    const { enabled, checkThreshold, invalidPercent } = this.#banning;
    if (!enabled) return undefined;
    const size = Math.max(1, Math.floor(checkThreshold));
    const window = this.#windowOf(key);
    slide(window, size, valid);
    window.last = this.#now();
    // A window of valid shares only is never a reason, not even at 0 percent.
    if (window.seen < size || window.invalid === 0) return undefined;
    if (window.invalid * 100 < invalidPercent * size) return undefined;
    return `${window.invalid} of its last ${size} shares were invalid`;
  }

  /** Until when an address that is banned now stays so. */
  end(): Millis {
    return millis(this.#now() + this.#banning.time * 1_000);
  }

  /** Forgets ended bans, and counts of addresses that sent nothing for an hour. To be called now and then. */
  purge(): void {
    const now = this.#now();
    if (now - this.#purged < this.#banning.purgeInterval * 1_000) return;
    this.#purged = now;
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
    for (const [key, { last }] of this.#windows) {
      if (now - last > forgottenAfter) this.#windows.delete(key);
    }
  }

  #windowOf(key: string): Window {
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const fresh: Window = { seen: 0, invalid: 0, bits: undefined, last: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }
}

const forgottenAfter = 3_600_000;

function slide(window: Window, size: number, valid: boolean): void {
  const at = window.seen % size;
  // Past the first round `seen` only has to stay in step with the ring.
  window.seen = window.seen + 1 === size * 2 ? size : window.seen + 1;
  if (window.bits === undefined) {
    if (valid) return;
    window.bits = new Uint8Array(Math.ceil(size / 8));
  }
  const byte = at >> 3;
  const bit = 1 << (at & 7);
  const old = window.bits[byte] ?? 0;
  if ((old & bit) !== 0) window.invalid--;
  if (!valid) window.invalid++;
  window.bits[byte] = valid ? old & ~bit : old | bit;
}
