import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExtranonceRanges } from '../../libs/cluster/extranonceRanges.ts';

test('no two ranges of one server, or of two servers, share a value', () => {
  const dealt = [0, 1, 63].flatMap((instance) => {
    const ranges = new ExtranonceRanges(instance);
    return Array.from({ length: 64 }, () => ranges.deal());
  });
  const sorted = dealt.sort((a, b) => a.first - b.first);
  for (const [i, range] of sorted.entries()) {
    const next = sorted[i + 1];
    assert.ok(range.first >= 0 && range.first + range.count <= 2 ** 32);
    if (next !== undefined) assert.ok(range.first + range.count <= next.first);
  }
});

test('a range that was given back is dealt again only after every other one', () => {
  const ranges = new ExtranonceRanges(5);
  const first = ranges.deal();
  ranges.giveBack(first);
  const later = Array.from({ length: 63 }, () => ranges.deal());
  assert.ok(later.every(({ first: start }) => start !== first.first));
  assert.deepEqual(ranges.deal(), first);
});

test('a 65th living fork is refused rather than given a range that is in use', () => {
  const ranges = new ExtranonceRanges(0);
  for (let i = 0; i < 64; i++) ranges.deal();
  assert.throws(() => ranges.deal(), RangeError);
});
