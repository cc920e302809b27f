import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AddressFormsLike,
  addressOfMiningKey,
  decodeAddress,
} from '../../libs/primitives/address.ts';
import { decodeCashAddr, encodeCashAddr } from '../../libs/primitives/cashAddr.ts';

const bitcoinCash: AddressFormsLike = {
  pubKeyHash: [0],
  scriptHash: [5],
  cashaddr: 'bitcoincash',
};
const ecash: AddressFormsLike = { ...bitcoinCash, cashaddr: 'ecash' };

// The CashAddr specification, "Examples of address translation".
const translations: readonly [string, string][] = [
  ['1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu', 'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a'],
  ['1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR', 'bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy'],
  ['16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb', 'bitcoincash:qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r'],
  ['3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC', 'bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq'],
  ['3LDsS579y7sruadqu11beEJoTjdFiFCdX4', 'bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e'],
  ['31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw', 'bitcoincash:pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37'],
];

function decoded(address: string, forms: AddressFormsLike) {
  const answer = decodeAddress(address, forms);
  assert.ok(answer.ok, `${address}: ${answer.ok ? '' : answer.reason}`);
  return answer;
}

function reasonOf(address: string, forms: AddressFormsLike = bitcoinCash): string {
  const answer = decodeAddress(address, forms);
  assert.ok(!answer.ok, `${address} was taken`);
  return answer.reason;
}

test('a CashAddr and the base58 address of its translation are one script and one canonical form', () => {
  for (const [base58, cash] of translations) {
    const old = decoded(base58, bitcoinCash);
    for (const spelling of [cash, cash.slice('bitcoincash:'.length), cash.toUpperCase()]) {
      assert.deepEqual(decoded(spelling, bitcoinCash), old);
    }
    assert.equal(old.canonical, cash);
    assert.equal(old.kind, base58.startsWith('1') ? 'p2pkh' : 'p2sh');
  }
});

test('the 20-byte vectors of the specification are decoded and encoded', () => {
  // The other types and sizes of its larger table are no scripts that this pool pays.
  const hash = Buffer.from('f5bf48b397dae70be82b3cca4793f8eb2b6cdac9', 'hex');
  for (const [prefix, kind, address] of [
    ['bitcoincash', 'p2pkh', 'bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2'],
    ['bchtest', 'p2sh', 'bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t'],
    ['pref', 'p2sh', 'pref:pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks5'],
  ] as const) {
    assert.deepEqual(decodeCashAddr(address, prefix), { ok: true, kind, hash });
    assert.equal(encodeCashAddr(prefix, kind, hash), address);
  }
});

test('eCash has the same addresses under its own prefix', () => {
  // Published with the base58 address 155fzsEBHy9Ri2bMQ8uuuR3tv1YzcDywd4.
  const cash = 'ecash:qqkv9wr69ry2p9l53lxp635va4h86wv435ugq9umvq';
  assert.equal(decoded('155fzsEBHy9Ri2bMQ8uuuR3tv1YzcDywd4', ecash).canonical, cash);
  assert.equal(decoded(cash, ecash).script.length, 25);
  assert.match(reasonOf(cash), /prefix is not bitcoincash/);
  assert.match(reasonOf(cash.slice('ecash:'.length)), /checksum/);
});

test('a mining key has a CashAddr on a chain that has them', () => {
  const address = addressOfMiningKey('f5bf48b397dae70be82b3cca4793f8eb2b6cdac9', bitcoinCash);
  assert.equal(address, 'bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2');
});

test('what is no CashAddr of 20 bytes to pay is refused, each for its own fault', () => {
  const [[, sound] = ['', '']] = translations;
  assert.match(reasonOf(`${sound.slice(0, -1)}q`), /checksum/);
  assert.match(reasonOf(sound.replace('qpm', 'Qpm')), /both cases/);
  assert.match(reasonOf(sound.slice(0, -1)), /length/);
  assert.match(reasonOf(sound.replace('qpm', 'qbm')), /digit/);
  assert.match(reasonOf(':'), /prefix/);
  // Of the specification's table: type 15 with 20 bytes, and type 0 with 24 bytes.
  const type15 = decodeCashAddr('prefix:0r6m7j9njldwwzlg9v7v53unlr4jkmx6ey3qnjwsrf', 'prefix');
  assert.match(type15.ok ? '' : type15.reason, /type 120/);
  assert.match(reasonOf('bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0'), /length/);
});

test('a bad base58 address is refused as base58 on a CashAddr chain too', () => {
  assert.match(reasonOf('1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggv'), /base58/);
});
