import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type JsonNode,
  joinPath,
  parseJsonText,
  readJsonFile,
} from '../../libs/config/jsonFile.ts';
import { type ConfigProblem, formatProblem, Report } from '../../libs/config/problems.ts';
import { configFolder } from './configFolder.ts';

function parse(text: string): { root: JsonNode | undefined; lines: string[] } {
  const problems: ConfigProblem[] = [];
  const root = parseJsonText(text, 'x.json', new Report(problems));
  return { root, lines: problems.map(formatProblem) };
}

function read(path: string): { kind: string; lines: string[] } {
  const problems: ConfigProblem[] = [];
  const { kind } = readJsonFile(path, 'x.json', new Report(problems));
  return { kind, lines: problems.map(formatProblem) };
}

function member(root: JsonNode | undefined, key: string): JsonNode | undefined {
  return root?.kind === 'object' ? root.members.get(key)?.node : undefined;
}

test('comments of both kinds, trailing commas and a byte order mark are allowed', () => {
  const { root, lines } = parse('\uFEFF{ // one\n  /* two */ "a": [1, 2,],\n}\n');
  assert.deepEqual(lines, []);
  const a = member(root, 'a');
  assert.ok(a?.kind === 'list');
  assert.equal(a.items.length, 2);
  assert.deepEqual([a.line, a.column], [2, 18]);
});

test('comment marks inside a text are text', () => {
  const url = member(parse('{"a": "http://x /* y */"}').root, 'a');
  assert.ok(url?.kind === 'string');
  assert.equal(url.value, 'http://x /* y */');
});

test('a number keeps the text that it is written with', () => {
  const a = member(parse('{"a": 1.10e-3}').root, 'a');
  assert.ok(a?.kind === 'number');
  assert.equal(a.text, '1.10e-3');
  assert.equal(a.value, 0.0011);
});

test('a syntax error is told once, with its line and column', () => {
  assert.deepEqual(parse('{\n  "a": 1\n  "b": 2\n}').lines, [
    'x.json:3:3 is no valid JSON: a comma is expected',
  ]);
  assert.deepEqual(parse('{\r\n  "a" 1\r\n}').lines, [
    'x.json:2:7 is no valid JSON: a colon is expected',
  ]);
  assert.deepEqual(parse('{"a": 1} x').lines, ['x.json:1:10 is no valid JSON: unexpected text']);
  assert.deepEqual(parse('{"a": "x').lines, [
    'x.json:1:7 is no valid JSON: a text is not closed by a double quote on its line',
  ]);
});

test('an empty file and one of comments alone are no JSON', () => {
  for (const text of ['', '\uFEFF', '  \n', '// nothing\n']) {
    const { root, lines } = parse(text);
    assert.equal(root, undefined);
    assert.equal(lines.length, 1);
  }
});

test('of a key that stands twice the last one counts, with a warning', () => {
  const { root, lines } = parse('{\n"a": 1,\n"b": {"a": 1},\n"a": 2\n}');
  const a = member(root, 'a');
  assert.ok(a?.kind === 'number');
  assert.equal(a.value, 2);
  assert.deepEqual(lines, [
    'x.json:4:1 a: stands here a second time (first in line 2): this last one counts',
  ]);
});

test('__proto__ is a key like any other and changes no prototype', () => {
  const { root } = parse('{"__proto__": {"polluted": true}, "constructor": 1}');
  assert.ok(root?.kind === 'object');
  assert.deepEqual([...root.members.keys()], ['__proto__', 'constructor']);
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

test('100,000 brackets are refused, not followed', () => {
  const { root, lines } = parse('['.repeat(100_000));
  assert.equal(root, undefined);
  assert.deepEqual(lines, ['x.json:1:65 is nested more than 64 levels deep']);
  assert.equal(parse('{"a":'.repeat(100_000)).lines.length, 1);
});

test('garbage of a megabyte gives one error', () => {
  let state = 1;
  const garbage = Buffer.alloc(1 << 20);
  for (let i = 0; i < garbage.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    garbage[i] = state >>> 24;
  }
  const { root, lines } = parse(garbage.toString('utf8'));
  assert.equal(root, undefined);
  assert.ok(lines.length >= 1 && lines.length <= 2, lines.join('\n'));
});

test('a file that is no UTF-8 is read, with a warning that says where', (t) => {
  const dir = configFolder(t, {});
  writeFileSync(join(dir, 'a.json'), Buffer.from('{\n"a": "caf\xe9"}', 'latin1'));
  const { kind, lines } = read(join(dir, 'a.json'));
  assert.equal(kind, 'read');
  assert.deepEqual(lines, ['x.json:2:10 holds text that is not UTF-8: save the file as UTF-8']);
});

test('a folder, a device, a link in a circle and a huge file are errors', (t) => {
  const dir = configFolder(t, { 'huge.json': ' '.repeat((1 << 20) + 1) });
  mkdirSync(join(dir, 'folder.json'));
  symlinkSync('circle.json', join(dir, 'circle.json'));
  symlinkSync('/dev/zero', join(dir, 'device.json'));
  assert.deepEqual(read(join(dir, 'folder.json')), {
    kind: 'failed',
    lines: ['x.json:1:1 is a folder'],
  });
  assert.deepEqual(read(join(dir, 'device.json')).lines, ['x.json:1:1 is no regular file']);
  assert.match(read(join(dir, 'circle.json')).lines.join(), /^x\.json:1:1 cannot be read: ELOOP/);
  assert.match(read(join(dir, 'huge.json')).lines.join(), /1048577 bytes.*at most 1048576/);
});

test('a file that is not there is reported by whoever wanted it', (t) => {
  assert.deepEqual(read(join(configFolder(t, {}), 'none.json')), { kind: 'missing', lines: [] });
});

test('a path joins keys and list positions by dots, and cannot break a line', () => {
  assert.equal(joinPath('', 'ports'), 'ports');
  assert.equal(joinPath('daemons', 0), 'daemons.0');
  assert.equal(joinPath('a', 'b\nc'), 'a.b\\u000ac');
});
