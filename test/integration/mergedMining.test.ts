import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressOfMiningKey } from '../../libs/primitives/address.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { startTestMiner } from '../../scripts/regtest/testMiner.ts';
import { lastBlockOf, mineShares } from '../support/chain.ts';
import { cleanUp } from '../support/cleanup.ts';
import { writePortalFiles } from '../support/portal.ts';
import { buildRig, newAddress, takesMiners } from '../support/rig.ts';
import { StandInAuxDaemon, satoshisOf } from '../support/standInAuxDaemon.ts';
import { until } from '../support/until.ts';

// Litecoin Core as the parent, stand-ins for the daemons of two auxiliary chains. Dogecoin's wants as much work as the
// parent; every share is enough for the other, whose daemon knows getauxblock alone.

const doge = { pubKeyHash: [111], scriptHash: [196] };
const key = (digits: string) => digits.repeat(20);
const dogeAddress = (digits: string) => addressOfMiningKey(key(digits), doge);
const dogeReward = 1_000_000_000_007n;
const otherReward = 2_500_000_000n;

test('two chains are mined beside Litecoin: proofs taken, rounds closed, miners paid to the satoshi', async (t) => {
  const rig = await buildRig(t, { forks: 1, pool: { auxiliary: ['dogecoin', 'otherchain'] } });
  await rig.litecoin.a.generate(101, await newAddress(rig.litecoin));
  const dogeDaemon = new StandInAuxDaemon({
    chainId: 98,
    algorithm: 'scrypt',
    bits: 0x207fffff,
    reward: dogeReward,
    maturity: 10,
    address: dogeAddress('50'),
    script: `76a914${key('50')}88ac`,
    addresses: /^[mn]/,
  });
  const otherDaemon = new StandInAuxDaemon({
    chainId: 16,
    algorithm: 'scrypt',
    bits: 0x2100ffff,
    reward: otherReward,
    maturity: 10,
    address: 'OtherPoolAddress',
    script: `76a914${key('60')}88ac`,
    addresses: /^Other/,
    onlyGetAuxBlock: true,
  });
  // Dogecoin's daemon comes up late: its port must be known beforehand.
  const [dogePort = 0] = await freePorts(1);
  dogeDaemon.port = dogePort;
  await otherDaemon.start();
  cleanUp(t, () => otherDaemon.stop());
  cleanUp(t, () => dogeDaemon.stop());

  const auxPool = (coin: string, daemon: StandInAuxDaemon, address: string) => {
    const { user, password, port } = daemon;
    const rpc = { host: '127.0.0.1', port, user, password };
    return {
      enabled: true,
      coin: `${coin}.json`,
      address,
      blockRefreshInterval: 50,
      rewardRecipients: coin === 'dogecoin' ? { [dogeAddress('fe')]: 1 } : {},
      daemons: [rpc],
      paymentProcessing: { enabled: true, paymentInterval: 1, minimumPayment: 0.001, daemon: rpc },
    };
  };
  await writePortalFiles(rig.dir, {
    config: rig.files.config,
    pools: {
      dogecoin: auxPool('dogecoin', dogeDaemon, dogeAddress('50')),
      otherchain: auxPool('otherchain', otherDaemon, 'OtherPoolAddress'),
    },
  });
  await mkdir(join(rig.dir, 'coins'), { recursive: true });
  const other = { name: 'OtherChain', symbol: 'OTH', algorithm: 'scrypt' };
  await writeFile(join(rig.dir, 'coins', 'otherchain.json'), JSON.stringify(other));

  const portal = rig.start();
  await takesMiners(portal, 1);
  await portal.line(/OtherChain \(OTH\) is mined beside the parent chain/);

  const alice = await newAddress(rig.litecoin);
  const carol = key('c1');
  const bob = await newAddress(rig.litecoin);
  const start = (worker: string, password: string) => {
    const miner = startTestMiner({
      ...{ port: rig.stratumPort, worker, password, algorithm: 'scrypt', sharesPerSecond: 0 },
    });
    cleanUp(t, () => miner.stop());
    return miner;
  };
  const accounts = `x,dogecoin=${dogeAddress('a1')} otherchain=OtherAlice`;
  const early = start(`${alice}.rig1`, accounts);
  await mineShares(early, 1, false);
  await until('a share that is no block of the parent is one of the other chain', () => {
    return otherDaemon.proven.length > 0;
  });
  assert.equal(dogeDaemon.proven.length, 0);
  assert.equal(await rig.redis.exists('dogecoin:shares:roundCurrent'), 0);
  const first = otherDaemon.proven[0];
  assert.ok(first);
  const member = await until('its round is closed', async () => {
    const [only] = await rig.redis.smembers('otherchain:blocksPending');
    return only;
  });
  assert.equal(member, `${first.hash}:${otherDaemon.coinbaseOf(first.hash)}:5`);
  assert.deepEqual(Object.keys(await rig.redis.hgetall('otherchain:shares:round5')), [
    'OtherAlice.rig1',
  ]);

  // Now both.
  await dogeDaemon.start();
  await portal.line(/Dogecoin \(DOGE\) is mined beside the parent chain/);
  const aliceOne = start(`${alice}.rig1`, accounts);
  const carolOne = start(`${carol}.rig`, 'x');
  const bobOne = start(bob, 'x');
  await until('jobs commit to Dogecoin as well', async () => {
    await mineShares(aliceOne, 1, false);
    return (await rig.redis.hgetall('dogecoin:shares:roundCurrent'))[`${dogeAddress('a1')}.rig1`];
  });
  await mineShares(carolOne, 2, false);
  await mineShares(bobOne, 1, false);
  await mineShares(aliceOne, 1, true);
  const parentBlock = lastBlockOf(aliceOne);
  await until('the block of the parent is one of Dogecoin too', () =>
    dogeDaemon.proven.some(({ parent }) => parent === parentBlock),
  );
  await until('litecoind has it', async () => {
    return (await rig.litecoin.a.rpc('getbestblockhash')) === parentBlock;
  });
  const proven = dogeDaemon.proven[0];
  assert.ok(proven);
  const dogeMember = await until('the round of Dogecoin is closed', async () => {
    const [only] = await rig.redis.smembers('dogecoin:blocksPending');
    return only;
  });
  assert.equal(dogeMember, `${proven.hash}:${dogeDaemon.coinbaseOf(proven.hash)}:5`);
  const round = await rig.redis.hgetall('dogecoin:shares:round5');
  const aliceName = `${dogeAddress('a1')}.rig1`;
  assert.deepEqual(Object.keys(round).sort(), [aliceName, `${carol}.rig`].sort());
  const facts = await rig.redis.hgetall(`dogecoin:blk:${proven.hash}`);
  assert.equal(facts['reward'], String(dogeReward));
  assert.equal(facts['finder'], aliceName);
  assert.deepEqual(dogeDaemon.faults, []);
  assert.deepEqual(otherDaemon.faults, []);

  // Credited and paid like any other, the operator's percent first, for the coinbase could not pay it.
  dogeDaemon.mine(12);
  otherDaemon.mine(12);
  const sent = await until('Dogecoin is paid out', () => dogeDaemon.sent[0]);
  const paid = (address: string) => satoshisOf(sent.amounts.get(address) ?? '0');
  const fee = dogeReward / 100n;
  assert.equal(paid(dogeAddress('fe')), fee);
  const rest = dogeReward - fee;
  const toAlice = paid(dogeAddress('a1'));
  const toCarol = paid(dogeAddress('c1'));
  assert.equal(toAlice + toCarol, rest);
  const shares = (name: string) => Math.round(Number(round[name]) / 1.6e-5);
  const all = BigInt(shares(aliceName) + 2);
  assert.equal(shares(`${carol}.rig`), 2);
  assert.ok(toCarol - (rest * 2n) / all <= 1n && toCarol - (rest * 2n) / all >= 0n);
  assert.equal(sent.amounts.size, 3);
  const sentToo = await until('the other chain is paid out', () => otherDaemon.sent[0]);
  assert.deepEqual([...sentToo.amounts.keys()], ['OtherAlice']);

  // A wrong address is refused at the login, with the reason.
  const wrong = start(`${alice}.rig2`, 'dogecoin=DNotAnAddress');
  await portal.line(/refused as worker .*its password says is its address for dogecoin cannot be/);
  assert.equal(wrong.authorized, false);

  // Its daemon says nonsense, then goes away, and comes back.
  let from = portal.output.length;
  dogeDaemon.answerInstead = { method: 'createauxblock', result: { hash: '1'.repeat(63) } };
  await portal.line(/Dogecoin gives no block to prove.*its hash is not 64 hex digits/, { from });
  await mineShares(aliceOne, 1, false);
  await dogeDaemon.stop();
  await mineShares(bobOne, 2, false);
  for (const miner of [early, aliceOne, carolOne, bobOne]) assert.deepEqual(miner.wronged, []);
  const before = dogeDaemon.proven.length;
  from = portal.output.length;
  dogeDaemon.answerInstead = undefined;
  await dogeDaemon.start();
  await portal.line(/gives blocks to prove again/, { from });
  aliceOne.setBlockPart(1);
  await until('Dogecoin is mined again', async () => {
    await aliceOne.mine();
    return dogeDaemon.proven.length > before;
  });
  assert.deepEqual(dogeDaemon.faults, []);
});
