import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import type { Clock } from '../primitives/units.ts';
import type { OpenPort } from './sessionHost.ts';
import type { JobNotice } from './types.ts';

// Miners keep the coinbase in buffers of fixed size, and some cut off what is longer without a word: then every share of
// theirs is wrong. A port can say how much its miners take.

const day = 86_400_000;
const extranonce1Size = 4;

export class CoinbaseSizes {
  readonly #log: () => Logger;
  readonly #said: OncePer;

  constructor(log: () => Logger, now: Clock) {
    this.#log = log;
    this.#said = new OncePer(day, now);
  }

  /** Warns, once a day for each port, when the coinbase of this job is longer than the port's miners take. */
  check(job: JobNotice, ports: readonly OpenPort[]): void {
    for (const { number, config } of ports) {
      const { coinbaseLimit, extranonce2Size } = config;
      if (coinbaseLimit === undefined) continue;
      const length = coinbaseLength(job, extranonce2Size);
      if (length <= coinbaseLimit || !this.#said.allows(String(number))) continue;
      this.#log().warning(
        `The coinbase of job ${job.jobId} is ${length} bytes long on port ${number}, whose coinbaseLimit is ${coinbaseLimit}: its miners may cut it and have every share refused. Have fewer rewardRecipients or a shorter coinbaseSignature, or send such miners to another port.`,
      );
    }
  }
}

/** Bytes of the coinbase that miners put together, without witness. */
export function coinbaseLength(job: JobNotice, extranonce2Size: number): number {
  const { coinb1, coinb2 } = job.notifyParams(extranonce2Size);
  return coinb1.length / 2 + extranonce1Size + extranonce2Size + coinb2.length / 2;
}
