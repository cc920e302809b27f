import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decodeAddress } from '../../libs/primitives/address.ts';
import { checkAddress, readBase58Check } from '../../libs/website/pages/browser/addressCheck.ts';
import { sha256 } from '../../libs/website/pages/browser/sha256.ts';

const bitcoin = { pubKeyHash: [0], scriptHash: [5], bech32: 'bc' };
const litecoin = { pubKeyHash: [48], scriptHash: [50, 5], bech32: 'ltc' };

test('sha256 is that of node:crypto for every length around its blocks', () => {
  for (let length = 0; length < 200; length++) {
    const message = Uint8Array.from({ length }, (_, at) => (at * 37 + length) & 0xff);
    const expected = createHash('sha256').update(message).digest('hex');
    assert.equal(Buffer.from(sha256(message)).toString('hex'), expected, `${length} bytes`);
  }
});

test('known addresses of each kind are right', () => {
  const cases: [string, string][] = [
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', 'p2pkh'], // the genesis block
    ['3P14159f73E4gFr7JterCCQh9QjiTjiZrG', 'p2sh'], // BIP 13 style, from Bitcoin's own tests
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'witness'], // BIP 173
    ['BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', 'witness'],
    ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0', 'witness'], // BIP 350
  ];
  for (const [address, kind] of cases) {
    assert.deepEqual(checkAddress(address, [bitcoin]), { ok: true, kind }, address);
  }
});

test('a wrong letter, a cut end, and another coin are told apart', () => {
  const cases: [string, RegExp][] = [
    ['', /empty/],
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb', /checksum/],
    ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN', /checksum/],
    ['LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9', /another coin/],
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', /checksum/],
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4', /capital/],
    ['bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du', /checksum/], // BIP 350: version 2 with the old checksum
    ['bc1q', /missing/],
    ['1A1z P1eP5', /character/],
    ['1'.repeat(101), /long/],
  ];
  for (const [address, reason] of cases) {
    const answer = checkAddress(address, [bitcoin]);
    assert.ok(!answer.ok, address);
    assert.match(answer.reason, reason, address);
  }
});

const cashCoin = { pubKeyHash: [0], scriptHash: [5], cashaddr: 'bitcoincash' };

test('CashAddr is checked with and without its prefix, in either case', () => {
  // The CashAddr specification, "Examples of address translation", and its table of 20-byte vectors.
  const cases: [string, string][] = [
    ['bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', 'p2pkh'],
    ['qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', 'p2pkh'],
    ['BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A', 'p2pkh'],
    ['bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq', 'p2sh'],
    ['bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2', 'p2pkh'],
    ['1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu', 'p2pkh'],
  ];
  for (const [address, kind] of cases) {
    assert.deepEqual(checkAddress(address, [cashCoin]), { ok: true, kind }, address);
  }
  const test = { pubKeyHash: [111], scriptHash: [196], cashaddr: 'bchtest' };
  const onTest = 'bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t';
  assert.deepEqual(checkAddress(onTest, [cashCoin, test]), { ok: true, kind: 'p2sh' });
  const wrong: [string, RegExp][] = [
    ['ecash:qqkv9wr69ry2p9l53lxp635va4h86wv435ugq9umvq', /another coin/],
    ['qqkv9wr69ry2p9l53lxp635va4h86wv435ugq9umvq', /checksum/],
    ['bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6', /missing/],
    ['bitcoincash:Qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', /capital/],
    ['bitcoincash::qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', /character/],
  ];
  for (const [address, reason] of wrong) {
    const answer = checkAddress(address, [cashCoin]);
    assert.match(answer.ok ? '' : answer.reason, reason, address);
  }
});

test('it agrees with the pool itself about good and damaged addresses', () => {
  const good = [
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
    'LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9',
    'MQMcJhpWHYVeQArcZR3sBgyPZxxRtnH441',
    'ltc1qar0srrr7xfkvy5l643lydnw9re59gtzzwcl4ev',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    'bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3',
    'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
    'pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e',
  ];
  const letters = 'qL1zx0';
  for (const address of good) {
    for (let at = 0; at < address.length; at++) {
      for (const letter of letters) {
        const damaged = address.slice(0, at) + letter + address.slice(at + 1);
        for (const forms of [bitcoin, litecoin, cashCoin]) {
          const { ok } = decodeAddress(damaged, forms);
          assert.equal(checkAddress(damaged, [forms]).ok, ok, damaged);
        }
      }
    }
  }
});

test('an address of any of several networks is right, and versions may be two bytes', () => {
  const testnet = { pubKeyHash: [111], scriptHash: [58, 196], bech32: 'rltc' };
  assert.ok(checkAddress('n4jSe18kZMCdGcZqaYprShXW6EH1wivUK1', [litecoin, testnet]).ok);
  const zcash = { pubKeyHash: [0x1cb8], scriptHash: [0x1cbd] };
  assert.ok(checkAddress('t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs', [zcash]).ok);
  assert.equal(readBase58Check('t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs')?.version, 0x1cb8);
});
