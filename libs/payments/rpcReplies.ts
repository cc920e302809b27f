import { DaemonError, DecimalText } from '../daemon/types.ts';
import { isHex } from '../primitives/hex.ts';
import { parseCoins } from '../primitives/money.ts';
import type { Satoshis } from '../primitives/units.ts';
import { isRecord, own } from '../primitives/unknown.ts';

// Readers for replies of a wallet's daemon, asked for with exactNumbers: undefined for whatever is not as it should be.

export interface TxOutput {
  readonly amount: Satoshis;
  /** Lower-case hex. */
  readonly script: string;
  readonly address: string | undefined;
}

export interface DecodedTx {
  readonly txid: string;
  /** `txid:vout` of each input; a coinbase's input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly TxOutput[];
}

export function readTxid(value: unknown): string | undefined {
  return isHex(value, 32) ? value.toLowerCase() : undefined;
}

/** A whole number, exact or as JSON.parse gives it. */
export function readInteger(value: unknown): number | undefined {
  const number = value instanceof DecimalText ? Number(value.text) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

export function readAmount(value: unknown, decimals: number): Satoshis | undefined {
  return value instanceof DecimalText ? parseCoins(value.text, decimals) : undefined;
}

/** A transaction as decoderawtransaction, getrawtransaction and getblock (verbosity 2) show it. */
export function readTx(value: unknown, decimals: number): DecodedTx | undefined {
  if (!isRecord(value)) return undefined;
  const txid = readTxid(own(value, 'txid'));
  const vin = own(value, 'vin');
  const vout = own(value, 'vout');
  if (txid === undefined || !Array.isArray(vin) || !Array.isArray(vout)) return undefined;
  const inputs = vin.filter((input) => !isRecord(input) || !('coinbase' in input)).map(readInput);
  const outputs = vout.map((output) => readOutput(output, decimals));
  if (!inputs.every((input) => input !== undefined)) return undefined;
  if (!outputs.every((output) => output !== undefined)) return undefined;
  return { txid, inputs, outputs };
}

function readInput(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const txid = readTxid(own(value, 'txid'));
  const index = readInteger(own(value, 'vout'));
  return txid === undefined || index === undefined ? undefined : `${txid}:${index}`;
}

function readOutput(value: unknown, decimals: number): TxOutput | undefined {
  if (!isRecord(value)) return undefined;
  const amount = readAmount(own(value, 'value'), decimals);
  const scriptPubKey = own(value, 'scriptPubKey');
  if (amount === undefined || !isRecord(scriptPubKey)) return undefined;
  const script = own(scriptPubKey, 'hex');
  if (!isHex(script)) return undefined;
  // `addresses` until Core 22, `address` since.
  const addresses = own(scriptPubKey, 'addresses');
  const address = own(scriptPubKey, 'address') ?? (Array.isArray(addresses) ? addresses[0] : null);
  return {
    amount,
    script: script.toLowerCase(),
    address: typeof address === 'string' ? address : undefined,
  };
}

// -28 still warming up, -9 not connected, -10 in initial download: true now, and no answer to what was asked.
const notNow: ReadonlySet<number> = new Set([-28, -9, -10]);

/** True if the daemon did not answer the question itself: it is away, busy, warming up or misunderstood. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof DaemonError)) return true;
  return error.kind !== 'rpc' || error.rpcCode === undefined || notNow.has(error.rpcCode);
}

/** The daemon's error number, if it answered with an error. */
export function rpcCodeOf(error: unknown): number | undefined {
  return error instanceof DaemonError && error.kind === 'rpc' ? error.rpcCode : undefined;
}
