import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitText, textFault } from '../../../libs/shares/mpos/columnText.ts';

const column = (charset: string, length = 5) => ({ charset, length });

test('length is counted in characters, not in code units', () => {
  assert.equal(textFault('🦊🦊🦊🦊🦊', column('utf8mb4')), undefined);
  assert.match(textFault('🦊🦊🦊🦊🦊🦊', column('utf8mb4')) ?? '', /longer than 5 characters/);
  assert.equal(fitText('🦊🦊🦊🦊🦊🦊', column('utf8mb4')), '🦊🦊🦊🦊🦊');
});

test('utf8mb3 holds the basic plane, latin1 what Windows-1252 has, ascii and unknown ones ASCII', () => {
  const cases = [
    ['utf8mb3', '漢', true],
    ['utf8', '🦊', false],
    ['latin1', 'é€ÿ', true],
    ['latin1', 'ż', false],
    ['ascii', 'é', false],
    ['koi8r', 'я', false],
    ['utf8mb4', '\ud800', false],
  ] as const;
  for (const [charset, text, fits] of cases) {
    assert.equal(textFault(text, column(charset)) === undefined, fits, `${charset} ${text}`);
  }
});

test('what does not fit becomes question marks, so that a strict server takes the row', () => {
  assert.equal(fitText('aż🦊', column('latin1')), 'a??');
  assert.equal(fitText('aż🦊', column('utf8mb3')), 'aż?');
  assert.equal(fitText('abcdefg', column('ascii')), 'abcde');
});
