import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PoolConfig } from '../../libs/config/types.ts';
import { AuxChain } from '../../libs/pool/auxChain.ts';
import { addressOfMiningKey } from '../../libs/primitives/address.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { startRedis } from '../../scripts/regtest/redisServer.ts';
import { loadPool, onlyPool, pool } from '../config/configFolder.ts';
import { cleanUp } from '../support/cleanup.ts';
import { StandInAuxDaemon } from '../support/standInAuxDaemon.ts';
import { until } from '../support/until.ts';
import { keptLog } from './support.ts';

const source = '192.0.2.1';

const forms = { pubKeyHash: [111], scriptHash: [196] };
const addressOf = (digits: string) => addressOfMiningKey(digits.repeat(20), forms);
const poolAddress = addressOf('50');

async function setUp(t: TestContext, changes: Partial<PoolConfig> = {}) {
  const daemon = new StandInAuxDaemon({
    ...{ chainId: 98, algorithm: 'scrypt', bits: 0x207fffff, reward: 100n, maturity: 10 },
    ...{ address: poolAddress, script: `76a914${'50'.repeat(20)}88ac`, addresses: /^[mn]/ },
  });
  await daemon.start();
  cleanUp(t, () => daemon.stop());
  const redis = await startRedis();
  cleanUp(t, () => redis.stop());
  const dataDir = await mkdtemp(join(tmpdir(), 'aux-chain-'));
  cleanUp(t, () => rm(dataDir, { recursive: true, force: true }));
  const { user, password, port } = daemon;
  const config = {
    ...onlyPool(
      loadPool(t, pool({ coin: 'dogecoin.json', address: poolAddress, blockRefreshInterval: 20 })),
    ),
    daemons: [{ host: '127.0.0.1', port, user, password }],
    redis: { host: '127.0.0.1', port: redis.port },
    ...changes,
  };
  const { log, lines } = keptLog();
  let changed = 0;
  const chain = new AuxChain({
    ...{ config, multiplier: 65536, hashrateWindow: 300, dataDir, forkId: 0, log },
    now: systemClock,
    onChange: () => changed++,
    onBlockNews: () => undefined,
  });
  cleanUp(t, () => chain.stop());
  const given = async (wanted: boolean) =>
    until('it gives a block, or none', () => (chain.block !== undefined) === wanted, 10_000);
  return { daemon, chain, lines, given, dataDir, changes: () => changed };
}

test('it follows its chain, and says once when nothing of use comes from it', async (t) => {
  const { daemon, chain, lines, given, changes } = await setUp(t);
  chain.start();
  await given(true);
  assert.deepEqual(
    [chain.block?.coin, chain.block?.chainId, chain.block?.height, chain.block?.reward],
    ['dogecoin', 98, 5, 100n],
  );
  daemon.mine(1);
  await until('the next block is wanted', () => chain.block?.height === 6);
  assert.equal(changes(), 2);

  daemon.answerInstead = { method: 'createauxblock', result: { hash: 'ab'.repeat(32) } };
  await given(false);
  daemon.answerInstead = undefined;
  await given(true);
  await daemon.stop();
  await given(false);
  await daemon.start();
  await given(true);
  const complaints = lines.filter((line) => /Dogecoin gives no block to prove/.test(line));
  assert.equal(complaints.length, 2);
  assert.match(complaints[0] ?? '', /its chainid is missing/);
  assert.equal(lines.filter((line) => /gives blocks to prove again/.test(line)).length, 2);
});

test('news of a block has it look at once, without any polling', async (t) => {
  const { daemon, chain, given } = await setUp(t, {
    blockRefreshInterval: 0,
    jobRebroadcastTimeout: 1_000,
  });
  chain.start();
  await given(true);
  daemon.mine(1);
  chain.look();
  await until('the next block is wanted', () => chain.block?.height === 6);
});

test("a miner's address is checked, and taken unchecked while the daemon has not answered yet", async (t) => {
  const { chain, given } = await setUp(t);
  const good = addressOf('a1');
  const wrong = `${good.slice(0, -1)}${good.endsWith('x') ? 'y' : 'x'}`;
  assert.deepEqual(await chain.account(wrong, source), { ok: true, name: wrong });
  const odd = await chain.account('a b', source);
  assert.equal(odd.ok, false);
  chain.start();
  await given(true);
  assert.deepEqual(await chain.account(good, source), { ok: true, name: good });
  assert.deepEqual(await chain.account(`${good}.rig`, source), { ok: true, name: good });
  assert.deepEqual(await chain.account('a1'.repeat(20), source), { ok: true, name: good });
  assert.equal((await chain.account(wrong, source)).ok, false);
});

/** Its coin file does not tell how addresses look: the daemon decides. */
async function setUpWithoutForms(t: TestContext) {
  const config = onlyPool(loadPool(t, pool({ coin: 'dogecoin.json', address: poolAddress })));
  return setUp(t, { coin: { ...config.coin, networks: {} } });
}

test('a flood of logins with addresses that nobody has seen is few questions to the daemon', async (t) => {
  const { daemon, chain, given } = await setUpWithoutForms(t);
  chain.start();
  await given(true);
  const before = daemon.requests.get('validateaddress') ?? 0;
  const names = Array.from({ length: 300 }, (_, i) => `m${String(i).padStart(33, '0')}`);
  const verdicts = await Promise.all(names.map((name) => chain.account(name, source)));
  assert.deepEqual(
    verdicts,
    names.map((name) => ({ ok: true, name })),
  );
  assert.equal((daemon.requests.get('validateaddress') ?? 0) - before, 3);
});

test('a daemon that does not answer keeps nobody from logging in for long', async (t) => {
  const { daemon, chain, given } = await setUpWithoutForms(t);
  chain.start();
  await given(true);
  daemon.silentAt = 'validateaddress';
  const good = addressOf('a1');
  const began = performance.now();
  assert.deepEqual(await chain.account(good, source), { ok: true, name: good });
  // Of the 30 s that a miner has for its login.
  assert.ok(performance.now() - began < 10_000);
});

test('a flood of news is a few questions a second', async (t) => {
  const { daemon, chain, given } = await setUp(t, { blockRefreshInterval: 0 });
  chain.start();
  await given(true);
  const asked = () => daemon.requests.get('createauxblock') ?? 0;
  const [before, began] = [asked(), performance.now()];
  for (let news = 0; news < 100; news++) {
    chain.look();
    await new Promise((resolve) => setImmediate(resolve));
    await fetch(`http://127.0.0.1:${daemon.port}`, {
      method: 'POST',
      body: JSON.stringify({ method: 'getblockcount' }),
    });
  }
  const seconds = (performance.now() - began) / 1_000;
  assert.ok(asked() - before <= 2 + seconds * 10, `${asked() - before} in ${seconds} s`);
});

test('a proof that comes while everything is let go is on disk for the next start', async (t) => {
  const { daemon, chain, given, dataDir } = await setUp(t);
  chain.start();
  await given(true);
  const { block } = chain;
  assert.ok(block);
  daemon.silentAt = 'submitauxblock';
  const stopped = chain.stop();
  chain.found({ block, proof: '00', finder: 'miner', solo: false }, Promise.resolve());
  await stopped;
  const folder = join(dataDir, 'candidates', 'dogecoin', 'auxiliary');
  assert.deepEqual(await readdir(folder), [`${block.hash}.json`]);
});

test('a pool address that is none is said, and nothing is mined to it', async (t) => {
  const { chain, lines } = await setUp(t, { address: 'DNoSuchAddress' });
  chain.start();
  await until('it is said', () =>
    lines.some((line) =>
      /Dogecoin is not mined beside.*until this is set right: The pool address/.test(line),
    ),
  );
  assert.equal(chain.block, undefined);
});
