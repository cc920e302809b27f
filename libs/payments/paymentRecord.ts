import { isHex } from '../primitives/hex.ts';
import { type Millis, millis } from '../primitives/units.ts';
import { isRecord, own, parseJson } from '../primitives/unknown.ts';
import type { RedisConnection } from '../redis/connection.ts';
import type { CoinKeys } from '../redis/keys.ts';

// The list of settled payments, as the ledger writes it.

export interface PaymentRecord {
  readonly time: Millis;
  readonly txid: string;
  /** Coins as exact decimal text. */
  readonly paid: string;
  /** Number of addresses. */
  readonly miners: number;
  readonly batch: string;
}

/** The newest `count` payments that can be read, newest first. Rejects with RedisError. */
export async function readPayments(
  redis: RedisConnection,
  keys: CoinKeys,
  count: number,
): Promise<readonly PaymentRecord[]> {
  const texts = await redis.command('LRANGE', keys.payments, 0, count - 1);
  if (!Array.isArray(texts)) return [];
  return texts.map((text) => readPayment(String(text))).filter((payment) => payment !== undefined);
}

function readPayment(text: string): PaymentRecord | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const time = own(value, 'time');
  const txid = own(value, 'txid');
  const paid = own(value, 'paid');
  const miners = own(value, 'miners');
  const batch = own(value, 'batch');
  if (typeof time !== 'number' || !isHex(txid, 32)) return undefined;
  if (typeof paid !== 'string' || typeof miners !== 'number' || typeof batch !== 'string')
    return undefined;
  return { time: millis(time), txid, paid, miners, batch };
}

const pageSize = 50;

/** Where the payment of this transaction stands in the list. Rejects with RedisError. */
export async function findPayment(
  redis: RedisConnection,
  keys: CoinKeys,
  txid: string,
): Promise<{ readonly index: number; readonly text: string } | undefined> {
  for (let first = 0; ; first += pageSize) {
    const reply = await redis.command('LRANGE', keys.payments, first, first + pageSize - 1);
    const texts = Array.isArray(reply) ? reply.map(String) : [];
    const at = texts.findIndex((text) => readPayment(text)?.txid === txid);
    const text = texts[at];
    if (text !== undefined) return { index: first + at, text };
    if (texts.length < pageSize) return undefined;
  }
}

/** The record with this fee, coins as decimal text; all else stays as it is. */
export function withFee(text: string, fee: string | null): string {
  const value = parseJson(text);
  return isRecord(value) ? JSON.stringify({ ...value, fee }) : text;
}
