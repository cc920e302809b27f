import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseToChild, parseToMaster } from '../../libs/ipc/messages.ts';

const ban = { ip: '192.0.2.1', until: 1_700_000_000_000, why: 'too many invalid shares' };

test('every message to a child comes out of the parser as it went in', () => {
  const messages = [
    {
      ...{ type: 'start', forkId: 1, config: {}, extranonce: { first: 0, count: 16 }, bans: [ban] },
      switches: [{ switch: 'switch1', coin: 'litecoin' }],
    },
    { type: 'coinswitch', switch: 'switch1', coin: 'litecoin' },
    { type: 'banIP', ban },
    { type: 'blocknotify', coin: 'litecoin', hash: 'ab' },
    { type: 'reloadpool', coin: 'litecoin', pool: { coin: {} } },
    { type: 'logLevel', level: 'error' },
    { type: 'ask', id: 7, command: 'stats', params: ['litecoin'] },
    { type: 'drain', seconds: 60 },
    { type: 'drain', seconds: undefined },
    { type: 'say', text: 'The wallet is moved tonight.' },
    { type: 'stop' },
  ];
  for (const message of messages) assert.deepEqual(parseToChild(message), message);
});

test('every message to the master comes out of the parser as it went in', () => {
  const messages = [
    { type: 'hello' },
    { type: 'poolReady', coin: 'litecoin', noKeys: undefined },
    { type: 'poolReady', coin: 'litecoin', noKeys: 'the pool pays users' },
    { type: 'banIP', ban },
    { type: 'blocknotify', coin: 'litecoin', hash: 'ab' },
    { type: 'answer', id: 7, error: undefined, data: { connections: 3 } },
    { type: 'answer', id: 8, error: 'no such pool', data: undefined },
    { type: 'fatal', message: 'Port 3032 is in use.' },
  ];
  for (const message of messages) assert.deepEqual(parseToMaster(message), message);
});

test('a message of another shape is no message', () => {
  const start = {
    ...{ type: 'start', forkId: 1, config: {}, extranonce: { first: 0, count: 1 } },
    ...{ bans: [], switches: [] },
  };
  assert.notEqual(parseToChild(start), undefined);
  const broken: unknown[] = [
    undefined,
    null,
    7,
    'stop',
    [],
    {},
    { type: 'constructor' },
    { type: 'start' },
    { ...start, forkId: '1' },
    { ...start, extranonce: { first: 0 } },
    { ...start, bans: [{}] },
    { ...start, switches: undefined },
    { ...start, switches: [{ switch: 'switch1' }] },
    { type: 'coinswitch', coin: 'litecoin' },
    { type: 'poolReady', coin: 'litecoin', noKeys: 1 },
    { type: 'banIP', ban: { ip: 1, until: 1, why: '' } },
    { type: 'banIP', ban: { ip: '192.0.2.1', until: Number.NaN, why: '' } },
    { type: 'blocknotify', coin: 'litecoin' },
    { type: 'reloadpool' },
    { type: 'poolReady' },
    { type: 'ask', id: 1, command: 'stats', params: [1] },
    { type: 'ask', id: '1', command: 'stats', params: [] },
    { type: 'drain', seconds: '60' },
    { type: 'say' },
    { type: 'answer', id: '1' },
    { type: 'answer', id: 1, error: 7 },
    { type: 'fatal', message: 1 },
    Object.create({ type: 'stop' }),
  ];
  for (const message of broken) {
    assert.equal(parseToChild(message), undefined);
    assert.equal(parseToMaster(message), undefined);
  }
});
