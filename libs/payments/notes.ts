import { type Millis, millis } from '../primitives/units.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys, PayKey } from '../redis/keys.ts';
import { readHash } from '../redis/read.ts';
import { loadScript, oneOf } from '../redis/scripts.ts';
import type { Lease } from './lease.ts';
import type { AuditVerdict } from './types.ts';

// What the payment process remembers from run to run, and shows to the operator. No money depends on it.

const payNote = loadScript('payNote', oneOf('ok', 'fenced'));

export class Notes {
  readonly #redis: RedisConnection;
  readonly #keys: CoinKeys;
  readonly #lease: Lease;

  constructor(redis: RedisConnection, keys: CoinKeys, lease: Lease) {
    this.#redis = redis;
    this.#keys = keys;
    this.#lease = lease;
  }

  /** Member of blocksPending -> why it is not credited. */
  heldBlocks(): Promise<ReadonlyMap<string, string>> {
    return readHash(this.#redis, this.#keys.pay('heldBlocks'));
  }

  async holdBlock(member: string, reason: string): Promise<void> {
    await this.#write('heldBlocks', [member, reason]);
  }

  /** Block hash -> height of the chain when the block was first seen off it. */
  async suspects(): Promise<ReadonlyMap<string, number>> {
    const texts = await readHash(this.#redis, this.#keys.pay('suspects'));
    return new Map([...texts].map(([hash, tip]) => [hash, Number(tip)]));
  }

  /** `tip` undefined: the block is on the chain again. */
  async suspect(blockHash: string, tip: number | undefined): Promise<void> {
    await this.#write('suspects', [blockHash, tip === undefined ? '' : String(tip)]);
  }

  /** For people who watch a block ripen. 0: it is off the active chain. */
  async confirmations(blockHash: string, confirmations: number): Promise<void> {
    const { block } = this.#keys;
    await this.#lease.run(payNote, [block(blockHash)], ['confirmations', String(confirmations)]);
  }

  /** Makes the list of held workers this one: worker -> reason. */
  async holdPayees(reasons: ReadonlyMap<string, string>): Promise<void> {
    const old = await readHash(this.#redis, this.#keys.pay('heldPayees'));
    const gone = [...old.keys()].filter((worker) => !reasons.has(worker));
    const changed = [...reasons].filter(([worker, reason]) => old.get(worker) !== reason);
    if (gone.length + changed.length === 0) return;
    await this.#write('heldPayees', [...changed.flat(), ...gone.flatMap((name) => [name, ''])]);
  }

  /** The reason that a person gave for pausing payments. */
  async paused(): Promise<string | undefined> {
    const reason = await this.#redis.command('HGET', this.#keys.pay('state'), 'paused');
    return typeof reason === 'string' ? reason : undefined;
  }

  /** Payments stand still until a person says otherwise. */
  async stop(reason: string, now: Millis): Promise<void> {
    await this.#write('state', ['stopped', reason, 'stoppedTime', String(now)]);
  }

  /** The end of a stop. Payments of before are taken for right, up to the time that it gives: a later one each time. */
  async goOn(now: Millis): Promise<Millis> {
    const from = millis(Math.max(now, (await this.checkedFrom()) + 1));
    await this.#write('state', ['stopped', '', 'stoppedTime', '', 'checkedFrom', String(from)]);
    return from;
  }

  /** When a person took the books for the truth last; 0: never. */
  async checkedFrom(): Promise<Millis> {
    return readCheckedFrom(
      await this.#redis.command('HGET', this.#keys.pay('state'), 'checkedFrom'),
    );
  }

  /** What the last run found, for people. */
  async verdict(verdict: AuditVerdict): Promise<void> {
    await this.#write('state', ['audit', JSON.stringify(verdict)]);
  }

  async #write(what: PayKey, pairs: readonly string[]): Promise<void> {
    await this.#lease.run(payNote, [this.#keys.pay(what)], pairs);
  }
}

/** Of the hash `state`. */
export function readCheckedFrom(text: unknown): Millis {
  const time = Number(text ?? 0);
  return millis(Number.isSafeInteger(time) ? time : 0);
}
