import type { ToMaster } from '../ipc/messages.ts';

// Questions of the master to its children, and the answers that come back.

type Answer = Extract<ToMaster, { type: 'answer' }>;

interface Open {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Asking {
  readonly #open = new Map<number, Open>();
  #lastId = 0;

  /** Sends with `send`, and resolves with the child's data. Rejects with its sentence, or when it is too late. */
  ask(send: (id: number) => void, patience = 30_000): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new Error(`a process of the portal gave no answer within ${patience / 1000} s`));
      }, patience);
      this.#open.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  answered({ id, error, data }: Answer): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    clearTimeout(open.timer);
    if (error === undefined) open.resolve(data);
    else open.reject(new Error(error));
  }
}
