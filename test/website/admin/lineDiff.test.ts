import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DiffLine, lineDiff } from '../../../libs/website/admin/lineDiff.ts';

const signs = { same: ' ', new: '+', gone: '-', gap: '~' } as const;
const drawn = (lines: readonly DiffLine[]) =>
  lines.map(({ kind, text }) => `${signs[kind]}${text}`);

test('equal texts have no difference', () => {
  assert.deepEqual(lineDiff('a\nb', 'a\nb'), []);
});

test('lines that came, went and stayed are told apart, far ones left out', () => {
  const before = '1\n2\n3\n4\n5\n6\n7\n8\n9\n10';
  const after = '1\n2\n3\n4\nx\n6\n6b\n7\n8\n9\n10';
  assert.deepEqual(drawn(lineDiff(before, after)), [
    ...['~…', ' 2', ' 3', ' 4', '-5', '+x', ' 6', '+6b', ' 7', ' 8', ' 9', '~…'],
  ]);
});

test('a line added to, or taken from, equal ones is one line', () => {
  assert.deepEqual(drawn(lineDiff('a\na', 'a\na\na')), [' a', ' a', '+a']);
  assert.deepEqual(drawn(lineDiff('a\na\na', 'a\na')), [' a', ' a', '-a']);
});

test('texts too long to compare line by line are shown as replaced, at once', () => {
  const lines = (mark: string) => Array.from({ length: 3_000 }, (_, i) => `${mark}${i}`).join('\n');
  const diff = lineDiff(lines('a'), lines('b'));
  assert.equal(diff.filter(({ kind }) => kind === 'gone').length, 3_000);
  assert.equal(diff.filter(({ kind }) => kind === 'new').length, 3_000);
});
