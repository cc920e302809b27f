import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { startTestMiner } from '../../scripts/regtest/testMiner.ts';
import { type ChainTransaction, lastBlockOf, mineShares, received } from '../support/chain.ts';
import { cleanUp } from '../support/cleanup.ts';
import { StratumClient } from '../support/stratumClient.ts';
import { SwitchGround, type TwoCoins, twoCoins } from '../support/switchGround.ts';
import { until } from '../support/until.ts';

// Two real chains of one algorithm behind two switches. Each test starts the portal anew, on an empty Redis.

const key = '5a1e7f00c0ffee5a1e7f00c0ffee5a1e7f00c0ff';

let ground: SwitchGround;

before(async () => {
  ground = await SwitchGround.open();
});

after(() => ground.close());

beforeEach(async () => {
  await ground.stop();
  await ground.redis.flushall();
});

interface SwitchStatus {
  readonly name: string;
  readonly coin: string;
  readonly since: number;
  readonly connections: number;
  readonly workers: number;
  readonly behind: number;
}

async function statusOf(name: string): Promise<SwitchStatus> {
  const { switches } = (await ground.operator('status')) as { switches: SwitchStatus[] };
  const found = switches.find((other) => other.name === name);
  assert.ok(found, `status shows no ${name}`);
  return found;
}

function startMiner(t: Parameters<typeof cleanUp>[0], port: number, worker = key) {
  const miner = startTestMiner({ port, worker, algorithm: 'scrypt', sharesPerSecond: 0 });
  cleanUp(t, () => miner.stop());
  return miner;
}

async function untilOn(miner: ReturnType<typeof startMiner>, coin: TwoCoins): Promise<void> {
  await until(`the miner mines ${coin}`, async () => {
    const prevHash = miner.job?.prevHash;
    return prevHash !== undefined && (await ground.coinOf(prevHash)) === coin;
  });
}

test('payouts reach the address that each chain makes of the mining key', async (t) => {
  for (const coin of twoCoins) {
    // The fee of a payment comes from other coins of the wallet than the miners'.
    const { a } = ground.chains[coin];
    await a.generate(101, String(await a.rpc('getnewaddress')));
  }
  await ground.start();
  const miner = startMiner(t, ground.ports.multi, `${key}.rig`);
  for (const coin of twoCoins) {
    assert.match(await ground.command('coinswitch', [coin, 'multi']), /^"multi" /);
    await untilOn(miner, coin);
    await mineShares(miner, 2, false);
    await mineShares(miner, 1, true);
    const { a } = ground.chains[coin];
    const hash = lastBlockOf(miner);
    await until('the chain has the block', async () => {
      return (await a.rpc('getbestblockhash')) === hash;
    });
  }
  assert.equal(miner.connections, 1);
  for (const coin of twoCoins) {
    const { a } = ground.chains[coin];
    const script = (await a.rpc('decodescript', [`76a914${key}88ac`])) as { addresses: string[] };
    const [address = ''] = script.addresses;
    assert.match(address, /^[mn]/);
    await a.generate(100);
    const payment = await until(`${coin} is paid`, async () => {
      const [first] = await ground.redis.lrange(`${coin}:payments`, 0, 0);
      return first;
    });
    const { txid } = JSON.parse(payment) as { txid: string };
    const [hash = ''] = await a.generate(1);
    const paid = (await a.rpc('getrawtransaction', [txid, true, hash])) as ChainTransaction;
    // All of the block: half of 50 coins or more, after halvings of the young chain every 150 blocks.
    assert.ok(received(paid, address) >= 12_50000000n, JSON.stringify(paid.vout));
  }
});

test('a switching port takes mining keys only, and tells who comes with an address what to do', async (t) => {
  await ground.start();
  const address = String(await ground.chains.litecoin.a.rpc('getnewaddress'));
  const client = await StratumClient.open(ground.ports.multi, {}, t);
  await client.request('mining.subscribe', []);
  for (const worker of [key, `${key}.rig1`, `${key.toUpperCase()}_2`]) {
    assert.equal((await client.request('mining.authorize', [worker, 'x'])).result, true, worker);
  }
  for (const worker of [address, `${address}.rig`, key.slice(1), `${key}0`, 'rig']) {
    const { result, error } = await client.request('mining.authorize', [worker, 'x']);
    assert.equal(result, false, worker);
    const [code, text] = error as [number, string];
    assert.equal(code, 24);
    assert.match(text, /mining key, the 40 hex digits.*\/key\.html/);
  }
});

test('every error of coinswitch is answered in a sentence, and moves nobody', async () => {
  await ground.start();
  const wrong: readonly (readonly [readonly string[], Record<string, string>, RegExp])[] = [
    [[], {}, /needs the name of a coin.*litecoin, twincoin/],
    [['dogecoin', 'multi'], {}, /no pool for "dogecoin"; pools run for litecoin, twincoin/],
    [
      ['twincoin'],
      {},
      /needs the coin and the name of a switch, or -algorithm=.*"multi" \(scrypt\)/,
    ],
    [['twincoin', 'none'], {}, /there is no switch "none".*"multi" \(scrypt\), "second"/],
    [['twincoin', '__proto__'], {}, /there is no switch "__proto__"/],
    [['twincoin', 'off'], {}, /the switch "off" is disabled/],
    [['twincoin', 'bits'], {}, /the switch "bits" is disabled/],
    [['twincoin'], { algorithm: 'sha256' }, /no enabled switch is for "sha256"/],
    [
      ['twincoin', 'multi'],
      { algorithm: 'sha256' },
      /"multi" is a switch for scrypt, not for sha256/,
    ],
  ];
  for (const [params, options, sentence] of wrong) {
    const answer = await ground.command('coinswitch', params, options);
    assert.match(answer, /^error: /);
    assert.match(answer, sentence);
  }
  assert.equal((await statusOf('multi')).coin, 'litecoin');
  assert.equal(await ground.redis.exists('proxyState'), 0);
});

test('two switches of one algorithm hold different coins; -algorithm moves both', async (t) => {
  await ground.start();
  const [multi, second, own] = [ground.ports.multi, ground.ports.second, ground.ports.litecoin].map(
    (port, i) => startMiner(t, port, `${key}.rig${i}`),
  );
  assert.ok(multi && second && own);
  await Promise.all([multi, second, own].map((miner) => untilOn(miner, 'litecoin')));
  const began = Date.now();
  const answer = await ground.command('coinswitch', ['Twincoin', 'multi']);
  assert.equal(answer, '"multi" moves its miners from litecoin to twincoin.');
  await untilOn(multi, 'twincoin');
  await untilOn(second, 'litecoin');
  const status = await until('the miners are seen', async () => {
    const seen = await statusOf('multi');
    return seen.behind === 0 && seen.workers === 1 && seen;
  });
  assert.equal(status.coin, 'twincoin');
  assert.ok(status.since >= began && status.since <= Date.now());
  assert.equal((await statusOf('second')).coin, 'litecoin');

  // What the change leaves behind: for the next start, for the website, and in both coins' streams.
  assert.deepEqual(await ground.redis.hgetall('proxyState'), {
    scrypt: 'twincoin',
    multi: 'twincoin',
    // It stays where it is, whatever the algorithm's field says.
    second: 'litecoin',
  });
  const shown = await ground.redis.hget('nomp:switchState', 'multi');
  assert.deepEqual(JSON.parse(shown ?? ''), { coin: 'twincoin', since: status.since });
  for (const coin of twoCoins) {
    const event = await until(`the stream of ${coin} tells it`, async () => {
      const entries = await ground.redis.xrange(`${coin}:events`, '-', '+');
      return entries.find(([, fields]) => fields[1] === 'switch')?.[1];
    });
    assert.deepEqual(JSON.parse(event[3] ?? ''), {
      ...{ switch: 'multi', from: 'litecoin', to: 'twincoin', time: status.since },
    });
  }
  assert.match(ground.portal.output, /switch "multi" moves its miners from litecoin to twincoin/);

  const both = await ground.command('coinswitch', ['twincoin'], { algorithm: 'scrypt' });
  assert.match(both, /"multi" is on twincoin already.*"second" moves its miners/);
  await untilOn(second, 'twincoin');
  await untilOn(own, 'litecoin');
  assert.deepEqual(
    [multi, second, own].map(({ connections }) => connections),
    [1, 1, 1],
  );
});

test('a restart and a respawned fork go on with the coins that were chosen', async (t) => {
  await ground.start();
  await ground.command('coinswitch', ['twincoin', 'multi']);
  const { since } = await statusOf('multi');
  await ground.stop();
  await ground.start();
  assert.equal((await statusOf('multi')).coin, 'twincoin');
  assert.equal((await statusOf('multi')).since, since);
  assert.equal((await statusOf('second')).coin, 'litecoin');
  const miner = startMiner(t, ground.ports.multi);
  await untilOn(miner, 'twincoin');

  await ground.command('coinswitch', ['litecoin', 'multi']);
  await ground.command('coinswitch', ['twincoin', 'second']);
  const from = ground.portal.output.length;
  const { processes } = (await ground.operator('status')) as {
    processes: { name: string; pid: number }[];
  };
  for (const { name, pid } of processes) {
    if (name.startsWith('pool worker')) process.kill(pid, 'SIGKILL');
  }
  for (const fork of [0, 1]) {
    await ground.portal.line(new RegExp(`multi \\(thread ${fork}\\).*they mine litecoin`), {
      from,
    });
    await ground.portal.line(new RegExp(`second \\(thread ${fork}\\).*they mine twincoin`), {
      from,
    });
  }
  await untilOn(miner, 'litecoin');
});

test("the proxyState of an original NOMP is honoured, a switch's own field goes first, a coin that is gone is not", async () => {
  const coins = async () => [(await statusOf('multi')).coin, (await statusOf('second')).coin];
  await ground.redis.hset('proxyState', { scrypt: 'twincoin', sha256: 'bitcoin' });
  await ground.start();
  assert.deepEqual(await coins(), ['twincoin', 'twincoin']);
  await ground.stop();
  await ground.redis.hset('proxyState', { multi: 'litecoin' });
  await ground.start();
  assert.deepEqual(await coins(), ['litecoin', 'twincoin']);
  await ground.stop();
  await ground.redis.hset('proxyState', { scrypt: 'dogecoin' });
  await ground.start();
  assert.deepEqual(await coins(), ['litecoin', 'litecoin']);
  assert.match(
    ground.portal.output,
    /switch "second" was on "dogecoin", for which there is no pool/,
  );
});

test('while the chosen coin has no running pool another one is mined, and its miners move when it is back', async (t) => {
  const { a } = ground.chains.litecoin;
  await a.stop();
  cleanUp(t, () => a.start());
  const portal = ground.launch();
  await portal.line(
    /switch "multi" moves its miners from litecoin to twincoin: the pool for litecoin does not take/,
  );
  await portal.line(/multi \(thread 0\).*they mine twincoin/);
  const miner = startMiner(t, ground.ports.multi);
  await untilOn(miner, 'twincoin');
  const answer = await ground.command('coinswitch', ['litecoin', 'multi']);
  assert.match(answer, /^error: the pool for litecoin has not started/);
  await a.start();
  await a.waitReady();
  await portal.line(
    /switch "multi" moves its miners from twincoin to litecoin: its pool takes miners/,
  );
  await untilOn(miner, 'litecoin');
  assert.equal(miner.connections, 1);
  // It was nobody's choice.
  assert.equal(await ground.redis.exists('proxyState'), 0);
});

test('miners of a switch stay and go on when the pool behind it is reloaded; kick and ban reach them', async (t) => {
  await ground.start();
  const miner = startMiner(t, ground.ports.multi);
  await untilOn(miner, 'litecoin');
  await mineShares(miner, 1, false);
  const from = ground.portal.output.length;
  assert.doesNotMatch(await ground.command('reloadpool', ['litecoin']), /error/);
  for (const fork of [0, 1]) {
    await ground.portal.line(new RegExp(`thread ${fork}\\).*The pool was reloaded`), { from });
  }
  await until('the reloaded pool takes shares', () => miner.mine());
  assert.equal(miner.connections, 1);
  await until('both shares are credited', async () => {
    const credit = (await ground.credits('litecoin')).get(key) ?? 0;
    return Math.round(credit / (miner.difficulty ?? 1)) === miner.acknowledged.length;
  });
  assert.equal(await ground.operator('kick', [key]).then(JSON.stringify), '{"kicked":1}');
  await until('the kicked miner is back', () => miner.connections === 2 && miner.authorized);
  await ground.operator('ban', ['127.0.0.1', '600', 'a test']);
  await until('the banned miner is out', () => !miner.connected);
  await ground.operator('unban', ['127.0.0.1']);
  await until('the miner is back after the ban', () => miner.authorized);
});

test("a switch's port that another program holds is said, and nothing is started", async (t) => {
  const holder = createServer().listen(ground.ports.multi);
  await once(holder, 'listening');
  cleanUp(t, () => holder.close());
  const portal = ground.launch();
  assert.equal(await portal.exit(), 1);
  assert.match(
    portal.output,
    new RegExp(
      `Port ${ground.ports.multi} \\(switching\\.multi\\.ports\\.\\d+ of config\\.json\\) is in use by another program`,
    ),
  );
});
