import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemon, loadPool, onlyPool, pool } from './configFolder.ts';

// The rules of one pool file, through loadConfig.

const payments = (fields: object) =>
  pool({
    paymentProcessing: { enabled: true, paymentInterval: 30, minimumPayment: 1, daemon, ...fields },
  });

test('minimumPayment is the exact decimal that the file has', (t) => {
  const read = (text: string) => {
    const file = JSON.stringify(payments({ minimumPayment: 987654 })).replace('987654', text);
    return onlyPool(loadPool(t, file)).paymentProcessing.minimumPayment;
  };
  assert.equal(read('0.01'), '0.01');
  assert.equal(read('1e-3'), '0.001');
  assert.equal(read('20999999.12345678'), '20999999.12345678');
  assert.equal(read('0.290'), '0.29');
});

test('minimumPayment finer than the decimals of the coin is refused', (t) => {
  const { errors } = loadPool(t, payments({ minimumPayment: 1e-9 }));
  assert.deepEqual(errors, [
    'pool_configs/litecoin.json:18:3 paymentProcessing.minimumPayment: has more than the 8 decimals of Litecoin',
  ]);
});

test('enabled payments need minimumPayment and a daemon, disabled ones nothing', (t) => {
  const enabled = loadPool(t, pool({ paymentProcessing: { enabled: true } }));
  assert.match(enabled.errors.join('\n'), /paymentProcessing\.minimumPayment: is missing/);
  assert.match(enabled.errors.join('\n'), /paymentProcessing\.daemon: is missing/);
  assert.deepEqual(loadPool(t, pool({ paymentProcessing: {} })).errors, []);
  assert.deepEqual(loadPool(t, pool({ paymentProcessing: { daemon: {} } })).errors, []);
});

test('reward percents below 0, or adding up to 100 or more, are refused', (t) => {
  const to = 'LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv';
  const key = '22851477d63a085dbc2398c8430af1c09e7343f6';
  const errorsOf = (rewardRecipients: object) => loadPool(t, pool({ rewardRecipients })).errors;
  assert.match(errorsOf({ [to]: -1 }).join(), /a number from 0 to 100, got -1$/);
  assert.match(errorsOf({ [to]: 50, [key]: 50 }).join(), /adds up to 100 percent/);
  assert.match(errorsOf({ [to]: '1' }).join(), /got "1"$/);
  assert.match(errorsOf({ 'no address!': 1 }).join(), /the key must be an address or a mining key/);
  assert.deepEqual(errorsOf({ [to]: 99.9 }), []);
});

test('varDiff with minDiff above maxDiff is refused', (t) => {
  const varDiff = {
    minDiff: 513,
    maxDiff: 512,
    targetTime: 15,
    retargetTime: 90,
    variancePercent: 30,
  };
  const { errors } = loadPool(t, pool({ ports: { 3032: { diff: 32, varDiff } } }));
  assert.deepEqual(errors, [
    'pool_configs/litecoin.json:8:18 ports.3032.varDiff: minDiff 513 is above maxDiff 512',
  ]);
});

test('the key of a port is a port number, written plainly', (t) => {
  for (const key of ['0', '65536', '03008', '3008.5', '-1', '__proto__', '', 'port']) {
    const file = JSON.stringify(pool()).replace('"3008"', JSON.stringify(key));
    const { errors } = loadPool(t, file);
    assert.match(errors.join(), /the key must be a port number from 1 to 65535$/, key);
  }
  const { ports } = onlyPool(
    loadPool(t, pool({ ports: { 65535: { diff: 1e-10 }, 1: { diff: 1 } } })),
  );
  assert.deepEqual(
    ports.map(({ port, diff }) => [port, diff]),
    [
      [1, 1],
      [65535, 1e-10],
    ],
  );
});

test('a mistyped key is a warning with the nearest known one', (t) => {
  const { errors, warnings } = loadPool(t, pool({ ports: { 3032: { diff: 1, vardiff: {} } } }));
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, [
    'pool_configs/litecoin.json:8:7 ports.3032.vardiff: unknown key, it does nothing (did you mean "varDiff"?)',
  ]);
});

test('a daemon needs user and password, or a cookie file', (t) => {
  const errorsOf = (fields: object) => loadPool(t, pool({ daemons: [fields] })).errors.join('\n');
  assert.match(errorsOf({ port: 1, user: 'x' }), /daemons\.0\.password: is missing/);
  assert.match(errorsOf({ port: 1, password: 'x' }), /daemons\.0\.user: is missing/);
  assert.match(errorsOf({ user: 'x', password: 'x' }), /daemons\.0\.port: is missing/);
  const cookie = { port: 9332, cookieFile: '/var/lib/litecoin/.cookie' };
  assert.deepEqual(onlyPool(loadPool(t, pool({ daemons: [cookie] }))).daemons, [
    { host: '127.0.0.1', user: '', password: '', ...cookie },
  ]);
});

test('no daemon is an error, whether the list is missing or empty', (t) => {
  assert.match(loadPool(t, pool({ daemons: undefined })).errors.join(), /daemons: is missing/);
  assert.match(loadPool(t, pool({ daemons: [] })).errors.join(), /daemons: must be a list/);
});

test('a coin file is found by its name alone, and a missing one gets a suggestion', (t) => {
  const errorOf = (coin: unknown) => loadPool(t, pool({ coin })).errors.join('\n');
  assert.match(
    errorOf('litecoin'),
    /coin: there is no file "litecoin" in coins\/ \(did you mean "litecoin\.json"\?\)$/,
  );
  assert.match(errorOf('litecion.json'), /\(did you mean "litecoin\.json"\?\)$/);
  assert.match(errorOf('../coins/litecoin.json'), /must be the name of a file in coins\//);
  assert.match(errorOf('..'), /cannot be used/);
  assert.match(errorOf(undefined), /coin: is missing/);
});

test('a file is a pool only with "enabled": true', (t) => {
  assert.deepEqual(loadPool(t, pool({ enabled: false, address: 5 })).problems, []);
  assert.match(
    loadPool(t, pool({ enabled: 'true' })).errors.join(),
    /enabled: must be true or false, got "true"$/,
  );
  const unset = loadPool(t, pool({ enabled: undefined }));
  assert.deepEqual([unset.errors, unset.pools], [[], []]);
  assert.equal(unset.warnings.length, 1);
});

test('enabled and coin are not inherited', (t) => {
  const loaded = loadPool(t, pool({ enabled: undefined }), {
    defaultPoolConfigs: { enabled: true },
  });
  assert.deepEqual(loaded.pools, []);
});

test('a port with TLS needs the certificate of the pool', (t) => {
  const ports = { 3008: { diff: 8, tls: true } };
  assert.match(
    loadPool(t, pool({ ports })).errors.join(),
    /ports\.3008\.tls: needs the certificate/,
  );
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  assert.deepEqual(onlyPool(loadPool(t, pool({ ports, tls }))).tls, tls);
});

test('Redis is one server, a name among sentinels, or a cluster', (t) => {
  const read = (redis: object) => loadPool(t, pool({ redis }));
  const nodes = [{ host: '10.0.0.1', port: 26379 }];
  const sentinel = onlyPool(read({ sentinels: nodes, name: 'mymaster', password: 'x' })).redis;
  assert.deepEqual([sentinel.sentinels, sentinel.name], [nodes, 'mymaster']);
  assert.equal(onlyPool(read({ cluster: nodes })).redis.hashTag, true);
  assert.match(read({ sentinels: nodes }).errors.join(), /has "sentinels" but no "name"/);
  assert.match(read({ sentinels: nodes, name: 'x', cluster: nodes }).errors.join(), /has both/);
  assert.match(read({ cluster: nodes, hashTag: false }).errors.join(), /needs "hashTag": true/);
  assert.match(read({ cluster: nodes, db: 1 }).errors.join(), /only database 0/);
  assert.match(read({ cluster: [] }).errors.join(), /at least 1, got an empty list$/);
  assert.match(
    read({ sentinels: ['10.0.0.1'], name: 'x' }).errors.join(),
    /sentinels\.0: must be an object/,
  );
});

test('MPOS mode needs a user, a password and a database only while it is enabled', (t) => {
  assert.equal(loadPool(t, pool({ mposMode: { enabled: true } })).errors.length, 3);
  const off = loadPool(t, pool({ mposMode: { enabled: false, host: '', port: 0 } }));
  assert.deepEqual(off.problems, []);
  assert.equal(onlyPool(off).mposMode.port, 3306);
});

test('payments are PROP unless the file says PPLNS, and the window is a number above 0', (t) => {
  const read = (fields: object) => loadPool(t, payments(fields));
  const { paymentProcessing } = onlyPool(read({ scheme: 'PPLNS', pplnsWindow: 0.5 }));
  assert.equal(paymentProcessing.scheme, 'PPLNS');
  assert.equal(paymentProcessing.pplnsWindow, 0.5);
  assert.match(read({ scheme: 'PPS' }).errors.join(), /scheme: must be one of "PROP", "PPLNS"/);
  assert.match(read({ pplnsWindow: 0 }).errors.join(), /pplnsWindow: must be a number above 0/);
});

test('a port may be for SOLO miners', (t) => {
  const ports = { 3032: { diff: 32, solo: true }, 3033: { diff: 32 } };
  const config = onlyPool(loadPool(t, pool({ ports })));
  assert.deepEqual(
    config.ports.map(({ solo }) => solo),
    [true, undefined],
  );
});
