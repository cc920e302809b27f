import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TestMiner } from '../../scripts/regtest/testMiner.ts';
import { lastBlockOf, mineShares } from '../support/chain.ts';
import { cleanUp } from '../support/cleanup.ts';
import { childPids } from '../support/portal.ts';
import { buildRig, newAddress, type Rig, rigMiner, takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';

async function minerOn(t: TestContext, rig: Rig, sharesPerSecond: number): Promise<TestMiner> {
  // A chain of few blocks: halvings come early on regtest.
  return rigMiner(t, rig, await newAddress(rig.litecoin), { sharesPerSecond, blockPart: 0 });
}

/** Sum of a worker's credit in the current round, in shares. */
async function sharesInRound(rig: Rig, worker: string): Promise<number> {
  const credit = await rig.redis.hget('litecoin:shares:roundCurrent', worker);
  return Math.round(Number(credit ?? 0) / 1.6e-5);
}

test('a daemon that is down at start is waited for, and one that goes away later is found again', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const { a } = rig.litecoin;
  await a.stop();
  const portal = rig.start();
  await portal.line(/\[error\].*No daemon answers.*starts by itself/);
  await a.start();
  await a.waitReady();
  await takesMiners(portal, 1);
  const miner = await minerOn(t, rig, 0);
  await mineShares(miner, 1, false);

  await a.kill('SIGKILL');
  // Shares on the job that miners have are still taken.
  await mineShares(miner, 1, false);
  await a.start();
  await a.waitReady();
  const before = portal.output.length;
  const [block = ''] = await a.generate(1);
  assert.equal(await a.rpc('getbestblockhash'), block);
  await portal.line(/Height \d+ is being mined/, { from: before });
  await until('shares on the new block are taken', () => miner.mine());
});

test('a wrong RPC password is named, the password itself is not', async (t) => {
  const rig = await buildRig(t, {
    forks: 1,
    pool: async (litecoin) => ({
      daemons: [
        {
          host: '127.0.0.1',
          port: litecoin.a.rpcPort,
          user: 'pool',
          password: 'canary-wrong-password',
        },
      ],
    }),
  });
  const portal = rig.start();
  const line = await portal.line(/\[error\].*No daemon answers/);
  assert.match(line, /user|password/i);
  assert.ok(!portal.output.includes('canary-wrong-password'));
});

test('a Redis that is down at start is said; miners mine all the same, and it gets their shares when it is back', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  await rig.redisServer.kill('SIGKILL');
  const portal = rig.start();
  await takesMiners(portal, 1);
  const miner = await minerOn(t, rig, 0);
  await mineShares(miner, 3, false);
  await portal.line(/\[error\].*Redis.*ECONNREFUSED/);
  await portal.line(/\[warning\].*\d shares of litecoin wait in the spool/);
  await rig.redisServer.restart();
  await until('Redis has the shares', async () => (await sharesInRound(rig, miner.worker)) === 3);
});

test('a block found while Redis is away is submitted at once, and its round has its finder when Redis is back', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const portal = rig.start();
  await takesMiners(portal, 1);
  const miner = await minerOn(t, rig, 0);
  await rig.redisServer.kill('SIGKILL');
  await mineShares(miner, 2, false);
  await mineShares(miner, 1, true);
  const hash = lastBlockOf(miner);
  const { a } = rig.litecoin;
  await until('the chain has the block', async () => (await a.rpc('getbestblockhash')) === hash);
  await rig.redisServer.restart();
  const member = await until('the block waits for its confirmations', async () => {
    const [first] = await rig.redis.smembers('litecoin:blocksPending');
    return first;
  });
  const round = await rig.redis.hgetall(`litecoin:shares:round${member.split(':')[2]}`);
  assert.deepEqual(
    Object.entries(round).map(([worker, credit]) => [worker, Math.round(Number(credit) / 1.6e-5)]),
    [[miner.worker, 3]],
  );
});

test('a port that is in use ends the start with a clear message and exit code 1', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const squatter = net.createServer().listen(rig.stratumPort);
  cleanUp(t, () => squatter.close());
  const portal = rig.start();
  await portal.line(new RegExp(`\\[error\\].*${rig.stratumPort}.*in use`));
  assert.equal(await portal.exit(), 1);
  assert.ok(!portal.output.includes('started again'));
});

test('a worker killed under load comes back, miners go on, and no acknowledged share is lost', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const miners = await Promise.all(Array.from({ length: 4 }, () => minerOn(t, rig, 20)));
  const enough = (more: number) => {
    const counts = miners.map(({ acknowledged }) => acknowledged.length);
    return until('every miner goes on', () =>
      miners.every(({ acknowledged }, i) => acknowledged.length >= (counts[i] ?? 0) + more),
    );
  };
  await enough(10);
  const before = portal.output.length;
  const victims = (await childPids(portal.pid)).slice(0, 2);
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  await portal.line(/\[warning\].*ended by signal SIGKILL.*started again/, { from: before });
  await portal.line(/takes miners/, { from: before });
  await enough(10);
  await Promise.all(miners.map((miner) => miner.stop()));
  for (const { worker, acknowledged, unanswered } of miners) {
    await until('Redis has them', async () => {
      return (await sharesInRound(rig, worker)) >= acknowledged.length;
    });
    const recorded = await sharesInRound(rig, worker);
    // What was sent without an answer may or may not be in; what was answered must be.
    assert.ok(recorded >= acknowledged.length, `${recorded} of ${acknowledged.length}`);
    assert.ok(recorded <= acknowledged.length + unanswered);
  }
});

test('SIGTERM under load ends the portal with exit code 0 within 10 s and loses no acknowledged share', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const miners = await Promise.all(Array.from({ length: 4 }, () => minerOn(t, rig, 30)));
  await until('shares flow', () => miners.every(({ acknowledged }) => acknowledged.length > 20));
  portal.signal('SIGTERM');
  assert.equal(await portal.exit(10_000), 0);
  await Promise.all(miners.map((miner) => miner.stop()));
  for (const { worker, acknowledged, unanswered } of miners) {
    const recorded = await sharesInRound(rig, worker);
    assert.ok(recorded >= acknowledged.length, `${recorded} of ${acknowledged.length}`);
    assert.ok(recorded <= acknowledged.length + unanswered);
  }
});

test('children end when the master is killed', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const children = await childPids(portal.pid);
  assert.equal(children.length, 3);
  portal.signal('SIGKILL');
  await until('all children are gone', () => children.every((pid) => !isAlive(pid)), 15_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
