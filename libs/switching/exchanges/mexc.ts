import type { ExchangeAdapter } from './adapter.ts';
import { binance } from './binance.ts';

// https://mexcdevelop.github.io/apidocs/spot_v3_en: Binance's paths and answers.

export const mexc: ExchangeAdapter = {
  ...binance,
  name: 'mexc',
  title: 'MEXC',
  baseUrl: 'https://api.mexc.com',
};
