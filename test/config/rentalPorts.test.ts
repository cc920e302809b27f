import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFolder, load, loadPool, onlyPool, pool } from './configFolder.ts';

const varDiff = { maxDiff: 1e9, targetTime: 15, retargetTime: 90, variancePercent: 30 };
const x11 = { name: 'Dash', symbol: 'DASH', algorithm: 'x11' };

test('a rental port has what markets ask for, where the file says nothing else', (t) => {
  const { ports } = onlyPool(loadPool(t, pool({ ports: { 3333: { rental: true, varDiff } } })));
  assert.deepEqual(ports, [
    {
      port: 3333,
      rental: true,
      diff: 524_288,
      varDiff: { ...varDiff, minDiff: 524_288 },
      extranonce2Size: 8,
      coinbaseLimit: 500,
      tls: false,
    },
  ]);
});

test('what the file says of a rental port goes before what markets ask for', (t) => {
  const said = {
    diff: 1_000_000,
    varDiff: { ...varDiff, minDiff: 600_000 },
    extranonce2Size: 4,
    coinbaseLimit: 750,
  };
  const { ports } = onlyPool(loadPool(t, pool({ ports: { 3333: { rental: true, ...said } } })));
  assert.deepEqual(ports, [{ port: 3333, rental: true, tls: false, ...said }]);
});

test('a rental port that goes below what NiceHash takes is a warning, whichever field does it', (t) => {
  for (const fields of [
    { diff: 8 },
    { diff: 8, varDiff },
    { varDiff: { ...varDiff, minDiff: 512 } },
  ]) {
    const loaded = loadPool(t, pool({ ports: { 3333: { rental: true, ...fields } } }));
    assert.deepEqual(loaded.errors, []);
    assert.deepEqual(loaded.warnings, [
      'pool_configs/litecoin.json:5:3 ports.3333: goes below difficulty 524288: NiceHash turns such a pool down for scrypt',
    ]);
  }
});

test('a rental port of an algorithm that nothing is known for must say its difficulty', (t) => {
  const read = (fields: object) =>
    load(
      configFolder(t, {
        'config.json': {},
        'coins/dash.json': x11,
        'pool_configs/dash.json': pool({
          coin: 'dash.json',
          ports: { 3333: { rental: true, ...fields } },
        }),
      }),
    );
  assert.deepEqual(read({}).errors, [
    'pool_configs/dash.json:5:3 ports.3333.diff: is missing: what rental markets ask for with x11 is not known here',
  ]);
  const [port] = onlyPool(read({ diff: 64, varDiff })).ports;
  assert.deepEqual([port?.diff, port?.varDiff?.minDiff, port?.extranonce2Size], [64, 64, 8]);
});

test('a maxDiff below the lowest difficulty of a rental port is refused', (t) => {
  const low = { ...varDiff, maxDiff: 512 };
  assert.deepEqual(loadPool(t, pool({ ports: { 3333: { rental: true, varDiff: low } } })).errors, [
    'pool_configs/litecoin.json:5:3 ports.3333.varDiff: its lowest difficulty, 524288 for rentals, is above maxDiff 512',
  ]);
  assert.match(
    loadPool(
      t,
      pool({ ports: { 3333: { rental: true, varDiff: { ...low, minDiff: 513 } } } }),
    ).errors.join(),
    /ports\.3333\.varDiff: minDiff 513 is above maxDiff 512$/,
  );
});

test('a port that is for no rentals needs its difficulty, and has no coinbase limit of itself', (t) => {
  for (const rental of [undefined, false]) {
    const { errors } = loadPool(t, pool({ ports: { 3333: { rental } } }));
    assert.match(errors.join(), /ports\.3333\.diff: is missing: must be a number above 0/);
  }
  const read = (fields: object) => loadPool(t, pool({ ports: { 3333: { diff: 8, ...fields } } }));
  assert.equal(onlyPool(read({})).ports[0]?.coinbaseLimit, undefined);
  assert.equal(onlyPool(read({ coinbaseLimit: 750 })).ports[0]?.coinbaseLimit, 750);
  assert.match(
    read({ coinbaseLimit: 99 }).errors.join(),
    /coinbaseLimit: must be a whole number from 100 to 1000000, got 99$/,
  );
  assert.match(read({ rental: 'yes' }).errors.join(), /rental: must be true or false, got "yes"$/);
});

test('the ports of a switch may be for rentals too, by the algorithm of the switch', (t) => {
  const read = (algorithm: string, enabled = true) =>
    load(
      configFolder(t, {
        'config.json': {
          switching: { rent: { enabled, algorithm, ports: { 4444: { rental: true } } } },
        },
        'pool_configs/litecoin.json': pool(),
      }),
    );
  const port = read('Scrypt').portal?.switching['rent']?.ports['4444'];
  assert.deepEqual([port?.diff, port?.extranonce2Size], [524_288, 8]);
  assert.match(read('x11').errors.join(), /switching\.rent\.ports\.4444\.diff: is missing/);
  assert.deepEqual(read('x11', false).errors, []);
});
