import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import type { ProfitTable } from '../../libs/redis/profitability.ts';
import type { ChainFacts } from '../../libs/switching/chainFacts.ts';
import { Exchange } from '../../libs/switching/exchange.ts';
import { binance } from '../../libs/switching/exchanges/binance.ts';
import { kraken } from '../../libs/switching/exchanges/kraken.ts';
import { ProfitSwitcher } from '../../libs/switching/profitSwitcher.ts';
import { coinFor } from '../daemon/faultyDaemon.ts';
import { memoryLog } from '../support/memoryLog.ts';
import { profitConfig } from './config.ts';
import { StandInExchange } from './standInExchange.ts';

// The portal around the profit switcher is a stand-in here: which pools run, and what `coinswitch` answers.

const mposMode = {
  ...{ enabled: false, host: '', port: 3306, user: '', password: '', database: '' },
  ...{ checkPassword: false, autoCreateWorker: false },
};
const networks = { main: { pubKeyHash: [48], scriptHash: [50] } };
const pool = (name: string, symbol: string, algorithm = 'scrypt') => ({
  coin: coinFor({ name, symbol, algorithm, networks }),
  mposMode,
});
const litecoin = pool('litecoin', 'LTC');
const dogecoin = pool('dogecoin', 'DOGE');
const bitcoin = pool('bitcoin', 'BTC', 'sha256');
const bitcoinCash = pool('bitcoincash', 'BCH', 'sha256');

const oneSwitch = (algorithm: string, enabled = true) => ({ enabled, algorithm, ports: {} });

interface Options {
  readonly minimumGain?: number;
  readonly switching?: Readonly<Record<string, ReturnType<typeof oneSwitch>>>;
  readonly pools?: readonly ReturnType<typeof pool>[];
  readonly withKraken?: boolean;
  readonly exchanges?: boolean;
}

async function ground(t: TestContext, options: Options = {}) {
  const server = await StandInExchange.start(t);
  const log = memoryLog();
  const now = () => millis(Date.UTC(2026, 0, 1));
  const current = new Map([
    ['switch1', 'litecoin'],
    ['switch2', 'dogecoin'],
  ]);
  const state = {
    running: new Set(['litecoin', 'dogecoin', 'bitcoin', 'bitcoincash']),
    facts: new Map<string, ChainFacts>(),
    moves: [] as string[],
    asks: 0,
    refusal: undefined as string | undefined,
    refused: undefined as string | undefined,
    portalDown: false,
    tables: [] as ProfitTable[],
  };
  // 1 MH/s finds 1 litecoin, 1,000 dogecoins, 1e-6 of both bitcoins a day.
  const perDay = (coins: number) => ({ difficulty: (86_400 * 1e6) / 2 ** 32, reward: coins });
  state.facts.set('litecoin', perDay(1)).set('dogecoin', perDay(1_000));
  state.facts.set('bitcoin', perDay(1e-6)).set('bitcoincash', perDay(1e-6));
  const exchange = (adapter: typeof binance) => {
    const real = new Exchange(server.at(adapter), { log, now, pace: 0 });
    const ask: Exchange['ask'] = (...question) => {
      state.asks += 1;
      return real.ask(...question);
    };
    return { title: real.title, ask };
  };
  const all = options.withKraken === true ? [binance, kraken] : [binance];
  const switcher = new ProfitSwitcher({
    portal: {
      switching: options.switching ?? { switch1: oneSwitch('scrypt') },
      profitSwitch: profitConfig({ enabled: true, minimumGain: options.minimumGain ?? 0 }),
    },
    exchanges: options.exchanges === false ? [] : all.map(exchange),
    ports: {
      running: async () => {
        if (state.portalDown) throw new RangeError('the portal does not answer.');
        return state.running;
      },
      current: (name) => current.get(name),
      facts: async (coin) => {
        const known = state.facts.get(coin);
        if (known === undefined) throw new Error(`the daemon of ${coin} is away`);
        return known;
      },
      move: async (coin, name) => {
        if (coin === state.refused) throw new RangeError('it pays no mining keys.');
        if (state.refusal !== undefined) throw new RangeError(state.refusal);
        state.moves.push(`${coin} ${name}`);
        current.set(name, coin);
      },
      publish: async (table) => void state.tables.push(table),
    },
    log,
    now,
  });
  const { signal } = new AbortController();
  /** Bids for one coin, in BTC. */
  const price = (symbol: string, bid: number | undefined): void => {
    const body = JSON.stringify({ bids: bid === undefined ? [] : [[String(bid), '1']] });
    server.answer(`/api/v3/depth?symbol=${symbol}BTC&limit=100`, body);
  };
  const pools = options.pools ?? [litecoin, dogecoin];
  const round = () => switcher.round(pools, signal);
  const warnings = () => log.count('[warning]');
  return { ...{ server, log, state, current, price, round, warnings, switcher, pools } };
}

test('each switch of an algorithm goes to the coin that pays best, once', async (t) => {
  const switching = { switch1: oneSwitch('scrypt'), switch2: oneSwitch('scrypt') };
  const here = await ground(t, { switching });
  here.price('LTC', 0.001);
  here.price('DOGE', 0.000002);
  await here.round();
  await here.round();
  // 1,000 × 0.000002 is twice 1 × 0.001; switch2 is there already.
  assert.deepEqual(here.state.moves, ['dogecoin switch1']);
  assert.equal(here.log.count('The switch "switch1" was moved from litecoin to dogecoin'), 1);
  here.price('LTC', 0.003);
  await here.round();
  assert.deepEqual(here.state.moves.slice(1), ['litecoin switch1', 'litecoin switch2']);
  assert.equal(here.warnings(), 0);
});

test('two coins that pay the same do not flap', async (t) => {
  const switching = { switch1: oneSwitch('scrypt'), switch2: oneSwitch('scrypt') };
  const here = await ground(t, { switching });
  here.price('LTC', 0.002);
  here.price('DOGE', 0.000002);
  for (let round = 0; round < 3; round++) await here.round();
  assert.deepEqual(here.state.moves, []);
});

test('a gain below minimumGain moves nothing', async (t) => {
  const here = await ground(t, { minimumGain: 10 });
  here.price('LTC', 0.001);
  here.price('DOGE', 0.00000109);
  await here.round();
  assert.deepEqual(here.state.moves, []);
  here.price('DOGE', 0.00000111);
  await here.round();
  assert.deepEqual(here.state.moves, ['dogecoin switch1']);
});

test('when all exchanges are down nothing switches, which is said once', async (t) => {
  const here = await ground(t);
  here.server.always({ status: 500, body: 'down' });
  for (let round = 0; round < 3; round++) await here.round();
  assert.deepEqual(here.state.moves, []);
  assert.equal(
    here.log.count('The switch "switch1" stays with litecoin: no coin\'s worth is known.'),
    1,
  );
  // And once by the exchange.
  assert.equal(here.warnings(), 2);
});

test('a second outage is said again', async (t) => {
  const here = await ground(t);
  here.price('LTC', 0.001);
  here.price('DOGE', 0.0000001);
  for (let outage = 0; outage < 2; outage++) {
    here.server.always({ status: 500, body: 'down' });
    await here.round();
    here.server.always(undefined);
    await here.round();
  }
  assert.equal(here.log.count("no coin's worth is known"), 2);
});

test('bitcoin needs no exchange, but another coin is not left because its price is unknown', async (t) => {
  const switching = { switch1: oneSwitch('sha256') };
  const here = await ground(t, { switching, pools: [bitcoinCash, bitcoin] });
  here.current.set('switch1', 'bitcoincash');
  here.server.always({ status: 500, body: 'down' });
  await here.round();
  assert.deepEqual(here.state.moves, []);
  assert.equal(here.log.count('stays with bitcoincash, whose worth is not known'), 1);
  here.server.always(undefined);
  here.price('BCH', 0.005);
  await here.round();
  assert.deepEqual(here.state.moves, ['bitcoin switch1']);
  assert.ok(!here.server.asked.some((path) => path.includes('symbol=BTCBTC')));
});

test('a coin whose pool does not run is not chosen, its daemon not asked', async (t) => {
  const vertcoin = pool('vertcoin', 'VTC');
  const here = await ground(t, { pools: [litecoin, dogecoin, vertcoin] });
  here.price('LTC', 0.001);
  here.price('DOGE', 0.0000001);
  here.price('VTC', 1_000);
  await here.round();
  assert.deepEqual(here.state.moves, []);
  const [scrypt] = here.state.tables.at(-1)?.algorithms ?? [];
  assert.deepEqual(
    scrypt?.coins.map(({ coin, running }) => [coin, running]),
    [
      ['litecoin', true],
      ['dogecoin', true],
      ['vertcoin', false],
    ],
  );
  assert.equal(here.log.count('What vertcoin pays'), 0);
});

test('a coin that runs but whose daemon says nothing is not chosen, said once', async (t) => {
  const here = await ground(t);
  here.price('LTC', 0.001);
  here.price('DOGE', 1);
  here.state.facts.delete('dogecoin');
  await here.round();
  await here.round();
  assert.deepEqual(here.state.moves, []);
  assert.equal(
    here.log.count('What dogecoin pays is not known: the daemon of dogecoin is away'),
    1,
  );
  assert.equal(here.warnings(), 1);
});

test('with one running pool nothing switches, no exchange is asked, and it is said once', async (t) => {
  const here = await ground(t);
  here.state.running = new Set(['dogecoin']);
  for (let round = 0; round < 3; round++) await here.round();
  assert.deepEqual(here.state.moves, []);
  assert.equal(here.state.asks, 0);
  assert.equal(
    here.log.count('Nothing is switched for scrypt: of its pools only dogecoin runs.'),
    1,
  );
  assert.equal(here.warnings(), 1);
});

test('a coin whose pool pays no mining keys takes no part', async (t) => {
  const vertcoin = pool('vertcoin', 'VTC');
  const pools = [litecoin, dogecoin, { ...vertcoin, mposMode: { ...mposMode, enabled: true } }];
  const here = await ground(t, { pools });
  here.state.running.add('vertcoin');
  here.state.facts.set('vertcoin', { difficulty: 1, reward: 1 });
  here.price('LTC', 0.001);
  here.price('DOGE', 0.0000001);
  here.price('VTC', 1);
  await here.round();
  assert.deepEqual(here.state.moves, []);
  assert.equal(here.warnings(), 0);
});

test('with one pool for the algorithm, without a switch, or without an exchange nothing is asked, said once', async (t) => {
  const cases: readonly (readonly [Options, string])[] = [
    [
      { pools: [litecoin] },
      'Nothing can be switched for scrypt: fewer than two of its pools pay mining keys.',
    ],
    [
      { switching: { switch1: oneSwitch('scrypt', false) } },
      'Profit switching has nothing to do: no switch is enabled.',
    ],
    [{ exchanges: false }, 'Profit switching has nobody to ask: no exchange is enabled.'],
  ];
  for (const [options, sentence] of cases) {
    const here = await ground(t, options);
    for (let round = 0; round < 3; round++) await here.round();
    assert.equal(here.state.asks, 0);
    assert.equal(here.log.count(sentence), 1);
    assert.equal(here.warnings(), 1);
  }
});

test('a switch whose coin does not run any more goes to the best that does', async (t) => {
  const vertcoin = pool('vertcoin', 'VTC');
  const here = await ground(t, { pools: [litecoin, dogecoin, vertcoin], minimumGain: 90 });
  here.current.set('switch1', 'vertcoin');
  here.price('LTC', 0.001);
  here.price('DOGE', 0.0000001);
  await here.round();
  assert.deepEqual(here.state.moves, ['litecoin switch1']);
});

test('a coin that every exchange says not to trade is left for one that is traded', async (t) => {
  const here = await ground(t);
  here.price('DOGE', 0.000002);
  await here.round();
  assert.deepEqual(here.state.moves, ['dogecoin switch1']);
});

test('while one of two exchanges does not answer, a coin is not taken for untraded', async (t) => {
  const here = await ground(t, { withKraken: true });
  here.price('DOGE', 0.000002);
  here.server.answer('/0/public/Depth?pair=LTCXBT&count=100', { status: 502, body: '' });
  await here.round();
  assert.deepEqual(here.state.moves, []);
  assert.equal(here.log.count('stays with litecoin, whose worth is not known'), 1);
});

test('the best of the exchanges counts, and the table has all of them, best first', async (t) => {
  const here = await ground(t, { withKraken: true });
  here.price('LTC', 0.001);
  here.price('DOGE', 0.000002);
  const book = '{"error":[],"result":{"X":{"bids":[["0.0025","3",1]]}}}';
  here.server.answer('/0/public/Depth?pair=LTCXBT&count=100', book);
  await here.round();
  assert.deepEqual(here.state.moves, []);
  const table = here.state.tables.at(-1);
  assert.equal(table?.time, Date.UTC(2026, 0, 1));
  const rounded = JSON.parse(JSON.stringify(table?.algorithms), (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(9)) : value,
  );
  assert.deepEqual(rounded, [
    {
      algorithm: 'scrypt',
      switches: [{ name: 'switch1', coin: 'litecoin' }],
      coins: [
        {
          ...{ coin: 'litecoin', symbol: 'LTC', running: true },
          ...{ difficulty: 20.1165676, reward: 1, coinsPerDay: 1, btcPerDay: 0.0025 },
          markets: [
            { exchange: 'Kraken', pair: 'LTC/BTC', bid: 0.0025, btc: 0.0025, btcPerDay: 0.0025 },
            { exchange: 'Binance', pair: 'LTC/BTC', bid: 0.001, btc: 0.001, btcPerDay: 0.001 },
          ],
        },
        {
          ...{ coin: 'dogecoin', symbol: 'DOGE', running: true },
          ...{ difficulty: 20.1165676, reward: 1000, coinsPerDay: 1000, btcPerDay: 0.002 },
          markets: [
            {
              exchange: 'Binance',
              pair: 'DOGE/BTC',
              bid: 0.000002,
              btc: 0.000002,
              btcPerDay: 0.002,
            },
          ],
        },
      ],
    },
  ]);
  assert.equal(
    here.log.count(
      '1 MH/s of scrypt on litecoin: 0.0025 BTC a day; difficulty 20.1166, reward 1, 1 coins a day: Kraken LTC/BTC at 0.0025 (0.0025 BTC), Binance LTC/BTC at 0.001 (0.001 BTC).',
    ),
    1,
  );
});

test('a refused move is said once, the table shows the coin that stays, and it is tried again', async (t) => {
  const here = await ground(t);
  here.price('LTC', 0.001);
  here.price('DOGE', 0.000002);
  here.state.refusal = 'the pool for dogecoin is not started.';
  await here.round();
  await here.round();
  assert.equal(
    here.log.count(
      'The switch "switch1" could not be moved from litecoin to dogecoin: the pool for dogecoin is not started.',
    ),
    1,
  );
  assert.deepEqual(here.state.tables.at(-1)?.algorithms[0]?.switches, [
    { name: 'switch1', coin: 'litecoin' },
  ]);
  here.state.refusal = undefined;
  await here.round();
  assert.deepEqual(here.state.moves, ['dogecoin switch1']);
});

test('where the portal refuses the best coin, the next one that pays more is taken', async (t) => {
  const vertcoin = pool('vertcoin', 'VTC');
  const here = await ground(t, { pools: [litecoin, dogecoin, vertcoin] });
  here.state.running.add('vertcoin');
  here.state.facts.set('vertcoin', { difficulty: 1, reward: 1 });
  here.price('LTC', 0.001);
  here.price('DOGE', 0.000002);
  here.price('VTC', 1);
  here.state.refused = 'vertcoin';
  await here.round();
  await here.round();
  assert.deepEqual(here.state.moves, ['dogecoin switch1']);
  assert.equal(
    here.log.count('The switch "switch1" could not be moved from litecoin to vertcoin'),
    1,
  );
});

test('a portal that does not say which pools run has nothing switched, said once', async (t) => {
  const here = await ground(t);
  here.state.portalDown = true;
  await here.round();
  await here.round();
  assert.equal(here.state.asks, 0);
  assert.equal(here.log.count('Nothing is switched: the portal does not answer.'), 1);
});

test('a round that is broken off moves nothing and publishes nothing', async (t) => {
  const here = await ground(t);
  const stop = new AbortController();
  here.server.always(() => stop.abort());
  await here.switcher.round(here.pools, stop.signal);
  assert.deepEqual(here.state.moves, []);
  assert.deepEqual(here.state.tables, []);
  assert.equal(here.warnings(), 0);
});
