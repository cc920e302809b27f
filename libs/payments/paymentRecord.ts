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
