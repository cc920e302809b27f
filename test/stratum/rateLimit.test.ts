import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admit } from '../../libs/stratum/rateLimit.ts';

function countAdmitted(
  state: number,
  now: number,
  tries: number,
): { state: number; passed: number } {
  let passed = 0;
  let last = state;
  for (let i = 0; i < tries; i++) {
    const next = admit(last, now, { perSecond: 2, burst: 20 });
    if (next === undefined) continue;
    passed++;
    last = next;
  }
  return { state: last, passed };
}

test('a burst passes at once, then the mean rate, and a pause fills the bucket no further than the burst', () => {
  const burst = countAdmitted(0, 1_000_000, 100);
  assert.equal(burst.passed, 20);
  const second = countAdmitted(burst.state, 1_001_000, 100);
  assert.equal(second.passed, 2);
  const later = countAdmitted(second.state, 2_000_000, 100);
  assert.equal(later.passed, 20);
});
