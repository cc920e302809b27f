import type { ExchangeAdapter } from '../../libs/switching/exchanges/adapter.ts';
import { binance } from '../../libs/switching/exchanges/binance.ts';
import { coinex } from '../../libs/switching/exchanges/coinex.ts';
import { gateio } from '../../libs/switching/exchanges/gateio.ts';
import { kraken } from '../../libs/switching/exchanges/kraken.ts';
import { kucoin } from '../../libs/switching/exchanges/kucoin.ts';
import { mexc } from '../../libs/switching/exchanges/mexc.ts';
import { poloniex } from '../../libs/switching/exchanges/poloniex.ts';

// What each exchange's documentation shows as its answers, shortened where they are long.

export interface Documented {
  readonly adapter: ExchangeAdapter;
  /** For DOGE/BTC. */
  readonly bookPath: string;
  readonly tickerPath: string;
  readonly book: string;
  readonly bids: readonly (readonly [number, number])[];
  readonly ticker: string;
  readonly best: { readonly bid: number; readonly ask: number };
  readonly unknownPair: { readonly status: number; readonly body: string };
}

const binanceBook =
  '{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}';
const binanceTicker =
  '{"symbol":"LTCBTC","bidPrice":"4.00000000","bidQty":"431.00000000","askPrice":"4.00000200","askQty":"9.00000000"}';
const binanceUnknown = { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };

export const documented: readonly Documented[] = [
  {
    adapter: poloniex,
    bookPath: '/markets/DOGE_BTC/orderBook?limit=150',
    tickerPath: '/markets/DOGE_BTC/ticker24h',
    book: `{
      "time" : 1677005825632, "scale" : "0.01",
      "asks" : [ "24702.89", "0.046082", "24702.90", "0.001681" ],
      "bids" : [ "24700.03", "1.006472", "24700.02", "0.001208", "24698.71", "0.607319" ],
      "ts" : 1677005825637
    }`,
    bids: [
      [24700.03, 1.006472],
      [24700.02, 0.001208],
      [24698.71, 0.607319],
    ],
    ticker: `{
      "symbol" : "BTS_BTC", "open" : "0.0000005026", "low" : "0.0000004851", "high" : "0.0000005799",
      "close" : "0.0000004851", "quantity" : "34444", "amount" : "0.0179936481", "tradeCount" : 48,
      "startTime" : 1676918100000, "closeTime" : 1677004501011, "displayName" : "BTS/BTC",
      "dailyChange" : "-0.0348", "bid" : "0.0000004852", "bidQuantity" : "725", "ask" : "0.0000004962",
      "askQuantity" : "238", "ts" : 1677004503839, "markPrice" : "0.000000501"
    }`,
    best: { bid: 0.0000004852, ask: 0.0000004962 },
    unknownPair: { status: 400, body: '{"code":24106,"message":"Trading symbol not supported"}' },
  },
  {
    adapter: binance,
    bookPath: '/api/v3/depth?symbol=DOGEBTC&limit=100',
    tickerPath: '/api/v3/ticker/bookTicker?symbol=DOGEBTC',
    book: binanceBook,
    bids: [[4, 431]],
    ticker: binanceTicker,
    best: { bid: 4, ask: 4.000002 },
    unknownPair: binanceUnknown,
  },
  {
    adapter: mexc,
    bookPath: '/api/v3/depth?symbol=DOGEBTC&limit=100',
    tickerPath: '/api/v3/ticker/bookTicker?symbol=DOGEBTC',
    book: '{"lastUpdateId":1377043284,"bids":[["30225.77","0.075"]],"asks":[["30225.80","5.597"]]}',
    bids: [[30225.77, 0.075]],
    ticker:
      '{"symbol":"AEUSDT","bidPrice":"0.11001","bidQty":"115.59","askPrice":"0.11127","askQty":"215.48"}',
    best: { bid: 0.11001, ask: 0.11127 },
    unknownPair: binanceUnknown,
  },
  {
    adapter: kraken,
    bookPath: '/0/public/Depth?pair=XDGXBT&count=100',
    tickerPath: '/0/public/Ticker?pair=XDGXBT',
    book: `{"error":[],"result":{"XXBTZUSD":{
      "asks":[["30384.10000","2.059",1688671659],["30387.90000","1.500",1688671380]],
      "bids":[["30297.00000","1.115",1688671636],["30296.70000","2.002",1688671674]]}}}`,
    bids: [
      [30297, 1.115],
      [30296.7, 2.002],
    ],
    ticker: `{"error":[],"result":{"XXBTZUSD":{
      "a":["30300.10000","1","1.000"],"b":["30300.00000","1","1.000"],"c":["30303.20000","0.00067643"],
      "v":["4083.67001100","4412.73601799"],"p":["30706.77771","30689.13205"],"t":[34619,38907],
      "l":["29868.30000","29868.30000"],"h":["31631.00000","31631.00000"],"o":"30502.80000"}}}`,
    best: { bid: 30300, ask: 30300.1 },
    unknownPair: { status: 200, body: '{"error":["EQuery:Unknown asset pair"]}' },
  },
  {
    adapter: kucoin,
    bookPath: '/api/v1/market/orderbook/level2_100?symbol=DOGE-BTC',
    tickerPath: '/api/v1/market/orderbook/level1?symbol=DOGE-BTC',
    book: `{"code":"200000","data":{"sequence":"3262786978","time":1550653727731,
      "bids":[["6500.12","0.45054140"],["6500.11","0.45054140"]],
      "asks":[["6500.16","0.57753524"],["6500.15","0.57753524"]]}}`,
    bids: [
      [6500.12, 0.4505414],
      [6500.11, 0.4505414],
    ],
    ticker: `{"code":"200000","data":{"sequence":"1550467636704","bestAsk":"0.03715004","size":"0.17",
      "price":"0.03715005","bestBidSize":"3.803","bestBid":"0.03710768","bestAskSize":"1.788",
      "time":1550653727731}}`,
    best: { bid: 0.03710768, ask: 0.03715004 },
    unknownPair: { status: 200, body: '{"code":"900001","msg":"symbol not exists"}' },
  },
  {
    adapter: gateio,
    bookPath: '/api/v4/spot/order_book?currency_pair=DOGE_BTC&limit=100',
    tickerPath: '/api/v4/spot/tickers?currency_pair=DOGE_BTC',
    book: `{"id":123456,"current":1623898993123,"update":1623898993121,
      "asks":[["1.52","1.151"],["1.53","1.218"]],"bids":[["1.17","201.863"],["1.16","725.464"]]}`,
    bids: [
      [1.17, 201.863],
      [1.16, 725.464],
    ],
    ticker: `[{"currency_pair":"BTC3L_USDT","last":"2.46140352","lowest_ask":"2.477",
      "highest_bid":"2.4606821","change_percentage":"-8.91","change_utc0":"-8.91","change_utc8":"-8.91",
      "base_volume":"656614.0845820589","quote_volume":"1602221.66468375534639404191",
      "high_24h":"2.7431","low_24h":"1.9863"}]`,
    best: { bid: 2.4606821, ask: 2.477 },
    unknownPair: {
      status: 400,
      body: '{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair DOGE_BTC"}',
    },
  },
  {
    adapter: coinex,
    bookPath: '/v2/spot/depth?market=DOGEBTC&limit=50&interval=0',
    tickerPath: '/v2/spot/ticker?market=DOGEBTC',
    book: `{"code":0,"data":{"market":"BTCUSDT","is_full":true,"depth":{
      "asks":[["30740.00","0.31763545"],["30769.00","1.45155000"]],
      "bids":[["30736.00","0.04857373"],["30733.00","0.84696320"],["30725.00","0.12563353"],["30422.00","0"]],
      "last":"30746.28","updated_at":1689152421692,"checksum":2578768879}},"message":"OK"}`,
    bids: [
      [30736, 0.04857373],
      [30733, 0.8469632],
      [30725, 0.12563353],
      [30422, 0],
    ],
    ticker: `{"code":0,"data":[{"market":"LATUSDT","last":"0.008157","open":"0.008286",
      "close":"0.008157","high":"0.008390","low":"0.008106","volume":"807714.49139758",
      "volume_sell":"286170.69645599","volume_buy":"266161.23236408","value":"6689.21644207",
      "period":86400}],"message":"OK"}`,
    best: { bid: 0.008157, ask: 0.008157 },
    unknownPair: { status: 200, body: '{"code":3639,"data":{},"message":"Invalid Parameter"}' },
  },
];
