import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBytes, parseUint32 } from '../../libs/jobs/hexDigits.ts';

test('parseUint32 reads 8 hex digits of either case, unsigned', () => {
  assert.equal(parseUint32('00000000'), 0);
  assert.equal(parseUint32('ffffffff'), 0xffffffff);
  assert.equal(parseUint32('DEADbeef'), 0xdeadbeef);
});

test('parseUint32 refuses every other length and every character that is no hex digit', () => {
  const bad = [
    '',
    '0000000',
    '000000000',
    '0x000000',
    '-0000001',
    ' 0000000',
    '0000000\n',
    '0000000g',
  ];
  for (const text of [...bad, '0000000\u0130', '0000000\u{1d7d8}']) {
    assert.equal(parseUint32(text), -1, JSON.stringify(text));
  }
  for (let code = 0; code < 0x250; code++) {
    const character = String.fromCharCode(code);
    const isDigit = '0123456789abcdefABCDEF'.includes(character);
    assert.equal(parseUint32(`0000000${character}`) !== -1, isDigit, `${code}`);
    assert.equal(parseBytes(`0${character}`, 1) !== undefined, isDigit, `${code}`);
    assert.equal(parseBytes(`${character}0`, 1) !== undefined, isDigit, `${code}`);
  }
});

test('parseBytes gives exactly the bytes asked for, or nothing', () => {
  assert.deepEqual(parseBytes('00ffA1', 3), Buffer.from([0, 255, 161]));
  assert.equal(parseBytes('00ffA1', 2), undefined);
  assert.equal(parseBytes('00ffA1', 4), undefined);
  assert.equal(parseBytes('00ffA', 3), undefined);
});
