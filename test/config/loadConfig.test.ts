import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import {
  algorithmNames,
  configFolder,
  daemon,
  load,
  loadPool,
  onlyPool,
  pool,
} from './configFolder.ts';

const nomp = join(installRoot, 'test', 'vectors', 'nomp-0.0.4');

test('a folder written for NOMP 0.0.4 loads unchanged', () => {
  const { errors, warnings, portal, pools } = load(nomp);
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, [
    'config.json:43:13 website.stats.graphColors: is not used any more: the charts choose their colours',
    'config.json:47:25 website.adminCenter.password: stands in plain text: a "passwordHash" made by "node scripts/cli.js hash-password" is safer',
    'config.json:105:9 profitSwitch.useCryptsy: does nothing: the exchange Cryptsy is gone',
    'config.json:106:9 profitSwitch.useMintpal: does nothing: the exchange Mintpal is gone',
    'config.json:107:9 profitSwitch.useBittrex: does nothing: the exchange Bittrex is gone',
    'pool_configs/darkcoin_example.json:1:1 enabled: is missing: this file is no pool until it says "enabled": true',
    'pool_configs/dogecoin.json:34:5 auxes: unknown key, it does nothing',
  ]);
  assert.deepEqual(
    pools.map(({ file }) => file),
    ['pool_configs/dogecoin.json', 'pool_configs/litecoin.json'],
  );
  assert.equal(portal?.logLevel, 'debug');
  assert.equal(portal.cliPort, 17117);
  assert.deepEqual(portal.clustering, { enabled: true, forks: 'auto' });
  assert.equal(portal.website.stratumHost, 'pool.example.com');
  assert.deepEqual(Object.keys(portal.switching), ['switch1', 'switch2', 'switch3']);
  assert.equal(portal.switching['switch2']?.ports['4444']?.varDiff?.maxDiff, 512);
  const { enabled, updateInterval, depth, usePoloniex } = portal.profitSwitch;
  assert.deepEqual([enabled, updateInterval, depth, usePoloniex], [false, 600, 0.9, true]);
});

test('the pools of a NOMP 0.0.4 folder mean what they meant', () => {
  const [dogecoin, litecoin] = load(nomp).pools;
  assert.equal(litecoin?.address, 'LWFCLRbRgkGqJ4KBJ1DLfQmZBnvStzPzKE');
  assert.deepEqual(litecoin.rewardRecipients, [
    { to: 'LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv', percent: 1.5 },
    { to: '22851477d63a085dbc2398c8430af1c09e7343f6', percent: 0.1 },
  ]);
  assert.equal(litecoin.paymentProcessing.minimumPayment, '0.01');
  assert.deepEqual(
    litecoin.ports.map(({ port, diff, varDiff }) => [port, diff, varDiff?.targetTime]),
    [
      [3008, 8, undefined],
      [3032, 32, 15],
      [3256, 256, undefined],
    ],
  );
  assert.equal(litecoin.daemons.length, 2);
  assert.equal(litecoin.banning.enabled, true);
  assert.equal(litecoin.mposMode.database, 'ltc');
  assert.equal(dogecoin?.paymentProcessing.enabled, false);
  assert.equal(dogecoin.banning.enabled, false);
  assert.equal(dogecoin.connectionTimeout, 600);
  assert.deepEqual(dogecoin.rewardRecipients, []);
});

test('an untouched admin password of the original example is the one thing refused', (t) => {
  const dir = configFolder(t, {});
  cpSync(nomp, dir, { recursive: true });
  const config = readFileSync(join(dir, 'config.json'), 'utf8');
  writeFileSync(join(dir, 'config.json'), config.replace('"correct horse"', '"password"'));
  assert.deepEqual(load(dir).errors, [
    'config.json:47:25 website.adminCenter.password: is empty or "password" while the admin centre is enabled: choose a password of your own',
  ]);
});

test('the examples load without a problem, and the pool example when it is enabled too', (t) => {
  const dir = configFolder(t, {});
  mkdirSync(join(dir, 'pool_configs'));
  cpSync(join(installRoot, 'config_example.json'), join(dir, 'config.json'));
  const example = readFileSync(join(installRoot, 'pool_configs', 'litecoin_example.json'), 'utf8');
  writeFileSync(join(dir, 'pool_configs', 'litecoin_example.json'), example);
  const asShipped = load(dir);
  assert.deepEqual(asShipped.problems, []);
  assert.deepEqual(asShipped.pools, []);
  const enabled = example.replace('"enabled": false', '"enabled": true');
  writeFileSync(join(dir, 'pool_configs', 'litecoin.json'), enabled);
  const { problems, pools, portal } = load(dir);
  assert.deepEqual(problems, []);
  assert.equal(pools[0]?.coin.name, 'litecoin');
  assert.equal(portal?.website.adminCenter.enabled, false);
  assert.equal(portal.website.adminCenter.password, '');
});

test('an empty config.json gives every default', (t) => {
  const { portal, problems } = load(configFolder(t, { 'config.json': '{}', 'pool_configs/a': '' }));
  assert.deepEqual(problems, []);
  assert.deepEqual(portal, {
    logLevel: 'debug',
    logColors: true,
    logFormat: 'text',
    cliPort: 17117,
    clustering: { enabled: false, forks: 'auto' },
    website: {
      enabled: false,
      host: '0.0.0.0',
      port: 80,
      stratumHost: '',
      stats: { updateInterval: 60, historicalRetention: 43200, hashrateWindow: 300 },
      adminCenter: { enabled: false, password: '' },
      tlsOptions: { enabled: false, cert: '', key: '' },
      metricsPort: 0,
    },
    redis: { host: '127.0.0.1', port: 6379 },
    switching: {},
    profitSwitch: {
      ...{ enabled: false, updateInterval: 600, depth: 0.9, minimumGain: 0 },
      ...{ usePoloniex: false, useBinance: false, useKraken: false, useKucoin: false },
      ...{ useMexc: false, useGateio: false, useCoinex: false, exchangeUrls: {} },
    },
  });
});

test('a pool of the least fields gets every default', (t) => {
  const { file, coin, ...config } = onlyPool(loadPool(t, pool()));
  assert.equal(file, 'pool_configs/litecoin.json');
  assert.equal(coin.displayName, 'Litecoin');
  assert.deepEqual(config, {
    address: 'LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv',
    rewardRecipients: [],
    paymentProcessing: {
      enabled: false,
      paymentInterval: 60,
      minimumPayment: '0',
      daemon: { host: '127.0.0.1', port: 0, user: '', password: '' },
      scheme: 'PROP',
      pplnsWindow: 2,
    },
    ports: [{ port: 3008, diff: 8, extranonce2Size: 4, tls: false }],
    daemons: [daemon],
    p2p: { enabled: false, host: '127.0.0.1', port: 0, disableTransactions: true },
    zmq: { enabled: false, host: '127.0.0.1', port: 0 },
    longPoll: false,
    mposMode: {
      enabled: false,
      host: '127.0.0.1',
      port: 3306,
      user: '',
      password: '',
      database: '',
      checkPassword: false,
      autoCreateWorker: false,
    },
    blockRefreshInterval: 1000,
    jobRebroadcastTimeout: 55,
    connectionTimeout: 600,
    emitInvalidBlockHashes: false,
    validateWorkerUsername: true,
    tcpProxyProtocol: false,
    tcpProxyTrusted: [
      '127.0.0.0/8',
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '169.254.0.0/16',
      '::1',
      'fc00::/7',
      'fe80::/10',
    ],
    banning: {
      enabled: false,
      time: 600,
      invalidPercent: 50,
      checkThreshold: 500,
      purgeInterval: 300,
    },
    limits: { connectionsPerIp: 10_000, messagesPerSecond: 100 },
    coinbaseSignature: '/nodeStratum/',
    redis: { host: '127.0.0.1', port: 6379 },
  });
});

test('the configuration is plain JSON data', () => {
  const { portal, pools } = load(nomp);
  assert.deepEqual(JSON.parse(JSON.stringify({ portal, pools })), { portal, pools });
});

test('a pool inherits each top-level field that it does not set, as a whole', (t) => {
  const config = {
    defaultPoolConfigs: {
      connectionTimeout: 77,
      banning: { enabled: true, time: 5 },
      redis: { host: 'defaults' },
    },
    redis: { host: 'portal' },
  };
  const inherits = onlyPool(loadPool(t, pool(), config));
  assert.equal(inherits.connectionTimeout, 77);
  assert.equal(inherits.banning.time, 5);
  assert.equal(inherits.redis.host, 'defaults');
  const own = onlyPool(loadPool(t, pool({ banning: { enabled: true }, redis: {} }), config));
  assert.equal(own.banning.time, 600);
  assert.equal(own.redis.host, '127.0.0.1');
});

test('a pool whose redis is neither set nor inherited takes the one of the portal', (t) => {
  const redis = { host: 'r', port: 7, password: 'canary', db: 3, tls: true };
  assert.deepEqual(onlyPool(loadPool(t, pool(), { redis })).redis, redis);
});

test('a mistake in defaultPoolConfigs is told once, in config.json, and keeps everything from starting', (t) => {
  const dir = configFolder(t, {
    'config.json': '{\n"defaultPoolConfigs": {"connectionTimeout": "600", "enabled": true}\n}',
    'pool_configs/a.json': pool(),
    'pool_configs/b.json': pool({ coin: 'dogecoin.json', ports: {} }),
  });
  const { errors, warnings, portal, pools } = load(dir, true);
  assert.deepEqual(errors, [
    'config.json:2:45 defaultPoolConfigs.connectionTimeout: must be a number above 0, at most 2147483, got "600"',
  ]);
  assert.deepEqual(warnings, [
    'config.json:2:52 defaultPoolConfigs.enabled: does nothing here: each pool says it for itself',
  ]);
  assert.equal(portal, undefined);
  assert.deepEqual(pools, []);
});

test('all problems of all files are told at once, config.json first', (t) => {
  const dir = configFolder(t, {
    'config.json': '{\n  "cliPort": "17117",\n  "redis": {"port": 0}\n}',
    'pool_configs/a.json': '{ "enabled": true,, }',
    'pool_configs/b.json': pool({
      address: undefined,
      daemons: [],
      ports: { 3032: { diff: '32' } },
    }),
    'pool_configs/c.json': pool({ coin: 'broken.json' }),
    'coins/broken.json': '{ "name": "Broken", "symbol": "B", "algorithm": "scrpyt" }',
  });
  const { errors, portal, pools } = load(dir);
  assert.deepEqual(errors, [
    'config.json:2:14 cliPort: must be a whole number from 1 to 65535, got "17117"',
    'config.json:3:21 redis.port: must be a whole number from 1 to 65535, got 0',
    `coins/broken.json:1:49 algorithm: unknown algorithm "scrpyt" (did you mean "scrypt"?); known are ${algorithmNames.join(', ')}`,
    'pool_configs/a.json:1:19 is no valid JSON: a key in double quotes is expected',
    'pool_configs/b.json:1:1 address: is missing: must be an address of the coin (address that block rewards are paid to)',
    'pool_configs/b.json:6:15 ports.3032.diff: must be a number above 0, got "32"',
    'pool_configs/b.json:9:14 daemons: must be a list [ … ] of at least 1, got an empty list',
    'pool_configs/c.json:3:11 coin: the coin file "broken.json" cannot be used, see its own errors',
  ]);
  assert.equal(portal, undefined);
  assert.deepEqual(pools, []);
});

test('with skipInvalid the sound pools start without the broken one, without it none', (t) => {
  const dir = configFolder(t, {
    'config.json': {},
    'pool_configs/broken.json': '}',
    'pool_configs/litecoin.json': pool(),
    'pool_configs/unset.json': pool({ coin: 'dogecoin.json', ports: {}, address: 5 }),
  });
  assert.deepEqual(load(dir).pools, []);
  assert.notEqual(load(dir).portal, undefined);
  const { pools, portal, errors } = load(dir, true);
  assert.deepEqual(
    pools.map(({ file }) => file),
    ['pool_configs/litecoin.json'],
  );
  assert.notEqual(portal, undefined);
  assert.equal(errors.length, 2);
});

test('a missing config.json says what to do', (t) => {
  const { errors, portal } = load(configFolder(t, { 'pool_configs/a': '' }));
  assert.equal(portal, undefined);
  assert.match(errors.join(), /^config\.json:1:1 does not exist in .*copy config_example\.json/);
});

test('config.json that is no object, empty, or a folder is one error each', (t) => {
  for (const content of ['[]', '"x"', 'null', '']) {
    const { errors, portal } = load(configFolder(t, { 'config.json': content }), true);
    assert.equal(errors.length, 1, content);
    assert.equal(portal, undefined);
  }
  const dir = configFolder(t, { 'config.json/x': '' });
  assert.deepEqual(load(dir).errors, ['config.json:1:1 is a folder']);
});

test('without pool_configs there are no pools, and a file of that name is an error', (t) => {
  const none = load(configFolder(t, { 'config.json': {} }));
  assert.deepEqual(none.warnings, ['pool_configs:1:1 does not exist: there are no pools']);
  assert.deepEqual(none.errors, []);
  const file = load(configFolder(t, { 'config.json': {}, pool_configs: '' }));
  assert.match(file.errors.join(), /^pool_configs:1:1 cannot be read as a folder: ENOTDIR/);
});

test('only .json files are pools; a folder of such a name is an error, a broken link a warning', (t) => {
  const dir = configFolder(t, {
    'config.json': {},
    'pool_configs/litecoin.json.bak': '}',
    'pool_configs/README': '}',
    'pool_configs/folder.json/x': '',
  });
  symlinkSync('nowhere', join(dir, 'pool_configs', 'link.json'));
  const { errors, warnings } = load(dir);
  assert.deepEqual(errors, ['pool_configs/folder.json:1:1 is a folder']);
  assert.deepEqual(warnings, [
    'pool_configs/link.json:1:1 leads to no file (a broken link?): left out',
  ]);
});

test('a pool on the command port or the website port is refused, but not config.json', (t) => {
  const config = { website: { enabled: true, port: 8080 } };
  const ports = { 17117: { diff: 1 }, 8080: { diff: 1 } };
  const { errors, portal, pools } = load(
    configFolder(t, { 'config.json': config, 'pool_configs/a.json': pool({ ports }) }),
    true,
  );
  assert.deepEqual(errors, [
    'pool_configs/a.json:6:5 ports.8080: port 8080 is also taken by config.json:4 (website.port): give each its own',
    'pool_configs/a.json:9:5 ports.17117: port 17117 is also taken by config.json:1 (cliPort): give each its own',
  ]);
  assert.notEqual(portal, undefined);
  assert.deepEqual(pools, []);
});

test('an unknown algorithm of a switch is an error, but only while the switch is enabled', (t) => {
  const config = (enabled: boolean) => ({
    switching: { s: { enabled, algorithm: 'SHA-256', ports: { 3333: { diff: 1 } } } },
  });
  const on = load(configFolder(t, { 'config.json': config(true), 'pool_configs/a': '' }));
  assert.match(
    on.errors.join(),
    /^config\.json:5:20 switching\.s\.algorithm: unknown algorithm "sha-256" \(did you mean "sha256"\?\); known are groestl, /,
  );
  const off = load(configFolder(t, { 'config.json': config(false), 'pool_configs/a': '' }));
  assert.deepEqual(off.errors, []);
});

test('__proto__ as the name of a switch is refused, and as a key elsewhere only warned about', (t) => {
  const dir = configFolder(t, {
    'config.json': '{"switching": {"__proto__": {"enabled": false}}}',
    'pool_configs/a.json': '{"__proto__": {"enabled": true}, "enabled": false}',
  });
  const { errors } = load(dir);
  assert.deepEqual(errors, [
    'config.json:1:16 switching.__proto__: the key must be a name of 1 to 64 characters',
  ]);
  assert.deepEqual(
    onlyPool(loadPool(t, pool(), '{"__proto__": {"cliPort": 1}}')).coin.name,
    'litecoin',
  );
});

test('no secret is ever part of a message, however wrong the files are', (t) => {
  const canary = 'canary-1f3a';
  const dir = configFolder(t, {
    'config.json': {
      redis: { host: `redis://:${canary}@host`, password: [canary], port: canary.length > 0 },
      website: { enabled: true, adminCenter: canary },
      defaultPoolConfigs: { mposMode: { enabled: true, password: { [`x`]: canary } } },
    },
    'pool_configs/a.json': pool({
      daemons: [`rpc:${canary}@127.0.0.1`, { ...daemon, host: `rpc:${canary}@host`, port: '1' }],
      paymentProcessing: { enabled: true, daemon: canary, minimumPayment: '1' },
      redis: canary,
      mposMode: { enabled: true, password: 4242424242 },
    }),
    'pool_configs/b.json': `{"enabled": true, "daemons": [{"password": "${canary}" "user": 1}]}`,
  });
  const { problems } = load(dir);
  assert.ok(problems.length > 10);
  const all = JSON.stringify(problems);
  assert.equal(all.includes(canary), false, all);
  assert.equal(all.includes('4242424242'), false);
});

test('random damage to a sound file never throws', (t) => {
  const dir = configFolder(t, {});
  cpSync(nomp, dir, { recursive: true });
  const paths = ['config.json', 'pool_configs/litecoin.json', 'coins/litecoin.json'];
  let state = 20_260_101;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const shards = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    'null',
    '-',
    '1e999',
    '//',
    '/*',
    '\\u00',
    '\0',
  ];
  let damaged = 0;
  for (let round = 0; round < 300; round++) {
    const path = paths[round % paths.length] ?? '';
    const text = readFileSync(join(nomp, path), 'utf8');
    const at = random(text.length);
    const shard = shards[random(shards.length)] ?? '';
    writeFileSync(join(dir, path), text.slice(0, at) + shard + text.slice(at + random(20)));
    const { portal, errors } = load(dir);
    if (errors.length > 0 || portal === undefined) damaged++;
    writeFileSync(join(dir, path), text);
  }
  assert.ok(damaged > 100, `${damaged} of 300 damaged files were refused`);
});
