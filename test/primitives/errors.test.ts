import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError, codeOf, messageOf } from '../../libs/primitives/errors.ts';

class LedgerError extends CodedError {}

test('a CodedError carries its class, its code and its cause', () => {
  const cause = new Error('below');
  const error = new LedgerError('LEDGER_BROKEN', 'above', { cause });
  assert.equal(error.name, 'LedgerError');
  assert.equal(codeOf(error), 'LEDGER_BROKEN');
  assert.equal(error.cause, cause);
});

test('messageOf and codeOf take anything that can be thrown', () => {
  assert.equal(messageOf(new Error('words')), 'words');
  assert.equal(messageOf(undefined), 'undefined');
  assert.equal(codeOf({ code: 'ECONNREFUSED' }), 'ECONNREFUSED');
  for (const other of [null, undefined, 'text', {}, { code: -5 }])
    assert.equal(codeOf(other), undefined);
});
