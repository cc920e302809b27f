import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { parseProfitTable } from '../../libs/redis/profitability.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { startTestMiner } from '../../scripts/regtest/testMiner.ts';
import { cleanUp } from '../support/cleanup.ts';
import { startPortal, writePortalFiles } from '../support/portal.ts';
import { buildRig, newAddress, type Rig, regtestDiff } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { StandInExchange } from '../switching/standInExchange.ts';

// The whole portal with two pools of one algorithm on two litecoind nodes; only the exchange is a stand-in.

const miningKey = '22851477d63a085dbc2398c8430af1c09e7343f6';

interface Ground {
  readonly rig: Rig;
  readonly exchange: StandInExchange;
  readonly switchPort: number;
  /** What is bid for a coin, in BTC. */
  price(symbol: string, bid: number): void;
  /** What Redis says of the switch. */
  coin(): Promise<unknown>;
  rounds(count: number): Promise<void>;
}

async function ground(t: TestContext, twinRuns = true): Promise<Ground> {
  const exchange = await StandInExchange.start(t);
  const [switchPort = 0, otherPort = 0, deadPort = 0] = await freePorts(3);
  const rig = await buildRig(t, {
    forks: 2,
    portal: {
      switching: {
        switch1: {
          ...{ enabled: true, algorithm: 'scrypt' },
          ports: { [switchPort]: { diff: regtestDiff } },
        },
      },
      profitSwitch: {
        ...{ enabled: true, updateInterval: 0.5, minimumGain: 5, usePoloniex: true },
        exchangeUrls: { poloniex: exchange.url },
      },
    },
  });
  // A second coin: the same network, another name, another node.
  const coin = parseJson(await readFile(join(installRoot, 'coins', 'litecoin.json'), 'utf8'));
  const twin = { ...(isRecord(coin) ? coin : {}), name: 'Twincoin', symbol: 'TWN' };
  const { b } = rig.litecoin;
  const pool = {
    ...rig.files.pools['litecoin'],
    coin: 'twincoin.json',
    address: await newAddress(rig.litecoin),
    ports: { [otherPort]: { diff: regtestDiff } },
    daemons: [
      {
        ...{ host: '127.0.0.1', user: b.user, password: b.password },
        port: twinRuns ? b.rpcPort : deadPort,
      },
    ],
    paymentProcessing: { enabled: false },
  };
  await writePortalFiles(rig.dir, { ...rig.files, pools: { ...rig.files.pools, twincoin: pool } });
  await mkdir(join(rig.dir, 'coins'));
  await writeFile(join(rig.dir, 'coins', 'twincoin.json'), JSON.stringify(twin));
  return {
    ...{ rig, exchange, switchPort },
    price: (symbol, bid) =>
      exchange.answer(
        `/markets/${symbol}_BTC/orderBook?limit=150`,
        JSON.stringify({ bids: [String(bid), '100'] }),
      ),
    coin: async () => {
      const state = parseJson((await rig.redis.hget('nomp:switchState', 'switch1')) ?? '');
      return isRecord(state) ? own(state, 'coin') : undefined;
    },
    rounds: async (count) => {
      const path = '/markets/TWN_BTC/orderBook?limit=150';
      const asked = () => exchange.asked.filter((one) => one === path).length;
      const from = asked();
      await until(`${count} more rounds`, () => asked() > from + count);
    },
  };
}

test('the switch follows the prices, its miner too, and stays where it is while the exchange is down', async (t) => {
  const here = await ground(t);
  const { rig, exchange } = here;
  here.price('LTC', 0.001);
  here.price('TWN', 0.001);
  const portal = startPortal(t, rig.dir);
  await portal.line(/The switch takes miners of scrypt on port \d+, they mine litecoin/);
  const miner = startTestMiner({
    ...{ port: here.switchPort, worker: `${miningKey}.rig`, algorithm: 'scrypt' },
    ...{ sharesPerSecond: 5, blockPart: 0 },
  });
  cleanUp(t, () => miner.stop());
  const sharesOf = (coin: string) => rig.redis.hlen(`${coin}:shares:roundCurrent`);
  await until('litecoin is mined', async () => (await sharesOf('litecoin')) > 0);

  // Equals, and less than minimumGain above, move nothing.
  await here.rounds(2);
  here.price('TWN', 0.00104);
  await here.rounds(2);
  assert.equal(await here.coin(), 'litecoin');
  assert.equal(await sharesOf('twincoin'), 0);

  here.price('TWN', 0.002);
  await until('the switch moves', async () => (await here.coin()) === 'twincoin');
  await portal.line(/"switch1" was moved from litecoin to twincoin, which pays more now/);
  await until('twincoin is mined', async () => (await sharesOf('twincoin')) > 0);
  assert.ok(miner.connected);
  const table = await until('the table shows it', async () => {
    const text = (await rig.redis.get('nomp:profitability')) ?? '';
    const [scrypt] = parseProfitTable(text)?.algorithms ?? [];
    return scrypt?.switches[0]?.coin === 'twincoin' && scrypt;
  });
  const template = await rig.litecoin.a.rpc('getblocktemplate', [{ rules: ['mweb', 'segwit'] }]);
  const value = isRecord(template) ? own(template, 'coinbasevalue') : undefined;
  assert.deepEqual(
    table.coins.map(({ coin, running, reward }) => [coin, running, (reward ?? 0) * 1e8]),
    [
      ['twincoin', true, value],
      ['litecoin', true, value],
    ],
  );

  // The exchange is down, with prices that would move it back.
  here.price('LTC', 0.1);
  exchange.always({ status: 500, body: 'down' });
  await portal.line(/Poloniex answers HTTP 500/);
  // Each round ends with the first question.
  const asked = exchange.asked.length;
  await until('more rounds fail', () => exchange.asked.length >= asked + 3);
  assert.equal(await here.coin(), 'twincoin');
  assert.equal(portal.output.match(/stays with twincoin: no coin's worth is known/g)?.length, 1);
  exchange.always(undefined);
  await portal.line(/Poloniex answers again/);
  await until('the switch moves back', async () => (await here.coin()) === 'litecoin');

  portal.signal('SIGTERM');
  assert.equal(await portal.exit(10_000), 0);
});

test('a coin whose pool does not run is not chosen, whatever is paid for it', async (t) => {
  const here = await ground(t, false);
  here.price('LTC', 0.001);
  here.price('TWN', 1);
  const portal = startPortal(t, here.rig.dir);
  await portal.line(/Nothing is switched for scrypt: of its pools only litecoin runs/);
  const rounds = () => portal.output.match(/Command pools /g)?.length ?? 0;
  const from = rounds();
  await until('more rounds', () => rounds() >= from + 3);
  assert.equal(portal.output.match(/of its pools only litecoin runs/g)?.length, 1);
  assert.equal(await here.coin(), 'litecoin');
  assert.deepEqual(here.exchange.asked, []);
});
