import { parseCoinsFloor } from '../primitives/money.ts';
import { type Satoshis, satoshis } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import { compareBytes } from './rewards.ts';

// Who is owed what, by address. Pure.

export interface SheetFacts {
  /** worker -> satoshis: of balances, of the open batch, and what the pending blocks would bring. */
  readonly balances: ReadonlyMap<string, Satoshis>;
  readonly inFlight: ReadonlyMap<string, Satoshis>;
  readonly immature: ReadonlyMap<string, Satoshis>;
  /** worker -> coins as decimal text, perhaps an older pool's sum of floats. */
  readonly payouts: ReadonlyMap<string, string>;
  /** worker -> why it is not paid. */
  readonly held: ReadonlyMap<string, string>;
}

interface Sums {
  readonly balance: Satoshis;
  readonly inFlight: Satoshis;
  readonly immature: Satoshis;
  readonly paid: Satoshis;
}

export interface SheetRow extends Sums {
  readonly address: string;
  /** How many workers mine for it. */
  readonly workers: number;
  readonly held: string | undefined;
}

export interface Sheet {
  /** Whoever is owed most comes first; at most as many as are asked for. */
  readonly rows: readonly SheetRow[];
  /** All of them, and their sums. */
  readonly addresses: number;
  readonly total: Sums;
}

export function balanceSheet(facts: SheetFacts, decimals: number, most: number): Sheet {
  const rows = new Map<string, Collecting>();
  const rowOf = (worker: string): Collecting => {
    const address = addressPart(worker);
    const row = rows.get(address) ?? { address, names: new Set(), held: undefined, ...nothing };
    rows.set(address, row);
    row.names.add(worker);
    return row;
  };
  for (const [worker, amount] of facts.balances) rowOf(worker).balance += amount;
  for (const [worker, amount] of facts.inFlight) rowOf(worker).inFlight += amount;
  for (const [worker, amount] of facts.immature) rowOf(worker).immature += amount;
  for (const [worker, text] of facts.payouts) {
    rowOf(worker).paid += parseCoinsFloor(text, decimals) ?? 0n;
  }
  for (const [worker, reason] of facts.held) rowOf(worker).held ??= reason;

  const all = [...rows.values()].sort(byDebt);
  const total = all.reduce(added, nothing);
  return {
    rows: all.slice(0, most).map((row) => ({
      address: row.address,
      workers: row.names.size,
      ...exact(row),
      held: row.held,
    })),
    addresses: all.length,
    total: exact(total),
  };
}

interface Amounts {
  balance: bigint;
  inFlight: bigint;
  immature: bigint;
  paid: bigint;
}

interface Collecting extends Amounts {
  readonly address: string;
  readonly names: Set<string>;
  held: string | undefined;
}

const nothing: Readonly<Amounts> = { balance: 0n, inFlight: 0n, immature: 0n, paid: 0n };

function added(a: Readonly<Amounts>, b: Readonly<Amounts>): Amounts {
  return {
    balance: a.balance + b.balance,
    inFlight: a.inFlight + b.inFlight,
    immature: a.immature + b.immature,
    paid: a.paid + b.paid,
  };
}

function exact({ balance, inFlight, immature, paid }: Readonly<Amounts>): Sums {
  return {
    balance: satoshis(balance),
    inFlight: satoshis(inFlight),
    immature: satoshis(immature),
    paid: satoshis(paid),
  };
}

function byDebt(a: Collecting, b: Collecting): number {
  const more = b.balance + b.inFlight - a.balance - a.inFlight;
  const difference = more || b.immature - a.immature || b.paid - a.paid;
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return compareBytes(a.address, b.address);
}
