import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressPart } from '../../libs/primitives/workerName.ts';

test('the address of a worker ends at the first dot or underscore', () => {
  assert.equal(addressPart('Laddress'), 'Laddress');
  assert.equal(addressPart('Laddress.rig'), 'Laddress');
  assert.equal(addressPart('Laddress_rig.2'), 'Laddress');
  assert.equal(addressPart('.rig'), '');
});
