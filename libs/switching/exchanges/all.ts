import type { ProfitSwitchConfig } from '../../config/types.ts';
import type { ExchangeAdapter } from './adapter.ts';
import { binance } from './binance.ts';
import { coinex } from './coinex.ts';
import { gateio } from './gateio.ts';
import { kraken } from './kraken.ts';
import { kucoin } from './kucoin.ts';
import { mexc } from './mexc.ts';
import { poloniex } from './poloniex.ts';

/** Those that the configuration asks for, at the base URLs that it names. */
export function enabledExchanges(config: ProfitSwitchConfig): readonly ExchangeAdapter[] {
  const wanted: readonly (readonly [boolean, ExchangeAdapter])[] = [
    [config.usePoloniex, poloniex],
    [config.useBinance, binance],
    [config.useKraken, kraken],
    [config.useKucoin, kucoin],
    [config.useMexc, mexc],
    [config.useGateio, gateio],
    [config.useCoinex, coinex],
  ];
  return wanted
    .filter(([enabled]) => enabled)
    .map(([, adapter]) => {
      const url = config.exchangeUrls[adapter.name] ?? adapter.baseUrl;
      return { ...adapter, baseUrl: url.replace(/\/+$/, '') };
    });
}
