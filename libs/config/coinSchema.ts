import { list, mapped, object, optional, record, required, withDefault } from './schema.ts';
import type { Schema, ValueOf } from './schemaBase.ts';
import type { AddressForms, CoinConfig } from './types.ts';
import { boolean, choice, number, text, whole } from './values.ts';

// A file of coins/.

const fourBytes = () => text({ pattern: /^[0-9a-fA-F]{8}$/, expected: 'a text of 8 hex digits' });

const magic = () => mapped(fourBytes(), (value: string) => value.toLowerCase());

const bits = () => mapped(fourBytes(), (value: string) => Number.parseInt(value, 16));

/** true, false, or, as some coin files of the original have it, the same in quotes. */
const quotableBoolean = (): Schema<boolean> => {
  const plain = boolean();
  return {
    ...plain,
    read: (node, path, report) => {
      if (node.kind !== 'string' || !['true', 'false'].includes(node.value)) {
        return plain.read(node, path, report);
      }
      report.warning(node, path, `is a text, taken as ${node.value}: write it without quotes`);
      return node.value === 'true';
    },
  };
};

const forms: Schema<AddressForms> = object({
  pubKeyHash: required(list(whole({ min: 0, max: 0xffff }), 1), 'version of P2PKH addresses'),
  scriptHash: required(list(whole({ min: 0, max: 0xffff })), 'versions of P2SH addresses'),
  bech32: optional(
    text({ pattern: /^[a-z0-9]{1,83}$/, expected: 'a prefix of lower-case letters and digits' }),
    'prefix of bech32 addresses',
  ),
  cashaddr: optional(
    text({ pattern: /^[a-z]{1,20}$/, expected: 'a prefix of lower-case letters' }),
    'prefix of CashAddr addresses',
  ),
});

const networks = object({
  main: optional(forms, 'main network'),
  test: optional(forms, 'test network'),
  regtest: optional(forms, 'regression test network'),
  signet: optional(forms, 'signet'),
});

const url = () =>
  text({ pattern: /^https?:\/\/[^\s"'<>\\]{1,400}$/, expected: 'a URL that begins with http' });

const explorer = object({
  txURL: optional(url(), 'URL that a txid is appended to'),
  blockURL: optional(url(), 'URL that a block hash is appended to'),
  addressURL: optional(url(), 'URL that an address is appended to'),
});

const unixTime = () => whole({ min: 0, max: 0xffffffff, unit: 'seconds' });

const algorithmFields = {
  nValue: optional(whole({ min: 1, max: 1 << 24 }), 'N of scrypt'),
  rValue: optional(whole({ min: 1, max: 1 << 10 }), 'r of scrypt'),
  timeTable: optional(
    mapped(
      record({ pattern: /^[1-9]\d{0,8}$/, expected: 'an N of scrypt-n' }, unixTime()),
      (entries): Readonly<Record<string, number>> => Object.fromEntries(entries),
    ),
    'N of scrypt-n -> Unix time from which it counts',
  ),
  chainStartTime: optional(unixTime(), 'Unix time at which the N of scrypt-jane begins to grow'),
  nMin: optional(whole({ min: 0, max: 40 }), 'least N factor of scrypt-jane'),
  nMax: optional(whole({ min: 0, max: 40 }), 'greatest N factor of scrypt-jane'),
  normalHashing: optional(boolean(), 'plain variant of the algorithm'),
  namedByHeader: optional(
    boolean(),
    'blocks are named by SHA-256d of their header, as on chains with several algorithms',
  ),
};

const coinFields = {
  name: required(
    text({
      pattern: /^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}$/,
      expected: 'a name of letters, digits and " ._+-"',
    }),
    'name of the coin; in lower case it begins its Redis keys',
  ),
  symbol: required(text({ filled: true, longest: 32 }), 'symbol of the coin'),
  algorithm: required(text({ filled: true }), 'proof-of-work algorithm'),
  peerMagic: optional(magic(), 'network magic, as it goes over the wire'),
  peerMagicTestnet: optional(magic(), 'network magic of the test network'),
  peerMagicRegtest: optional(magic(), 'network magic of the regression test network'),
  txMessages: withDefault(
    quotableBoolean(),
    false,
    'transactions carry a message: coinbase version 2',
  ),
  mposDiffMultiplier: withDefault(
    number({ above: 0 }),
    1,
    'factor of difficulties written for MPOS',
  ),
  reward: optional(choice(['POW', 'POS']), 'kind of block reward; else detected'),
  hasGetInfo: withDefault(boolean(), false, 'an old daemon with getinfo'),
  decimals: withDefault(whole({ min: 0, max: 18 }), 8, 'decimals of an amount'),
  maturity: withDefault(
    whole({ min: 0, max: 1_000_000 }),
    100,
    'confirmations of a spendable coinbase',
  ),
  addresses: optional(networks, 'forms of addresses on each network'),
  versionMask: optional(bits(), 'bits of the version that miners may roll, in hex'),
  rules: optional(
    list(text({ pattern: /^[a-z0-9_-]{1,32}$/, expected: 'the name of a rule' })),
    'rules that block templates are asked for with',
  ),
  explorer: optional(explorer, 'where people look up transactions, blocks and addresses'),
  diffShift: optional(whole(), 'not used: difficulties follow from the algorithm'),
  ...algorithmFields,
};

export const coinSchema = object(coinFields);

/** The coin of coins/`file`, whose fields have been read. */
export function coinFrom(file: string, value: ValueOf<typeof coinFields>): CoinConfig {
  const { name, algorithm, addresses, nValue, rValue, timeTable, chainStartTime, ...rest } = value;
  const { nMin, nMax, normalHashing, namedByHeader, diffShift: _, ...facts } = rest;
  const scrypts = { nValue, rValue, timeTable, chainStartTime, nMin, nMax };
  const parameters = { ...scrypts, normalHashing, namedByHeader };
  return {
    ...facts,
    file,
    name: name.toLowerCase(),
    displayName: name,
    algorithm: algorithm.toLowerCase(),
    networks: addresses ?? {},
    algorithmParams: Object.fromEntries(
      Object.entries(parameters).filter(([, parameter]) => parameter !== undefined),
    ),
  };
}
