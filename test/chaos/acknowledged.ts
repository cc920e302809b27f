import { until } from '../support/until.ts';
import type { Tally } from './suite.ts';

/** What a miner that sends no more has seen of its shares. */
export interface Heard {
  readonly worker: string;
  readonly acknowledged: number;
  readonly unanswered: number;
}

export interface Records<H extends Heard> {
  readonly heard: readonly H[];
  /** Reads the store; gives how many shares it has of a miner, NaN if that is no whole number. */
  read(): Promise<(heard: H) => number>;
  /** "Redis" */
  readonly store: string;
  /** What a share is there: "rows". */
  readonly noun: string;
  /** Milliseconds that shares may be on their way. */
  readonly patience: number;
}

/** Every acknowledged share is recorded once; one whose answer never came may or may not be; nothing else is. */
export async function checkAcknowledged<H extends Heard>(
  tally: Tally,
  when: string,
  { heard, read, store, noun, patience }: Records<H>,
): Promise<void> {
  const isThere = async () => {
    const recorded = await read();
    return heard.every((miner) => !(recorded(miner) < miner.acknowledged));
  };
  await until(`all acknowledged shares are in ${store}`, isThere, patience).catch(() => undefined);
  const recordedOf = await read();
  for (const miner of heard) {
    const { worker, acknowledged, unanswered } = miner;
    const recorded = recordedOf(miner);
    tally.check(
      recorded >= acknowledged,
      () => `${when}: ${acknowledged - recorded} of ${acknowledged} shares of ${worker} are lost`,
    );
    tally.check(
      recorded <= acknowledged + unanswered,
      () =>
        `${when}: ${worker} has ${recorded} ${noun} for ${acknowledged} answers and ${unanswered} without`,
    );
  }
}
