import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameFault, parseMessage } from '../../libs/stratum/messages.ts';

test('a submit is read into its fields, versionBits only when sent', () => {
  const line =
    '{"params": ["slush.miner1", "bf", "00000001", "504e86ed", "b2957c02"], "id": 4, "method": "mining.submit"}';
  assert.deepEqual(parseMessage(line), {
    kind: 'submit',
    id: 4,
    worker: 'slush.miner1',
    jobId: 'bf',
    extranonce2: '00000001',
    ntime: '504e86ed',
    nonce: 'b2957c02',
    versionBits: undefined,
  });
  const rolled = parseMessage(line.replace('"b2957c02"', '"b2957c02","00c00000"'));
  assert.equal(rolled.kind === 'submit' && rolled.versionBits, '00c00000');
  assert.equal(parseMessage(line.replace('"b2957c02"', '"b2957c02",null')).kind, 'submit');
});

test('a login may leave the password out, or send null', () => {
  for (const params of ['["a.b"]', '["a.b",null]', '["a.b",""]']) {
    const message = parseMessage(`{"id":1,"method":"mining.authorize","params":${params}}`);
    assert.deepEqual(message, { kind: 'authorize', id: 1, worker: 'a.b', password: '' });
  }
});

test('an id may be a number, text, null, a boolean or missing', () => {
  const ids: [string, unknown][] = [
    ['"id":7,', 7],
    ['"id":-1.5,', -1.5],
    ['"id":"x",', 'x'],
    ['"id":"",', ''],
    ['"id":null,', null],
    ['"id":false,', false],
    ['', null],
  ];
  for (const [text, id] of ids) {
    assert.deepEqual(parseMessage(`{${text}"method":"mining.ping"}`), { kind: 'ping', id });
  }
});

test('the answer to something that we sent is no request', () => {
  assert.deepEqual(parseMessage('{"id":1,"result":"cgminer/4.10","error":null}'), {
    kind: 'reply',
  });
});

test('a method that Object.prototype has is an unknown method, not a property', () => {
  const message = parseMessage('{"id":1,"method":"constructor","params":[]}');
  assert.deepEqual(message, { kind: 'unknown', id: 1, method: 'constructor' });
});

test('fields are taken from the message itself, not from its __proto__', () => {
  const line = '{"__proto__":{"method":"mining.ping"},"id":1}';
  assert.equal(parseMessage(line).kind, 'malformed');
});

test('a worker name is 1 to 128 bytes without control characters, colons or reserved words', () => {
  for (const name of ['a', 'LVuYhXt.rig-1', 'x'.repeat(128), 'ä'.repeat(64), 'toString']) {
    assert.equal(nameFault(name), undefined, name);
  }
  const bad = ['', 'x'.repeat(129), 'ä'.repeat(65), 'a:b', 'a\nb', 'a\u0000', '\u0085', '\u2028'];
  for (const name of [...bad, '\ud800', '__proto__', 'constructor', 'prototype']) {
    assert.notEqual(nameFault(name), undefined, JSON.stringify(name));
  }
});
