import { BlockList, isIP } from 'node:net';

// Sets of IP addresses, written as single addresses and in CIDR form ("10.0.0.0/8", "2001:db8::/32").

/** The loopback, and what is never routed in the internet: RFC 1918, RFC 4193, link-local. */
export const localRanges: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1',
  'fc00::/7',
  'fe80::/10',
];

interface Range {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

function parseRange(text: string): Range | undefined {
  const [address = '', prefixText, ...more] = text.split('/');
  const version = isIP(address);
  // A zone ("%eth0") has no meaning in a range.
  if (version === 0 || more.length > 0 || address.includes('%')) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const bits = version === 4 ? 32 : 128;
  if (prefixText === undefined) return { address, family, prefix: bits };
  const prefix = Number(prefixText);
  return /^\d{1,3}$/.test(prefixText) && prefix <= bits ? { address, family, prefix } : undefined;
}

export function isIpRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

export class IpRanges {
  readonly #list = new BlockList();

  /** Throws a TypeError for what `isIpRange` refuses. */
  constructor(ranges: readonly string[]) {
    for (const text of ranges) {
      const range = parseRange(text);
      if (range === undefined) throw new TypeError(`"${text}" is no IP address or CIDR range.`);
      this.#list.addSubnet(range.address, range.prefix, range.family);
    }
  }

  /** IPv4 in IPv6 form (::ffff:10.0.0.1) counts as IPv4. False for what is no address. */
  has(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}
