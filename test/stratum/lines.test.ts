import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineReader } from '../../libs/stratum/lines.ts';

function linesOf(...chunks: Buffer[]): string[] {
  const reader = new LineReader();
  const lines: string[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line);
  }
  return lines;
}

test('several lines in one packet come out one by one, the unfinished rest stays', () => {
  assert.deepEqual(linesOf(Buffer.from('a\nbc\n\nd')), ['a', 'bc', '']);
  assert.deepEqual(linesOf(Buffer.from('a\nb'), Buffer.from('c\n')), ['a', 'bc']);
});

test('a carriage return before the newline is no part of the line, one inside it is', () => {
  assert.deepEqual(linesOf(Buffer.from('a\r\n\r\nb\rc\n')), ['a', '', 'b\rc']);
  assert.deepEqual(linesOf(Buffer.from('a\r'), Buffer.from('\n')), ['a']);
});

test('a packet may end inside a UTF-8 character', () => {
  const bytes = Buffer.from('é€😀\n', 'utf8');
  for (let cut = 1; cut < bytes.length; cut++) {
    assert.deepEqual(linesOf(bytes.subarray(0, cut), bytes.subarray(cut)), ['é€😀']);
  }
});

test('10,240 bytes are a line, one more without a newline is a flood', () => {
  const reader = new LineReader();
  reader.feed(Buffer.alloc(10_240, 'a'));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.flooded, false);
  reader.feed(Buffer.from('\n'));
  assert.equal(reader.next()?.length, 10_240);
  reader.feed(Buffer.alloc(10_241, 'a'));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.flooded, true);
});

test('a line that is too long is a flood although its newline has come', () => {
  const reader = new LineReader();
  reader.feed(Buffer.from(`ok\n${'a'.repeat(10_241)}\nnext\n`));
  assert.equal(reader.next(), 'ok');
  assert.equal(reader.next(), undefined);
  assert.equal(reader.flooded, true);
});
