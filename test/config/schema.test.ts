import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolFields } from '../../libs/config/poolSchema.ts';
import { portalFields } from '../../libs/config/portalSchema.ts';
import {
  list,
  object,
  optional,
  record,
  required,
  retired,
  whenLeftOut,
  withDefault,
} from '../../libs/config/schema.ts';
import type { Fields } from '../../libs/config/schemaBase.ts';
import { boolean, port, text, whole } from '../../libs/config/values.ts';
import { errorOf, read } from './readSchema.ts';

test('text in the place of a block is not shown, it may hold passwords', () => {
  assert.match(errorOf(object({}), '"hunter2"'), /an object \{ … \}, got a text$/);
  assert.match(errorOf(list(text()), '"hunter2"'), /got a text$/);
});

const block = object({
  enabled: withDefault(boolean(), false, 'on'),
  port: required(port(), 'a port', 1),
  name: optional(text(), 'a name'),
  old: retired('does nothing any more'),
});

test('an object fills in defaults and leaves optional fields out', () => {
  assert.deepEqual(read(block, '{"enabled": true, "port": 5}').value, { enabled: true, port: 5 });
  assert.deepEqual(whenLeftOut(block), { enabled: false, port: 1 });
});

test('all problems of an object are told at once', () => {
  const { lines } = read(block, '{"enabled": true, "port": "5", "name": 1, "nmae": 2}');
  assert.deepEqual(lines, [
    'warning x:1:43 f.nmae: unknown key, it does nothing (did you mean "name"?)',
    'error x:1:27 f.port: must be a whole number from 1 to 65535, got "5"',
    'error x:1:40 f.name: must be a text, got 1',
  ]);
});

test('a missing required field is an error at the place of its object', () => {
  assert.equal(
    errorOf(block, '  {"enabled": true}'),
    'error x:1:3 f.port: is missing: must be a whole number from 1 to 65535 (a port)',
  );
});

test('a block that is not enabled may lack fields and hold unusable values, but no wrong types', () => {
  assert.deepEqual(read(block, '{"enabled": false}'), {
    value: { enabled: false, port: 1 },
    lines: [],
  });
  assert.deepEqual(read(block, '{"port": 0}'), { value: { enabled: false, port: 1 }, lines: [] });
  assert.match(errorOf(block, '{"port": "1"}'), /^error /);
});

test('a retired field loads with one warning, whatever it holds', () => {
  const { value, lines } = read(block, '{"old": {"a": []}}');
  assert.deepEqual(value, { enabled: false, port: 1 });
  assert.deepEqual(lines, ['warning x:1:2 f.old: does nothing any more']);
});

test('__proto__ and constructor are unknown keys of an object', () => {
  const { value, lines } = read(block, '{"__proto__": {"enabled": true}, "constructor": 1}');
  assert.deepEqual(value, { enabled: false, port: 1 });
  assert.equal(lines.length, 2);
});

test('a record checks its keys and keeps their order', () => {
  const schema = record({ pattern: /^[a-z]$/, expected: 'a letter' }, whole());
  const sound = read(schema, '{"b": 1, "a": 2}').value;
  assert.deepEqual(sound, [
    ['b', 1],
    ['a', 2],
  ]);
  assert.equal(
    errorOf(schema, '{"__proto__": 1}'),
    'error x:1:2 f.__proto__: the key must be a letter',
  );
});

test('a list has a least length and tells the position of what is wrong in it', () => {
  const schema = list(whole(), 1);
  assert.match(errorOf(schema, '[]'), /of at least 1, got an empty list$/);
  assert.match(errorOf(schema, '[1, "2"]'), /^error x:1:5 f\.1: /);
});

function fieldsBelow(fields: Fields): Fields[] {
  const below = Object.values(fields).flatMap(({ schema }) =>
    [schema.fields, schema.items?.fields].flatMap((inner) =>
      inner === undefined ? [] : fieldsBelow(inner),
    ),
  );
  return [fields, ...below];
}

test('every field has a description, and every password is marked as secret', () => {
  const all = [...fieldsBelow(portalFields), ...fieldsBelow(poolFields)];
  assert.ok(all.length > 15, 'the walk finds the inner objects');
  for (const [name, field] of all.flatMap((fields) => Object.entries(fields))) {
    assert.ok(field.about.length > 1, name);
    const isPassword = name === 'password' || name === 'passwordHash';
    assert.equal(field.schema.secret === true, isPassword, name);
  }
});
