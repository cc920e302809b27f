import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

// Who is logged in. The browser has a random token; here is only its hash.

export const idleMillis = 8 * 3_600_000;
const tokenBytes = 32;
const mostSessions = 100;

/** What the last action said, shown on the next page. */
export interface Flash {
  readonly ok: boolean;
  readonly text: string;
}

export interface Session {
  /** Unix milliseconds. */
  seen: number;
  flash: Flash | undefined;
  /** Proves that a write comes from a page of this session. */
  readonly csrf: string;
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Returns the token, which is kept nowhere else. */
  open(now: number): { readonly token: string; readonly session: Session } {
    for (const [name, { seen }] of this.#sessions) {
      if (now - seen >= idleMillis) this.#sessions.delete(name);
    }
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size >= mostSessions) this.#sessions.delete(oldest);
    const token = randomBytes(tokenBytes).toString('base64url');
    const session = {
      seen: now,
      flash: undefined,
      csrf: randomBytes(tokenBytes).toString('base64url'),
    };
    this.#sessions.set(hashOf(token), session);
    return { token, session };
  }

  /** Undefined for a token that is none of ours, or was idle for eight hours. */
  find(token: string | undefined, now: number): Session | undefined {
    if (token === undefined) return undefined;
    const name = hashOf(token);
    const session = this.#sessions.get(name);
    if (session === undefined) return undefined;
    if (now - session.seen >= idleMillis) {
      this.#sessions.delete(name);
      return undefined;
    }
    session.seen = now;
    return session;
  }

  close(token: string | undefined): void {
    if (token !== undefined) this.#sessions.delete(hashOf(token));
  }
}

/** Constant time. */
export function isSameToken(given: string, known: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(known));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hashOf(token: string): string {
  return digestOf(token).toString('hex');
}
