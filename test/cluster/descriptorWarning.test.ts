import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorWarning } from '../../libs/cluster/descriptorWarning.ts';

test('a limit too low for 100,000 miners is said with its number and the way to raise it', () => {
  const sentence = descriptorWarning(4_096) ?? '';
  assert.match(sentence, /4096 files/);
  assert.match(sentence, /up to 3840 miners/);
  assert.match(sentence, /LimitNOFILE=.*limits\.conf.*ulimit/);
});

test('a high limit, or none, is not worth a word', () => {
  assert.equal(descriptorWarning(100_256), undefined);
  assert.notEqual(descriptorWarning(100_255), undefined);
  assert.equal(descriptorWarning(undefined), undefined);
});
