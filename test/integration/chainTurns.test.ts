import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activateMweb } from '../../scripts/regtest/litecoin.ts';
import { type ChainBlock, lastBlockOf, mineShares } from '../support/chain.ts';
import { buildRig, newAddress, rigMiner, takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';

test('a block with a peg-in into MWEB, found through stratum, is accepted by litecoind', async (t) => {
  const rig = await buildRig(t, { forks: 1, litecoin: { mweb: 'default' } });
  const { a } = rig.litecoin;
  await activateMweb(rig.litecoin);
  // More than the wallet has in MWEB already, so that it must bring coins in from the main chain.
  const pegIn = String(
    await a.rpc('sendtoaddress', [await a.rpc('getnewaddress', ['', 'mweb']), 60]),
  );
  const portal = rig.start();
  await takesMiners(portal, 1);
  const miner = rigMiner(t, rig, await newAddress(rig.litecoin));
  await mineShares(miner, 1, true);
  const hash = lastBlockOf(miner);
  await until('both nodes have the block', async () => {
    const tips = await Promise.all([a, rig.litecoin.b].map((node) => node.rpc('getbestblockhash')));
    return tips.every((tip) => tip === hash);
  });
  const block = (await a.rpc('getblock', [hash, 2])) as ChainBlock;
  assert.ok(block.tx.some(({ txid }) => txid === pegIn));
  // The last transaction is the HogEx, which only a block with an extension block has.
  assert.ok(block.tx.length >= 3);
});

test("an orphaned block gives its round's shares back, and credits nobody", async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const { a, b } = rig.litecoin;
  const portal = rig.start();
  await takesMiners(portal, 1);
  const worker = await newAddress(rig.litecoin);
  const miner = rigMiner(t, rig, worker);
  await mineShares(miner, 4, false);
  await mineShares(miner, 1, true);
  const hash = lastBlockOf(miner);
  await until('the block waits for its confirmations', async () => {
    return (await rig.redis.scard('litecoin:blocksPending')) === 1;
  });
  assert.equal(await rig.redis.exists('litecoin:shares:roundCurrent'), 0);

  // Both nodes turn away from the block and build a longer chain without it.
  await Promise.all([a, b].map((node) => node.rpc('invalidateblock', [hash])));
  await a.generate(12);
  const credit = await until('the shares are back in the current round', async () => {
    await a.generate(1);
    return (await rig.redis.hget('litecoin:shares:roundCurrent', worker)) ?? undefined;
  });
  assert.ok(Math.abs(Number(credit) - 5 * 1.6e-5) < 1e-12, credit);
  assert.equal(await rig.redis.scard('litecoin:blocksOrphaned'), 1);
  assert.equal(await rig.redis.scard('litecoin:blocksPending'), 0);
  assert.equal(await rig.redis.exists('litecoin:balances'), 0);
});
