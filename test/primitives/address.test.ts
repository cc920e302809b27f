import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type AddressFormsLike,
  addressOfMiningKey,
  decodeAddress,
  decodeAnyAddress,
  scriptOfMiningKey,
} from '../../libs/primitives/address.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';

const bitcoin: AddressFormsLike = { pubKeyHash: [0], scriptHash: [5], bech32: 'bc' };
const testnet: AddressFormsLike = { pubKeyHash: [111], scriptHash: [196], bech32: 'tb' };
const litecoin: AddressFormsLike = { pubKeyHash: [48], scriptHash: [50, 5], bech32: 'ltc' };
const litecoinRegtest: AddressFormsLike = {
  pubKeyHash: [111],
  scriptHash: [58, 196],
  bech32: 'rltc',
};
const zcash: AddressFormsLike = { pubKeyHash: [0x1cb8], scriptHash: [0x1cbd] };

function scriptOf(address: string, forms: AddressFormsLike): string {
  const decoded = decodeAddress(address, forms);
  assert.ok(decoded.ok, `${address}: ${decoded.ok ? '' : decoded.reason}`);
  return decoded.script.toString('hex');
}

function reasonOf(address: string, forms: AddressFormsLike): string {
  const decoded = decodeAddress(address, forms);
  assert.ok(!decoded.ok, `${address} was taken`);
  return decoded.reason;
}

// BIP 350, "Test vectors for v0-v16 native segregated witness addresses".
const valid: readonly [string, AddressFormsLike, string][] = [
  [
    'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4',
    bitcoin,
    '0014751e76e8199196d454941c45d1b3a323f1433bd6',
  ],
  [
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    testnet,
    '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
  ],
  [
    'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
    bitcoin,
    '5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6',
  ],
  ['BC1SW50QGDZ25J', bitcoin, '6002751e'],
  ['bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', bitcoin, '5210751e76e8199196d454941c45d1b3a323'],
  [
    'tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy',
    testnet,
    '0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  ],
  [
    'tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c',
    testnet,
    '5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  ],
  [
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    bitcoin,
    '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  ],
];

test('the valid addresses of BIP 350 give their scripts', () => {
  for (const [address, forms, script] of valid) {
    assert.equal(scriptOf(address, forms), script);
  }
});

test('the invalid addresses of BIP 350 are refused, each for its own fault', () => {
  const rows: readonly [string, AddressFormsLike, RegExp][] = [
    ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd', bitcoin, /bech32m/],
    ['tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf', testnet, /bech32m/],
    ['BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL', bitcoin, /bech32m/],
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh', bitcoin, /asks for bech32 /],
    ['tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47', testnet, /asks for bech32 /],
    ['bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4', bitcoin, /checksum/],
    ['BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R', bitcoin, /version 17/],
    ['bc1pw5dgrnzv', bitcoin, /no 1 bytes/],
    [
      'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav',
      bitcoin,
      /no 41 bytes/,
    ],
    ['BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P', bitcoin, /no 16 bytes/],
    ['tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq', testnet, /case/],
    ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf', bitcoin, /broken/],
    ['tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j', testnet, /broken/],
    ['bc1gmk9yu', bitcoin, /broken/],
  ];
  for (const [address, forms, fault] of rows)
    assert.match(reasonOf(address, forms), fault, address);
});

test('an address of another chain is refused', () => {
  for (const [address, forms] of valid) reasonOf(address, forms === bitcoin ? testnet : bitcoin);
  assert.match(reasonOf('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', litecoin), /version 0/);
});

test('base58 addresses give P2PKH and P2SH scripts by their version', () => {
  assert.equal(
    scriptOf('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', bitcoin),
    '76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac',
  );
  assert.equal(
    scriptOf('3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', bitcoin),
    'a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87',
  );
});

test('versions of two bytes are one number each', () => {
  const zero = '00'.repeat(20);
  assert.equal(scriptOf('t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs', zcash), `76a914${zero}88ac`);
  assert.equal(scriptOf('t3JZcvsuaXE6ygokL4XUiZSTrQBUoPYFnXJ', zcash), `a914${zero}87`);
  assert.equal(addressOfMiningKey(zero, zcash), 't1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs');
});

test('a changed character is refused by the checksum', () => {
  assert.match(reasonOf('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb', bitcoin), /checksum/);
  assert.match(reasonOf('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', bitcoin), /checksum/);
});

test('scripts are those that Litecoin Core tells for the same addresses', () => {
  const path = join(installRoot, 'test', 'vectors', 'litecoin-regtest-addresses.json');
  const recorded: unknown = JSON.parse(readFileSync(path, 'utf8'));
  assert.ok(isRecord(recorded));
  const addresses = own(recorded, 'addresses');
  assert.ok(Array.isArray(addresses) && addresses.length === 5);
  for (const entry of addresses) {
    assert.ok(isRecord(entry));
    const script = scriptOf(String(own(entry, 'address')), litecoinRegtest);
    assert.equal(script, own(entry, 'scriptPubKey'));
  }
  // An MWEB address has no output script: a coinbase cannot pay it.
  reasonOf(String(own(recorded, 'mweb')), litecoinRegtest);
});

test('all spellings of an address have one canonical form', () => {
  const old = decodeAddress('2MuEYui2QEbFQVmvmggbqKkHqcJPqRZUbAu', litecoinRegtest);
  const usual = decodeAddress('QNbK2iteFhJVdxgpJndrQSjGkgqfMXC2zY', litecoinRegtest);
  // Litecoin Core's validateaddress turns the former into the latter.
  assert.ok(old.ok && usual.ok);
  assert.equal(old.canonical, 'QNbK2iteFhJVdxgpJndrQSjGkgqfMXC2zY');
  assert.equal(usual.canonical, 'QNbK2iteFhJVdxgpJndrQSjGkgqfMXC2zY');
  const upper = decodeAddress('BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', bitcoin);
  assert.ok(upper.ok);
  assert.equal(upper.canonical, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4');
});

test('decodeAddress answers any text, and at once', () => {
  const texts = [
    '',
    ' ',
    '1',
    'bc1',
    'bc1q',
    'x'.repeat(101),
    '1'.repeat(100_000),
    '\u0000',
    'é',
    '0OIl',
  ];
  for (const text of texts) reasonOf(text, bitcoin);
  for (const text of texts) assert.equal(decodeAnyAddress(text).ok, false);
});

test('decodeAnyAddress knows by the checksum alone that an address is sound', () => {
  const zero = Buffer.alloc(20);
  const zcashAddress = decodeAnyAddress('t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs');
  assert.ok(zcashAddress.ok);
  assert.deepEqual(zcashAddress.payload, Buffer.concat([Buffer.from('1cb8', 'hex'), zero]));
  const taproot = decodeAnyAddress(
    'tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c',
  );
  assert.ok(taproot.ok);
  assert.equal(
    taproot.payload.toString('hex'),
    '000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  );
  assert.equal(decodeAnyAddress('1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb').ok, false);
  assert.equal(decodeAnyAddress('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh').ok, false);
});

test('a mining key is the key hash of an address of any chain', () => {
  const key = '62e907b15cbf27d5425399ebf6f0fb50ebb88f18';
  assert.equal(scriptOfMiningKey(key).toString('hex'), `76a914${key}88ac`);
  assert.equal(addressOfMiningKey(key, bitcoin), '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa');
  assert.equal(scriptOf(addressOfMiningKey(key, litecoin), litecoin), `76a914${key}88ac`);
  for (const bad of ['', key.slice(1), `${key}00`, `${key.slice(1)}g`]) {
    assert.throws(() => scriptOfMiningKey(bad), RangeError);
    assert.throws(() => addressOfMiningKey(bad, bitcoin), RangeError);
  }
});
