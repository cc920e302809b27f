import {
  startTestMiner,
  type TestMiner,
  type TestMinerOptions,
} from '../../scripts/regtest/testMiner.ts';
import { until } from '../support/until.ts';

export interface CrewOptions extends Omit<TestMinerOptions, 'worker'> {
  readonly miners: number;
  /** The login of a miner, from the numbers of its crew and of its own in it. */
  worker(crew: number, miner: number): string;
}

/** Test miners that come and go together; each new crew has names of its own. */
export class Crew {
  readonly #options: CrewOptions;
  #miners: readonly TestMiner[] = [];
  #crews = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Resolves when each miner has had a share acknowledged. */
  async start(): Promise<void> {
    const crew = ++this.#crews;
    const { miners, worker, ...options } = this.#options;
    this.#miners = Array.from({ length: miners }, (_, miner) =>
      startTestMiner({ ...options, worker: worker(crew, miner) }),
    );
    await this.flowing();
  }

  /** Resolves when each miner has had so many shares acknowledged from now on. */
  async flowing(more = 1): Promise<void> {
    const before = this.#miners.map(({ acknowledged }) => acknowledged.length);
    await until('shares of every miner are acknowledged', () =>
      this.#miners.every(({ acknowledged }, i) => acknowledged.length >= (before[i] ?? 0) + more),
    );
  }

  /** The miners send no more; what they saw is theirs to tell. */
  async stop(): Promise<readonly TestMiner[]> {
    const miners = this.#miners;
    this.#miners = [];
    await Promise.all(miners.map((miner) => miner.stop()));
    return miners;
  }
}
