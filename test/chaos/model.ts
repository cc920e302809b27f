import { playSequences } from '../model/modelRuns.ts';
import type { Suite } from './suite.ts';

// Random sequences of shares, blocks, reorganisations, payments and crashes, against a small independent model.

export const model: Suite = {
  name: 'model',
  counts: 'random sequences against the model',
  long: 100_000,
  short: 2_000,
  async run(run, tally) {
    const figures = await playSequences(
      run.seed,
      run.count,
      (message) => tally.fail(message),
      (done) => {
        tally.passed = done - tally.failures.length;
        if (done % 5_000 === 0) run.say(`${done} sequences`);
      },
    );
    for (const [figure, value] of Object.entries(figures)) tally.count(figure, value);
  },
};
