import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, suggestion } from '../../libs/config/nearest.ts';

const known = ['varDiff', 'diff', 'targetTime', 'retargetTime'];

test('the nearest known word is found through letter case, swaps, and missing letters', () => {
  assert.equal(nearest('vardiff', known), 'varDiff');
  assert.equal(nearest('vraDiff', known), 'varDiff');
  assert.equal(nearest('varDif', known), 'varDiff');
  assert.equal(nearest('difff', known), 'diff');
});

test('a word that is far from all others gets no suggestion', () => {
  assert.equal(nearest('salt', known), undefined);
  assert.equal(nearest('', known), undefined);
  assert.equal(nearest('v'.repeat(100_000), known), undefined);
  assert.equal(suggestion('xyz', []), '');
});

test('a suggestion is a question in brackets', () => {
  assert.equal(suggestion('vardiff', known), ' (did you mean "varDiff"?)');
});
