import type { PoolConfig, PortalConfig } from '../config/types.ts';
import type { ToChild } from '../ipc/messages.ts';
import type { Logger } from '../log/logger.ts';
import { untilDone } from '../pool/untilDone.ts';
import { messageOf } from '../primitives/errors.ts';
import { type Clock, systemClock } from '../primitives/units.ts';
import { type RunningChild, runChild } from './childProcess.ts';
import { type HandOff, poolConfigFrom } from './handOff.ts';

export interface Website {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Given by init.ts: this room and the website's stand on one row and do not know each other. */
export type StartWebsite = (options: {
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
  readonly log: Logger;
  readonly now: Clock;
  readonly dataDir: string;
}) => Promise<Website>;

/** The website's process: reads Redis and the configuration, touches nothing that mines or pays. */
export function runWebsiteProcess(startWebsite: StartWebsite): void {
  runChild(
    (_start, handOff, log) => new WebsiteProcess(handOff, log.child('Website'), startWebsite),
  );
}

class WebsiteProcess implements RunningChild {
  readonly #startWebsite: StartWebsite;
  readonly #handOff: HandOff;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #pools: readonly PoolConfig[];
  #website: Website | undefined;
  #work: Promise<void>;

  constructor(handOff: HandOff, log: Logger, startWebsite: StartWebsite) {
    this.#startWebsite = startWebsite;
    this.#handOff = handOff;
    this.#log = log;
    this.#pools = handOff.pools;
    this.#work = this.#start();
  }

  async #start(): Promise<void> {
    const { portal, dataDir } = this.#handOff;
    await untilDone(
      async () => {
        this.#website = await this.#startWebsite({
          portal,
          pools: this.#pools,
          log: this.#log,
          now: systemClock,
          dataDir,
        });
        const { host, port } = this.#website;
        this.#log.special(`The website is served on ${host}:${port}.`);
      },
      () => this.#letGo(),
      'The website could not start',
      this.#log,
      this.#stop.signal,
    ).catch((error: unknown) => {
      this.#log.error(`The website does not start, mining goes on: ${messageOf(error)}`);
    });
  }

  onMessage(message: ToChild): void {
    if (message.type !== 'reloadpool') return;
    const pool = poolConfigFrom(message.pool);
    if (pool === undefined) return;
    this.#pools = this.#pools.map((old) => (old.coin.name === message.coin ? pool : old));
    this.#work = this.#work.then(() => this.#letGo()).then(() => this.#start());
  }

  ask(command: string): Promise<unknown> {
    return Promise.reject(new RangeError(`the website does not know "${command}"`));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#work;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const website = this.#website;
    this.#website = undefined;
    await website?.close();
  }
}
