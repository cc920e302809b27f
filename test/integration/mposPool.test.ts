import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { type MariaServer, startMaria } from '../../scripts/regtest/mariaServer.ts';
import { startTestMiner, type TestMiner } from '../../scripts/regtest/testMiner.ts';
import { lastBlockOf, mineShares } from '../support/chain.ts';
import { cleanUp } from '../support/cleanup.ts';
import { makeMposDatabase, poolUser } from '../support/mposTables.ts';
import { startPortal, writePortalFiles } from '../support/portal.ts';
import { type RefusingDaemonStandIn, refusingDaemonStandIn } from '../support/refusingDaemon.ts';
import { buildRig, newAddress, type Rig, regtestDiff } from '../support/rig.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { until } from '../support/until.ts';

interface Site {
  readonly rig: Rig;
  readonly maria: MariaServer;
  readonly daemon: RefusingDaemonStandIn;
  readonly mposPort: number;
  readonly web: (path: string) => Promise<string>;
}

/** A pool of litecoin in MPOS mode beside one of another coin, on the same chain, in Redis mode. */
async function siteFor(t: TestContext, mposMode: object = {}): Promise<Site> {
  const [mposPort = 0, webPort = 0] = await freePorts(2);
  const rig = await buildRig(t, {
    forks: 1,
    portal: {
      website: {
        enabled: true,
        host: '127.0.0.1',
        port: webPort,
        stats: { updateInterval: 1, historicalRetention: 3_600, hashrateWindow: 300 },
      },
    },
    pool: { coin: 'other.json' },
  });
  const maria = await startMaria();
  cleanUp(t, () => maria.stop());
  await makeMposDatabase(maria, 'mpos');
  const { a } = rig.litecoin;
  const daemon = await refusingDaemonStandIn(t, a.rpcPort);
  const credentials = { host: '127.0.0.1', user: a.user, password: a.password };
  const coin: unknown = parseJson(await readFile(join(installRoot, 'coins/litecoin.json'), 'utf8'));
  await mkdir(join(rig.dir, 'coins'), { recursive: true });
  await writeFile(
    join(rig.dir, 'coins/other.json'),
    JSON.stringify({ ...(isRecord(coin) ? coin : {}), name: 'Othercoin', symbol: 'OTH' }),
  );
  await writePortalFiles(rig.dir, {
    config: rig.files.config,
    pools: {
      other: rig.files.pools['litecoin'] ?? {},
      litecoin: {
        enabled: true,
        coin: 'litecoin.json',
        address: await newAddress(rig.litecoin),
        blockRefreshInterval: 200,
        ports: { [mposPort]: { diff: regtestDiff } },
        daemons: [{ ...credentials, port: daemon.port }],
        paymentProcessing: {
          enabled: true,
          paymentInterval: 1,
          minimumPayment: 0.01,
          daemon: { ...credentials, port: a.rpcPort },
        },
        emitInvalidBlockHashes: true,
        mposMode: {
          enabled: true,
          host: '127.0.0.1',
          port: maria.port,
          ...poolUser,
          database: 'mpos',
          ...mposMode,
        },
      },
    },
  });
  const web = async (path: string): Promise<string> => {
    const reply = await fetch(`http://127.0.0.1:${webPort}${path}`);
    assert.equal(reply.status, 200, path);
    return await reply.text();
  };
  return { rig, maria, daemon, mposPort, web };
}

function minerOn(t: TestContext, port: number, worker: string, password = 'x'): TestMiner {
  const miner = startTestMiner({
    port,
    worker,
    password,
    algorithm: 'scrypt',
    sharesPerSecond: 0,
    blockPart: 0,
  });
  cleanUp(t, () => miner.stop());
  return miner;
}

async function rowsOf(maria: MariaServer, where: string) {
  const rows = await maria.sql('mpos', `SELECT * FROM shares WHERE ${where} ORDER BY id`);
  return rows.filter(isRecord);
}

test('a pool in MPOS mode beside one in Redis mode: shares, blocks, workers and the website', async (t) => {
  const { rig, maria, daemon, mposPort, web } = await siteFor(t, {
    autoCreateWorker: true,
    checkPassword: true,
  });
  await maria.sql('mpos', "INSERT INTO accounts (id, username) VALUES (5, 'alice')");
  const portal = startPortal(t, rig.dir);
  await portal.line(/\[warning\].*litecoin\.json is in MPOS mode.*redis and paymentProcessing/);
  for (const coin of ['litecoin', 'othercoin']) {
    await portal.line(new RegExp(`${coin} \\(thread 0\\).*takes miners`));
  }
  const alice = minerOn(t, mposPort, 'Alice.rig', 'secret');
  const other = minerOn(t, rig.stratumPort, await newAddress(rig.litecoin));
  await mineShares(alice, 3, false);
  await mineShares(other, 2, false);
  assert.equal(await alice.mine('lowDifficulty'), false);

  // A block that a daemon takes: one row, Y, with its hash.
  await mineShares(alice, 1, true);
  const hash = lastBlockOf(alice);
  const [row, ...more] = await until('the block is Y', async () => {
    const rows = await rowsOf(maria, `solution = '${hash}' AND upstream_result = 'Y'`);
    return rows.length > 0 ? rows : undefined;
  });
  assert.equal(more.length, 0);
  assert.equal(own(row ?? {}, 'username'), 'Alice.rig');
  assert.equal(own(row ?? {}, 'our_result'), 'Y');
  assert.equal(own(row ?? {}, 'rem_host'), '127.0.0.1');
  const { a } = rig.litecoin;
  await until('the chain has it', async () => (await a.rpc('getbestblockhash')) === hash);

  // A block that every daemon refuses: N, and the share counts.
  daemon.refuses = true;
  await mineShares(alice, 1, true);
  const refused = lastBlockOf(alice);
  assert.notEqual(refused, hash);
  await portal.line(new RegExp(`${refused}.*was refused by every daemon: bad-txnmrklroot`));
  const [bad] = await until('its row is there', async () => {
    const rows = await rowsOf(maria, `solution = '${refused}'`);
    return rows.length > 0 ? rows : undefined;
  });
  assert.deepEqual([own(bad ?? {}, 'our_result'), own(bad ?? {}, 'upstream_result')], ['Y', 'N']);
  daemon.refuses = false;

  const rows = await until('all rows are there', async () => {
    const all = await rowsOf(maria, '1 = 1');
    return all.length === 6 ? all : undefined;
  });
  const invalid = rows.filter((share) => own(share, 'our_result') === 'N');
  assert.equal(invalid.length, 1);
  assert.match(String(own(invalid[0] ?? {}, 'reason')), /low difficulty/);
  // emitInvalidBlockHashes: good shares that are no block have their hash too.
  const good = rows.filter((share) => own(share, 'our_result') === 'Y');
  assert.ok(good.every((share) => /^[0-9a-f]{64}$/.test(String(own(share, 'solution')))));

  // Workers: made in lower case with the given password, which others must know.
  const [worker] = (await maria.sql('mpos', 'SELECT * FROM pool_worker')).filter(isRecord);
  assert.equal(own(worker ?? {}, 'username'), 'alice.rig');
  assert.equal(own(worker ?? {}, 'account_id'), 5);
  const thief = await StratumClient.open(mposPort, {}, t);
  await thief.request('mining.subscribe', []);
  const answer = await thief.request('mining.authorize', ['alice.rig', 'canary-guess']);
  assert.notEqual(answer.result, true);

  // The website has what the pool workers count themselves.
  const shows = (stats: string): boolean => {
    const value: unknown = parseJson(stats);
    const pools = isRecord(value) ? own(value, 'pools') : undefined;
    const litecoin = isRecord(pools) ? own(pools, 'litecoin') : undefined;
    if (!isRecord(litecoin)) return false;
    return Number(own(litecoin, 'workerCount')) >= 1 && Number(own(litecoin, 'hashrate')) > 0;
  };
  await until('the website has seen the miners of MPOS', async () => {
    const [last = ''] = await rig.redis.zrange('statHistory', '-1', '-1');
    return shows(last);
  });
  assert.ok(shows(await web('/api/stats')));
  for (const page of ['/', '/stats', '/workers', '/tbs', '/status']) {
    await web(page);
  }
  for (const page of ['', '/blocks', '/payments', '/miners']) await web(`/pool/litecoin${page}`);
  assert.match(await web('/pool/othercoin'), /Othercoin/);

  // Neither rounds nor payments nor statistics of it are in Redis.
  const keys = await rig.redis.keys('litecoin:*');
  assert.deepEqual(
    keys.filter((key) => key !== 'litecoin:live'),
    [],
  );
  assert.equal((await rig.redis.hvals('othercoin:shares:roundCurrent')).length, 1);
  await portal.line(/Payments.*othercoin.*Payments of OTH run every/);
  assert.doesNotMatch(portal.output, /Payments of LTC|canary-db-password|canary-guess|secret/);
  assert.doesNotMatch(portal.output, /\[error\](?!.*was refused by every daemon)/);
});

test('--check looks at the database of MPOS and its tables, and changes nothing there', async (t) => {
  const { rig, maria } = await siteFor(t, { autoCreateWorker: true });
  const good = startPortal(t, rig.dir, ['--check']);
  await good.line(/^ok.*litecoin\.json: MySQL 127\.0\.0\.1:\d+ answers, with the tables of MPOS/);
  assert.equal(await good.exit(), 0);
  const tables = await maria.sql('mpos', "SHOW TABLES LIKE 'nomp%'");
  assert.deepEqual(tables, []);
  await maria.sql('mpos', 'ALTER TABLE shares DROP COLUMN solution', 'DROP TABLE accounts');
  const bad = startPortal(t, rig.dir, ['--check']);
  await bad.line(/^FAILED.*litecoin\.json: MySQL.*table shares lacks solution/);
  assert.equal(await bad.exit(), 1);
});
