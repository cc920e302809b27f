import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enabledExchanges } from '../../../libs/switching/exchanges/all.ts';
import { ReplyError } from '../../../libs/switching/exchanges/replies.ts';
import { profitConfig } from '../config.ts';
import { documented } from '../documentedAnswers.ts';

const dogecoin = { coin: 'DOGE', money: 'BTC' };

for (const { adapter, ...told } of documented) {
  test(`${adapter.title} is asked for the markets by its own symbols`, () => {
    assert.equal(adapter.bookPath(dogecoin), told.bookPath);
    assert.equal(adapter.tickerPath(dogecoin), told.tickerPath);
  });

  test(`the answers that the documentation of ${adapter.title} shows are understood`, () => {
    const bids = adapter.parseBook(JSON.parse(told.book));
    assert.deepEqual(
      bids.map(({ price, quantity }) => [price, quantity]),
      told.bids,
    );
    assert.deepEqual(adapter.parseTicker(JSON.parse(told.ticker)), told.best);
  });

  test(`${adapter.title} says that it does not know a market by HTTP 400 or in its own words`, () => {
    const { status, body } = told.unknownPair;
    assert.ok(status === 400 || adapter.isUnknownPair(JSON.parse(body)));
    assert.equal(adapter.isUnknownPair(JSON.parse(told.book)), false);
    assert.equal(adapter.isUnknownPair(JSON.parse(told.ticker)), false);
  });

  test(`nothing that ${adapter.title} could answer is thrown as anything but a ReplyError`, () => {
    const odd: unknown[] = [null, 0, '', 'x', [], [null], [[]], {}, { data: null }, { bids: {} }];
    odd.push({ error: [] }, { error: [], result: null }, { error: [], result: { X: null } });
    odd.push({ code: '200000' }, { code: 0 }, { code: 0, data: [] }, { code: 1, data: {} });
    odd.push({ error: [{ toString: 1 }], result: {} }, { code: { toString: 1 } });
    for (const reply of odd) {
      assert.throws(() => adapter.parseBook(reply), ReplyError);
      assert.throws(() => adapter.parseTicker(reply), ReplyError);
      assert.equal(typeof adapter.isUnknownPair(reply), 'boolean');
    }
  });

  const [first] = told.bids;
  const price = String(first?.[0]);
  const changes: readonly (readonly [string, string])[] = [
    ['"NaN"', 'is no number'],
    ['null', 'is no number'],
    ['"-1"', 'is not above 0'],
    ['"0"', 'is not above 0'],
    ['"1e999"', 'is no number'],
    ['"0x10"', 'is no number'],
  ];
  for (const [wrong, why] of changes) {
    test(`a book of ${adapter.title} with the price ${wrong} is refused`, () => {
      const shown = new RegExp(`"${price.replaceAll('.', '\\.')}(\\.?0*)"`);
      const book = told.book.replace(shown, wrong);
      assert.notEqual(book, told.book);
      assert.throws(() => adapter.parseBook(JSON.parse(book)), new RegExp(why));
    });
  }
}

test('a quantity below 0 is refused', () => {
  const [poloniex, binance] = documented.map(({ adapter }) => adapter);
  assert.throws(() => poloniex?.parseBook({ bids: ['1', '-2'] }), /quantity below 0/);
  assert.throws(() => binance?.parseBook({ bids: [['1', '-2']] }), /quantity below 0/);
});

test('a flat book whose last price has no quantity is refused', () => {
  const [poloniex] = documented.map(({ adapter }) => adapter);
  assert.throws(
    () => poloniex?.parseBook({ bids: ['1', '2', '0.9'] }),
    /quantity that is no number/,
  );
});

test('each flag enables its exchange, and a base URL of the configuration takes the place of its own', () => {
  assert.deepEqual(enabledExchanges(profitConfig()), []);
  const all = enabledExchanges(
    profitConfig({
      ...{ usePoloniex: true, useBinance: true, useKraken: true, useKucoin: true },
      ...{ useMexc: true, useGateio: true, useCoinex: true },
      exchangeUrls: { binance: 'https://api.binance.us/' },
    }),
  );
  assert.deepEqual(
    all.map(({ title, baseUrl }) => `${title} ${baseUrl}`),
    [
      'Poloniex https://api.poloniex.com',
      'Binance https://api.binance.us',
      'Kraken https://api.kraken.com',
      'KuCoin https://api.kucoin.com',
      'MEXC https://api.mexc.com',
      'Gate.io https://api.gateio.ws',
      'CoinEx https://api.coinex.com',
    ],
  );
});
