import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { cleanUp } from '../support/cleanup.ts';
import { childPids } from '../support/portal.ts';
import { buildRig, newAddress, rigMiner, takesMiners } from '../support/rig.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const cli = join(installRoot, 'scripts', 'cli.js');

test('blocknotify through scripts/cli.js gives every fork work on the new block, without polling or p2p', async (t) => {
  const rig = await buildRig(t, {
    forks: 2,
    pool: { blockRefreshInterval: 0, jobRebroadcastTimeout: 3_600 },
  });
  const portal = rig.start();
  await takesMiners(portal);
  const from = portal.output.length;
  const [hash = ''] = await rig.litecoin.a.generate(1);
  const answer = await run(process.execPath, [
    cli,
    `-port=${rig.cliPort}`,
    'blocknotify',
    'litecoin',
    hash,
  ]);
  assert.match(answer.stdout, /litecoin/);
  const height = await rig.litecoin.a.rpc('getblockcount');
  for (const fork of [0, 1]) {
    await portal.line(
      new RegExp(`thread ${fork}\\).*Height ${Number(height) + 1} is being mined`),
      { from },
    );
  }
});

test('a command that is wrong has exit code 1 and says why', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const portal = rig.start();
  await takesMiners(portal, 1);
  const wrong = [
    ['blocknotify', 'dogecoin', 'ab'.repeat(32)],
    ['blocknotify', 'litecoin', 'short'],
    ['nonsense'],
  ];
  for (const params of wrong) {
    await assert.rejects(
      run(process.execPath, [cli, `-port=${rig.cliPort}`, ...params]),
      (error: unknown) => {
        const { code, stderr } = error as { code: number; stderr: string };
        assert.equal(code, 1);
        assert.match(stderr, /error: /);
        return true;
      },
    );
  }
});

test("the operator's commands show and steer the running portal over its socket file", async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const worker = `${await newAddress(rig.litecoin)}.rig`;
  const miner = rigMiner(t, rig, worker);
  await until('the miner is logged in', () => miner.authorized);
  const operator = async (...params: string[]) =>
    (await run(process.execPath, [cli, `-dir=${rig.dir}`, ...params])).stdout;

  assert.match(await operator('status'), /pool worker 1/);
  const [pool] = JSON.parse(await operator('pools', '-json')) as {
    connections: number;
    height: number;
  }[];
  assert.equal(pool?.connections, 1);
  assert.equal(pool.height, Number(await rig.litecoin.a.rpc('getblockcount')) + 1);
  assert.ok((await operator('miner', worker)).includes(worker));

  const before = miner.connections;
  assert.match(await operator('kick', worker), /^1 connection/);
  await until('the kicked miner is back', () => miner.connections > before && miner.authorized);

  await operator('ban', '127.0.0.1', '600', 'a test');
  assert.match(await operator('bans'), /127\.0\.0\.1 .*a test/);
  await until('the banned miner is out', () => !miner.connected);
  await operator('unban', '127.0.0.1');
  await until('the miner is back after the ban', () => miner.authorized);
  assert.match(await operator('bans'), /Nobody is banned/);
  await assert.rejects(operator('ban', 'nonsense'));
  await assert.rejects(operator('loglevel', 'loud'));
  await portal.line(/Payments of LTC run/);
  assert.match(await operator('payments'), /LTC/);
  assert.match(await operator('payments', 'pause', 'litecoin', 'for', 'a', 'test'), /pause/i);
  assert.match(await operator('payments', 'status', 'litecoin'), /for a test/);
  await operator('payments', 'resume', 'litecoin');
  assert.doesNotMatch(await operator('payments', 'status', 'litecoin'), /for a test/);
  await operator('payments', 'dry-run', 'litecoin');
  await assert.rejects(operator('payments', 'pause', 'dogecoin'));
  await assert.rejects(operator('payments', 'steal', 'litecoin'));
  await operator('loglevel', 'error');
});

test('blocks, balances, notices and the check tell of the running pool, as text and as JSON', async (t) => {
  const rig = await buildRig(t, { forks: 1, paymentInterval: 3_600 });
  const portal = rig.start();
  await takesMiners(portal, 1);
  const operator = async (...params: string[]) =>
    (await run(process.execPath, [cli, `-dir=${rig.dir}`, ...params])).stdout;
  const fails = async (pattern: RegExp, ...params: string[]) =>
    assert.rejects(operator(...params), (error: unknown) => {
      const { code, stderr } = error as { code: number; stderr: string };
      assert.equal(code, 1);
      assert.match(stderr, pattern);
      return true;
    });

  assert.match(await operator('blocks'), /No block has been found/);
  assert.match(await operator('balances'), /nobody is owed anything/);
  const worker = `${await newAddress(rig.litecoin)}.rig`;
  const miner = rigMiner(t, rig, worker);
  await until('a block is found', async () => {
    await miner.mine();
    return miner.acknowledged.some(({ blockHash }) => blockHash !== undefined);
  });
  const hash = miner.acknowledged.find(({ blockHash }) => blockHash !== undefined)?.blockHash;
  await until('the block is listed', async () => (await operator('blocks')).includes(`${hash}`));
  const blocks = JSON.parse(await operator('blocks', 'litecoin', '5', '-json')) as {
    hash: string;
    finder: string;
  }[];
  assert.equal(blocks.find((block) => block.hash === hash)?.finder, worker);
  await rig.redis.hset('litecoin:balances', worker, '1.5');
  assert.match(await operator('balances', 'litecoin'), /1\.50000000 LTC owed/);
  const [books] = JSON.parse(await operator('balances', '--json')) as { workers: object[] }[];
  assert.deepEqual(books?.workers, [{ worker, owed: '1.50000000', paid: '0.00000000' }]);
  await fails(/no pool for "dogecoin"/, 'blocks', 'dogecoin');
  await fails(/no pool for "dogecoin"/, 'balances', 'dogecoin');

  await operator('notice', 'The', 'wallet is moved');
  assert.match((await rig.redis.get('nomp:notice')) ?? '', /"text":"The wallet is moved"/);
  const last = await rig.redis.xrevrange('litecoin:events', '+', '-', 'COUNT', 1);
  assert.match(JSON.stringify(last), /notice.*The wallet is moved/);
  await operator('notice');
  assert.match((await rig.redis.get('nomp:notice')) ?? '', /"text":""/);
  await fails(/at most 500 characters/, 'notice', 'x'.repeat(501));

  assert.match(await operator('check'), /ok .*daemon.*answers.*everything answers/s);
  const file = join(rig.dir, 'pool_configs', 'litecoin.json');
  const sound = await readFile(file, 'utf8');
  await writeFile(file, sound.replace('"diff": 0.000016', '"diff": -1'));
  await fails(/litecoin\.json:\d+:\d+ ports/, 'check');
});

test('a drained portal takes no new miners and keeps the others until they go, and drain off opens it', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const operator = async (...params: string[]) =>
    (await run(process.execPath, [cli, `-dir=${rig.dir}`, ...params])).stdout;
  const worker = await newAddress(rig.litecoin);
  const miner = rigMiner(t, rig, worker);
  await until('the miner is logged in', () => miner.authorized);
  assert.match(await operator('drain', '1'), /1 connection\(s\) are left/);
  await until('the port is closed', () => isClosed(rig.stratumPort));
  await until('a share of the one that stays is taken', () => miner.mine());
  const [pid = 0] = await childPids(portal.pid);
  process.kill(pid, 'SIGKILL');
  await portal.line(/takes miners/, { from: portal.output.length });
  await until('the fork that came back is closed too', () => isClosed(rig.stratumPort));
  await assert.rejects(operator('drain', 'soon'));
  await operator('drain', 'off');
  await assert.rejects(operator('drain', 'off'));
  await until('the miner can come back', () => miner.authorized && miner.mine());
});

function isClosed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}

test('a ban outlives a restart of the portal', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const first = rig.start();
  await takesMiners(first, 1);
  const operator = async (...params: string[]) =>
    (await run(process.execPath, [cli, `-dir=${rig.dir}`, ...params])).stdout;
  await operator('ban', '192.0.2.7', '600');
  await until('Redis has the ban', () => rig.redis.hexists('nomp:bans', '192.0.2.7').then(Boolean));
  await first.stop();
  await takesMiners(rig.start(), 1);
  assert.match(await operator('bans'), /192\.0\.2\.7/);
});

test('reloadpool takes over a changed pool file with all sockets open, and refuses one with errors', async (t) => {
  const rig = await buildRig(t, { forks: 2 });
  const portal = rig.start();
  await takesMiners(portal);
  const miner = rigMiner(t, rig, await newAddress(rig.litecoin));
  await until('the miner has its difficulty', () => miner.difficulty === 1.6e-5);
  const file = join(rig.dir, 'pool_configs', 'litecoin.json');
  const sound = await readFile(file, 'utf8');
  await writeFile(file, sound.replace('"diff": 0.000016', '"diff": -1'));
  await assert.rejects(
    run(process.execPath, [cli, `-port=${rig.cliPort}`, 'reloadpool', 'litecoin']),
  );
  assert.equal(miner.connections, 1);
  await writeFile(file, sound.replace('"diff": 0.000016', '"diff": 0.00002'));
  await run(process.execPath, [cli, `-port=${rig.cliPort}`, 'reloadpool', 'litecoin']);
  await until('the miner has the new difficulty', () => miner.difficulty === 0.00002);
  await until('a share at the new difficulty is taken', () => miner.mine());
  assert.equal(miner.connections, 1);
});

test('a reload to a port that another program holds leaves the pool on its old port', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const portal = rig.start();
  await takesMiners(portal, 1);
  const other = net.createServer().listen(0);
  cleanUp(t, () => other.close());
  await once(other, 'listening');
  const address = other.address();
  const taken = typeof address === 'object' ? address?.port : undefined;
  const file = join(rig.dir, 'pool_configs', 'litecoin.json');
  const sound = await readFile(file, 'utf8');
  await writeFile(file, sound.replace(`"${rig.stratumPort}"`, `"${taken}"`));
  const from = portal.output.length;
  await run(process.execPath, [cli, `-port=${rig.cliPort}`, 'reloadpool', 'litecoin']);
  await portal.line(new RegExp(`the old one is started again: Port ${taken} `), { from });
  const miner = rigMiner(t, rig, await newAddress(rig.litecoin));
  await until('a share is taken on the old port', () => miner.authorized && miner.mine());
});

test('--check tries daemons, wallet and Redis, starts nothing, and its exit code tells', async (t) => {
  const rig = await buildRig(t, { forks: 1 });
  const good = rig.start(['--check']);
  assert.equal(await good.exit(), 0);
  assert.match(good.output, /ok .*daemon .*answers/);
  assert.match(good.output, /ok .*wallet .*answers/);
  assert.match(good.output, /ok .*Redis .*answers/);
  await rig.redisServer.kill('SIGKILL');
  const bad = rig.start(['--check']);
  assert.equal(await bad.exit(), 1);
  assert.match(bad.output, /FAILED .*Redis/);
});

test('a configuration with errors starts nothing and lists all of them with file, line and column', async (t) => {
  const rig = await buildRig(t, {
    forks: 1,
    pool: { address: undefined, ports: { 99999: { diff: '8' } } },
  });
  const portal = rig.start();
  assert.equal(await portal.exit(), 1);
  assert.match(portal.output, /pool_configs\/litecoin\.json:\d+:\d+ address: /);
  assert.match(portal.output, /pool_configs\/litecoin\.json:\d+:\d+ ports\.99999/);
  assert.match(portal.output, /Nothing was started/);
});
