import type { Logger } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import type { StratumServer } from '../stratum/server.ts';

// A fork that takes no new miners, so that its portal can be stopped for maintenance.

/** Milliseconds between two looks for ports that were opened meanwhile: by a reload, a switch, a pool that was late. */
const lookEvery = 1_000;

export class ForkDrain {
  readonly #servers: () => readonly StratumServer[];
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(servers: () => readonly StratumServer[], log: Logger) {
    this.#servers = servers;
    this.#log = log;
  }

  /** Closes the ports and asks the miners over so many seconds to reconnect; undefined: opens the ports again. */
  set(seconds: number | undefined): void {
    const was = this.#timer !== undefined;
    this.end();
    if (seconds === undefined) {
      if (was) this.#reopen();
      return;
    }
    for (const server of this.#servers()) {
      server.stopAccepting();
      server.askToReconnect(seconds);
    }
    this.#timer = setInterval(() => {
      for (const server of this.#servers()) {
        if (!server.isAccepting) continue;
        server.stopAccepting();
        server.askToReconnect(seconds);
      }
    }, lookEvery);
  }

  #reopen(): void {
    for (const server of this.#servers()) {
      server.acceptAgain().catch((error: unknown) => {
        this.#log.error(`The ports cannot be opened again after the drain: ${messageOf(error)}`);
      });
    }
  }

  /** Looks no more; what is closed stays closed. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
