import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { addressPart } from '../../primitives/workerName.ts';
import { jsonText } from '../answers.ts';
import type { EventLog, PoolEvent } from '../data/eventLog.ts';
import type { PoolGatherer } from '../data/poolGatherer.ts';
import type { StatsGatherer } from '../data/statsGatherer.ts';
import { type EventStream, eventText } from '../eventStreams.ts';
import { poolView } from '../poolViews.ts';
import { roundBody } from './endpoints.ts';

// /api/v1/events: what the streams in Redis tell, and what each tick shows to have changed.

/** Milliseconds. */
const loadPatience = 2_000;

export interface EventFilter {
  readonly coin?: string;
  /** A miner whose workers' comings and goings are told too. */
  readonly address?: string;
}

interface Client {
  readonly stream: EventStream;
  readonly filter: EventFilter;
  /** Workers of the miner that were at work at the last tick, as two lines: coin, worker. */
  online: ReadonlySet<string> | undefined;
}

export class LiveEvents {
  readonly #gatherer: StatsGatherer;
  readonly #log: EventLog;
  readonly #clients = new Set<Client>();
  readonly #forget: readonly (() => void)[];

  constructor(gatherer: StatsGatherer, log: EventLog) {
    this.#gatherer = gatherer;
    this.#log = log;
    this.#forget = [
      log.onEvent((event) => this.#happened(event)),
      gatherer.onTick(() => this.#ticked()),
    ];
  }

  /** Follows from now on, after what came since the event `lastId`. */
  async add(stream: EventStream, filter: EventFilter, lastId: string | undefined): Promise<void> {
    const client: Client = { stream, filter, online: undefined };
    let isClosed = false;
    stream.onClose(() => {
      isClosed = true;
      this.#clients.delete(client);
    });
    if (lastId !== undefined) {
      // The website has just begun: what was missed may not have been read yet.
      await Promise.race([this.#log.loaded, sleep(loadPatience, undefined, { ref: false })]);
      if (isClosed) return;
    }
    for (const event of (lastId === undefined ? undefined : this.#log.after(lastId)) ?? []) {
      if (concerns(event, filter)) stream.send(textOf(event));
    }
    for (const text of this.#state(filter)) stream.send(text);
    this.#tellWorkers(client);
    this.#clients.add(client);
  }

  close(): void {
    for (const forget of this.#forget) forget();
    this.#clients.clear();
  }

  #happened(event: PoolEvent): void {
    if (this.#clients.size === 0) return;
    const text = Buffer.from(textOf(event));
    for (const { stream, filter } of this.#clients) {
      if (concerns(event, filter)) stream.send(text);
    }
  }

  #ticked(): void {
    const texts = new Map<string | undefined, Buffer>();
    for (const client of this.#clients) {
      const { coin } = client.filter;
      // One write of bytes that all of them share.
      const known = texts.get(coin) ?? Buffer.from(this.#state(client.filter).join(''));
      texts.set(coin, known);
      client.stream.send(known);
      this.#tellWorkers(client);
    }
  }

  #poolsOf({ coin }: EventFilter): readonly PoolGatherer[] {
    return this.#gatherer.pools.filter(
      ({ source }) => coin === undefined || source.keys.coin === coin,
    );
  }

  #state(filter: EventFilter): readonly string[] {
    return this.#poolsOf(filter).flatMap((pool) => [
      eventText({ type: 'pool', data: jsonText(poolView(pool)) }),
      eventText({ type: 'round', data: jsonText(roundBody(pool)) }),
    ]);
  }

  /** The workers of the client's miner that came or went since the last tick. */
  #tellWorkers(client: Client): void {
    const { address } = client.filter;
    if (address === undefined) return;
    const online = new Set<string>();
    for (const pool of this.#poolsOf(client.filter)) {
      const { coin } = pool.source.keys;
      for (const worker of pool.index.workersOf(address)) {
        if ((pool.figures?.workers.get(worker)?.shares ?? 0) > 0) online.add(`${coin}\n${worker}`);
      }
    }
    const before = client.online;
    client.online = online;
    if (before === undefined || isDeepStrictEqual(before, online)) return;
    for (const name of new Set([...before, ...online])) {
      if (before.has(name) === online.has(name)) continue;
      const end = name.indexOf('\n');
      const data = {
        coin: name.slice(0, end),
        worker: name.slice(end + 1),
        online: online.has(name),
      };
      client.stream.send(eventText({ type: 'worker', data: jsonText(data) }));
    }
  }
}

function concerns(event: PoolEvent, { coin }: EventFilter): boolean {
  return coin === undefined || event.coin === coin;
}

function textOf({ id, type, data }: PoolEvent): string {
  return eventText({ id, type, data: jsonText(data) });
}

/** The filter's miner: a login is taken for its address. */
export function filterOf(coin: string | undefined, address: string | undefined): EventFilter {
  return {
    ...(coin === undefined ? {} : { coin: coin.toLowerCase() }),
    ...(address === undefined ? {} : { address: addressPart(address) }),
  };
}
