import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashrateString, parseHashrate } from '../../../libs/website/data/hashrateText.ts';

test('hashrates have two decimals and steps of 1000, from KH to ZH', () => {
  const cases: [number, string][] = [
    [0, '0.00 KH'],
    [999, '1.00 KH'],
    [1_000, '1.00 KH'],
    [1_234_567, '1.23 MH'],
    [1e9, '1.00 GH'],
    [5e11, '500.00 GH'],
    [1e12, '1.00 TH'],
    [1e15, '1.00 PH'],
    [1e18, '1.00 EH'],
    [1e21, '1.00 ZH'],
    [1e24, '1000.00 ZH'],
  ];
  for (const [hashrate, text] of cases) assert.equal(hashrateString(hashrate), text);
});

test('hashrates are read as people write them', () => {
  const cases: [string, number | undefined][] = [
    ['10', 10],
    ['1e10', 1e10],
    ['10 GH/s', 1e10],
    ['2.5gh', 2.5e9],
    [' 3 M ', 3e6],
    ['1 H/s', 1],
    ['0', undefined],
    ['-1', undefined],
    ['', undefined],
    ['1 XH', undefined],
    ['Infinity', undefined],
    ['1e99', undefined],
    ['9'.repeat(1000), undefined],
  ];
  for (const [text, hashrate] of cases) assert.equal(parseHashrate(text), hashrate, text);
});
