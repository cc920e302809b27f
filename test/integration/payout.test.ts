import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameTip } from '../../scripts/regtest/litecoin.ts';
import { startTestMiner } from '../../scripts/regtest/testMiner.ts';
import {
  type ChainBlock,
  type ChainTransaction,
  lastBlockOf,
  mineShares,
  received,
  totalOutput,
} from '../support/chain.ts';
import { cleanUp } from '../support/cleanup.ts';
import { buildRig, newAddress, takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';

test('a block found through stratum, with segwit transactions in it, is paid out to the satoshi', async (t) => {
  let feeAddress = '';
  const rig = await buildRig(t, {
    pool: async (litecoin) => {
      feeAddress = await newAddress(litecoin, 'p2sh-segwit');
      return { rewardRecipients: { [feeAddress]: 1 } };
    },
  });
  const { a, b } = rig.litecoin;
  // The wallet's coins lie on a bech32 address, so the transaction that waits in the mempool has a witness.
  await a.generate(101, await newAddress(rig.litecoin));
  const spent = String(await a.rpc('sendtoaddress', [await newAddress(rig.litecoin), 1]));
  const portal = rig.start();
  await takesMiners(portal);

  const alice = await newAddress(rig.litecoin, 'legacy');
  const bob = await newAddress(rig.litecoin, 'bech32');
  const start = (worker: string) =>
    startTestMiner({ port: rig.stratumPort, worker, algorithm: 'scrypt', sharesPerSecond: 0 });
  const miners = [`${alice}.rig1`, `${alice}_rig2`, bob].map(start);
  cleanUp(t, () => Promise.all(miners.map((miner) => miner.stop())));
  const [aliceOne, aliceTwo, bobOne] = miners;
  assert.ok(aliceOne && aliceTwo && bobOne);

  await mineShares(aliceOne, 3, false);
  await mineShares(aliceTwo, 2, false);
  await mineShares(bobOne, 1, false);
  await mineShares(bobOne, 1, true);
  const hash = lastBlockOf(bobOne);
  await until('litecoind has the block', async () => {
    return (await a.rpc('getbestblockhash')) === hash;
  });
  await sameTip(a, b);

  const block = (await a.rpc('getblock', [hash, 2])) as ChainBlock;
  const [coinbase] = block.tx;
  assert.ok(coinbase);
  assert.ok(block.tx.some(({ txid }) => txid === spent));
  const value = totalOutput(coinbase);
  const fee = received(coinbase, feeAddress);
  const reward = received(coinbase, rig.poolAddress);
  assert.equal(fee, value / 100n);
  assert.equal(reward, value - fee);

  const pending = await until('the block waits for its confirmations', async () => {
    const [member] = await rig.redis.smembers('litecoin:blocksPending');
    return member;
  });
  assert.equal(pending, `${hash}:${coinbase.txid}:${block.height}`);
  assert.deepEqual(
    Object.keys(await rig.redis.hgetall(`litecoin:shares:round${block.height}`)).sort(),
    [bob, `${alice}.rig1`, `${alice}_rig2`].sort(),
  );

  await a.generate(100);
  const txid = await until('the payment is settled', async () => {
    const [payment] = await rig.redis.lrange('litecoin:payments', 0, 0);
    return payment === undefined
      ? undefined
      : String((JSON.parse(payment) as { txid: string }).txid);
  });
  await a.generate(1);
  const paid = (await a.rpc('getrawtransaction', [txid, true])) as ChainTransaction;
  assert.equal(paid.confirmations, 1);
  // Seven equal shares: 3 + 2 for Alice, 2 for Bob. Floors, then the odd satoshis to the largest fractions; with one
  // fraction alike for two names the rule may pick either, so the sums of both payees are held to one satoshi each.
  const toAlice = received(paid, alice);
  const toBob = received(paid, bob);
  assert.equal(toAlice + toBob, reward);
  const exactBob = (reward * 2n) / 7n;
  assert.ok(toBob === exactBob || toBob === exactBob + 1n, `${toBob} of ${reward}`);
  assert.equal(
    await rig.redis.hget('litecoin:payouts', bob),
    (Number(toBob) / 1e8).toFixed(8).replace(/\.?0+$/, ''),
  );
});

test('a SOLO miner gets all of the block that it finds, and the round of the others goes on', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const { a } = rig.litecoin;
  // Rewards belong to the miners: the fee of the payment comes from other coins of the wallet.
  await a.generate(101, await newAddress(rig.litecoin));
  const portal = rig.start();
  await takesMiners(portal, 1);
  const start = (worker: string, password: string) =>
    startTestMiner({
      port: rig.stratumPort,
      worker,
      password,
      algorithm: 'scrypt',
      sharesPerSecond: 0,
    });
  const [others, alone] = [await newAddress(rig.litecoin), await newAddress(rig.litecoin)];
  const round = start(others, 'x');
  const solo = start(`${alone}.rig`, 'x,m=solo');
  cleanUp(t, () => Promise.all([round.stop(), solo.stop()]));
  await mineShares(round, 3, false);
  await mineShares(solo, 2, false);
  await mineShares(solo, 1, true);
  await until('the block waits for its confirmations', async () => {
    return (await rig.redis.scard('litecoin:blocksPending')) === 1;
  });
  const inRound = await rig.redis.hgetall('litecoin:shares:roundCurrent');
  assert.deepEqual(Object.keys(inRound), [others]);
  assert.ok(Math.abs(Number(inRound[others]) - 3 * 1.6e-5) < 1e-12);

  const block = (await a.rpc('getblock', [lastBlockOf(solo), 2])) as ChainBlock;
  const reward = block.tx[0] === undefined ? 0n : received(block.tx[0], rig.poolAddress);
  await a.generate(100);
  const txid = await until('the payment is settled', async () => {
    const [payment] = await rig.redis.lrange('litecoin:payments', 0, 0);
    return payment === undefined
      ? undefined
      : String((JSON.parse(payment) as { txid: string }).txid);
  });
  await a.generate(1);
  const paid = (await a.rpc('getrawtransaction', [txid, true])) as ChainTransaction;
  assert.equal(received(paid, alone), reward);
  assert.equal(received(paid, others), 0n);
});
