import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAlgorithm } from '../../libs/algos/algorithms.ts';
import { parseBlockTemplate, TemplateError } from '../../libs/jobs/blockTemplate.ts';
import { createJob, type Job } from '../../libs/jobs/job.ts';
import { judgeShare, prepareShare } from '../../libs/jobs/shareCheck.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { difficulty } from '../../libs/primitives/units.ts';
import { own, type UnknownRecord } from '../../libs/primitives/unknown.ts';
import {
  extranonce1,
  list,
  now,
  number,
  poolScript,
  readVector,
  recordOf,
  scryptHash,
  settingsOf,
  text,
} from './fixtures.ts';

// Every kind of template, from test/vectors/templates: the coinbase and the block are put together here a second time,
// byte for byte as the vector tells, and nothing of the code under test is used for it.

const names = readdirSync(join(installRoot, 'test', 'vectors', 'templates')).map((file) =>
  file.replace(/\.json$/, ''),
);
const extranonce2 = Buffer.from('00000001', 'hex');

function jobOf(vector: UnknownRecord): Job {
  const addresses = recordOf(own(vector, 'addresses') ?? {});
  const reward = own(vector, 'reward') === 'POS' ? 'POS' : 'POW';
  const settings = settingsOf({
    reward,
    algorithm: createAlgorithm('scrypt', { reward }),
    txMessages: own(vector, 'txMessages') === true,
    poolScript: Buffer.from(String(own(vector, 'poolScript') ?? poolScript.toString('hex')), 'hex'),
    recipients: rowsOf(vector, 'recipients').map(([script, percent]) => ({
      script: Buffer.from(String(script), 'hex'),
      percent: Number(percent),
    })),
    payeeScript: (address) => Buffer.from(text(addresses, address), 'hex'),
  });
  const template = parseBlockTemplate(own(vector, 'template'));
  return createJob(template, settings, { sequence: 26, clean: true, now });
}

function rowsOf(from: UnknownRecord, key: string): unknown[][] {
  return own(from, key) === undefined ? [] : list(from, key).filter((row) => Array.isArray(row));
}

const byte = (count: number) => Buffer.from([count]).toString('hex');
const lengthOf = (hex: string) => byte(hex.length / 2);

function amount(satoshis: string): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(satoshis));
  return bytes.toString('hex');
}

function outputsOf(vector: UnknownRecord): { amount: string; script: string }[] {
  return rowsOf(recordOf(own(vector, 'expect')), 'outputs').map(([satoshis, script]) => ({
    amount: String(satoshis),
    script: String(script),
  }));
}

/** The coinbase in both forms: what is hashed for its txid, and what a block carries. */
function expectedCoinbase(vector: UnknownRecord): { stripped: string; full: string } {
  const expect = recordOf(own(vector, 'expect'));
  // 500000, flags, 1700000100, 26, extranonces 1 and 2, "/nodeStratum/".
  const script = [
    '0320a107',
    String(own(expect, 'flags') ?? ''),
    '0464f15365',
    '011a',
    '080a0b0c0d00000001',
    '0d2f6e6f64655374726174756d2f',
  ].join('');
  const outputs = outputsOf(vector);
  const middle = [
    `01${'00'.repeat(32)}ffffffff`,
    `${lengthOf(script)}${script}00000000`,
    byte(outputs.length),
    ...outputs.map((output) => amount(output.amount) + lengthOf(output.script) + output.script),
  ].join('');
  const head = text(expect, 'head');
  const tail = text(expect, 'tail');
  const stripped = head + middle + tail;
  if (own(expect, 'witness') !== true) return { stripped, full: stripped };
  return { stripped, full: `${head}0001${middle}0120${'00'.repeat(32)}${tail}` };
}

for (const name of names) {
  const vector = readVector(join('templates', `${name}.json`));
  const expect = recordOf(own(vector, 'expect'));
  const template = recordOf(own(vector, 'template'));

  test(`the coinbase of the template "${name}" is the specified one, byte for byte`, () => {
    const job = jobOf(vector);
    const { stripped } = expectedCoinbase(vector);
    assert.equal(job.coinbase(extranonce1, extranonce2).toString('hex'), stripped);
    const { coinb1, coinb2 } = job.notifyParams(4);
    assert.equal(`${coinb1}0a0b0c0d00000001${coinb2}`, stripped);
  });

  test(`the block of the template "${name}" is the specified one, byte for byte`, () => {
    const job = jobOf(vector);
    const header = Buffer.alloc(80, 9);
    const block = job.serializeBlock(header, job.coinbase(extranonce1, extranonce2));
    const expected = [
      header.toString('hex'),
      byte(list(template, 'transactions').length + 1),
      expectedCoinbase(vector).full,
      text(expect, 'transactions'),
      text(expect, 'after'),
    ];
    assert.equal(block.toString('hex'), expected.join(''));
  });

  test(`the outputs of the template "${name}" are exactly coinbasevalue`, () => {
    const sum = outputsOf(vector).reduce((all, output) => all + BigInt(output.amount), 0n);
    assert.equal(sum, BigInt(number(template, 'coinbasevalue')));
    assert.equal(jobOf(vector).coinbaseValue, sum);
  });
}

test('there is a template of each kind', () => {
  assert.deepEqual(names.sort(), [
    ...['bits-only', 'coinbase-version', 'ecash', 'funds', 'masternode-list', 'masternode-object'],
    ...['mweb', 'payee', 'payee-fifth', 'plain', 'pos', 'pos-segwit', 'segwit', 'tx-messages'],
  ]);
});

test('without target a block is measured by the bits', () => {
  const vector = readVector(join('templates', 'bits-only.json'));
  const target = Buffer.from(jobOf(vector).target).reverse().toString('hex');
  assert.equal(target, text(recordOf(own(vector, 'expect')), 'target'));
});

test('a scrypt block of a chain with staking is named by its scrypt hash', () => {
  const job = jobOf(readVector(join('templates', 'pos.json')));
  const easy = { job: difficulty(1e-9), current: difficulty(1e-9) };
  // Half of all hashes are blocks at these bits.
  for (let nonce = 0; nonce < 64; nonce++) {
    const submit = {
      extranonce1,
      extranonce2Size: 4,
      extranonce2: extranonce2.toString('hex'),
      ntime: '6553f100',
      nonce: nonce.toString(16).padStart(8, '0'),
      versionBits: undefined,
      versionMask: 0,
    };
    const prepared = prepareShare(job, submit, now);
    assert.ok(prepared.kind === 'prepared');
    const hash = scryptHash(prepared.header);
    const verdict = judgeShare(job, prepared, hash, easy);
    if (verdict.kind !== 'block') continue;
    assert.equal(verdict.blockHash, Buffer.from(hash).reverse().toString('hex'));
    assert.equal(verdict.block.at(-1), 0);
    return;
  }
  assert.fail('no block among 64 hashes');
});

test('a demand of eCash that cannot be met is refused, not left out', () => {
  const vector = readVector(join('templates', 'ecash.json'));
  for (const coinbasetxn of [
    { minerfund: 'x' },
    { minerfund: { addresses: [], minimumvalue: 1 } },
    { minerfund: { addresses: ['ecash:fund'], minimumvalue: '1' } },
    { stakingrewards: { minimumvalue: 1 } },
    { stakingrewards: { payoutscript: { hex: 'x' }, minimumvalue: 1 } },
  ]) {
    const template = { ...recordOf(own(vector, 'template')), coinbasetxn };
    assert.throws(() => parseBlockTemplate(template), TemplateError, JSON.stringify(coinbasetxn));
  }
  // Testnet has no fund: its least value is 0.
  const none = { minerfund: { addresses: [], minimumvalue: 0 } };
  const template = { ...recordOf(own(vector, 'template')), coinbasetxn: none };
  assert.deepEqual(parseBlockTemplate(template).payees, []);
});
