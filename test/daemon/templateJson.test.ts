import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { readTemplateReply } from '../../libs/daemon/templateJson.ts';
import { parseBlockTemplate, TemplateError } from '../../libs/jobs/blockTemplate.ts';
import { TextSlice } from '../../libs/primitives/textSlice.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { replyOf } from '../jobs/fixtures.ts';

const txid = 'ab'.repeat(32);

function bodyOf(result: unknown): Buffer {
  return Buffer.from(JSON.stringify({ result, error: null, id: 3 }));
}

function resultOf(reply: unknown): unknown {
  assert.ok(isRecord(reply));
  return own(reply, 'result');
}

/** Of each transaction in a reply. */
function dataOf(reply: unknown): unknown[] {
  const result = resultOf(reply);
  assert.ok(isRecord(result));
  const list = own(result, 'transactions');
  assert.ok(Array.isArray(list));
  return list.map((entry: unknown) => (isRecord(entry) ? own(entry, 'data') : undefined));
}

function manyTransactions(count: number, bytes: number): object[] {
  return Array.from({ length: count }, () => ({
    data: randomBytes(bytes).toString('hex'),
    txid: randomBytes(32).toString('hex'),
    depends: [],
    fee: 1_000,
  }));
}

test('the data of transactions stays in the bytes of the reply, all else is as JSON.parse has it', () => {
  const body = bodyOf(replyOf({ transactions: manyTransactions(3, 50), note: 'ü' }));
  const reply = readTemplateReply(body);
  assert.ok(dataOf(reply).every((data) => data instanceof TextSlice));
  assert.deepEqual(JSON.parse(JSON.stringify(reply)), JSON.parse(body.toString()));
});

test('a template of slices is the template of the plain reply', () => {
  const result = replyOf({ transactions: manyTransactions(20, 200) });
  const sliced = parseBlockTemplate(resultOf(readTemplateReply(bodyOf(result))));
  assert.deepEqual(sliced, parseBlockTemplate(result));
  assert.equal(sliced.transactions.data.length, 20 * 200);
});

test('a reply that is made in any other way is read as plain JSON', () => {
  const [one, two] = [
    { data: '01aa', txid },
    { data: '02bb', txid },
  ];
  const spaced = JSON.stringify({ result: { transactions: [one, two] } }, null, 1);
  const others = [
    spaced,
    // Some of them spaced, a member twice, and the same name elsewhere.
    `{"result":{"transactions":[{"data": "01aa"},{"data":"02bb"}]}}`,
    `{"result":{"transactions":[{"data":"01aa","data":"02bb"}]}}`,
    `{"result":{"coinbasetxn":{"data":"cc"},"transactions":[{"data":"01aa"}]}}`,
    `{"result":{"coinbasetxn":{"data":"cc"},"transactions":[{"data":7}]}}`,
    // Escapes: in the text, and of a quote before the name.
    '{"result":{"transactions":[{"data":"\\u0061b"}]}}',
    '{"result":{"transactions":[{"a\\"data":"01","data":"02"}]}}',
    '{"result":{"transactions":[{"data":"01\\"}]}","x":"y"}]}}',
    '{"result":{"transactions":[]}}',
    '{"result":null,"error":{"code":-10,"message":"Bitcoin Core is downloading blocks"}}',
    '{"result":["data"]}',
    'null',
    '5',
  ];
  for (const text of others) {
    assert.deepEqual(readTemplateReply(Buffer.from(text)), JSON.parse(text), text);
  }
});

test('what is no JSON is refused, wherever it breaks off', () => {
  const text = JSON.stringify({ result: { transactions: [{ data: '01aa', txid }] } });
  for (let length = 0; length < text.length; length++) {
    const broken = Buffer.from(text.slice(0, length));
    assert.throws(() => readTemplateReply(broken), SyntaxError, broken.toString());
  }
});

test('data that is no strict hex makes no template, sliced or not', () => {
  for (const data of ['', '0', '0g', 'é', 'éé', '00 1', '\u0130\u0130']) {
    const reply = readTemplateReply(bodyOf(replyOf({ transactions: [{ data, txid }] })));
    assert.ok(
      dataOf(reply).every((told) => told instanceof TextSlice),
      data,
    );
    assert.throws(() => parseBlockTemplate(resultOf(reply)), TemplateError, data);
  }
});

test('a template of 2.4 MB is read with less work than JSON.parse has with its text', () => {
  const body = bodyOf(replyOf({ transactions: manyTransactions(2_000, 1_200) }));
  const costs = { sliced: Number.POSITIVE_INFINITY, plain: Number.POSITIVE_INFINITY };
  const cost = (read: () => unknown): number => {
    const before = process.cpuUsage();
    assert.ok(isRecord(read()));
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  for (let round = 0; round < 7; round++) {
    costs.plain = Math.min(
      costs.plain,
      cost(() => JSON.parse(body.toString('utf8'))),
    );
    costs.sliced = Math.min(
      costs.sliced,
      cost(() => readTemplateReply(body)),
    );
  }
  // A third of it, where nothing else runs.
  assert.ok(costs.sliced < 0.75 * costs.plain, JSON.stringify(costs));
});
