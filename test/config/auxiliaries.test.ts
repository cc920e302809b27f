import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { noMiningKeys } from '../../libs/config/miningKeys.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { configFolder, load, pool } from './configFolder.ts';

// Merged mining: which pools name which others.

const setUp = (t: TestContext, pools: Readonly<Record<string, object>>, skipInvalid = false) =>
  load(
    configFolder(t, {
      'config.json': {},
      ...Object.fromEntries(
        Object.entries(pools).map(([name, fields]) => [
          `pool_configs/${name}.json`,
          pool({ coin: `${name}.json`, ...fields }),
        ]),
      ),
    }),
    skipInvalid,
  );

const aux = { ports: undefined };

test('a pool names others by coin, in any case, or by file; those need no ports', (t) => {
  for (const name of ['dogecoin', 'Dogecoin', 'dogecoin.json']) {
    const { errors, pools } = setUp(t, { litecoin: { auxiliary: [name] }, dogecoin: aux });
    assert.deepEqual(errors, []);
    const [doge, lite] = pools;
    assert.deepEqual([lite?.auxiliary, lite?.auxiliaryOf], [['dogecoin'], undefined]);
    assert.deepEqual([doge?.auxiliary, doge?.auxiliaryOf], [undefined, ['litecoin']]);
    assert.deepEqual(doge?.ports, []);
    assert.match((doge && noMiningKeys(doge)) ?? '', /mined beside litecoin only/);
  }
});

test('an auxiliary may have ports of its own, and several parents', (t) => {
  const { errors, pools } = setUp(t, {
    litecoin: { auxiliary: ['dogecoin'] },
    dogecoin: { ports: { 4000: { diff: 1 } } },
    viacoin: { ports: { 4001: { diff: 1 } }, auxiliary: ['dogecoin'] },
  });
  assert.deepEqual(errors, []);
  const doge = pools.find(({ coin }) => coin.name === 'dogecoin');
  assert.deepEqual(doge?.auxiliaryOf, ['litecoin', 'viacoin']);
  assert.equal(doge && noMiningKeys(doge), undefined);
});

test('a pool that nobody mines beside its own needs ports', (t) => {
  const { errors } = setUp(t, { litecoin: {}, dogecoin: aux });
  assert.match(errors.join('\n'), /dogecoin\.json:\d+:\d+ ports: is missing: must be an object/);
});

test('unknown coins, the coin itself, and one named twice are refused where they stand', (t) => {
  const of = (auxiliary: readonly string[]) =>
    setUp(t, { litecoin: { auxiliary }, dogecoin: { ports: { 4000: { diff: 1 } } } }).errors;
  assert.match(
    of(['dogecion']).join(),
    /litecoin\.json:\d+:\d+ auxiliary\.0: no enabled pool is for the coin "dogecion" \(did you mean "dogecoin"\?\): others are dogecoin$/,
  );
  assert.match(of(['litecoin']).join(), /auxiliary\.0: a coin cannot be mined beside itself$/);
  assert.match(of(['dogecoin', 'DOGECOIN']).join(), /auxiliary\.1: "DOGECOIN" is named twice$/);
  assert.match(setUp(t, { litecoin: { auxiliary: 'dogecoin' } }).errors.join(), /must be a list/);
});

test('pools that name each other, over whatever way, are refused', (t) => {
  const ports = (port: number) => ({ [port]: { diff: 1 } });
  const { errors } = setUp(t, {
    litecoin: { auxiliary: ['dogecoin'] },
    dogecoin: { auxiliary: ['viacoin'], ports: ports(4000) },
    viacoin: { auxiliary: ['litecoin'], ports: ports(4001) },
  });
  assert.equal(errors.filter((line) => line.includes('in a circle')).length, 3);
});

test('many pools that each name all that follow are looked through at once', (t) => {
  const files = readdirSync(join(installRoot, 'coins')).slice(0, 40);
  const names = files.map((file) => file.replace('.json', ''));
  const pools = names.map((name, at) => {
    const auxiliary = names.slice(at + 1);
    const ports = at === names.length - 1 ? {} : { ports: { [4000 + at]: { diff: 1 } } };
    return [name, { ...ports, ...(auxiliary.length > 0 ? { auxiliary } : {}) }];
  });
  const { errors } = setUp(t, Object.fromEntries(pools));
  assert.deepEqual(
    errors.filter((line) => line.includes('in a circle')),
    [],
  );
});

test('another algorithm than the parent is refused', (t) => {
  const { errors } = setUp(t, { litecoin: { auxiliary: ['namecoin'] }, namecoin: aux });
  assert.match(
    errors.join(),
    /auxiliary\.0: Namecoin is mined with sha256, and Litecoin with scrypt: one hash cannot serve both/,
  );
});

test('an auxiliary in mposMode is refused, and one without ports that has auxiliaries itself', (t) => {
  const mposMode = { enabled: true, user: 'u', password: 'p', database: 'd' };
  const mpos = setUp(t, { litecoin: { auxiliary: ['dogecoin'] }, dogecoin: { ...aux, mposMode } });
  assert.match(mpos.errors.join(), /dogecoin\.json.*mposMode: .*litecoin\.json mines this coin/);
  const chained = setUp(t, {
    litecoin: { auxiliary: ['dogecoin'] },
    dogecoin: { ...aux, auxiliary: ['viacoin'] },
    viacoin: aux,
  });
  assert.match(chained.errors.join(), /dogecoin\.json.*auxiliary: has no effect without "ports"/);
});

test('a parent whose coinbases other chains cannot read is refused', (t) => {
  const dir = configFolder(t, {
    'config.json': {},
    'coins/talker.json': { name: 'Talker', symbol: 'T', algorithm: 'scrypt', txMessages: true },
    'pool_configs/talker.json': pool({ coin: 'talker.json', auxiliary: ['dogecoin'] }),
    'pool_configs/dogecoin.json': pool({ coin: 'dogecoin.json', ...aux }),
  });
  assert.match(load(dir).errors.join(), /other chains cannot read the coinbases of Talker/);
});

test('with --skip-invalid a parent runs without the auxiliary that has errors', (t) => {
  const { pools } = setUp(
    t,
    { litecoin: { auxiliary: ['dogecoin'] }, dogecoin: { ...aux, daemons: [] } },
    true,
  );
  assert.deepEqual(
    pools.map(({ coin, auxiliary }) => [coin.name, auxiliary]),
    [['litecoin', undefined]],
  );
});

test('defaultPoolConfigs does not hand auxiliaries on', (t) => {
  const dir = configFolder(t, {
    'config.json': { defaultPoolConfigs: { auxiliary: ['dogecoin'] } },
    'pool_configs/litecoin.json': pool(),
  });
  const { errors, warnings, pools } = load(dir);
  assert.deepEqual(errors, []);
  assert.match(warnings.join(), /defaultPoolConfigs\.auxiliary: does nothing here/);
  assert.equal(pools[0]?.auxiliary, undefined);
});
