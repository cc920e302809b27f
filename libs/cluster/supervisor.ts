import type { Logger } from '../log/logger.ts';

// Keeps one child process alive: respawn with back-off, a crash loop said loudly, a clean stop.

export interface Child {
  readonly pid: number | undefined;
  send(message: object): void;
  kill(signal: NodeJS.Signals): void;
  onExit(listener: (code: number | null, signal: NodeJS.Signals | null) => void): void;
}

export interface SupervisorOptions {
  /** "pool worker 1", for logs. */
  readonly name: string;
  readonly log: Logger;
  /** Starts the process and wires its messages. */
  spawn(): Child;
  /** Called after each exit that was not asked for, before the respawn. */
  onDied?(): void;
  /** Milliseconds; for tests. */
  readonly backOff?: {
    readonly first: number;
    readonly most: number;
    readonly healthyAfter: number;
  };
}

const defaultBackOff = { first: 500, most: 30_000, healthyAfter: 60_000 };
const loopAfter = 4;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backOff: { first: number; most: number; healthyAfter: number };
  #child: Child | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #failures = 0;
  #startedAt = 0;
  #ended: (() => void) | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backOff = options.backOff ?? defaultBackOff;
  }

  start(): void {
    this.#timer = undefined;
    this.#startedAt = Date.now();
    const child = this.#options.spawn();
    this.#child = child;
    child.onExit((code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#exited(code, signal);
    });
  }

  send(message: object): void {
    this.#child?.send(message);
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Asks the child to end; kills it after `patience` milliseconds. Resolves when it is gone. */
  stop(patience: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const force = setTimeout(() => child.kill('SIGKILL'), patience);
      this.#ended = () => {
        clearTimeout(force);
        resolve();
      };
      child.send({ type: 'stop' });
    });
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const { name, log } = this.#options;
    if (this.#stopping) {
      this.#ended?.();
      return;
    }
    this.#options.onDied?.();
    const lived = Date.now() - this.#startedAt;
    this.#failures = lived >= this.#backOff.healthyAfter ? 1 : this.#failures + 1;
    const wait = Math.min(this.#backOff.first * 2 ** (this.#failures - 1), this.#backOff.most);
    const how = signal === null ? `with exit code ${code}` : `by signal ${signal}`;
    if (this.#failures >= loopAfter) {
      log.error(
        `The ${name} ended ${how}, ${this.#failures} times in a row: it is in a crash loop. It is tried again in ${wait / 1000} s; look for its error above.`,
      );
    } else {
      log.warning(`The ${name} ended ${how}. It is started again in ${wait / 1000} s.`);
    }
    this.#timer = setTimeout(() => this.start(), wait);
  }
}
