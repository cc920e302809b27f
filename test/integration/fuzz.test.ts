import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSuite } from '../chaos/suite.ts';
import { suites } from '../fuzz/suites.ts';

// The short form of `npm run fuzz`, each time with the same seed; that one throws new dice.

const seed = 20_260_701;

for (const suite of suites) {
  test(`${suite.short} ${suite.counts}: nothing escapes, nothing leaks, no verdict or reply is wrong`, async () => {
    const { failures, passed } = await runSuite(suite, {
      seed,
      count: suite.short,
      say: () => undefined,
    });
    assert.deepEqual(failures, []);
    assert.ok(passed > 0);
  });
}
