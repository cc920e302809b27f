import { randomBytes } from 'node:crypto';
import { CodedError } from '../primitives/errors.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';
import { loadScript, runScript, type Script } from '../redis/scripts.ts';

// One payment process of a coin at a time. The lease has an epoch that is another one for each holding of it, and every
// script that writes checks it: a process that slept through the loss of its lease, or whose lease a crashed Redis has
// forgotten, can change nothing.

/** Another payment process has taken over. */
export class LeaseLost extends CodedError {
  constructor() {
    super('LEASE_LOST', 'another payment process has taken over');
  }
}

const payLease = loadScript('payLease', (reply) =>
  typeof reply === 'string' && /^\d+(:[\w-]+)?$/.test(reply) ? reply : undefined,
);
const nobody = '0';

export class Lease {
  readonly #redis: RedisConnection;
  readonly #key: string;
  readonly #duration: number;
  readonly #owner = uniqueText();
  #epoch = nobody;

  /** `duration`: milliseconds without a sign of life after which another process may take over. */
  constructor(redis: RedisConnection, keys: CoinKeys, duration: number) {
    this.#redis = redis;
    this.#key = keys.pay('lease');
    this.#duration = duration;
  }

  /** Takes or keeps the lease. False while another process has it. */
  async take(): Promise<boolean> {
    const epoch = await this.#ask('take');
    if (epoch === nobody) return false;
    this.#epoch = epoch;
    return true;
  }

  /** Keeps the lease. Rejects with LeaseLost if somebody else has had it since. */
  async renew(): Promise<void> {
    const epoch = await this.#ask('take');
    if (epoch === nobody || epoch !== this.#epoch) throw new LeaseLost();
  }

  async leave(): Promise<void> {
    await this.#ask('leave');
    this.#epoch = nobody;
  }

  #ask(action: 'take' | 'leave'): Promise<string> {
    const args = [action, this.#owner, this.#duration, uniqueText()];
    return runScript(this.#redis, payLease, [this.#key], args);
  }

  /**
   * Runs a script whose first key is the lease and whose first argument is the epoch. Rejects with LeaseLost when it
   * answers 'fenced', else as runScript.
   */
  async run<Word extends string>(
    script: Script<Word | 'fenced'>,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<Word> {
    const answer = await runScript(
      this.#redis,
      script,
      [this.#key, ...keys],
      [this.#epoch, ...args],
    );
    if (isFenced(answer)) throw new LeaseLost();
    return answer;
  }
}

function uniqueText(): string {
  return randomBytes(9).toString('base64url');
}

function isFenced<Word extends string>(answer: Word | 'fenced'): answer is 'fenced' {
  return answer === 'fenced';
}
