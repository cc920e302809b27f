import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFolder, load, pool } from './configFolder.ts';

const files = (t: Parameters<typeof configFolder>[0], all: object) =>
  configFolder(t, { 'config.json': {}, ...all });

test('two pools on one port are both refused, each named to the other', (t) => {
  const dir = files(t, {
    'pool_configs/a.json': pool(),
    'pool_configs/b.json': pool({ coin: 'dogecoin.json' }),
    'pool_configs/c.json': pool({ coin: 'bitcoin.json', ports: { 3009: { diff: 1 } } }),
  });
  const { errors, pools } = load(dir, true);
  assert.deepEqual(errors, [
    'pool_configs/a.json:6:5 ports.3008: port 3008 is also taken by pool_configs/b.json:6 (ports.3008): give each its own',
    'pool_configs/b.json:6:5 ports.3008: port 3008 is also taken by pool_configs/a.json:6 (ports.3008): give each its own',
  ]);
  assert.deepEqual(
    pools.map(({ file }) => file),
    ['pool_configs/c.json'],
  );
});

test('a port clash is found although the pools have other errors', (t) => {
  const dir = files(t, {
    'pool_configs/a.json': pool({ address: 1, ports: { 3008: { diff: 'x' } } }),
    'pool_configs/b.json': pool({ coin: 'none.json' }),
  });
  assert.equal(load(dir).errors.filter((line) => line.includes('is also taken by')).length, 2);
});

test('a pool on the port of an enabled switch is refused, and two switches on one port are', (t) => {
  const portSwitch = (enabled: boolean) => ({
    enabled,
    algorithm: 'scrypt',
    ports: { 3008: { diff: 1 } },
  });
  const config = (first: boolean, second: boolean) => ({
    switching: { one: portSwitch(first), two: portSwitch(second) },
  });
  const errorsOf = (first: boolean, second: boolean, pools: object) =>
    load(configFolder(t, { 'config.json': config(first, second), ...pools }), true);
  const withPool = { 'pool_configs/a.json': pool() };
  const clash = errorsOf(true, false, withPool);
  assert.deepEqual(clash.errors, [
    'pool_configs/a.json:6:5 ports.3008: port 3008 is also taken by config.json:7 (switching.one.ports.3008): give each its own',
  ]);
  assert.notEqual(clash.portal, undefined);
  assert.deepEqual(errorsOf(false, false, withPool).errors, []);
  const other = pool({ ports: { 3009: { diff: 1 } } });
  const switches = errorsOf(true, true, { 'pool_configs/a.json': other });
  assert.equal(switches.errors.length, 2);
  assert.equal(switches.portal, undefined);
});

test('the port of the metrics clashes like any other, unless the website or the metrics are off', (t) => {
  const errorsOf = (website: object) =>
    load(
      configFolder(t, {
        'config.json': { cliPort: 17117, website: { port: 8080, ...website } },
        'pool_configs/a.json': pool(),
      }),
      true,
    ).errors;
  assert.deepEqual(errorsOf({ enabled: true, metricsPort: 3008 }), [
    'pool_configs/a.json:6:5 ports.3008: port 3008 is also taken by config.json:6 (website.metricsPort): give each its own',
  ]);
  assert.equal(errorsOf({ enabled: true, metricsPort: 8080 }).length, 2);
  assert.equal(errorsOf({ enabled: true, metricsPort: 17117 }).length, 2);
  assert.deepEqual(errorsOf({ enabled: true, metricsPort: 0 }), []);
  assert.deepEqual(errorsOf({ enabled: false, metricsPort: 3008 }), []);
});

test('a disabled pool takes no port', (t) => {
  const dir = files(t, {
    'pool_configs/a.json': pool(),
    'pool_configs/b.json': pool({ enabled: false }),
  });
  assert.deepEqual(load(dir).errors, []);
});

test('two pools of one coin file are both refused', (t) => {
  const dir = files(t, {
    'pool_configs/a.json': pool(),
    'pool_configs/b.json': pool({ ports: { 3009: { diff: 8 } } }),
  });
  assert.deepEqual(load(dir).errors, [
    'pool_configs/a.json:3:11 coin: pool_configs/b.json is a pool of litecoin too: one coin has one pool',
    'pool_configs/b.json:3:11 coin: pool_configs/a.json is a pool of litecoin too: one coin has one pool',
  ]);
});

test('two coin files with one name in lower case are one coin', (t) => {
  const coin = { name: 'LITECOIN', symbol: 'LTC2', algorithm: 'Scrypt' };
  const dir = files(t, {
    'coins/other.json': coin,
    'pool_configs/a.json': pool(),
    'pool_configs/b.json': pool({ coin: 'other.json', ports: { 3009: { diff: 8 } } }),
  });
  assert.equal(load(dir).errors.filter((line) => line.includes('one coin has one pool')).length, 2);
});

test('an enabled switch has a pool that can be behind it, or is refused with the reason', (t) => {
  const errorsOf = (pools: object, changes: object = {}, coins: object = {}) =>
    load(
      configFolder(t, {
        'config.json': {
          switching: {
            one: { enabled: true, algorithm: 'Scrypt', ports: { 3030: { diff: 1 } }, ...changes },
          },
        },
        ...coins,
        ...pools,
      }),
      true,
    ).errors;
  assert.deepEqual(errorsOf({ 'pool_configs/a.json': pool() }), []);
  const sha256 = { 'pool_configs/a.json': pool({ coin: 'bitcoin.json' }) };
  assert.deepEqual(errorsOf(sha256), [
    'config.json:5:20 switching.one.algorithm: no enabled pool is for scrypt: enable one, or set the switch\'s "enabled" to false',
  ]);
  assert.deepEqual(errorsOf(sha256, { enabled: false }), []);
  assert.deepEqual(errorsOf({ 'pool_configs/a.json': pool({ enabled: false }) }).length, 1);
  // Its own error is enough: with --skip-invalid the others start.
  const broken = { 'pool_configs/a.json': pool({ coin: 'none.json' }) };
  assert.deepEqual(
    errorsOf(broken).filter((line) => line.includes('switching')),
    [],
  );
  const mposMode = { enabled: true, host: 'db', user: 'mpos', password: 'x', database: 'mpos' };
  const [mpos = ''] = errorsOf({ 'pool_configs/a.json': pool({ mposMode }) });
  assert.match(
    mpos,
    /no pool for scrypt can be behind a switch: pool_configs\/a\.json is in mposMode/,
  );
  const [formless = ''] = errorsOf(
    { 'pool_configs/a.json': pool({ coin: 'bare.json' }) },
    {},
    { 'coins/bare.json': { name: 'Bare', symbol: 'BAR', algorithm: 'scrypt' } },
  );
  assert.match(formless, /coins\/bare\.json has no "addresses"/);
  const beside = pool({ coin: 'dogecoin.json', ports: undefined });
  const parent = { 'pool_configs/z.json': pool({ auxiliary: ['dogecoin'], mposMode }) };
  const [aux = ''] = errorsOf({ 'pool_configs/a.json': beside, ...parent });
  assert.match(aux, /a\.json is mined beside litecoin only; pool_configs\/z\.json is in mposMode/);
  const tls = { ports: { 3030: { diff: 1, tls: true } } };
  const [secret = ''] = errorsOf({ 'pool_configs/a.json': pool() }, tls);
  assert.match(secret, /switching\.one\.ports\.3030\.tls: needs the certificate of the first pool/);
  const certified = pool({ tls: { cert: 'a.pem', key: 'b.pem' } });
  assert.deepEqual(errorsOf({ 'pool_configs/a.json': certified }, tls), []);
});

test('a switch needs a name and an algorithm that is known', (t) => {
  const errorsOf = (name: string, algorithm: string) =>
    load(
      configFolder(t, {
        'config.json': {
          switching: { [name]: { enabled: true, algorithm, ports: { 3030: { diff: 1 } } } },
        },
        'pool_configs/a.json': pool(),
      }),
    ).errors;
  assert.match(errorsOf('', 'scrypt')[0] ?? '', /a name of 1 to 64 characters/);
  assert.match(errorsOf('one', 'scrpyt')[0] ?? '', /scrpyt.*did you mean "scrypt"/);
});
