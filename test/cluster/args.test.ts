import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../libs/cluster/args.ts';

test('without arguments the portal runs in the current directory', () => {
  const expected = { kind: 'run', dir: process.cwd(), check: false, skipInvalid: false };
  assert.deepEqual(parseArguments([]), expected);
});

test('--dir names the folder in both spellings, beside the flags', () => {
  const expected = { kind: 'run', dir: '/srv/pool', check: true, skipInvalid: true };
  assert.deepEqual(parseArguments(['--dir', '/srv/pool', '--check', '--skip-invalid']), expected);
  assert.deepEqual(parseArguments(['--skip-invalid', '--check', '--dir=/srv/pool']), expected);
});

test('an unknown argument and a --dir without a folder are refused', () => {
  assert.equal(parseArguments(['--chek']).kind, 'wrong');
  assert.equal(parseArguments(['--dir']).kind, 'wrong');
});
