import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import type { CoinKeys } from '../../libs/redis/keys.ts';
import { type LitecoinNode, satoshisOf } from '../../scripts/regtest/litecoin.ts';
import type { TestRedis } from '../payments/support.ts';
import {
  type Finding,
  type FoundOnChain,
  memberOf,
  plainFinding,
  type Round,
} from './foundBlock.ts';
import type { Tally } from './suite.ts';

// Bears witness against the payment process: it knows the shares, asks the chain what was mined and what the payees
// got, does its own sums, and compares them with the books in Redis. It shares no arithmetic with libs/payments.

export interface MoneyOracleOptions {
  readonly redis: TestRedis;
  readonly keys: CoinKeys;
  /** Has the payees' wallet: what it received was paid. */
  readonly witness: LitecoinNode;
  /** Has the pool's wallet. */
  readonly wallet: LitecoinNode;
  /** Undefined for names that nobody can be paid by. */
  readonly addressOf: (worker: string) => string | undefined;
  /** By which blocks are shared out now. */
  readonly scheme: () => OracleScheme;
}

export type OracleScheme = 'PROP' | 'PPLNS';
/** PPLNS: so many times the network's difficulty. */
export const pplnsWindow = 2;

/** Nobody with an address is left with this much or more when a run has come to its end. */
const minimumPayment = 1_000_000n;

export class MoneyOracle {
  readonly #options: MoneyOracleOptions;
  /** What the chain and the wallet tell of earlier books. */
  #receivedBefore = new Map<string, bigint>();
  #sentBefore = new Map<string, bigint>();
  #current: Round = new Map();
  readonly #rounds = new Map<number, Round>();
  /** Of heights whose block was credited. */
  readonly #paidRounds = new Map<number, Round>();
  readonly #blocks = new Map<string, FoundOnChain & Finding>();
  /** Members of blocks whose end has been seen. */
  readonly #confirmed = new Set<string>();
  readonly #orphaned = new Set<string>();
  /** worker -> exact share of all confirmed rewards, rounded down block by block. */
  readonly #floors = new Map<string, bigint>();
  /** Blocks whose reward was divided, so that there may be a satoshi more. */
  readonly #creditedBlocks = new Map<string, bigint>();
  readonly #legacy = new Map<string, bigint>();
  #credited = 0n;

  constructor(options: MoneyOracleOptions) {
    this.#options = options;
  }

  /** Forgets everything: the books are those of a new pool. What waits must be in a block by then. */
  async begin(): Promise<void> {
    this.#receivedBefore = await this.#received();
    this.#sentBefore = await this.#sent();
    this.#current = new Map();
    this.#credited = 0n;
    for (const known of [this.#rounds, this.#paidRounds, this.#blocks]) known.clear();
    for (const known of [this.#confirmed, this.#orphaned]) known.clear();
    for (const sums of [this.#floors, this.#creditedBlocks, this.#legacy]) sums.clear();
  }

  shares(shares: Round): void {
    this.#current = sumOf(this.#current, shares);
  }

  /** The round of the block is closed: the current one, unless a twin closed it before. */
  closed(block: FoundOnChain, finding = plainFinding): void {
    this.#blocks.set(memberOf(block), { ...block, ...finding });
    if (finding.solo !== undefined || this.#rounds.has(block.height)) return;
    this.#rounds.set(block.height, this.#current);
    this.#current = new Map();
  }

  /** A block that has this round and no other, whatever the scheme. */
  found(block: FoundOnChain, round: Round): void {
    this.#blocks.set(memberOf(block), { ...block, solo: undefined, difficulty: 0 });
    this.#rounds.set(block.height, round);
  }

  /** A balance that an older pool left behind, in satoshis. */
  inherited(worker: string, amount: bigint): void {
    this.#legacy.set(worker, (this.#legacy.get(worker) ?? 0n) + amount);
  }

  get confirmedBlocks(): number {
    return this.#confirmed.size;
  }

  get orphanedBlocks(): number {
    return this.#orphaned.size;
  }

  get pendingBlocks(): readonly (FoundOnChain & Finding)[] {
    return [...this.#blocks]
      .filter(([member]) => !this.#confirmed.has(member) && !this.#orphaned.has(member))
      .map(([, block]) => block);
  }

  /**
   * Looks at which blocks were confirmed and which given up since the last look. To be called before shares or blocks
   * come after payment runs: given-up rounds go into the round that is current then. And where it matters whether a
   * block was given up before a higher one was credited, between any two runs: a run goes by height.
   */
  async look(tally: Tally, when: string): Promise<void> {
    const { redis, keys } = this.#options;
    const confirmed = await redis.members(keys.blocksConfirmed);
    const orphaned = await redis.members(keys.blocksOrphaned);
    const credited = confirmed
      .filter((member) => !this.#confirmed.has(member))
      .map((member) => this.#blocks.get(member));
    for (const block of credited) {
      if (block === undefined) tally.fail(`${when}: an unknown block was credited`);
      else this.#confirmed.add(memberOf(block));
    }
    const given = orphaned
      .filter((member) => !this.#orphaned.has(member))
      .map((member) => this.#blocks.get(member));
    for (const block of given) {
      if (block === undefined) {
        tally.fail(`${when}: an unknown block was given up`);
        continue;
      }
      this.#orphaned.add(memberOf(block));
      const inPlace = await this.#options.wallet.rpc('getblockhash', [block.height]);
      tally.check(
        inPlace !== block.hash,
        () => `${when}: block ${block.height} is on the chain and was given up`,
      );
    }
    const ended = [...credited, ...given].filter((block) => block !== undefined);
    for (const block of ended.sort((a, b) => a.height - b.height)) {
      if (given.includes(block)) this.#giveUp(block);
      else await this.#confirm(block, tally, when);
    }
  }

  async #confirm(block: FoundOnChain & Finding, tally: Tally, when: string): Promise<void> {
    const facts = await this.#options.wallet.rpc('getblock', [block.hash]);
    const confirmations = Number(isRecord(facts) ? own(facts, 'confirmations') : 0);
    tally.check(
      confirmations > 100,
      () => `${when}: block ${block.height} was credited with ${confirmations} confirmations`,
    );
    this.#credited += block.reward;
    if (block.solo !== undefined) {
      this.#floors.set(block.solo, (this.#floors.get(block.solo) ?? 0n) + block.reward);
      return;
    }
    const round = this.#rounds.get(block.height) ?? new Map<string, number>();
    const isWindow = this.#options.scheme() === 'PPLNS' && block.difficulty > 0;
    const parts = isWindow ? this.#window(block, round) : whole(round);
    this.#rounds.delete(block.height);
    this.#paidRounds.set(block.height, round);
    const total = sum(parts);
    for (const [worker, part] of parts) {
      const floor = (block.reward * part) / total;
      this.#floors.set(worker, (this.#floors.get(worker) ?? 0n) + floor);
      this.#creditedBlocks.set(worker, (this.#creditedBlocks.get(worker) ?? 0n) + 1n);
    }
  }

  /** The last shares before a block, as many as the window: of the round at its far end each worker's part of it. */
  #window(block: FoundOnChain & Finding, round: Round): ReadonlyMap<string, bigint> {
    const lower = [...this.#rounds, ...this.#paidRounds]
      .filter(([height]) => height < block.height)
      .sort(([a], [b]) => b - a)
      .map(([, earlier]) => earlier);
    const parts = new Map<string, bigint>();
    let room = block.difficulty * pplnsWindow;
    for (const one of [round, ...lower]) {
      if (room === 0) break;
      const size = [...one.values()].reduce((all, part) => all + part, 0);
      const last = size > room;
      // In the last round each share is worth room/size: there all that came before is made `size` times as large.
      if (last) for (const [worker, part] of parts) parts.set(worker, part * BigInt(size));
      for (const [worker, part] of one) {
        const worth = BigInt(part) * (last ? BigInt(room) : 1n);
        parts.set(worker, (parts.get(worker) ?? 0n) + worth);
      }
      room -= last ? room : size;
    }
    return parts;
  }

  /** Its shares go into the current round, unless a twin may still be paid by them. */
  #giveUp(block: FoundOnChain & Finding): void {
    const round = this.#rounds.get(block.height);
    const twin = this.pendingBlocks.some(
      ({ height, solo }) => height === block.height && solo === undefined,
    );
    if (block.solo !== undefined || round === undefined || twin) return;
    this.#rounds.delete(block.height);
    this.#current = sumOf(this.#current, round);
  }

  /** Shares in Redis are those that were mined, in the round where they belong. */
  async checkShares(tally: Tally, when: string): Promise<void> {
    const { redis, keys } = this.#options;
    const rounds: [string, Round][] = [[keys.roundCurrent, this.#current]];
    for (const [height, round] of this.#rounds) rounds.push([keys.round(height), round]);
    for (const [key, expected] of rounds) {
      const found = await redis.hash(key);
      const wrong = new Set([...Object.keys(found), ...expected.keys()]);
      for (const worker of wrong) {
        const quarters = Number(found[worker] ?? 0) * 4;
        if (quarters === (expected.get(worker) ?? 0)) wrong.delete(worker);
      }
      tally.check(
        wrong.size === 0,
        () =>
          `${when}: ${key} holds ${JSON.stringify(found)}, not the quarters ${JSON.stringify([...expected])}`,
      );
    }
    const stored = await redis.command('KEYS', `${keys.round(0).slice(0, -1)}[0-9]*`);
    const heights = Array.isArray(stored) ? stored.map((key) => String(key)) : [];
    const known = new Set([...this.#rounds.keys()].map((height) => keys.round(height)));
    tally.check(
      heights.every((key) => known.has(key)),
      () => `${when}: rounds that should be gone are there: ${heights.join(', ')}`,
    );
  }

  /**
   * All that is owed and paid adds up to what was mined, each payee got on the chain what the books say, once. What
   * was sent must be in a block. `settled`: nothing may be open, every block has come to
   * its end, and whoever is owed enough is paid.
   */
  async checkMoney(tally: Tally, when: string, settled = true): Promise<void> {
    const { redis, keys } = this.#options;
    await this.look(tally, when);
    const received = await this.#received();
    const balances = amountsOf(await redis.hash(keys.balances));
    const payouts = amountsOf(await redis.hash(keys.payouts));
    const batch = await redis.hash(keys.pay('batch'));
    const inFlight = partsOf(batch['plan']);
    const totals = await redis.hash(keys.pay('totals'));
    const stats = await redis.hash(keys.stats);
    const check = (holds: boolean, what: string) => tally.check(holds, () => `${when}: ${what}`);

    const legacy = sum(this.#legacy);
    const owed = sum(balances) + sum(inFlight) + sum(payouts);
    check(
      owed === this.#credited + legacy,
      `balances ${sum(balances)} + in flight ${sum(inFlight)} + paid ${sum(payouts)} are not the ${this.#credited} of the blocks and ${legacy} from before`,
    );
    check(
      BigInt(totals['credited'] ?? 0) === this.#credited,
      `credited is ${totals['credited']}, the blocks had ${this.#credited}`,
    );
    check(
      BigInt(totals['paid'] ?? 0) === sum(payouts),
      `totals say ${totals['paid']} were paid, payouts ${sum(payouts)}`,
    );
    check(
      satoshisOfText(stats['totalPaid'] ?? '0') === sum(payouts),
      `stats say ${stats['totalPaid']} were paid, payouts ${sum(payouts)}`,
    );

    const paidTo = new Map<string, bigint>();
    for (const [worker, amount] of payouts) {
      const address = this.#options.addressOf(worker) ?? `nobody: ${worker}`;
      paidTo.set(address, (paidTo.get(address) ?? 0n) + amount);
    }
    for (const address of new Set([...paidTo.keys(), ...received.keys()])) {
      const books = paidTo.get(address) ?? 0n;
      const chain = (received.get(address) ?? 0n) - (this.#receivedBefore.get(address) ?? 0n);
      check(books === chain, `${address} got ${chain} on the chain, the books say ${books}`);
    }

    const workers = new Set([...this.#floors.keys(), ...this.#legacy.keys()]);
    for (const worker of new Set([...workers, ...balances.keys(), ...payouts.keys()])) {
      const got =
        (balances.get(worker) ?? 0n) + (inFlight.get(worker) ?? 0n) + (payouts.get(worker) ?? 0n);
      const floor = (this.#floors.get(worker) ?? 0n) + (this.#legacy.get(worker) ?? 0n);
      const most = floor + (this.#creditedBlocks.get(worker) ?? 0n);
      check(
        floor <= got && got <= most,
        `${worker} was credited ${got}, its shares are worth ${floor} to ${most}`,
      );
    }

    await this.#checkPayments(check, sum(payouts), settled);
    if (!settled) return;
    const waiting = this.pendingBlocks.map(({ height }) => height);
    check(
      waiting.length === 0,
      `the blocks ${waiting.join(', ')} are neither credited nor given up`,
    );
    check(Object.keys(batch).length === 0, `a batch is left open: ${JSON.stringify(batch)}`);
    const due = new Map<string, bigint>();
    for (const [worker, amount] of balances) {
      const address = this.#options.addressOf(worker);
      if (address !== undefined) due.set(address, (due.get(address) ?? 0n) + amount);
    }
    for (const [address, amount] of due) {
      check(amount < minimumPayment, `${amount} for ${address} were not paid`);
    }
  }

  /** Every transaction that the pool's wallet sent is in the list of payments once, with its fee, and no other. */
  async #checkPayments(
    check: (holds: boolean, what: string) => void,
    paid: bigint,
    settled: boolean,
  ): Promise<void> {
    const { redis, keys } = this.#options;
    const list = await redis.command('LRANGE', keys.payments, 0, -1);
    const payments = (Array.isArray(list) ? list : []).map((text) => parseJson(String(text)));
    const records = payments.filter(isRecord);
    const booked = records.map((payment) => String(own(payment, 'txid')));
    const total = records.reduce((all, one) => all + satoshisOfText(String(own(one, 'paid'))), 0n);
    check(new Set(booked).size === booked.length, 'a payment is booked twice');
    check(total === paid, `the list of payments adds up to ${total}, payouts to ${paid}`);

    const sent = await this.#sent();
    for (const txid of this.#sentBefore.keys()) sent.delete(txid);
    const unbooked = [...sent.keys()].filter((txid) => !booked.includes(txid));
    check(unbooked.length === 0, `the wallet sent what is not booked: ${unbooked.join(', ')}`);
    const unsent = booked.filter((txid) => !sent.has(txid));
    check(unsent.length === 0, `what is booked was never sent: ${unsent.join(', ')}`);
    // Unknown while the daemon does not tell; never wrong.
    let fees = 0n;
    for (const record of records) {
      const fee = own(record, 'fee');
      const txid = String(own(record, 'txid'));
      if (settled) check(fee !== null, `nobody knows what ${txid} cost`);
      if (fee === null) continue;
      const booking = satoshisOfText(String(fee));
      check(booking === sent.get(txid), `${txid} cost ${sent.get(txid)}, the books say ${booking}`);
      fees += booking;
    }
    const totalFees = BigInt((await redis.hash(keys.pay('totals')))['fees'] ?? 0);
    check(fees === totalFees, `the payments' fees are ${fees}, the books' sum is ${totalFees}`);
  }

  /** txid -> fee in satoshis, of what the pool's wallet has sent, confirmed or waiting. */
  async #sent(): Promise<Map<string, bigint>> {
    const listed = await this.#options.wallet.rpc('listsinceblock', []);
    const entries = isRecord(listed) ? own(listed, 'transactions') : undefined;
    const sent = new Map<string, bigint>();
    for (const entry of Array.isArray(entries) ? entries.filter(isRecord) : []) {
      if (own(entry, 'category') !== 'send') continue;
      if (Number(own(entry, 'confirmations')) < 0) continue;
      sent.set(String(own(entry, 'txid')), -satoshisOf(own(entry, 'fee')));
    }
    return sent;
  }

  /** address -> satoshis, of all confirmed transactions. */
  async #received(): Promise<Map<string, bigint>> {
    const list = await this.#options.witness.rpc('listreceivedbyaddress', [1]);
    const received = new Map<string, bigint>();
    for (const entry of Array.isArray(list) ? list.filter(isRecord) : []) {
      received.set(String(own(entry, 'address')), satoshisOf(own(entry, 'amount')));
    }
    return received;
  }
}

function sumOf(a: Round, b: Round): Round {
  const total = new Map(a);
  for (const [worker, part] of b) total.set(worker, (total.get(worker) ?? 0) + part);
  return total;
}

function whole(round: Round): ReadonlyMap<string, bigint> {
  return new Map([...round].map(([worker, part]) => [worker, BigInt(part)]));
}

function sum(amounts: ReadonlyMap<string, bigint>): bigint {
  return [...amounts.values()].reduce((total, amount) => total + amount, 0n);
}

function amountsOf(texts: Readonly<Record<string, string>>): Map<string, bigint> {
  return new Map(Object.entries(texts).map(([worker, text]) => [worker, satoshisOfText(text)]));
}

/** Of decimal coins; NaN-like texts throw, which a suite reports as a failure. */
export function satoshisOfText(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  if (!/^\d+$/.test(whole) || !/^\d{0,8}$/.test(fraction)) {
    throw new TypeError(`"${text}" is no amount of coins with at most eight decimals`);
  }
  return BigInt(whole) * 100_000_000n + BigInt(fraction.padEnd(8, '0'));
}

/** worker -> satoshis in flight, from the plan of the open batch. */
function partsOf(plan: string | undefined): Map<string, bigint> {
  const parts = new Map<string, bigint>();
  const outputs = plan === undefined ? [] : parseJson(plan);
  for (const output of Array.isArray(outputs) ? outputs.filter(isRecord) : []) {
    const from = own(output, 'from');
    for (const part of Array.isArray(from) ? from : []) {
      if (Array.isArray(part)) parts.set(String(part[0]), BigInt(String(part[1])));
    }
  }
  return parts;
}
