import type { SwitchConfig } from '../../config/types.ts';
import { type Clock, type Millis, millis } from '../../primitives/units.ts';
import { isRecord, own, parseJson } from '../../primitives/unknown.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { portalKeys } from '../../redis/keys.ts';
import { type ProfitTable, parseProfitTable } from '../../redis/profitability.ts';
import { portView } from '../poolViews.ts';
import type { SwitchRow } from '../siteData.ts';
import { Memo, type Reading } from './memo.ts';
import { readFields, tolerate } from './redisReads.ts';

const freshMillis = 5_000;

interface SwitchState {
  readonly coin: string | undefined;
  readonly since: Millis | undefined;
}

/** What the master and the profit switcher write down for people, of the switches that are enabled. */
export class SwitchReader {
  readonly #switches: readonly (readonly [string, SwitchConfig])[];
  readonly #connection: RedisConnection;
  readonly #states: Memo<ReadonlyMap<string, string>>;
  readonly #profits: Memo<ProfitTable | undefined>;

  constructor(
    switching: Readonly<Record<string, SwitchConfig>>,
    connection: RedisConnection,
    now: Clock,
  ) {
    this.#switches = Object.entries(switching).filter(([, { enabled }]) => enabled);
    this.#connection = connection;
    this.#states = new Memo(now, freshMillis, 1);
    this.#profits = new Memo(now, freshMillis, 1);
  }

  /** Without what is in Redis. */
  get configured(): readonly SwitchRow[] {
    return this.#rows(new Map());
  }

  /** Rejects with RedisError, when nothing is known from before. */
  async rows(): Promise<Reading<readonly SwitchRow[]>> {
    if (this.#switches.length === 0) return { value: [], stale: false };
    const names = this.#switches.map(([name]) => name);
    const { value, stale } = await this.#states.get('', () =>
      tolerate(readFields(this.#connection, portalKeys.switchState, names), new Map()),
    );
    return { value: this.#rows(value), stale };
  }

  /** The profit switcher's last table, if there is one. Rejects with RedisError, when nothing is known from before. */
  profits(): Promise<Reading<ProfitTable | undefined>> {
    return this.#profits.get('', async () => {
      const text = await tolerate(this.#connection.command('get', portalKeys.profitability), null);
      return typeof text === 'string' ? parseProfitTable(text) : undefined;
    });
  }

  #rows(states: ReadonlyMap<string, string>): SwitchRow[] {
    return this.#switches.map(([name, { algorithm, ports }]) => ({
      ...{ name, algorithm, ports: Object.values(ports).map(portView) },
      ...stateOf(states.get(name)),
    }));
  }
}

function stateOf(text: string | undefined): SwitchState {
  const value = text === undefined ? undefined : parseJson(text);
  const coin = isRecord(value) ? own(value, 'coin') : undefined;
  const since = isRecord(value) ? own(value, 'since') : undefined;
  return {
    coin: typeof coin === 'string' ? coin : undefined,
    since: typeof since === 'number' && since >= 0 && since < Infinity ? millis(since) : undefined,
  };
}
