import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import {
  activateMweb,
  foreignAddress,
  type LitecoinPair,
  LitecoinRpcError,
  satoshisOf,
  startLitecoinPair,
} from '../../scripts/regtest/litecoin.ts';
import { until } from '../support/until.ts';

const rules = { rules: ['mweb', 'segwit'] };
let pair: LitecoinPair;

before(async () => {
  pair = await startLitecoinPair({ blocknotify: 'echo %s >> notified' });
});
after(async () => {
  await pair.stop();
  assert.equal(existsSync(pair.dir), false, 'the temporary folder is left behind');
});

test('a fresh pair gives block templates on both nodes', async () => {
  for (const node of [pair.a, pair.b]) {
    const template = await node.rpc('getblocktemplate', [rules]);
    assert.equal(Object(template)['height'], 2);
    assert.equal(Object(template)['bits'], '207fffff');
  }
});

test('a refused call carries the number and the words of the daemon', async () => {
  await assert.rejects(pair.a.rpc('getinfo'), (error: unknown) => {
    assert.ok(error instanceof LitecoinRpcError);
    assert.equal(error.rpcCode, -32601);
    assert.equal(error.httpStatus, 404);
    assert.match(error.message, /Method not found/);
    return true;
  });
});

test('node A runs blocknotify with the hash of a new block', async () => {
  const [hash] = await pair.a.generate(1);
  const file = join(pair.a.dir, 'notified');
  const line = await until('blocknotify has run', async () => {
    const text = await readFile(file, 'utf8').catch(() => '');
    return text.split('\n').find((entry) => entry === hash);
  });
  assert.equal(line, hash);
});

test('the foreign address is valid on regtest and belongs to no wallet', async () => {
  const info = Object(await pair.a.rpc('getaddressinfo', [foreignAddress]));
  assert.equal(info.ismine, false);
  assert.equal(info.scriptPubKey, `76a914${'00'.repeat(20)}88ac`);
});

test('a killed node comes back with its port, its wallet and a peer', async () => {
  const before = pair.a.pid;
  await pair.a.kill('SIGKILL');
  assert.equal(pair.a.pid, undefined);
  await assert.rejects(pair.a.rpc('getblockcount'), { code: 'ECONNREFUSED' });
  await pair.a.start();
  await pair.a.waitReady();
  assert.notEqual(pair.a.pid, before);
  assert.deepEqual(await pair.a.rpc('listwallets'), ['pool']);
  assert.ok(await pair.a.rpc('getblocktemplate', [rules]));
});

test('activateMweb leads past block 432 with a template that holds the HogEx and MWEB data', async () => {
  await activateMweb(pair);
  assert.equal(await pair.b.rpc('getblockcount'), 432);
  const template = Object(await pair.b.rpc('getblocktemplate', [rules]));
  assert.match(template.mweb, /^[0-9a-f]+$/);
  assert.equal(template.transactions.length, 1);
});

test('amounts of the daemon become exact satoshis', () => {
  assert.equal(satoshisOf(0.29), 29_000_000n);
  assert.equal(satoshisOf(12.49999999), 1_249_999_999n);
  assert.equal(satoshisOf(9_999_999.00000001), 999_999_900_000_001n);
  assert.throws(() => satoshisOf('1'), TypeError);
});

test('free ports are different from each other', async () => {
  const ports = await freePorts(20);
  assert.equal(new Set(ports).size, 20);
  assert.ok(ports.every((port) => port > 1023));
});
