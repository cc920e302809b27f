import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextSlice } from '../../libs/primitives/textSlice.ts';

test('a slice reads as the text at its place, and is written into JSON as that text', () => {
  const slice = new TextSlice(Buffer.from('{"data":"00ff"}'), 9, 13);
  assert.equal(slice.length, 4);
  assert.equal(slice.toString(), '00ff');
  assert.equal(JSON.stringify([slice]), '["00ff"]');
});

test('a byte beyond ASCII is one character, so that no text grows or shrinks', () => {
  const slice = new TextSlice(Buffer.from('é'), 0, 2);
  assert.equal(slice.length, 2);
  assert.equal(slice.toString(), '\u00c3\u00a9');
});
