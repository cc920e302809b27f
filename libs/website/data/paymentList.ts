import { formatCoins, parseCoinsFloor } from '../../primitives/money.ts';
import { type Millis, millis } from '../../primitives/units.ts';
import { isRecord, own, parseJson, type UnknownRecord } from '../../primitives/unknown.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { readRange, tolerate } from './redisReads.ts';

// Entries of the lists of payments. What is no payment is left out: the lists are for people, no money depends on them.

/** One transaction that paid many. */
export interface PaymentFacts {
  readonly time: Millis;
  readonly txid: string;
  /** Decimal coins. */
  readonly paid: string;
  readonly fee: string | undefined;
  readonly miners: number;
}

/** What one miner got of it. */
export interface MinerPaymentFacts {
  readonly time: Millis;
  readonly txid: string;
  readonly amount: string;
}

/** Entries from…to of `<coin>:payments`, newest first. Rejects with RedisError. */
export async function readPayments(
  connection: RedisConnection,
  key: string,
  from: number,
  to: number,
  decimals: number,
): Promise<readonly PaymentFacts[]> {
  const texts = await tolerate(readRange(connection, 'lrange', key, from, to), []);
  return texts.flatMap((text) => parsePayment(text, decimals) ?? []);
}

/** Entries from…to of a miner's list, newest first. Rejects with RedisError. */
export async function readMinerPayments(
  connection: RedisConnection,
  key: string,
  from: number,
  to: number,
  decimals: number,
): Promise<readonly MinerPaymentFacts[]> {
  const texts = await tolerate(readRange(connection, 'lrange', key, from, to), []);
  return texts.flatMap((text) => parseMinerPayment(text, decimals) ?? []);
}

function parsePayment(text: string, decimals: number): PaymentFacts | undefined {
  const entry = parseJson(text);
  if (!isRecord(entry)) return undefined;
  const head = parseHead(entry);
  const paid = readCoins(own(entry, 'paid'), decimals);
  if (head === undefined || paid === undefined) return undefined;
  const amounts = own(entry, 'amounts');
  const miners = own(entry, 'miners');
  return {
    ...head,
    paid,
    fee: readCoins(own(entry, 'fee'), decimals),
    miners:
      typeof miners === 'number' && Number.isSafeInteger(miners) && miners >= 0
        ? miners
        : Object.keys(isRecord(amounts) ? amounts : {}).length,
  };
}

function parseMinerPayment(text: string, decimals: number): MinerPaymentFacts | undefined {
  const entry = parseJson(text);
  if (!isRecord(entry)) return undefined;
  const head = parseHead(entry);
  const amount = readCoins(own(entry, 'amount'), decimals);
  return head === undefined || amount === undefined ? undefined : { ...head, amount };
}

function parseHead(entry: UnknownRecord): { time: Millis; txid: string } | undefined {
  const time = own(entry, 'time');
  const txid = own(entry, 'txid');
  if (typeof time !== 'number' || !(time >= 0 && time < 8.64e15)) return undefined;
  if (typeof txid !== 'string' || txid.length > 128) return undefined;
  return { time: millis(Math.floor(time)), txid };
}

/** Decimal coins as we write them; other pools wrote numbers. */
export function readCoins(value: unknown, decimals: number): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const amount = typeof text === 'string' ? parseCoinsFloor(text, decimals) : undefined;
  return amount === undefined ? undefined : formatCoins(amount, decimals);
}
