import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { portalFields } from '../../libs/config/portalSchema.ts';
import { configFolder, load, pool } from './configFolder.ts';
import { errorOf, read } from './readSchema.ts';

const profitSwitch = portalFields.profitSwitch.schema;

/** The blocks of NOMP 0.0.4's config_example.json, as they stand there. */
const nompBlocks = (enabled: boolean) => `
    "switching": {
        "switch1": {
            "enabled": ${enabled},
            "algorithm": "sha256",
            "ports": {
                "3333": {
                    "diff": 10,
                    "varDiff": {
                        "minDiff": 16,
                        "maxDiff": 512,
                        "targetTime": 15,
                        "retargetTime": 90,
                        "variancePercent": 30
                    }
                }
            }
        },
        "switch2": {
            "enabled": ${enabled},
            "algorithm": "scrypt",
            "ports": {
                "4444": {
                    "diff": 10,
                    "varDiff": {
                        "minDiff": 16,
                        "maxDiff": 512,
                        "targetTime": 15,
                        "retargetTime": 90,
                        "variancePercent": 30
                    }
                }
            }
        },
        "switch3": {
            "enabled": ${enabled},
            "algorithm": "x11",
            "ports": {
                "5555": {
                    "diff": 0.001,
                    "varDiff": {
                        "minDiff": 0.001,
                        "maxDiff": 1,
                        "targetTime": 15,
                        "retargetTime": 60,
                        "variancePercent": 30
                    }
                }
            }
        }
    },

    "profitSwitch": {
        "enabled": ${enabled},
        "updateInterval": 600,
        "depth": 0.90,
        "usePoloniex": true,
        "useCryptsy": true,
        "useMintpal": true,
        "useBittrex": true
    }`;

function loadBlocks(t: TestContext, enabled: boolean) {
  const config = `{${nompBlocks(enabled)}}`;
  const coins = ['bitcoin', 'dash', 'litecoin'];
  const pools = coins.map((coin, at) => [
    `pool_configs/${coin}.json`,
    pool({ coin: `${coin}.json`, ports: { [3001 + at]: { diff: 8 } } }),
  ]);
  return load(configFolder(t, { 'config.json': config, ...Object.fromEntries(pools) }));
}

for (const enabled of [false, true]) {
  test(`the switching and profitSwitch blocks of NOMP's config_example.json load unchanged (enabled: ${enabled})`, (t) => {
    const { portal, errors, warnings } = loadBlocks(t, enabled);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      warnings.map((warning) => warning.replace(/^config\.json:\d+:\d+ /, '')),
      [
        'profitSwitch.useCryptsy: does nothing: the exchange Cryptsy is gone',
        'profitSwitch.useMintpal: does nothing: the exchange Mintpal is gone',
        'profitSwitch.useBittrex: does nothing: the exchange Bittrex is gone',
      ],
    );
    assert.deepEqual(Object.keys(portal?.switching ?? {}), ['switch1', 'switch2', 'switch3']);
    assert.deepEqual(portal?.switching['switch3']?.ports['5555']?.varDiff, {
      ...{ minDiff: 0.001, maxDiff: 1, targetTime: 15, retargetTime: 60, variancePercent: 30 },
    });
    assert.deepEqual(portal?.profitSwitch, {
      ...{ enabled, updateInterval: 600, depth: 0.9, minimumGain: 0 },
      ...{ usePoloniex: true, useBinance: false, useKraken: false, useKucoin: false },
      ...{ useMexc: false, useGateio: false, useCoinex: false, exchangeUrls: {} },
    });
  });
}

test('flags of exchanges that are gone do nothing, whatever their value, and are warned about once each', () => {
  for (const value of ['false', '1', '"no"', 'null']) {
    const { value: config, lines } = read(profitSwitch, `{"useCryptsy": ${value}}`);
    assert.deepEqual(lines, [
      'warning x:1:2 f.useCryptsy: does nothing: the exchange Cryptsy is gone',
    ]);
    assert.equal(config?.enabled, false);
    assert.ok(!Object.keys(config ?? {}).includes('useCryptsy'));
  }
});

test('minimumGain is a percentage of 0 or more', () => {
  assert.equal(read(profitSwitch, '{"enabled": true, "minimumGain": 2.5}').value?.minimumGain, 2.5);
  assert.match(
    errorOf(profitSwitch, '{"enabled": true, "minimumGain": -1}'),
    /f\.minimumGain: must be/,
  );
});

test('depth is a part from 0 to 1', () => {
  assert.match(errorOf(profitSwitch, '{"enabled": true, "depth": 1.1}'), /f\.depth: must be/);
  assert.match(errorOf(profitSwitch, '{"enabled": true, "depth": -0.1}'), /f\.depth: must be/);
});

test('exchangeUrls takes http and https URLs for the known exchanges', () => {
  const urls = '{"binance": "https://api.binance.us", "kraken": "http://127.0.0.1:8080/kraken"}';
  const { value, lines } = read(profitSwitch, `{"enabled": true, "exchangeUrls": ${urls}}`);
  assert.deepEqual(lines, []);
  assert.deepEqual(value?.exchangeUrls, JSON.parse(urls));
  const wrong = ['ftp://x', 'api.binance.com', 'https://user:pass@x', 'https://x/?a=1', 'https://'];
  for (const url of wrong) {
    const text = `{"enabled": true, "exchangeUrls": {"binance": "${url}"}}`;
    assert.match(errorOf(profitSwitch, text), /f\.exchangeUrls\.binance: must be a URL/, url);
  }
  const unknown = read(profitSwitch, '{"exchangeUrls": {"binanc": "https://x.example"}}');
  assert.deepEqual(unknown.lines, [
    'warning x:1:19 f.exchangeUrls.binanc: unknown key, it does nothing (did you mean "binance"?)',
  ]);
});
