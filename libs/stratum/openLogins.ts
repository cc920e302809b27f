import type { SubmitMessage } from './messages.ts';

// Logins that the pool has not answered yet, with the submits that follow them: one object only while there are any.

/** Submits that may wait for the login they follow. */
const mostHeld = 64;
/** Characters of all submits that wait on one connection: a good one has about 150, a line may have 10 KB. */
const mostText = 65_536;

interface OpenLogin {
  count: number;
  readonly submits: SubmitMessage[];
}

export class OpenLogins {
  readonly #logins = new Map<string, OpenLogin>();
  #text = 0;

  get size(): number {
    return this.#logins.size;
  }

  begin(worker: string): void {
    const login = this.#logins.get(worker) ?? { count: 0, submits: [] };
    login.count++;
    this.#logins.set(worker, login);
  }

  /** False when no login of this worker is open, or too much waits for it. */
  hold(submit: SubmitMessage): boolean {
    const held = this.#logins.get(submit.worker)?.submits;
    if (held === undefined || held.length >= mostHeld) return false;
    const text = this.#text + lengthOf(submit);
    if (text > mostText) return false;
    this.#text = text;
    held.push(submit);
    return true;
  }

  /** One login of this worker is decided; gives the submits whose turn has come. */
  settle(worker: string, ok: boolean): SubmitMessage[] {
    const login = this.#logins.get(worker);
    if (login === undefined) return [];
    login.count--;
    // Another login of the same name may still let them through.
    if (login.count > 0 && !ok) return [];
    if (login.count === 0) this.#logins.delete(worker);
    const submits = login.submits.splice(0);
    for (const submit of submits) this.#text -= lengthOf(submit);
    return submits;
  }
}

function lengthOf(submit: SubmitMessage): number {
  return Object.values(submit).reduce<number>((sum, part) => sum + String(part).length, 0);
}
