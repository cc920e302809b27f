import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameWork, parseBlockTemplate, TemplateError } from '../../libs/jobs/blockTemplate.ts';
import { own } from '../../libs/primitives/unknown.ts';
import {
  curTime,
  list,
  number,
  randomOf,
  readVector,
  recordOf,
  replyOf,
  templateOf,
  text,
  txid,
} from './fixtures.ts';

test('a template recorded from Litecoin Core is taken apart field by field', () => {
  const recorded = readVector('litecoin-regtest-mweb.json');
  const reply = recordOf(own(recorded, 'template'));
  const template = parseBlockTemplate(reply);
  assert.equal(template.height, 433);
  assert.equal(template.version, number(reply, 'version'));
  assert.equal(template.previousHash, text(reply, 'previousblockhash'));
  assert.equal(template.nbits, 0x207fffff);
  assert.equal(template.target.toString('hex'), `${'00'.repeat(29)}ffff7f`);
  assert.equal(template.coinbaseValue, BigInt(number(reply, 'coinbasevalue')));
  assert.equal(template.transactions.count, list(reply, 'transactions').length);
  assert.equal(template.mweb?.toString('hex'), text(reply, 'mweb'));
  assert.equal(
    template.witnessCommitment?.toString('hex'),
    text(reply, 'default_witness_commitment'),
  );
  assert.equal(template.longPollId, text(reply, 'longpollid'));
  assert.equal(template.coinbaseFlags.length, 0);
  assert.deepEqual(template.payees, []);
});

test('txids and data keep the order of the daemon', () => {
  const { transactions } = templateOf();
  assert.equal(transactions.count, 2);
  assert.equal(transactions.txids.toString('hex'), txid(1) + txid(2));
  assert.equal(transactions.data.toString('hex'), '01aa02bb');
});

test('the txid is turned into wire order, and daemons without segwit tell it as hash', () => {
  const shown = `${'00'.repeat(31)}05`;
  const { transactions } = templateOf({ transactions: [{ data: 'ff', hash: shown }] });
  assert.equal(transactions.txids.toString('hex'), `05${'00'.repeat(31)}`);
});

test('the network target is the one that the template tells, else that of bits', () => {
  const told = `0000000000001${'0'.repeat(51)}`;
  assert.equal(
    Buffer.from(templateOf({ target: told }).target)
      .reverse()
      .toString('hex'),
    told,
  );
  const { target } = templateOf({ target: undefined, bits: '1b0404cb' });
  assert.equal(
    Buffer.from(target).reverse().toString('hex'),
    '00000000000404cb000000000000000000000000000000000000000000000000',
  );
});

test('negative versions of old daemons are the same 32 bits unsigned', () => {
  assert.equal(templateOf({ version: -1 }).version, 0xffffffff);
  assert.equal(templateOf({ version: 0x60000000 }).version, 0x60000000);
});

test('coinbase flags, payload, votes and minimum time are optional', () => {
  const bare = templateOf({ coinbaseaux: undefined, mintime: undefined });
  assert.equal(bare.coinbaseFlags.length, 0);
  assert.equal(bare.minTime, undefined);
  assert.equal(bare.coinbasePayload, undefined);
  assert.equal(bare.votes, undefined);
  const full = templateOf({
    coinbaseaux: { flags: '062f503253482f' },
    coinbase_payload: '0200',
    masternode_payments: true,
    votes: ['aa', 'bbbb'],
  });
  assert.equal(full.coinbaseFlags.toString('hex'), '062f503253482f');
  assert.equal(full.coinbasePayload?.toString('hex'), '0200');
  assert.deepEqual(full.votes, [Buffer.from('aa', 'hex'), Buffer.from('bbbb', 'hex')]);
});

test('votes end a block only where masternode_payments is true', () => {
  assert.equal(templateOf({ votes: ['aa'] }).votes, undefined);
  assert.equal(templateOf({ masternode_payments: true }).votes, undefined);
});

test('fields that are not known are ignored', () => {
  const odd = { capabilities: 5, mutable: null, rules: 'x', ['__proto__']: 1, sizelimit: {} };
  assert.ok(isSameWork(templateOf(odd), templateOf()));
});

test('every field that is wrong is refused by its name', () => {
  const rows: readonly [string, unknown[]][] = [
    ['version', [undefined, null, '1', 1.5, 2 ** 32, -(2 ** 31) - 1]],
    ['previousblockhash', [undefined, 5, 'ab', 'g'.repeat(64), `${'0'.repeat(63)}\u0130`]],
    ['height', [undefined, -1, 1.5, '5', 2 ** 32]],
    ['bits', [undefined, 0x1d00ffff, '1d00fff', '0x1d00ff', '1d00ffff0']],
    ['target', [5, 'ff', '0'.repeat(64), 'g'.repeat(64)]],
    ['curtime', [undefined, '1', -1, 2 ** 32, Number.NaN]],
    ['mintime', ['1', -1, 2 ** 32]],
    ['coinbasevalue', [undefined, -1, 0.5, '5', 2 ** 53, Number.POSITIVE_INFINITY]],
    ['transactions', [undefined, null, {}, 'none', new Array(500_001)]],
    ['coinbaseaux', [5, [], 'flags']],
    ['coinbaseaux.flags', [{ flags: 5 }, { flags: 'xyz1' }, { flags: 'abc' }]],
    ['default_witness_commitment', [5, 'xy', 'abc']],
    ['coinbase_payload', [5, 'xy']],
    ['version_coinbase', ['132', 1.5, 2 ** 32]],
    ['mweb', [5, 'xy', 'abc']],
    ['longpollid', [5, {}]],
    ['votes', [5, {}, [5], ['xy']]],
    [
      'masternode',
      ['Xa', 5, true, [5], { payee: 'Xa' }, { payee: 'Xa', amount: -1 }, { amount: 5 }],
    ],
    ['superblock', ['Xa', [null], [{ payee: 'Xa', amount: 0.5 }], [{ script: 'xy', amount: 5 }]]],
    ['payee', [5, {}]],
  ];
  for (const [field, values] of rows) {
    const key = field.split('.')[0] ?? field;
    for (const value of values) {
      const reply = replyOf({ masternode_payments: true, payee_amount: 1, [key]: value });
      assert.throws(
        () => parseBlockTemplate(reply),
        (error: unknown) =>
          error instanceof TemplateError &&
          error.code === 'TEMPLATE_INVALID' &&
          error.message.includes(` ${field}`),
        `${field}: ${JSON.stringify(value)?.slice(0, 80)}`,
      );
    }
  }
});

test('a broken transaction is refused by its place', () => {
  const good = { data: '01aa', txid: txid(1) };
  const rows: readonly [unknown, RegExp][] = [
    [null, /transactions\[1\] must be an object/],
    [{ data: '01', txid: 'ab' }, /transactions\[1\]\.txid/],
    [{ data: '01' }, /transactions\[1\]\.txid/],
    [{ txid: txid(2) }, /transactions\[1\]\.data/],
    [{ data: '', txid: txid(2) }, /transactions\[1\]\.data/],
    [{ data: '01a', txid: txid(2) }, /transactions\[1\]\.data/],
    [{ data: '01ag', txid: txid(2) }, /transactions\[1\]\.data/],
    [{ data: '01a\u0130', txid: txid(2) }, /transactions\[1\]\.data/],
  ];
  for (const [broken, fault] of rows) {
    assert.throws(() => templateOf({ transactions: [good, broken, good] }), fault);
  }
});

test('a reply that is no object is refused, whatever it is', () => {
  for (const reply of [undefined, null, 5, 'text', [], true]) {
    assert.throws(() => parseBlockTemplate(reply), TemplateError);
  }
});

test('whatever stands in a reply, it is a template or a TemplateError', () => {
  const random = randomOf(5);
  const junk = [
    ...[undefined, null, true, '', 'ff', '0'.repeat(64), 'é', Number.NaN, -1, 0.5, 2 ** 53, 1e300],
    ...[[], {}, [null], [{}], [[]], { amount: 1 }, { flags: [] }, { length: 5 }, 10n, Symbol('s')],
  ];
  const fields = [
    ...Object.keys(replyOf()),
    ...['masternode', 'superblock', 'payee', 'payee_amount', 'founder', 'fundingstreams', 'votes'],
    ...[
      'coinbasedevreward',
      'mweb',
      'default_witness_commitment',
      'coinbase_payload',
      'longpollid',
    ],
  ];
  const outcomes = { good: 0, refused: 0 };
  for (let round = 0; round < 3000; round++) {
    const reply: Record<string, unknown> = { ...replyOf({ masternode_payments: true }) };
    for (let change = 0; change < 2; change++) {
      const field = fields[Math.floor(random() * fields.length)];
      if (field !== undefined) reply[field] = junk[Math.floor(random() * junk.length)];
    }
    try {
      parseBlockTemplate(reply);
      outcomes.good += 1;
    } catch (error) {
      assert.ok(error instanceof TemplateError, String(error));
      outcomes.refused += 1;
    }
  }
  assert.ok(outcomes.good > 50 && outcomes.refused > 1000, JSON.stringify(outcomes));
});

test('isSameWork looks at everything but the time', () => {
  const same = templateOf({ curtime: curTime + 9, mintime: curTime, longpollid: 'other' });
  assert.equal(isSameWork(same, templateOf()), true);
  const changes = [
    { previousblockhash: txid(9) },
    { height: 500_001 },
    { version: 0x20000010 },
    { bits: '1c00ffff' },
    { target: `00000000fffe${'00'.repeat(26)}` },
    { coinbasevalue: 5_000_000_031 },
    { transactions: [{ data: '01aa', txid: txid(1) }] },
    { transactions: [] },
    { coinbaseaux: { flags: '00' } },
    { default_witness_commitment: '6a24' },
    { coinbase_payload: '02' },
    { version_coinbase: 132 },
    { mweb: '00' },
    { masternode_payments: true, votes: ['aa'] },
    { masternode: { script: '51', amount: 5 } },
  ];
  for (const change of changes) {
    assert.equal(isSameWork(templateOf(change), templateOf()), false, JSON.stringify(change));
    assert.equal(isSameWork(templateOf(), templateOf(change)), false, JSON.stringify(change));
  }
  const paying = (to: object) => templateOf({ masternode: { ...to, amount: 5 } });
  assert.equal(isSameWork(paying({ script: '51' }), paying({ script: '51' })), true);
  assert.equal(isSameWork(paying({ script: '51' }), paying({ script: '52' })), false);
  assert.equal(isSameWork(paying({ script: '51' }), paying({ payee: 'X' })), false);
  assert.equal(isSameWork(paying({ payee: 'X' }), paying({ payee: 'Y' })), false);
});

test('a template of 2.4 MB costs no more than a few readings of its text', () => {
  const random = randomOf(7);
  const letters = Array.from({ length: 2400 }, () => Math.floor(random() * 16).toString(16)).join(
    '',
  );
  const transactions = Array.from({ length: 2000 }, (_, at) => ({
    data: letters,
    txid: at.toString(16).padStart(64, '0'),
  }));
  const json = JSON.stringify(replyOf({ transactions }));
  const best = { json: Number.POSITIVE_INFINITY, parse: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    const reply: unknown = JSON.parse(json);
    const read = performance.now();
    const template = parseBlockTemplate(reply);
    const end = performance.now();
    assert.equal(template.transactions.data.length, 2_400_000);
    best.json = Math.min(best.json, read - start);
    best.parse = Math.min(best.parse, end - read);
  }
  // JSON.parse reads each character once: a loop over the bytes in JavaScript would cost a multiple of it.
  assert.ok(best.parse < 4 * best.json + 2, `${best.parse} ms, JSON.parse ${best.json} ms`);
});
