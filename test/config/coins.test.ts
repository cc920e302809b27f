import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CoinShelf } from '../../libs/config/coins.ts';
import { type ConfigProblem, formatProblem } from '../../libs/config/problems.ts';
import type { CoinConfig } from '../../libs/config/types.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { algorithmNames, configFolder } from './configFolder.ts';

const nowhere = join(installRoot, 'no-such-folder');
const files = readdirSync(join(installRoot, 'coins'));

function shelf(dir: string): { coins: CoinShelf; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  return { coins: new CoinShelf(dir, algorithmNames, problems), problems };
}

function coin(file: string, dir = nowhere): CoinConfig {
  const { coins, problems } = shelf(dir);
  const answer = coins.get(file);
  if (answer.kind !== 'coin') throw new Error(`${file}: ${problems.map(formatProblem).join('; ')}`);
  return answer.coin;
}

test('all 139 coin files load without a problem, each coin with a name of its own', () => {
  const { coins, problems } = shelf(nowhere);
  const kinds = files.map((file) => coins.get(file).kind);
  assert.equal(files.length, 139);
  assert.deepEqual(problems.map(formatProblem), []);
  assert.deepEqual(new Set(kinds), new Set(['coin']));
  assert.equal(new Set(files.map((file) => coin(file).name)).size, 139);
});

test('the coins are spread over the algorithms as in the original', () => {
  const counts = new Map<string, number>();
  for (const { algorithm } of files.map((file) => coin(file))) {
    counts.set(algorithm, (counts.get(algorithm) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), {
    ...{ sha256: 32, keccak: 7, scrypt: 73, 'scrypt-jane': 14, x11: 4, 'scrypt-n': 4 },
    ...{ groestl: 1, quark: 2, sha1: 1, skein: 1 },
  });
});

test('the rarer facts of the coin files are there', () => {
  const all = files.map((file) => coin(file));
  const names = (fits: (candidate: CoinConfig) => boolean) =>
    all
      .filter(fits)
      .map(({ name }) => name)
      .sort();
  assert.deepEqual(
    names(({ txMessages }) => txMessages),
    ['diamondcoin', 'florincoin', 'grandcoin', 'neocoin', 'netcoin', 'opensourcecoin', 'tekcoin'],
  );
  assert.deepEqual(
    names(({ mposDiffMultiplier }) => mposDiffMultiplier === 256),
    ['darkcoin', 'hirocoin', 'kumacoin', 'muniti', 'quarkcoin'],
  );
  assert.deepEqual(
    names(({ reward }) => reward === 'POS'),
    ['emark'],
  );
  assert.equal(names(({ algorithmParams }) => 'chainStartTime' in algorithmParams).length, 14);
  assert.deepEqual(coin('copperlark.json').algorithmParams, { normalHashing: true });
  assert.deepEqual(coin('freecoin.json').algorithmParams, {
    chainStartTime: 1375801200,
    nMin: 6,
    nMax: 32,
  });
  assert.deepEqual(Object.entries(coin('execoin.json').algorithmParams['timeTable'] ?? {})[0], [
    '2048',
    1390959880,
  ]);
  // Peercoin counts in millionths of a coin.
  assert.deepEqual(
    names(({ decimals }) => decimals !== 8),
    ['peercoin'],
  );
});

test('litecoin, bitcoin, dogecoin and dash have the magics and address forms of their chains', () => {
  const litecoin = coin('litecoin.json');
  assert.deepEqual(
    [litecoin.peerMagic, litecoin.peerMagicTestnet, litecoin.peerMagicRegtest],
    ['fbc0b6db', 'fdd2c8f1', 'fabfb5da'],
  );
  assert.deepEqual(litecoin.networks, {
    main: { pubKeyHash: [48], scriptHash: [50, 5], bech32: 'ltc' },
    test: { pubKeyHash: [111], scriptHash: [58, 196], bech32: 'tltc' },
    regtest: { pubKeyHash: [111], scriptHash: [58, 196], bech32: 'rltc' },
  });
  const bitcoin = coin('bitcoin.json');
  assert.equal(bitcoin.peerMagic, 'f9beb4d9');
  assert.deepEqual(bitcoin.networks.main, { pubKeyHash: [0], scriptHash: [5], bech32: 'bc' });
  assert.equal(bitcoin.networks.signet?.bech32, 'tb');
  const dogecoin = coin('dogecoin.json');
  assert.deepEqual(dogecoin.networks.main, { pubKeyHash: [30], scriptHash: [22] });
  assert.equal(dogecoin.maturity, 240);
  assert.deepEqual(coin('darkcoin.json').networks.main, { pubKeyHash: [76], scriptHash: [16] });
});

test('a coin has its name and algorithm in lower case, and its name as it is spelled', () => {
  const { name, displayName, symbol, algorithm } = coin('cryptogenicbullion.json');
  assert.deepEqual(
    [name, displayName, symbol, algorithm],
    ['cryptogenicbullion', 'CryptogenicBullion', 'CGB', 'scrypt'],
  );
});

test("the operator's own coin file goes before the installed one", (t) => {
  const own = { name: 'Litecoin', symbol: 'OWN', algorithm: 'SCRYPT' };
  const dir = configFolder(t, { 'coins/litecoin.json': own });
  assert.equal(coin('litecoin.json', dir).symbol, 'OWN');
  assert.equal(coin('litecoin.json', dir).algorithm, 'scrypt');
  assert.equal(coin('dogecoin.json', dir).symbol, 'DOGE');
});

test('a coin file is read once, so that its problems are told once', (t) => {
  const dir = configFolder(t, { 'coins/x.json': '{"name": "X"}' });
  const { coins, problems } = shelf(dir);
  assert.equal(coins.get('x.json').kind, 'broken');
  const count = problems.length;
  assert.equal(count, 2);
  assert.equal(coins.get('x.json').kind, 'broken');
  assert.equal(problems.length, count);
});

test('network magics are exactly eight hex digits', (t) => {
  const sound = { name: 'X', symbol: 'X', algorithm: 'x11' };
  for (const peerMagic of ['fbc0b6d', 'fbc0b6db0', 'fbc0b6dg', '0xfbc0b6', '']) {
    const dir = configFolder(t, { 'coins/x.json': { ...sound, peerMagic } });
    const { coins, problems } = shelf(dir);
    assert.equal(coins.get('x.json').kind, 'broken', peerMagic);
    assert.match(problems.map(formatProblem).join(), /peerMagic: must be a text of 8 hex digits/);
  }
  const dir = configFolder(t, { 'coins/x.json': { ...sound, peerMagic: 'FBC0B6DB' } });
  assert.equal(coin('x.json', dir).peerMagic, 'fbc0b6db');
});

test('txMessages in quotes, as one file of the original has it, is taken for what it says', (t) => {
  const dir = configFolder(t, {
    'coins/x.json': '{"name": "X", "symbol": "X", "algorithm": "x11", "txMessages": "true"}',
  });
  const { coins, problems } = shelf(dir);
  const answer = coins.get('x.json');
  assert.ok(answer.kind === 'coin');
  assert.equal(answer.coin.txMessages, true);
  assert.deepEqual(problems.map(formatProblem), [
    'coins/x.json:1:64 txMessages: is a text, taken as true: write it without quotes',
  ]);
});

test('a coin name that would break Redis keys or commands is refused', (t) => {
  for (const name of ['a:b', '', ' x', '__proto__', 'a\nb', '{x}']) {
    const dir = configFolder(t, { 'coins/x.json': { name, symbol: 'X', algorithm: 'x11' } });
    assert.equal(shelf(dir).coins.get('x.json').kind, 'broken', name);
  }
});

test('an explorer is a web address and nothing else: pages make links of it', (t) => {
  const sound = { name: 'X', symbol: 'X', algorithm: 'x11' };
  for (const txURL of [
    'javascript:alert(1)//',
    'x',
    'https://a b/',
    'http://a"b/',
    'https://<b>/',
  ]) {
    const dir = configFolder(t, { 'coins/x.json': { ...sound, explorer: { txURL } } });
    assert.equal(shelf(dir).coins.get('x.json').kind, 'broken', txURL);
  }
  const explorer = { txURL: 'https://explorer.example/tx/', blockURL: 'http://a/block?hash=' };
  const dir = configFolder(t, { 'coins/x.json': { ...sound, explorer } });
  assert.deepEqual(coin('x.json', dir).explorer, explorer);
});
