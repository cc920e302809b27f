import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { algorithmNames } from '../../libs/algos/algorithms.ts';
import { CoinShelf } from '../../libs/config/coins.ts';
import { type ConfigProblem, formatProblem } from '../../libs/config/problems.ts';
import type { CoinConfig } from '../../libs/config/types.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { configFolder } from './configFolder.ts';

const nowhere = join(installRoot, 'no-such-folder');
const files = readdirSync(join(installRoot, 'coins'));
/** Coins, and algorithms of coins, that the original NOMP has no file for. */
const added: ReadonlySet<string> = new Set([
  'bitcoincash.json',
  'dash.json',
  'digibyte-qubit.json',
  'digibyte-sha256.json',
  'digibyte-skein.json',
  'ecash.json',
  'feathercoin-neoscrypt.json',
  'monacoin-lyra2rev2.json',
  'namecoin.json',
  'syscoin.json',
]);
const originals = files.filter((file) => !added.has(file));

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

test('all coin files, the 139 of the original among them, load without a problem, each coin with a name of its own', () => {
  const { coins, problems } = shelf(nowhere);
  const kinds = files.map((file) => coins.get(file).kind);
  assert.equal(originals.length, 139);
  assert.equal(files.length, 139 + added.size);
  assert.deepEqual(problems.map(formatProblem), []);
  assert.deepEqual(new Set(kinds), new Set(['coin']));
  assert.equal(new Set(files.map((file) => coin(file).name)).size, files.length);
});

test('the coins are spread over the algorithms as in the original', () => {
  const counts = new Map<string, number>();
  for (const { algorithm } of originals.map((file) => coin(file))) {
    counts.set(algorithm, (counts.get(algorithm) ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), {
    ...{ sha256: 32, keccak: 7, scrypt: 73, 'scrypt-jane': 14, x11: 4, 'scrypt-n': 4 },
    ...{ groestl: 1, quark: 2, sha1: 1, skein: 1 },
  });
});

test('the rarer facts of the coin files are there', () => {
  const all = originals.map((file) => coin(file));
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
    ['emark', 'peercoin'],
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
  // Peercoin counts in millionths of a coin (its amount.h), and many of its descendants do (decimals() of bitcoinunits.cpp).
  assert.deepEqual(
    names(({ decimals }) => decimals === 6),
    [
      ...['bottlecaps', 'cachecoin', 'fluttercoin', 'hobonickels', 'mintcoin', 'peercoin'],
      ...['velocitycoin', 'yacoin', 'ybcoin'],
    ],
  );
  assert.deepEqual(
    names(({ decimals }) => decimals !== 8 && decimals !== 6),
    [],
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

/** Magics of main, test and regtest, versions of P2PKH, versions of P2SH, prefix: as the chains' chainparams.cpp have them. */
const chains: readonly [string, readonly string[], Record<string, readonly unknown[]>][] = [
  [
    'bitcoin.json',
    ['f9beb4d9', '0b110907', 'fabfb5da'],
    {
      main: [[0], [5], 'bc'],
      test: [[111], [196], 'tb'],
      regtest: [[111], [196], 'bcrt'],
      signet: [[111], [196], 'tb'],
    },
  ],
  [
    'dash.json',
    ['bf0c6bbd', 'cee2caff', 'fcc1b7dc'],
    { main: [[76], [16]], test: [[140], [19]], regtest: [[140], [19]] },
  ],
  ['digibyte-sha256.json', ['fac3b6da', 'fdc8bddd'], { main: [[30], [63, 5], 'dgb'] }],
  [
    'groestlcoin.json',
    ['f9beb4d4', '0b110907', 'fabfb5da'],
    {
      main: [[36], [5], 'grs'],
      test: [[111], [196], 'tgrs'],
      regtest: [[111], [196], 'grsrt'],
      signet: [[111], [196], 'tgrs'],
    },
  ],
  [
    'namecoin.json',
    ['f9beb4fe', 'fabfb5fe', 'fabfb5da'],
    {
      main: [[52], [13], 'nc'],
      test: [[111], [196], 'tn'],
      regtest: [[111], [196], 'ncrt'],
      signet: [[111], [196], 'tb'],
    },
  ],
  [
    'peercoin.json',
    ['e6e8e9e5', 'cbf2c0ef', 'cbf2c0ef'],
    { main: [[55], [117], 'pc'], test: [[111], [196], 'tpc'], regtest: [[111], [196], 'pcrt'] },
  ],
  [
    'syscoin.json',
    ['cee2caff', 'cee2cafe', 'fabfb5da'],
    { main: [[63], [5], 'sys'], test: [[65], [196], 'tsys'], regtest: [[111], [196], 'bcrt'] },
  ],
  [
    'viacoin.json',
    ['0f68c6cb', 'a9c5ef92', '2d977b37'],
    { main: [[71], [33], 'via'], test: [[127], [196], 'tvia'], regtest: [[111], [196], 'rvia'] },
  ],
  ['monacoin-lyra2rev2.json', ['fbc0b6db', 'fdd2c8f1'], { main: [[50], [55, 5], 'mona'] }],
  [
    'feathercoin-neoscrypt.json',
    ['41151a21', '91656a71', 'd1a5aab1'],
    { main: [[14], [5], 'fc'], test: [[111], [196], 'tf'], regtest: [[111], [196], 'fcrt'] },
  ],
];

for (const [file, magics, networks] of chains) {
  test(`${file} has the magics and address forms of its chain`, () => {
    const { peerMagic, peerMagicTestnet, peerMagicRegtest, networks: told } = coin(file);
    const toldMagics = [peerMagic, peerMagicTestnet, peerMagicRegtest];
    assert.deepEqual(
      toldMagics.filter((magic) => magic !== undefined),
      magics,
    );
    const rows = Object.entries(told).map(([network, { pubKeyHash, scriptHash, bech32 }]) => [
      network,
      [pubKeyHash, scriptHash, ...(bech32 === undefined ? [] : [bech32])],
    ]);
    assert.deepEqual(Object.fromEntries(rows), networks);
  });
}

test('Bitcoin Cash and eCash write CashAddr, and eCash counts in hundredths', () => {
  for (const [file, decimals, prefixes] of [
    ['bitcoincash.json', 8, ['bitcoincash', 'bchtest', 'bchreg']],
    ['ecash.json', 2, ['ecash', 'ectest', 'ecregtest']],
  ] as const) {
    const { peerMagic, networks, ...facts } = coin(file);
    assert.equal(peerMagic, 'e3e1f3e8');
    assert.equal(facts.decimals, decimals);
    const forms = [networks.main, networks.test, networks.regtest];
    assert.deepEqual(
      forms.map((one) => one?.cashaddr),
      prefixes,
    );
    assert.deepEqual(networks.main?.pubKeyHash, [0]);
    assert.equal(networks.main?.bech32, undefined);
  }
});

test('chains whose coinbases ripen later say so', () => {
  const maturities = ['groestlcoin.json', 'peercoin.json', 'viacoin.json', 'dash.json'].map(
    (file) => coin(file).maturity,
  );
  assert.deepEqual(maturities, [120, 500, 3600, 100]);
});

test('where versions carry the id of a merge-mined chain, miners may roll none of their bits', () => {
  const none = files.map((file) => coin(file)).filter(({ versionMask }) => versionMask === 0);
  assert.deepEqual(
    none.map(({ name }) => name),
    ['dogecoin', 'namecoin', 'syscoin', 'viacoin'],
  );
  assert.equal(coin('bitcoin.json').versionMask, undefined);
});

test("today's main coins say where their transactions, blocks and addresses are looked up, over HTTPS", () => {
  const main =
    'bitcoin litecoin dogecoin dash digibyte groestlcoin vertcoin bitcoincash ecash namecoin peercoin';
  for (const name of main.split(' ')) {
    const { explorer = {} } = coin(`${name}.json`);
    const urls = [explorer.txURL, explorer.blockURL, explorer.addressURL];
    for (const url of urls) assert.match(url ?? '', /^https:\/\/[a-z.]+\/[a-z/.-]*[/?]$/, name);
    assert.equal(new Set(urls).size, 3, name);
  }
});

test('several algorithms of a coin are coins of their own, and their blocks are named by the header', () => {
  for (const [file, algorithm, params] of [
    ['digibyte.json', 'scrypt', {}],
    ['digibyte-sha256.json', 'sha256', {}],
    ['digibyte-skein.json', 'skein', { namedByHeader: true }],
    ['digibyte-qubit.json', 'qubit', { namedByHeader: true }],
  ] as const) {
    assert.equal(coin(file).algorithm, algorithm);
    assert.deepEqual(coin(file).algorithmParams, params);
  }
});

test('a version mask is 32 bits of hex, rules are names', (t) => {
  const sound = { name: 'X', symbol: 'X', algorithm: 'x11' };
  for (const wrong of [
    { versionMask: 0 },
    { versionMask: '1fffe00' },
    { rules: 'segwit' },
    { rules: [''] },
    { rules: ['se gwit'] },
  ]) {
    const dir = configFolder(t, { 'coins/x.json': { ...sound, ...wrong } });
    assert.equal(shelf(dir).coins.get('x.json').kind, 'broken', JSON.stringify(wrong));
  }
  const dir = configFolder(t, {
    'coins/x.json': { ...sound, versionMask: '9FFFE000', rules: ['segwit', 'signet'] },
  });
  assert.equal(coin('x.json', dir).versionMask, 0x9fffe000);
  assert.deepEqual(coin('x.json', dir).rules, ['segwit', 'signet']);
  assert.deepEqual(coin('litecoin.json').rules, ['mweb', 'segwit']);
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
