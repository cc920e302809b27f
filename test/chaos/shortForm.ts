import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runSuite, type Suite } from './suite.ts';

/** The short form of a suite as a test. Its seed is said; CHAOS_SEED=n has it play the same again. */
export function testShortForm(rule: string, suite: Suite): void {
  test(rule, { timeout: 240_000 }, async (t) => {
    const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(1, 2 ** 31));
    const say = (line: string) => t.diagnostic(line);
    const { failures, passed } = await runSuite(suite, { seed, count: suite.short, say });
    assert.deepEqual(failures, [], `seed ${seed}`);
    assert.ok(passed > 0);
  });
}
