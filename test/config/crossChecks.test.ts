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
  const switches = errorsOf(true, true, { 'pool_configs/x': '' });
  assert.equal(switches.errors.length, 2);
  assert.equal(switches.portal, undefined);
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
