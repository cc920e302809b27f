import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ageText,
  amountText,
  countText,
  difficultyText,
  durationText,
  hashrateText,
  percentText,
  shortAmountText,
  shortened,
  smallText,
} from '../../libs/website/pages/browser/format.ts';

test('a hashrate has three or four digits and the unit that fits', () => {
  const cases: [number, string][] = [
    [0, '0 H/s'],
    [7, '7 H/s'],
    [999.99, '1.00 kH/s'],
    [1_234_567, '1.23 MH/s'],
    [45_600_000_000, '45.6 GH/s'],
    [789e12, '789 TH/s'],
    [1e24, '1.00 YH/s'],
    [Number.NaN, '0 H/s'],
    [-5, '0 H/s'],
  ];
  for (const [value, text] of cases) assert.equal(hashrateText(value), text);
});

test('a difficulty keeps small fractions and shortens what is large', () => {
  const cases: [number, string][] = [
    [512, '512'],
    [0.0001, '0.0001'],
    [0.000016, '0.000016'],
    [1.5, '1.5'],
    [29_168_201, '29.2 M'],
    [113_757_508_810_853, '114 T'],
    [Number.POSITIVE_INFINITY, '–'],
  ];
  for (const [value, text] of cases) assert.equal(difficultyText(value), text);
});

test('an amount loses no digit', () => {
  const cases: [string, string][] = [
    ['1234.50000000', '1,234.5'],
    ['0.00000001', '0.00000001'],
    ['21000000', '21,000,000'],
    ['9007199254740993.12345678', '9,007,199,254,740,993.12345678'],
    ['0.00000000', '0'],
    ['-2.5', '-2.5'],
    ['no number', 'no number'],
  ];
  for (const [coins, text] of cases) assert.equal(amountText(coins), text);
});

test('a short amount is cut, never rounded up', () => {
  assert.equal(shortAmountText('48210.52891733'), '48,210.52');
  assert.equal(shortAmountText('0.99999999'), '0.999999');
  assert.equal(shortAmountText('12345678.999'), '12,345,678.99');
  assert.equal(shortAmountText('7'), '7');
});

test('lengths of time are told in their two largest units', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [3600, '1 h'],
    [11_520, '3 h 12 min'],
    [187_200, '2 d 4 h'],
    [86_400 * 45, '45 d'],
    [86_400 * 400, '1 y 35 d'],
    [-3, '0 s'],
  ];
  for (const [seconds, text] of cases) assert.equal(durationText(seconds), text);
});

test('an age says so when a clock is ahead, and can be short', () => {
  assert.equal(ageText(1_000_000, 1_000_000 + 11_520_000), '3 h 12 min ago');
  assert.equal(ageText(1_000_000, 1_000_000 + 11_520_000, true), '3 h ago');
  assert.equal(ageText(2_000_000, 1_000_000), 'just now');
});

test('counts and percents are grouped', () => {
  assert.equal(countText(1_234_567), '1,234,567');
  assert.equal(countText(999), '999');
  assert.equal(percentText(0.1234), '12.3%');
  assert.equal(percentText(26.4, 1), '2,640%');
  assert.equal(percentText(Number.NaN), '–');
});

test('only what is long is shortened', () => {
  assert.equal(shortened('ltc1qar0srrr7xfkvy5l643lydnw9re59gtzzwcl4ev', 6), 'ltc1qa…wcl4ev');
  assert.equal(shortened('short', 6), 'short');
});

test('a small figure keeps four digits, never an exponent', () => {
  assert.equal(smallText(4.6e-9), '0.0000000046');
  assert.equal(smallText(0.00123456), '0.001235');
  assert.equal(smallText(6.25), '6.25');
  assert.equal(smallText(12_345.6), '12,346');
  assert.equal(smallText(0), '0');
  assert.equal(smallText(1e-30), '0');
  assert.equal(smallText(Number.NaN), '–');
});
