import { isIP } from 'node:net';
import { banKey } from '../../libs/stratum/bans.ts';
import { parseProxyHeader } from '../../libs/stratum/proxyProtocol.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import { mutateBytes, randomBytes } from './mutate.ts';
import { type FuzzSuite, keepsContract } from './watch.ts';

// Headers of proxies: sound ones give the client's address, broken ones an answer, and no byte is read twice.

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** HAProxy's specification: a line of 107 bytes; we believe 2 KB of addresses and extensions behind 16 bytes. */
const longestHeader = 16 + 2_048;

interface Header {
  readonly bytes: Buffer;
  /** What it says, undefined when it names nobody. */
  readonly address: string | undefined;
}

function soundHeader(throws: Dice): Header {
  const ipv4 = Array.from({ length: 4 }, () => throws.between(0, 255)).join('.');
  const groups = Array.from({ length: 8 }, () => throws.between(0, 0xffff).toString(16));
  const ports = `${throws.between(0, 65_535)} ${throws.between(1, 65_535)}`;
  const v2 = (command: number, family: number, body: Buffer): Buffer => {
    const head = Buffer.from([0x20 | command, family, body.length >> 8, body.length & 255]);
    return Buffer.concat([signature, head, body]);
  };
  const extension = randomBytes(throws.pick([0, 0, 7, 300]), throws);
  const ipv6Bytes = Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
  switch (throws.between(0, 5)) {
    case 0:
      return { bytes: Buffer.from(`PROXY TCP4 ${ipv4} 192.0.2.1 ${ports}\r\n`), address: ipv4 };
    case 1: {
      const address = groups.join(':');
      return { bytes: Buffer.from(`PROXY TCP6 ${address} ::1 ${ports}\r\n`), address };
    }
    case 2:
      return { bytes: Buffer.from('PROXY UNKNOWN ff:: 1 2 3\r\n'), address: undefined };
    case 3: {
      const body = Buffer.concat([
        Buffer.from(ipv4.split('.').map(Number)),
        randomBytes(8, throws),
      ]);
      return { bytes: v2(1, 0x11, Buffer.concat([body, extension])), address: ipv4 };
    }
    case 4: {
      const body = Buffer.concat([ipv6Bytes, randomBytes(20, throws), extension]);
      return { bytes: v2(1, 0x21, body), address: groups.join(':') };
    }
    default:
      return { bytes: v2(0, 0, extension), address: undefined };
  }
}

function brokenHeader(sound: Buffer, throws: Dice): Buffer {
  if (throws.chance(0.05)) return randomBytes(throws.between(0, 200), throws);
  if (sound[0] !== signature[0] || throws.chance(0.7)) return mutateBytes(sound, throws);
  // Whole, but with less (or more) in it than its family needs.
  const size = throws.between(0, 60);
  const bytes = Buffer.concat([sound, randomBytes(60, throws)]).subarray(0, 16 + size);
  bytes.writeUInt16BE(size, 14);
  return bytes;
}

const behind = Buffer.from('{"id":1,"method":"mining.subscribe","params":[]}\n');

export const proxy: FuzzSuite = {
  name: 'proxy',
  counts: 'headers of the PROXY protocol',
  long: 1_000_000,
  short: 20_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('proxy');
    for (let done = 0; done < run.count; done++) {
      if (done % 1_000 === 0) watch.at(done);
      const sound = soundHeader(throws);
      if (throws.chance(0.2)) {
        const read = parseProxyHeader(Buffer.concat([sound.bytes, behind]));
        const fits = read.kind === 'done' && read.length === sound.bytes.length;
        tally.check(
          fits && read.address === sound.address,
          () => `sound header ${sound.bytes.toString('hex')} was read as ${JSON.stringify(read)}`,
        );
        continue;
      }
      const bytes = brokenHeader(sound.bytes, throws);
      keepsContract(
        tally,
        () => `header ${bytes.toString('hex')}`,
        () => checkBroken(bytes, throws),
      );
    }
  },
};

function checkBroken(bytes: Buffer, throws: Dice): void {
  const read = parseProxyHeader(bytes);
  if (read.kind === 'more' && bytes.length >= longestHeader) throw new Error('it never has enough');
  if (read.kind === 'done') {
    if (read.length < 1 || read.length > bytes.length) throw new Error(`length ${read.length}`);
    if (read.address !== undefined) {
      if (isIP(read.address) === 0) throw new Error(`${read.address} is no address`);
      const key = banKey(read.address);
      if (banKey(key) !== key) throw new Error(`${key} has the key ${banKey(key)}`);
    }
  }
  // A header that came in pieces is the same header; what follows it changes nothing.
  const cut = throws.between(0, bytes.length);
  const early = parseProxyHeader(bytes.subarray(0, cut));
  const late = parseProxyHeader(Buffer.concat([bytes, behind]));
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  if (early.kind === 'done' && !same(early, read)) throw new Error(`cut at ${cut} it is another`);
  if (early.kind === 'bad' && read.kind === 'done') throw new Error(`it was bad at ${cut}`);
  if (read.kind === 'done' && !same(read, late)) throw new Error('what follows changes it');
}
