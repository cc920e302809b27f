import { isIPv4, isIPv6 } from 'node:net';

// The header with which HAProxy and others name the client whose connection they pass on (PROXY protocol v1 and v2).

export type ProxyHeader =
  /** Everything so far fits; more bytes are needed. */
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly reason: string }
  /** `address` is missing when the proxy speaks for itself (a health check) or does not know the client. */
  | { readonly kind: 'done'; readonly length: number; readonly address?: string };

const signatureV1 = Buffer.from('PROXY ', 'latin1');
const signatureV2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** With its line end (section 2.1). */
const longestV1 = 107;
/** Fixed part of v2. */
const headV2 = 16;
/** Addresses and extensions of v2 that are still believed. */
const longestV2 = 2_048;

const bad = (reason: string): ProxyHeader => ({ kind: 'bad', reason });

/** `bytes`: all that the connection has sent so far. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return { kind: 'more' };
  if (beginsLike(bytes, signatureV2)) return parseV2(bytes);
  if (beginsLike(bytes, signatureV1)) return parseV1(bytes);
  return bad('it does not begin with a PROXY header');
}

function beginsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
}

function parseV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, longestV1).indexOf('\r\n');
  if (end === -1) {
    return bytes.length < longestV1 ? { kind: 'more' } : bad('its PROXY line does not end');
  }
  const length = end + 2;
  const [, family, source, destination, ...ports] = bytes.toString('latin1', 0, end).split(' ');
  if (family === 'UNKNOWN') return { kind: 'done', length };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (isAddress === undefined) return bad('its PROXY line names no known protocol');
  if (source === undefined || !isAddress(source) || !isAddress(destination ?? '')) {
    return bad('its PROXY line holds no valid address');
  }
  if (ports.length !== 2 || !ports.every(isPort)) return bad('its PROXY line holds no valid ports');
  return { kind: 'done', length, address: source };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

function parseV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < headV2) return { kind: 'more' };
  const versionAndCommand = bytes.readUInt8(12);
  const family = bytes.readUInt8(13) >> 4;
  const size = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) return bad('its PROXY header is of an unknown version');
  const command = versionAndCommand & 0x0f;
  if (command > 1) return bad('its PROXY header holds an unknown command');
  if (size > longestV2) return bad('its PROXY header is too long');
  const length = headV2 + size;
  if (bytes.length < length) return { kind: 'more' };
  const local = command === 0;
  if (local || family === 0 || family === 3) return { kind: 'done', length };
  if (family === 1) {
    if (size < 12) return bad('its PROXY header is too short for IPv4');
    return { kind: 'done', length, address: bytes.subarray(headV2, headV2 + 4).join('.') };
  }
  if (family !== 2) return bad('its PROXY header names an unknown address family');
  if (size < 36) return bad('its PROXY header is too short for IPv6');
  const groups = Array.from({ length: 8 }, (_, i) =>
    bytes.readUInt16BE(headV2 + i * 2).toString(16),
  );
  return { kind: 'done', length, address: groups.join(':') };
}
