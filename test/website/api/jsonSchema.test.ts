import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  faultOf,
  type JsonSchema,
  listOf,
  objectOf,
  orNull,
} from '../../../libs/website/api/jsonSchema.ts';

const fault = (value: unknown, schema: JsonSchema) => faultOf(value, schema, new Map());

test('a fault is told with its path', () => {
  const schema = objectOf({ data: listOf(objectOf({ height: { type: 'integer', minimum: 0 } })) });
  assert.equal(fault({ data: [{ height: 1 }] }, schema), undefined);
  assert.equal(
    fault({ data: [{ height: 1 }, { height: '1' }] }, schema),
    'data.1.height is string, not integer',
  );
  assert.equal(fault({ data: [{ height: 1.5 }] }, schema), 'data.0.height is number, not integer');
  assert.equal(fault({ data: [{ height: -1 }] }, schema), 'data.0.height is below 0');
  assert.equal(fault({ data: [{}] }, schema), 'data.0.height is missing');
  assert.equal(fault({ data: [{ height: 1, x: 1 }] }, schema), 'data.0.x is not in the schema');
  assert.equal(fault([], schema), 'the value is array, not object');
});

test('a whole number is a number, null is its own type', () => {
  assert.equal(fault(1, { type: 'number' }), undefined);
  assert.equal(fault(null, { type: 'object' }), 'the value is null, not object');
  assert.equal(fault(null, orNull({ type: 'string', enum: ['a'] })), undefined);
  assert.equal(fault('b', orNull({ type: 'string', enum: ['a'] })), 'the value is none of a');
});

test('texts are held against pattern and length, tuples against each place', () => {
  assert.equal(fault('1.50', { type: 'string', pattern: '^\\d+(\\.\\d+)?$' }), undefined);
  assert.equal(
    fault('1,5', { type: 'string', pattern: '^\\d+$' }),
    'the value does not match ^\\d+$',
  );
  assert.equal(fault('abc', { type: 'string', maxLength: 2 }), 'the value is too long');
  const tuple: JsonSchema = {
    type: 'array',
    prefixItems: [{ type: 'integer' }, { type: 'number' }],
  };
  assert.equal(fault([1, 2.5], tuple), undefined);
  assert.equal(fault([1.5, 2.5], tuple), '0 is number, not integer');
});

test('names from outside are no properties: __proto__ is one like any other', () => {
  const schema: JsonSchema = { type: 'object', additionalProperties: { type: 'integer' } };
  assert.equal(fault(JSON.parse('{"__proto__": 1}'), schema), undefined);
  assert.equal(fault(JSON.parse('{"__proto__": "x"}'), schema), '__proto__ is string, not integer');
  const integer: JsonSchema = { type: 'integer' };
  const wanted = objectOf(Object.fromEntries([['constructor', integer]]));
  assert.equal(fault({}, wanted), 'constructor is missing');
});

test('a schema may be named elsewhere', () => {
  const named = new Map<string, JsonSchema>([['Block', { type: 'integer' }]]);
  const list = listOf({ $ref: '#/components/schemas/Block' });
  assert.equal(faultOf([1], list, named), undefined);
  assert.equal(faultOf(['1'], list, named), '0 is string, not integer');
});
