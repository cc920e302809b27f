import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StratumClient } from '../support/stratumClient.ts';
import { startServer, submitLine } from './support/fakePool.ts';

// What one line may do: end its own connection, or be answered. Never anything to the miner beside it.

type Outcome = 'dropped' | 'answered' | 'ignored';
type Line = readonly [line: string | Uint8Array, outcome: Outcome];

const request = (method: string, params: string, id = '1'): string =>
  `{"id":${id},"method":"${method}","params":${params}}`;
const all = (outcome: Outcome, lines: readonly (string | Uint8Array)[]): Line[] =>
  lines.map((line) => [line, outcome]);

const bytes = (...values: (number | string)[]): Uint8Array =>
  Buffer.concat([
    ...values.map((value) =>
      typeof value === 'string' ? Buffer.from(value, 'latin1') : Uint8Array.of(value),
    ),
    Buffer.from('\n'),
  ]);

const notJson = all('dropped', [
  '{',
  '}',
  '[',
  ']',
  '{}}',
  '{]',
  'x',
  'null x',
  'undefined',
  'NaN',
  '{"id":1,"method":"mining.submit","params":["a"',
  '{"id":1,"method":"mining.submit","params":["a",]}',
  "{'id':1,'method':'mining.ping'}",
  '{id:1,method:"mining.ping"}',
  '{"id":1 "method":"mining.ping"}',
  '{"id":01,"method":"mining.ping"}',
  '{"id":+1,"method":"mining.ping"}',
  '{"id":0x1,"method":"mining.ping"}',
  '{"id":1,"method":"mining.ping"} {"id":2}',
  '{"id":1,"method":"mining.ping"},',
  '{"id":1,"method":"mi\tning.ping"}',
  '{"id":1,"method":"\\x41"}',
  '{"id":1,"method":"\\u12"}',
  '// comment',
  '/* comment */ {}',
  'GET / HTTP/1.1',
  'POST /api HTTP/1.0',
  'Host: example.org',
  'SSH-2.0-OpenSSH_9.2',
  'EHLO example.org',
  'PROXY TCP4 192.0.2.1 192.0.2.2 1 2',
  '<xml/>',
  '*1',
  '$4',
  'PING',
  "' OR 1=1; --",
  '../../etc/passwd',
  '%s%s%s%n',
  '[[[[[[[[[[',
  '['.repeat(10_000),
  '{"a":'.repeat(2_000),
  '"'.repeat(10_001),
  '\\'.repeat(500),
  '-',
  '1e',
  bytes(0),
  bytes(0, 0, 0, 0),
  bytes(0xff, 0xfe, 0xfd),
  bytes(0xef, 0xbb, 0xbf, '{"id":1,"method":"mining.ping"}'),
  bytes(0xc0, 0x80),
  bytes(0xed, 0xa0, 0x80),
  bytes(0xf5, 0x80, 0x80, 0x80),
  bytes(0x16, 0x03, 0x01, 0x02, 0x00, 0x01),
  bytes('{"id":1,"method":"mining.ping"', 0, '}'),
  bytes(0x1b, '[31mred'),
  bytes('\r\r\r\r'.repeat(3), 'x'),
]);

const notARequest = all('dropped', [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '1e308',
  '1e400',
  '""',
  '"mining.submit"',
  '[]',
  '[1,2,3]',
  '[{"id":1,"method":"mining.ping"}]',
  '{}',
  '{"id":1}',
  '{"id":1,"params":[]}',
  '{"method":null,"id":1,"params":[]}',
  '{"method":1,"id":1,"params":[]}',
  '{"method":true,"id":1,"params":[]}',
  '{"method":{},"id":1,"params":[]}',
  '{"method":[],"id":1,"params":[]}',
  '{"method":["mining.ping"],"id":1,"params":[]}',
  '{"Method":"mining.ping","id":1}',
  '{"__proto__":{"method":"mining.ping","id":1}}',
  '{"constructor":{"prototype":{"method":"mining.ping"}}}',
  '{"id":{},"method":"mining.ping"}',
  '{"id":[],"method":"mining.ping"}',
  '{"id":[1],"method":"mining.subscribe","params":[]}',
  '{"id":{"toString":1},"method":"mining.subscribe","params":[]}',
  '{"id":{"__proto__":null},"method":"nonsense"}',
]);

const notAList = ['null', '5', '"text"', 'true', '{}', '{"0":"a","1":"b","length":2}'];
const needParams = [
  'mining.subscribe',
  'mining.authorize',
  'mining.submit',
  'mining.configure',
  'mining.suggest_difficulty',
  'mining.suggest_target',
];
const withoutParams = all('dropped', [
  ...needParams.map((method) => `{"id":1,"method":"${method}"}`),
  ...needParams.map((method) => `{"method":"${method}"}`),
  ...needParams.flatMap((method) => notAList.map((params) => request(method, params))),
]);

const wrongParams = all('dropped', [
  ...['[]', '[null]', '[1]', '[{}]', '[[]]', '[true]', '[1,"x"]', '[{},"x"]', '["a",1]'].map(
    (params) => request('mining.authorize', params),
  ),
  ...['["a",{}]', '["a",[]]', '["a",true]', '[["a","x"]]', '[null,null]'].map((params) =>
    request('mining.authorize', params),
  ),
  ...[
    '[]',
    '["a"]',
    '["a","1"]',
    '["a","1","00000001"]',
    '["a","1","00000001","504e86ed"]',
    '[null,"1","00000001","504e86ed","00000001"]',
    '[1,"1","00000001","504e86ed","00000001"]',
    '["a",1,"00000001","504e86ed","00000001"]',
    '["a","1",1,"504e86ed","00000001"]',
    '["a","1","00000001",1347323629,"00000001"]',
    '["a","1","00000001","504e86ed",1]',
    '["a","1","00000001","504e86ed",null]',
    '["a","1","00000001","504e86ed","00000001",1]',
    '["a","1","00000001","504e86ed","00000001",{}]',
    '["a","1","00000001","504e86ed","00000001",[]]',
    '["a","1","00000001","504e86ed","00000001",false]',
    '[["a"],["1"],["00000001"],["504e86ed"],["00000001"]]',
    '[{},{},{},{},{}]',
    '[[["a","1","00000001","504e86ed","00000001"]]]',
  ].map((params) => request('mining.submit', params)),
  ...['[]', '[null]', '["version-rolling"]', '[{}]', '[[1]]', '[[null],{}]', '[[],5]'].map(
    (params) => request('mining.configure', params),
  ),
  ...['[["version-rolling"],[]]', '[["version-rolling"],"x"]', '[[["x"]],{}]'].map((params) =>
    request('mining.configure', params),
  ),
  ...['[]', '[null]', '["64"]', '[{}]', '[[64]]', '[true]'].map((params) =>
    request('mining.suggest_difficulty', params),
  ),
  ...['[]', '[null]', '[64]', '[{}]', '[["ff"]]'].map((params) =>
    request('mining.suggest_target', params),
  ),
]);

const hostileNames = [
  '""',
  '" "',
  '":"',
  '"a:b"',
  '"__proto__"',
  '"constructor"',
  '"prototype"',
  '"toString"',
  '"hasOwnProperty"',
  '"\\u0000"',
  '"a\\nb"',
  '"a\\r\\n+OK"',
  '"\\u001b[2J"',
  '"\\u2028"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"ünïcödé"',
  '"日本語"',
  '"😀"',
  '"<script>alert(1)</script>"',
  '"\\"; DROP TABLE shares; --"',
  '"*\\r\\n$4\\r\\nQUIT"',
  '"../../../../etc/passwd"',
  '"{{7*7}}$(id)`id`"',
  '"%00%0a"',
  `"${'a'.repeat(128)}"`,
  `"${'a'.repeat(129)}"`,
  `"${'a'.repeat(9_000)}"`,
  `"${'é'.repeat(64)}"`,
  `"${'é'.repeat(65)}"`,
  '"."',
  '"_"',
  '".rig"',
  '"a."',
  '"0000000000000000000000000000000000000000"',
];
const hostileLogins = all('answered', [
  ...hostileNames.map((name) => request('mining.authorize', `[${name},"x"]`)),
  ...['""', 'null', `"${'d=1,'.repeat(2_000)}"`, '"d=1e308"', '"d=-1"', '"d=NaN"', '"\\u0000"'].map(
    (password) => request('mining.authorize', `["a",${password}]`),
  ),
  request('mining.authorize', '["a","x","y",{"z":[]},null]'),
]);

const hostileFields = [
  '""',
  '"0"',
  '"zzzzzzzz"',
  '"0x000001"',
  '"-0000001"',
  '" 0000001"',
  '"0000000g"',
  '"00000001\\u0000"',
  '"FFFFFFFF"',
  '"__proto__"',
  '"NaN"',
  '"1e9"',
  '"９９９９９９９９"',
  `"${'0'.repeat(4_000)}"`,
];
const hostileSubmits = all(
  'answered',
  hostileFields.flatMap((field) => [
    request('mining.submit', `["good",${field},"00000001","504e86ed","00000001"]`),
    request('mining.submit', `["good","1",${field},"504e86ed","00000001"]`),
    request('mining.submit', `["good","1","00000001",${field},"00000001"]`),
    request('mining.submit', `["good","1","00000001","504e86ed",${field}]`),
    request('mining.submit', `["good","1","00000001","504e86ed","00000001",${field}]`),
    request('mining.submit', `[${field},"1","00000001","504e86ed","00000001"]`),
  ]),
);

const oddButAnswered = all('answered', [
  ...['[]', '[null]', '[1]', '[{}]', '["a",null]', '["a","b","c","d"]', '[[[]]]'].map((params) =>
    request('mining.subscribe', params),
  ),
  ...['0', '-0', '1e400', '-1e400', '1e-400', '9007199254740993', '123456789012345678901'].map(
    (id) => request('mining.ping', '[]', id),
  ),
  ...['""', '"\\u0000"', '"\\ud800"', `"${'i'.repeat(9_000)}"`, 'true', 'false', 'null'].map((id) =>
    request('mining.ping', '[]', id),
  ),
  ...notAList.map((params) => request('mining.extranonce.subscribe', params)),
  ...notAList.map((params) => request('mining.get_transactions', params)),
  ...notAList.map((params) => request('client.anything', params)),
  ...notAList.map((params) => request('mining.nonsense', params)),
  ...['__proto__', 'constructor', 'toString', 'mining', 'mining.', '.', '\\u0000', '\\ud800'].map(
    (method) => request(method, '[]'),
  ),
  request('x'.repeat(9_000), '[]'),
  request('mining.submit\\n', '[]'),
  '{"method":"nonsense"}',
  '{"id":1,"id":2,"method":"a","method":"mining.ping"}',
  '{"id":1,"jsonrpc":"2.0","method":"mining.ping","params":[],"extra":{"a":[1,2,{"b":null}]}}',
  ...['[[],{}]', '[["__proto__"],{"__proto__":{}}]', '[["a","a","a"],null]', '[[""],{}]'].map(
    (params) => request('mining.configure', params),
  ),
  request('mining.configure', '[["version-rolling"],{"version-rolling.mask":{}}]'),
  request('mining.configure', '[["minimum-difficulty"],{"minimum-difficulty.value":"x"}]'),
  request('mining.configure', '[["minimum-difficulty"],{"minimum-difficulty.value":-1e308}]'),
  ...['0', '-1', '1e308', '-1e308', '1e400', '-1e400', '1e-320', '5'].map((value) =>
    request('mining.suggest_difficulty', `[${value}]`),
  ),
  ...['""', '"zz"', `"${'0'.repeat(64)}"`, `"${'f'.repeat(64)}"`, `"${'f'.repeat(63)}"`].map(
    (value) => request('mining.suggest_target', `[${value}]`),
  ),
  bytes('{"id":1,"method":"', 0xe9, '","params":[]}'),
  bytes('{"id":1,"method":"mining.ping","params":[]}', '\r'),
]);

const ignored = all('ignored', [
  '',
  ' ',
  '\r',
  '\t \r',
  '{"id":1,"result":true}',
  '{"id":1,"result":null,"error":null}',
  '{"error":[20,"x",null]}',
  '{"result":{"__proto__":1}}',
]);

const table: readonly Line[] = [
  ...notJson,
  ...notARequest,
  ...withoutParams,
  ...wrongParams,
  ...hostileLogins,
  ...hostileSubmits,
  ...oddButAnswered,
  ...ignored,
];

async function outcomeOf(miner: StratumClient, line: string | Uint8Array): Promise<Outcome> {
  const from = miner.lines.length;
  miner.send(line);
  miner.send({ id: 'end', method: 'mining.ping', params: [] });
  try {
    await miner.waitFor(({ id }) => id === 'end', 5_000, from);
  } catch {
    assert.equal(miner.isClosed, true);
    return 'dropped';
  }
  const answers = miner.lines
    .slice(from)
    .filter(({ id, method }) => method === undefined && id !== 'end');
  for (const answer of answers) {
    assert.deepEqual(Object.keys(answer).sort(), ['error', 'id', 'result']);
  }
  assert.ok(answers.length <= 1, `${answers.length} answers`);
  return answers.length === 1 ? 'answered' : 'ignored';
}

for (const who of ['a stranger', 'a miner that is logged in']) {
  test(`no line of ${who} harms the miner beside it, and each has the outcome it deserves`, async (t) => {
    assert.ok(table.length >= 250, `${table.length} lines`);
    const { port, log, server } = await startServer(t);
    const good = await StratumClient.open(port, {}, t);
    await good.start('good');
    let attacker: StratumClient | undefined;
    for (const [index, [line, expected]] of table.entries()) {
      if (attacker === undefined) {
        attacker = await StratumClient.open(port, {}, t);
        if (who !== 'a stranger') await attacker.start('good');
      }
      const label = `line ${index}: ${Buffer.from(line).toString('latin1').slice(0, 120)}`;
      const outcome = await outcomeOf(attacker, line);
      assert.equal(outcome, expected, label);
      if (outcome === 'dropped') attacker = undefined;
      good.send(submitLine(index, 'good'));
      const answer = await good.waitFor(({ id }) => id === index, 5_000, good.lines.length - 1);
      assert.equal(answer.result, true, label);
    }
    assert.equal(log.lines.filter(({ severity }) => severity === 'error').length, 0);
    assert.ok(log.count(/sent a malformed message/) > 0);
    assert.ok(server.connections <= 2);
  });
}

test('names and methods from outside are cut in the log', async (t) => {
  const { port, log } = await startServer(t);
  const miner = await StratumClient.open(port, {}, t);
  const long = 'a'.repeat(128);
  await miner.request('mining.authorize', [long, 'x']);
  await miner.request('m'.repeat(5_000), []);
  assert.ok(log.lines.length > 0);
  assert.ok(log.lines.every(({ text }) => text.length < 300));
});
