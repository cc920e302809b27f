import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../log/logger.ts';
import { OncePer } from '../../log/oncePer.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { Clock } from '../../primitives/units.ts';
import { isRecord, own, parseJson, type UnknownRecord } from '../../primitives/unknown.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { RedisError } from '../../redis/errors.ts';
import { readCoins } from './paymentList.ts';
import type { PoolSource, Sources } from './sources.ts';

// What happened in the pools, from their streams in Redis, in one order: to be passed on, and told again.

const streamEventTypes = [
  'block',
  'block-confirmed',
  'block-orphaned',
  'payment',
  'notice',
  'switch',
] as const;
export type StreamEventType = (typeof streamEventTypes)[number];

export interface PoolEvent {
  /** Of the stream entry and its pool: `<ms>-<sequence>@<coin>`. */
  readonly id: string;
  readonly coin: string;
  readonly type: StreamEventType;
  /** Unix milliseconds. */
  readonly time: number;
  /** Plain data, ready to be told. */
  readonly data: Readonly<Record<string, unknown>>;
}

const mostKept = 2_000;
const firstRead = 500;
const readAtOnce = 200;
/** Milliseconds that a read waits for something new: below the connection's patience for silence. */
const blockMillis = 5_000;
const pauses = { first: 100, longest: 5_000 } as const;

export interface EventLogOptions {
  readonly sources: Sources;
  readonly log: Logger;
  readonly now: Clock;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #said: OncePer;
  readonly #began: number;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(event: PoolEvent) => void>();
  /** Resolves when the newest entries of every pool's stream have been read. */
  readonly loaded: Promise<void>;
  #setLoaded: () => void = () => undefined;
  #loading: number;
  #events: PoolEvent[] = [];
  #running: readonly Promise<void>[] = [];

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#said = new OncePer(60_000, options.now);
    this.#began = options.now();
    this.#loading = options.sources.pools.length;
    this.loaded = new Promise((resolve) => {
      this.#setLoaded = resolve;
    });
    if (this.#loading === 0) this.#setLoaded();
  }

  /** Oldest first. */
  get events(): readonly PoolEvent[] {
    return this.#events;
  }

  /** Calls `listener` with each new event; returns how to stop that. */
  onEvent(listener: (event: PoolEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What came after the event with this id; undefined if the text is no id. Of an event long gone: what is kept since its time. */
  after(id: string): readonly PoolEvent[] | undefined {
    const match = /^(\d{1,15})-\d{1,15}@/.exec(id);
    if (match === null) return undefined;
    const at = this.#events.findIndex((event) => event.id === id);
    if (at !== -1) return this.#events.slice(at + 1);
    const time = Number(match[1]);
    return this.#events.filter((event) => event.time > time);
  }

  /** Follows every pool's stream until stop(). */
  start(): void {
    const { sources } = this.#options;
    this.#running = sources.pools.map((pool) => this.#follow(pool, sources.blocking(pool)));
  }

  /** Its connections are closed with the sources. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #follow(pool: PoolSource, connection: RedisConnection): Promise<void> {
    const { signal } = this.#stop;
    let last: string | undefined;
    let failures = 0;
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    while (!signal.aborted) {
      try {
        const reading =
          last === undefined ? this.#first(pool, connection) : this.#next(pool, connection, last);
        // A read that waits for news is given up when we stop; its rejection is of no interest then.
        reading.catch(() => undefined);
        last = (await Promise.race([reading, stopped])) ?? last;
        failures = 0;
      } catch (error) {
        const quiet = error instanceof RedisError && error.trouble === 'transient';
        if (!quiet && this.#said.allows(pool.keys.events)) {
          this.#options.log.warning(
            `The website cannot follow ${pool.keys.events}: ${messageOf(error)}`,
          );
        }
        const pause = Math.min(pauses.first * 2 ** failures, pauses.longest);
        failures += 1;
        await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  #tell(event: PoolEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** The newest entries, for those who come back. Returns the id after which news begin. */
  async #first(pool: PoolSource, connection: RedisConnection): Promise<string> {
    const { events } = pool.keys;
    const reply = await connection.command('xrevrange', events, '+', '-', 'COUNT', firstRead);
    const entries = entriesOf(reply).reverse();
    const found = entries.flatMap((entry) => eventOf(pool, entry) ?? []);
    this.#events = [...this.#events, ...found].sort((a, b) => a.time - b.time).slice(-mostKept);
    // Who is connected already has missed what happened since this process began.
    for (const event of found) if (event.time >= this.#began) this.#tell(event);
    this.#loading -= 1;
    if (this.#loading === 0) this.#setLoaded();
    return entries.at(-1)?.id ?? '0-0';
  }

  /** Waits for what comes after `last`. Returns the last id that came. */
  async #next(pool: PoolSource, connection: RedisConnection, last: string): Promise<string> {
    const { events } = pool.keys;
    const wait = ['COUNT', readAtOnce, 'BLOCK', blockMillis, 'STREAMS', events, last];
    const reply = await connection.send('xread', wait);
    const stream: unknown = Array.isArray(reply) ? reply[0] : undefined;
    const entries = entriesOf(Array.isArray(stream) ? stream[1] : undefined);
    for (const entry of entries) {
      const event = eventOf(pool, entry);
      if (event === undefined || this.#stop.signal.aborted) continue;
      this.#events.push(event);
      this.#tell(event);
    }
    if (this.#events.length > 2 * mostKept) this.#events = this.#events.slice(-mostKept);
    return entries.at(-1)?.id ?? last;
  }
}

interface StreamEntry {
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** `[[id, [field, value, …]], …]` */
function entriesOf(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown) => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return [];
    const [id, list] = [entry[0], entry[1] as unknown];
    const fields = new Map<string, string>();
    for (let i = 0; Array.isArray(list) && i + 1 < list.length; i += 2) {
      fields.set(String(list[i]), String(list[i + 1]));
    }
    return [{ id, fields }];
  });
}

/** Undefined for what is no event that we know. */
function eventOf(pool: PoolSource, { id, fields }: StreamEntry): PoolEvent | undefined {
  const type = streamEventTypes.find((known) => known === fields.get('type'));
  const data = parseJson(fields.get('data') ?? '');
  const time = Number(id.split('-')[0]);
  if (type === undefined || !isRecord(data) || !Number.isFinite(time)) return undefined;
  const { name, decimals } = pool.config.coin;
  const told = tell(type, data, decimals);
  return {
    id: `${id}@${name}`,
    coin: name,
    type,
    time,
    data: { coin: name, time, ...told },
  };
}

function tell(
  type: StreamEventType,
  data: UnknownRecord,
  decimals: number,
): Readonly<Record<string, unknown>> {
  const text = (name: string) => textOf(own(data, name));
  const number = (name: string) => numberOf(own(data, name));
  const coins = (name: string) => readCoins(own(data, name), decimals) ?? null;
  const block = { height: number('height'), hash: text('hash') };
  switch (type) {
    case 'block':
      return {
        ...block,
        finder: text('finder'),
        reward: coins('reward'),
        networkDifficulty: number('networkDifficulty'),
        effort: number('effort'),
      };
    case 'block-confirmed':
      return { ...block, reward: coins('reward') };
    case 'block-orphaned':
      return block;
    case 'payment':
      return { txid: text('txid'), amount: coins('amount'), miners: number('addresses') };
    case 'notice':
      return { text: text('text') };
    case 'switch':
      return { switch: text('switch'), from: text('from'), to: text('to') };
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 1_000) : null;
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}
