import assert from 'node:assert/strict';
import { createECDH, createHash, randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import vm from 'node:vm';
import { addressOfMiningKey } from '../../libs/primitives/address.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import {
  addressOf,
  hexOf,
  type MiningKey,
  miningKeyOf,
  newMiningKey,
  privateKeyVersion,
  selfTest,
  wifOf,
} from '../../libs/website/pages/browser/miningKey.ts';
import { keyPage } from '../../libs/website/pages/keyPage.ts';

// The other implementation: OpenSSL's curve and hashes, and base58 by dividing bytes.

const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function hash(name: string, bytes: Uint8Array): Buffer {
  return createHash(name).update(bytes).digest();
}

function base58Check(payload: Buffer): string {
  const bytes = Buffer.concat([payload, hash('sha256', hash('sha256', payload)).subarray(0, 4)]);
  let left = [...bytes];
  let text = '';
  while (left.some((byte) => byte !== 0)) {
    let rest = 0;
    left = left.map((byte) => {
      const value = rest * 256 + byte;
      rest = value % 58;
      return Math.floor(value / 58);
    });
    text = digits.charAt(rest) + text;
  }
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = `1${text}`;
  }
  return text;
}

function keyHashOf(secret: Uint8Array): Buffer {
  const curve = createECDH('secp256k1');
  curve.setPrivateKey(secret);
  return hash('ripemd160', hash('sha256', curve.getPublicKey(null, 'compressed')));
}

/** Names and P2PKH versions of all coins whose versions are known, each network. */
const coins = readdirSync(join(installRoot, 'coins')).flatMap((file) => {
  const coin: unknown = JSON.parse(readFileSync(join(installRoot, 'coins', file), 'utf8'));
  const networks = isRecord(coin) ? own(coin, 'addresses') : undefined;
  if (!isRecord(coin) || !isRecord(networks)) return [];
  return Object.values(networks).flatMap((forms) => {
    const versions = isRecord(forms) ? own(forms, 'pubKeyHash') : undefined;
    const version: unknown = Array.isArray(versions) ? versions[0] : undefined;
    const name = String(own(coin, 'name')).toLowerCase();
    return typeof version === 'number' ? [{ name, version }] : [];
  });
});

test('500 random keys give the mining key, address and WIF that OpenSSL gives, for every coin with known versions', () => {
  assert.ok(coins.length >= 15);
  for (let round = 0; round < 500; round++) {
    const key = newMiningKey(randomFillSync);
    const expected = keyHashOf(key.secret);
    assert.equal(key.miningKey, expected.toString('hex'));
    // Each key for one coin in turn, so that base58 does not take the time that the keys need.
    const coin = coins[round % coins.length];
    assert.ok(coin !== undefined);
    const versions = {
      pubKeyHash: coin.version,
      privateKey: privateKeyVersion(coin.name, coin.version),
    };
    const address = base58Check(Buffer.concat([Buffer.from([coin.version]), expected]));
    assert.equal(addressOf(key, versions), address);
    const wif = Buffer.concat([Buffer.from([versions.privateKey]), key.secret, Buffer.from([1])]);
    assert.equal(wifOf(key, versions), base58Check(wif));
  }
});

test('the address is the one that the pool pays for the mining key', () => {
  const key = newMiningKey(randomFillSync);
  for (const { version } of coins) {
    const forms = { pubKeyHash: [version], scriptHash: [] };
    assert.equal(
      addressOf(key, { pubKeyHash: version, privateKey: 0 }),
      addressOfMiningKey(key.miningKey, forms),
    );
  }
});

test('private keys begin with the version of each coin’s own wallet', () => {
  const cases: [string, number, number][] = [
    ['bitcoin', 0, 128],
    ['litecoin', 48, 176],
    ['dogecoin', 30, 158],
    ['darkcoin', 76, 204],
    ['digibyte', 30, 128],
    ['monacoin', 50, 176],
    ['vertcoin', 71, 128],
    ['bitcoin', 111, 239],
    ['hasOwnProperty', 200, 72],
  ];
  for (const [coin, address, privateKey] of cases) {
    assert.equal(privateKeyVersion(coin, address), privateKey, coin);
  }
});

test('the vectors of the page itself hold', () => {
  assert.deepEqual(selfTest(), []);
});

test('a source of randomness that gives nothing, or too much, makes no key', () => {
  assert.throws(() => newMiningKey((bytes) => bytes.fill(0)), /random/);
  assert.throws(() => newMiningKey((bytes) => bytes.fill(0xff)), /random/);
  assert.throws(() => miningKeyOf(new Uint8Array(32)));
});

test('key.html is one file that may do nothing but run its own script', () => {
  const { html, csp, scriptHash, styleHash } = keyPage([
    { coin: 'litecoin', name: '</script><b>', symbol: 'LTC', pubKeyHash: 48 },
  ]);
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)];
  assert.equal(scripts.length, 1);
  const source = hash('sha256', Buffer.from(scripts[0]?.[1] ?? '')).toString('base64');
  assert.equal(scriptHash, `sha256-${source}`);
  assert.ok(csp.includes(`script-src '${scriptHash}'`) && csp.includes(`style-src '${styleHash}'`));
  assert.match(csp, /^default-src 'none'/);
  // The same rule travels in the file, for when it is opened from a disk.
  assert.ok(
    html.includes(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${scriptHash}'`,
    ),
  );
  assert.doesNotMatch(html, /<b>|\ssrc=|@import|url\(/);
  const data = /id="versions">(.*?)<\/script>/.exec(html)?.[1] ?? '';
  assert.deepEqual(JSON.parse(data), [
    { name: '</script><b>', symbol: 'LTC', pubKeyHash: 48, privateKey: 176 },
  ]);
});

test('the script in key.html makes the keys that its sources make', () => {
  const { html } = keyPage([{ coin: 'litecoin', name: 'Litecoin', symbol: 'LTC', pubKeyHash: 48 }]);
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  const page = new PageStandIn(/id="versions">(.*?)<\/script>/.exec(html)?.[1] ?? '');
  vm.runInNewContext(script, {
    document: page,
    crypto: { getRandomValues: (bytes: Uint8Array) => bytes.fill(0x5a) },
    TextEncoder,
  });
  assert.equal(page.element('actions').hidden, false, page.element('state').textContent);
  page.click('make');
  const key: MiningKey = miningKeyOf(new Uint8Array(32).fill(0x5a));
  assert.equal(page.element('miningKey').textContent, key.miningKey);
  assert.equal(page.element('miningKey').textContent, keyHashOf(key.secret).toString('hex'));
  const versions = { pubKeyHash: 48, privateKey: 176 };
  const shown = page.made.map(({ textContent }) => textContent);
  assert.ok(shown.includes(addressOf(key, versions)) && shown.includes(wifOf(key, versions)));
  assert.equal(hexOf(key.secret), '5a'.repeat(32));
});

interface ElementStandIn {
  hidden: boolean;
  textContent: string;
  value: string;
  addEventListener(type: string, listener: () => void): void;
  append(): void;
  replaceChildren(): void;
}

/** Stands in for the few things of a document that the script of key.html touches. */
class PageStandIn {
  readonly made: ElementStandIn[] = [];
  readonly #elements = new Map<string, ElementStandIn>();
  readonly #clicks = new Map<string, () => void>();

  constructor(versions: string) {
    this.element('versions').textContent = versions;
  }

  element(id: string): ElementStandIn {
    const known = this.#elements.get(id);
    if (known !== undefined) return known;
    const made: ElementStandIn = {
      hidden: true,
      textContent: '',
      value: '',
      addEventListener: (type, listener) => {
        if (type === 'click') this.#clicks.set(id, listener);
      },
      append() {},
      replaceChildren() {},
    };
    this.#elements.set(id, made);
    return made;
  }

  getElementById(id: string): ElementStandIn {
    return this.element(id);
  }

  createElement(tag: string): ElementStandIn {
    const made = this.element(`${tag} ${this.made.length}`);
    this.made.push(made);
    return made;
  }

  addEventListener(): void {}

  click(id: string): void {
    this.#clicks.get(id)?.();
  }
}
