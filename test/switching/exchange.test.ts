import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { millis } from '../../libs/primitives/units.ts';
import { Exchange, type ExchangeAnswer } from '../../libs/switching/exchange.ts';
import { binance } from '../../libs/switching/exchanges/binance.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { type MemoryLog, memoryLog } from '../support/memoryLog.ts';
import { documented } from './documentedAnswers.ts';
import { StandInExchange } from './standInExchange.ts';

const book = (symbol: string) => `/api/v3/depth?symbol=${symbol}&limit=100`;
const ticker = (symbol: string) => `/api/v3/ticker/bookTicker?symbol=${symbol}`;
const bids = (...list: [string, string][]) => JSON.stringify({ bids: list, asks: [] });
const offers = (bidPrice: string, askPrice: string) => JSON.stringify({ bidPrice, askPrice });

interface Ground {
  readonly server: StandInExchange;
  readonly log: MemoryLog;
  readonly clock: { now: number };
  ask(symbols?: readonly string[], depth?: number): Promise<ExchangeAnswer>;
}

async function ground(t: TestContext, patience = 5_000): Promise<Ground> {
  const server = await StandInExchange.start(t);
  const log = memoryLog();
  const clock = { now: Date.UTC(2026, 0, 1) };
  const exchange = new Exchange(server.at(binance), {
    log,
    now: () => millis(clock.now),
    limits: { patience, longest: 10_000 },
    pace: 0,
  });
  const { signal } = new AbortController();
  return {
    ...{ server, log, clock },
    ask: (symbols = ['DOGE'], depth = 0.9) => exchange.ask(symbols, depth, signal),
  };
}

/** A market that is as it should be, and the warnings so far. */
function sound({ server }: Ground): void {
  server.answer(book('DOGEBTC'), bids(['0.000002', '100']));
}
const warnings = ({ log }: Ground) => log.count('[warning]');
const quotesOf = (answer: ExchangeAnswer, symbol = 'DOGE') =>
  answer?.get(symbol)?.quotes.map(({ pair, btc }) => `${pair} ${Number(btc.toPrecision(12))}`);

test('markets against BTC, LTC and USDT become BTC at the rates of the exchange itself', async (t) => {
  const here = await ground(t);
  here.server.answer(
    book('DOGEBTC'),
    bids(['0.000002', '100'], ['0.0000019', '300'], ['0.0000017', '9']),
  );
  here.server.answer(book('DOGELTC'), bids(['0.002', '50']));
  here.server.answer(book('DOGEUSDT'), bids(['0.25', '70']));
  here.server.answer(ticker('LTCBTC'), offers('0.0011', '0.0012'));
  here.server.answer(ticker('BTCUSDT'), offers('99000', '100000'));
  // (2 × 100 + 1.9 × 300) / 400 = 1.925; 0.002 LTC × 0.0011, its bid; 0.25 USDT / 100,000, its ask.
  assert.deepEqual(quotesOf(await here.ask()), [
    'DOGE/BTC 0.000001925',
    'DOGE/LTC 0.0000022',
    'DOGE/USDT 0.0000025',
  ]);
  assert.equal(warnings(here), 0);
});

test('rates are asked for once in a round, and litecoin is not asked for in litecoins', async (t) => {
  const here = await ground(t);
  here.server.answer(book('DOGEUSDT'), bids(['0.25', '70']));
  here.server.answer(book('LTCUSDT'), bids(['110', '70']));
  here.server.answer(ticker('BTCUSDT'), offers('99000', '100000'));
  const answer = await here.ask(['DOGE', 'LTC']);
  assert.deepEqual(quotesOf(answer, 'LTC'), ['LTC/USDT 0.0011']);
  assert.equal(here.server.asked.filter((path) => path === ticker('BTCUSDT')).length, 1);
  assert.ok(!here.server.asked.includes(book('LTCLTC')));
});

test('a market that is missing is no trouble, and is not asked for again for an hour', async (t) => {
  const here = await ground(t);
  sound(here);
  assert.deepEqual(quotesOf(await here.ask()), ['DOGE/BTC 0.000002']);
  const asked = here.server.asked.length;
  assert.equal(asked, 3);
  await here.ask();
  assert.equal(here.server.asked.length, asked + 1);
  here.clock.now += 3_600_001;
  here.server.answer(book('DOGELTC'), bids(['0.002', '50']));
  here.server.answer(ticker('LTCBTC'), offers('0.0011', '0.0012'));
  assert.deepEqual(quotesOf(await here.ask()), ['DOGE/BTC 0.000002', 'DOGE/LTC 0.0000022']);
  assert.equal(warnings(here), 0);
});

test('a coin that the exchange does not trade is told from one that it says nothing about', async (t) => {
  const here = await ground(t);
  sound(here);
  for (let round = 0; round < 2; round++) {
    const answer = await here.ask(['DOGE', 'XYZ']);
    assert.deepEqual(answer?.get('XYZ'), { quotes: [], listed: false });
  }
  assert.equal(here.log.count('Binance does not trade XYZ for BTC, LTC or USDT.'), 1);
});

test('an exchange that knows none of the coins nor bitcoin is left out', async (t) => {
  const here = await ground(t);
  assert.equal(await here.ask(), undefined);
  here.server.answer(ticker('BTCUSDT'), offers('99000', '100000'));
  here.clock.now += 3_600_001;
  assert.deepEqual((await here.ask())?.get('DOGE'), { quotes: [], listed: false });
});

test('an empty book brings no price: the market is left out, which is said once', async (t) => {
  const here = await ground(t);
  here.server.answer(book('DOGEBTC'), bids());
  here.server.answer(book('DOGEUSDT'), bids(['0.25', '70']));
  here.server.answer(ticker('BTCUSDT'), offers('99000', '100000'));
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(quotesOf(await here.ask()), ['DOGE/USDT 0.0000025']);
  }
  assert.equal(warnings(here), 1);
  assert.equal(here.log.count('On Binance nobody offers to buy in the market DOGE/BTC.'), 1);
});

test('a market without a rate to BTC is left out, which is said once', async (t) => {
  const here = await ground(t);
  sound(here);
  here.server.answer(book('DOGELTC'), bids(['0.002', '50']));
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(quotesOf(await here.ask()), ['DOGE/BTC 0.000002']);
  }
  assert.equal(here.log.count('gives no rate from LTC to BTC: DOGE/LTC is left out.'), 1);
});

const never = (): void => undefined;
const broken: readonly {
  readonly what: string;
  readonly behaviour: Parameters<StandInExchange['always']>[0];
  readonly says: string;
}[] = [
  { what: 'slow', behaviour: never, says: 'Binance gives no answer within 0.2 s.' },
  {
    what: 'slow with the rest of its answer',
    behaviour: (response) => void response.writeHead(200).write('{"bids":'),
    says: 'Binance gives no answer within 0.2 s.',
  },
  { what: 'an error 500', behaviour: { status: 500, body: '{}' }, says: 'answers HTTP 500.' },
  { what: 'an error 403', behaviour: { status: 403, body: '{}' }, says: 'answers HTTP 403.' },
  {
    what: 'HTML',
    behaviour: { headers: { 'content-type': 'text/html' }, body: '<html>maintenance</html>' },
    says: 'answers HTTP 200, no JSON.',
  },
  { what: 'half an answer', behaviour: '{"bids":[["1",', says: 'answers HTTP 200, no JSON.' },
  { what: 'NaN', behaviour: '{"bids":[[NaN,1]]}', says: 'answers HTTP 200, no JSON.' },
  { what: '"NaN"', behaviour: bids(['NaN', '1']), says: 'gives a price that is no number' },
  {
    what: 'a negative price',
    behaviour: bids(['-1', '1']),
    says: 'gives a price that is not above',
  },
  {
    what: 'a price of zero',
    behaviour: bids(['0', '1']),
    says: 'gives a price that is not above 0',
  },
  { what: 'a negative quantity', behaviour: bids(['1', '-1']), says: 'gives a quantity below 0' },
  { what: 'an object without bids', behaviour: '{}', says: 'answers without a list of bids' },
  {
    what: 'more than it should',
    behaviour: `"${'x'.repeat(20_000)}"`,
    says: 'answers with more than 10000 bytes.',
  },
  {
    what: 'a redirect',
    behaviour: { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
    says: 'redirects to somewhere else (HTTP 302).',
  },
  {
    what: 'a closed connection',
    behaviour: (response) => void response.destroy(),
    says: 'cannot be asked: ',
  },
];

for (const { what, behaviour, says } of broken) {
  test(`an exchange that gives ${what} is left out, said once, and taken back when it is well`, async (t) => {
    const here = await ground(t, 200);
    sound(here);
    here.server.always(behaviour);
    assert.equal(await here.ask(), undefined);
    assert.equal(await here.ask(), undefined);
    assert.equal(
      here.log.count(`Binance ${says.replace(/^Binance /, '')}`),
      1,
      here.log.lines.join(''),
    );
    assert.equal(warnings(here), 1);
    here.server.always(undefined);
    assert.deepEqual(quotesOf(await here.ask()), ['DOGE/BTC 0.000002']);
    assert.equal(here.log.count('Binance answers again.'), 1);
  });
}

test('an exchange that nobody answers for is left out', async () => {
  const log = memoryLog();
  const [port] = await freePorts(1);
  const exchange = new Exchange(
    { ...binance, baseUrl: `http://127.0.0.1:${port}` },
    { log, now: () => millis(0), pace: 0 },
  );
  assert.equal(await exchange.ask(['DOGE'], 0.9, new AbortController().signal), undefined);
  assert.equal(log.count(/Binance cannot be asked: .*ECONNREFUSED/), 1);
});

const limited = {
  '120 seconds': ['120', 120_000],
  'a date': ['Thu, 01 Jan 2026 00:05:00 GMT', 300_000],
  nothing: [undefined, 60_000],
  nonsense: ['soon', 60_000],
} as const;

for (const [what, [header, wait]] of Object.entries(limited)) {
  test(`after a 429 whose Retry-After says ${what} the exchange is left alone for ${wait / 1000} s`, async (t) => {
    const here = await ground(t);
    sound(here);
    const headers = header === undefined ? {} : { 'retry-after': header };
    here.server.always({ status: 429, headers, body: '{"code":-1003}' });
    assert.equal(await here.ask(), undefined);
    here.server.always(undefined);
    here.clock.now += wait - 1;
    assert.equal(await here.ask(), undefined);
    assert.equal(here.server.asked.length, 1);
    here.clock.now += 1;
    assert.deepEqual(quotesOf(await here.ask()), ['DOGE/BTC 0.000002']);
    const until = new Date(Date.UTC(2026, 0, 1) + wait).toISOString();
    assert.equal(here.log.count(`Binance is not to be asked before ${until}.`), 1);
    assert.equal(warnings(here), 1);
  });
}

test('a refusal in the words of the exchange costs one market, not the round', async (t) => {
  const kraken = documented.find(({ adapter }) => adapter.name === 'kraken');
  assert.ok(kraken);
  const server = await StandInExchange.start(t);
  const log = memoryLog();
  const exchange = new Exchange(server.at(kraken.adapter), { log, now: () => millis(0), pace: 0 });
  server.answer('/0/public/Depth?pair=XDGXBT&count=100', kraken.book);
  server.answer('/0/public/Depth?pair=XDGUSDT&count=100', '{"error":["EService:Unavailable"]}');
  const answer = await exchange.ask(['DOGE'], 0.9, new AbortController().signal);
  assert.equal(quotesOf(answer)?.length, 1);
  assert.equal(log.count('Kraken answers with an error (EService:Unavailable) to the question'), 1);
});

test('each documented exchange gives a price from its documented answers', async (t) => {
  for (const { adapter, book: answer, bids: shown } of documented) {
    const server = await StandInExchange.start(t);
    server.answer(adapter.bookPath({ coin: 'DOGE', money: 'BTC' }), answer);
    const exchange = new Exchange(server.at(adapter), {
      ...{ log: memoryLog(), now: () => millis(0), pace: 0 },
    });
    // At depth 1 the weighted bid is the best one.
    const given = await exchange.ask(['DOGE'], 1, new AbortController().signal);
    assert.deepEqual(quotesOf(given), [`DOGE/BTC ${shown[0]?.[0]}`], adapter.title);
  }
});

test('a round that is broken off says nothing', async (t) => {
  const here = await ground(t);
  const stop = new AbortController();
  const exchange = new Exchange(here.server.at(binance), {
    ...{ log: here.log, now: () => millis(0), pace: 0 },
  });
  here.server.always(() => stop.abort());
  assert.equal(await exchange.ask(['DOGE'], 0.9, stop.signal), undefined);
  assert.equal(warnings(here), 0);
});
