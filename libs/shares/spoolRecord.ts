import { crc32 } from 'node:zlib';
import { difficulty, millis } from '../primitives/units.ts';
import { parseJson } from '../primitives/unknown.ts';
import type { ShareRecord } from './types.ts';

// One group of shares as bytes. Little-endian: magic "SHR1", CRC32 of all that follows it, bytes of the payload, number
// of shares, sequence (48 bits and two zero bytes), then the payload: JSON, one array a share. JSON costs a quarter
// of a microsecond a share more than packed fields would, and can be read with any tool when something is wrong.

export const headerBytes = 24;
const magic = Buffer.from('SHR1', 'latin1');
const magicNumber = magic.readUInt32LE(0);
/** Far above any group: a length beyond it is damage. */
const longestPayload = 64 * 1024 * 1024;

export function encodeRecord(sequence: number, shares: readonly ShareRecord[]): Buffer {
  const text = JSON.stringify(shares.map(rowOf));
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(headerBytes + length);
  bytes.writeUInt32LE(magicNumber, 0);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt32LE(shares.length, 12);
  bytes.writeUIntLE(sequence, 16, 6);
  bytes.writeUInt16LE(0, 22);
  bytes.write(text, headerBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** `short`: it begins like a record and the bytes end before it does. `bad`: these bytes are no record. */
export type RecordRead =
  | {
      readonly kind: 'record';
      readonly sequence: number;
      readonly count: number;
      /** A view into the bytes. */
      readonly payload: Buffer;
      /** Where the next record begins. */
      readonly end: number;
    }
  | { readonly kind: 'short' }
  | { readonly kind: 'bad' };

const short: RecordRead = { kind: 'short' };
const bad: RecordRead = { kind: 'bad' };

export function readRecord(bytes: Buffer, at: number): RecordRead {
  const left = bytes.length - at;
  if (left < headerBytes) {
    const known = Math.min(left, magic.length);
    return bytes.subarray(at, at + known).equals(magic.subarray(0, known)) ? short : bad;
  }
  if (bytes.readUInt32LE(at) !== magicNumber) return bad;
  const length = bytes.readUInt32LE(at + 8);
  if (length > longestPayload) return bad;
  const end = at + headerBytes + length;
  if (end > bytes.length) return short;
  if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) return bad;
  return {
    kind: 'record',
    sequence: bytes.readUIntLE(at + 16, 6),
    count: bytes.readUInt32LE(at + 12),
    payload: bytes.subarray(at + headerBytes, end),
    end,
  };
}

/** Where the next whole record begins at or after `from`; undefined if there is none. */
export function findRecord(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(magic, from); at !== -1; at = bytes.indexOf(magic, at + 1)) {
    if (readRecord(bytes, at).kind === 'record') return at;
  }
  return undefined;
}

/** The shares of a record, or undefined if its payload is none that encodeRecord writes. */
export function decodeShares(payload: Buffer): ShareRecord[] | undefined {
  const rows = parseJson(payload.toString('utf8'));
  if (!Array.isArray(rows)) return undefined;
  const shares: ShareRecord[] = [];
  for (const row of rows as unknown[]) {
    const share = Array.isArray(row) ? shareOf(row) : undefined;
    if (share === undefined) return undefined;
    shares.push(share);
  }
  return shares;
}

function rowOf(share: ShareRecord): unknown[] {
  // This runs for each share: most have nothing beyond the ten fields.
  const row: unknown[] = [
    share.time,
    share.worker,
    share.ip,
    share.port,
    share.jobId,
    share.height,
    share.valid ? 1 : 0,
    share.difficulty,
    share.shareDiff,
    share.blockDiff,
  ];
  const { blockHash, blockHashInvalid, error, solo } = share;
  if (blockHash ?? blockHashInvalid ?? error ?? solo) {
    row.push(blockHash ?? null, blockHashInvalid ?? null, error ?? null);
    if (solo) row.push(1);
  }
  return row;
}

function shareOf(row: readonly unknown[]): ShareRecord | undefined {
  const [time, worker, ip, port, jobId, height, valid, credit, found, network, ...texts] = row;
  if (typeof time !== 'number' || typeof credit !== 'number') return undefined;
  if (typeof port !== 'number' || typeof height !== 'number') return undefined;
  if (typeof worker !== 'string' || typeof ip !== 'string' || typeof jobId !== 'string') {
    return undefined;
  }
  const [blockHash, blockHashInvalid, error, solo] = texts;
  return {
    time: millis(time),
    worker,
    ip,
    port,
    jobId,
    height,
    valid: valid === 1,
    difficulty: difficulty(credit),
    shareDiff: numberOf(found),
    blockDiff: difficulty(numberOf(network)),
    ...(typeof blockHash === 'string' ? { blockHash } : {}),
    ...(typeof blockHashInvalid === 'string' ? { blockHashInvalid } : {}),
    ...(typeof error === 'string' ? { error } : {}),
    ...(solo === 1 ? { solo: true } : {}),
  };
}

/** JSON has no infinity: it became null. */
function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Infinity;
}
