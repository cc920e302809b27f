import { type Satoshis, satoshis } from '../primitives/units.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import { bytesOf, integerOf, optional, shown, TemplateError, textOf } from './templateFields.ts';

// Whom the chain's own rules make a coinbase pay besides the pool: masternodes, budgets, founders, developers.

export interface Payee {
  /** The output script, where the template tells it, else the address. */
  readonly to: { readonly script: Buffer } | { readonly address: string };
  /** Above 0. */
  readonly amount: Satoshis;
}

/** Fields that hold one payee or a list of them, in the order of the coinbase's outputs. */
const masternodeFields = ['masternode', 'smartnode', 'znode'] as const;
const budgetFields = ['superblock'] as const;
const fundFields = [
  'founder',
  'founders',
  'developer',
  'coinbasedevreward',
  'fundingstreams',
] as const;

/** All payees of a template, in the order in which the coinbase pays them. Throws TemplateError. */
export function parsePayees(template: UnknownRecord, coinbaseValue: Satoshis): Payee[] {
  const masternodes = masternodeFields.flatMap((field) => payeesIn(template, field));
  const budgets = budgetFields.flatMap((field) => payeesIn(template, field));
  const funds = fundFields.flatMap((field) => payeesIn(template, field));
  // Some daemons name the masternode in the older `payee` too: it is paid once.
  const single = masternodes.length === 0 ? singlePayee(template, coinbaseValue) : [];
  return [...masternodes, ...budgets, ...single, ...funds, ...demands(template)];
}

/** What eCash's daemons demand of a coinbase: the miner fund, at one of several addresses, and the stakers' part. */
function demands(template: UnknownRecord): Payee[] {
  const coinbase = optional(template, 'coinbasetxn');
  if (!isRecord(coinbase)) return [];
  const fund = recordIn(coinbase, 'minerfund');
  const stakers = recordIn(coinbase, 'stakingrewards');
  const addresses = fund && own(fund, 'addresses');
  const script = stakers && recordIn(stakers, 'payoutscript');
  return [
    ...(fund === undefined
      ? []
      : demanded(fund, 'minerfund', { address: Array.isArray(addresses) ? addresses[0] : '' })),
    ...(stakers === undefined
      ? []
      : demanded(stakers, 'stakingrewards', { script: script && own(script, 'hex') })),
  ];
}

function demanded(demand: UnknownRecord, field: string, to: UnknownRecord): Payee[] {
  return payeeOf({ ...to, amount: own(demand, 'minimumvalue') }, field);
}

function recordIn(from: UnknownRecord, key: string): UnknownRecord | undefined {
  const value = optional(from, key);
  if (value === undefined) return undefined;
  if (!isRecord(value)) throw new TemplateError(key, `must be an object, not ${shown(value)}`);
  return value;
}

function payeesIn(template: UnknownRecord, field: string): Payee[] {
  const value = optional(template, field);
  if (value === undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((entry: unknown, at) => payeeOf(entry, `${field}[${at}]`));
  }
  return payeeOf(value, field);
}

/** No payee when the object is empty or its amount is 0: the daemon says "none" so. */
function payeeOf(value: unknown, field: string): Payee[] {
  if (!isRecord(value)) throw new TemplateError(field, `must be an object, not ${shown(value)}`);
  if (Object.keys(value).length === 0) return [];
  const amount = amountOf(
    own(value, 'amount') ?? own(value, 'valueZat') ?? own(value, 'value'),
    `${field}'s amount`,
  );
  if (amount === 0n) return [];
  const script = firstText(value, ['script', 'scriptPubKey', 'scriptpubkey']);
  if (script !== undefined) {
    return [{ to: { script: bytesOf(script, `${field}'s script`) }, amount }];
  }
  const address = firstText(value, ['payee', 'address']);
  if (address === undefined) throw new TemplateError(field, 'has neither script nor address');
  return [{ to: { address }, amount }];
}

function singlePayee(template: UnknownRecord, coinbaseValue: Satoshis): Payee[] {
  const payee = optional(template, 'payee');
  if (payee === undefined || payee === '') return [];
  const told = optional(template, 'payee_amount');
  // Daemons from before `payee_amount` meant a fifth of the reward.
  const amount = told === undefined ? satoshis(coinbaseValue / 5n) : amountOf(told, 'payee_amount');
  return amount === 0n ? [] : [{ to: { address: textOf(payee, 'payee') }, amount }];
}

function firstText(value: UnknownRecord, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = own(value, key);
    if (typeof text === 'string' && text !== '') return text;
  }
  return undefined;
}

function amountOf(value: unknown, field: string): Satoshis {
  return satoshis(BigInt(integerOf(value, field, 0, Number.MAX_SAFE_INTEGER)));
}
