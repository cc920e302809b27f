import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProfitTable, parseProfitTable } from '../../libs/redis/profitability.ts';

const table: ProfitTable = {
  time: 1_767_225_600_000,
  algorithms: [
    {
      algorithm: 'scrypt',
      switches: [{ name: 'switch1', coin: 'litecoin' }],
      coins: [
        {
          ...{ coin: 'litecoin', symbol: 'LTC', running: true, difficulty: 3e7, reward: 6.25 },
          ...{ coinsPerDay: 4.19e-6, btcPerDay: 4.6e-9 },
          markets: [
            { exchange: 'Kraken', pair: 'LTC/BTC', bid: 0.0011, btc: 0.0011, btcPerDay: 4.6e-9 },
          ],
        },
        {
          ...{ coin: 'dogecoin', symbol: 'DOGE', running: false, difficulty: undefined },
          ...{ reward: undefined, coinsPerDay: undefined, btcPerDay: undefined, markets: [] },
        },
      ],
    },
  ],
};

test('a table comes back from its JSON as it was', () => {
  assert.deepEqual(parseProfitTable(JSON.stringify(table)), table);
});

test('what is no table is none', () => {
  for (const text of ['', 'null', '[]', '3', '{}', '{"time":"now"}', '{"time":-1}', '{"time":1']) {
    assert.equal(parseProfitTable(text), undefined, text);
  }
});

test('odd parts of a table are left out', () => {
  const odd = {
    time: 1,
    algorithms: [
      null,
      { algorithm: 7 },
      {
        algorithm: '<b>',
        switches: [{ name: 's' }, 'x', { name: 's', coin: 'a' }],
        coins: [
          { coin: 1 },
          {
            coin: 'a',
            running: 'yes',
            btcPerDay: '1',
            reward: -1,
            markets: [{ exchange: 'K' }, 2],
          },
        ],
      },
    ],
  };
  assert.deepEqual(parseProfitTable(JSON.stringify(odd)), {
    time: 1,
    algorithms: [
      {
        algorithm: '<b>',
        switches: [{ name: 's', coin: 'a' }],
        coins: [
          {
            ...{ coin: 'a', symbol: '', running: false, difficulty: undefined, reward: undefined },
            ...{ coinsPerDay: undefined, btcPerDay: undefined, markets: [] },
          },
        ],
      },
    ],
  });
  assert.deepEqual(parseProfitTable('{"time":1,"algorithms":{}}'), { time: 1, algorithms: [] });
});
