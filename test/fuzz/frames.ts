import {
  blocksOfInv,
  PeerError,
  PeerFrames,
  writeFrame,
  writeVersion,
} from '../../libs/daemon/peerFrames.ts';
import {
  readProperties,
  writeCommand,
  writeGreeting,
  writeReady,
  ZmqError,
  ZmqFrames,
} from '../../libs/daemon/zmqFrames.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import { inPieces, mutateBytes, randomBytes } from './mutate.ts';
import { type FuzzSuite, keepsContract } from './watch.ts';

// What coin nodes and ZMQ publishers send: streams of frames, sound and broken, in packets of any size.

const magic = Buffer.from('fbc0b6db', 'hex');
const commands = ['version', 'verack', 'inv', 'ping', 'addr', 'sendcmpct', 'twelve.bytes'];

function inv(throws: Dice): Buffer {
  const count = throws.between(0, 5);
  const items = Array.from({ length: count }, () => {
    const type = Buffer.alloc(4);
    type.writeUInt32LE(throws.pick([1, 2, 0x40000002, 0x40000001, 0xffffffff]));
    return Buffer.concat([type, randomBytes(32, throws)]);
  });
  return Buffer.concat([Buffer.from([count]), ...items]);
}

function payloadOf(command: string, throws: Dice): Buffer {
  if (command === 'inv') return inv(throws);
  if (command === 'version') {
    return writeVersion({
      protocolVersion: 70_015,
      time: throws.between(0, 2 ** 32 - 1),
      nonce: BigInt(throws.between(0, 2 ** 48)),
      userAgent: '/fuzz/',
      relay: throws.chance(0.5),
    });
  }
  return randomBytes(throws.pick([0, 0, 8, 60]), throws);
}

interface SoundFrame {
  readonly command: string;
  readonly payload: Buffer;
}

const isPeerRefusal = (error: unknown) => error instanceof PeerError;

export const peer: FuzzSuite = {
  name: 'peer',
  counts: 'frames of coin nodes',
  long: 1_000_000,
  short: 20_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('peer');
    for (let done = 0; done < run.count; ) {
      watch.at(done);
      const frames: SoundFrame[] = Array.from({ length: throws.between(1, 6) }, () => {
        const command = throws.pick(commands);
        return { command, payload: payloadOf(command, throws) };
      });
      done += frames.length;
      const written = frames.map(({ command, payload }) => writeFrame(magic, command, payload));
      const stream = Buffer.concat(written);
      if (throws.chance(0.2)) readSoundStream(stream, frames, throws, tally);
      else {
        // Half of the time inside one frame with a right checksum, so that the payload's reader gets it.
        const broken = throws.chance(0.5)
          ? writeFrame(magic, 'inv', mutateBytes(inv(throws), throws))
          : mutateBytes(stream, throws);
        keepsContract(
          tally,
          () => `stream ${broken.toString('hex')}`,
          () => readPeer(broken, throws),
          isPeerRefusal,
        );
      }
    }
  },
};

function readSoundStream(
  stream: Buffer,
  frames: readonly SoundFrame[],
  throws: Dice,
  tally: Parameters<FuzzSuite['fuzz']>[1],
): void {
  const reader = new PeerFrames(magic);
  const read = inPieces(stream, throws).flatMap((piece) => reader.push(piece));
  const same = read.every(
    ({ command, payload }, at) =>
      frames[at]?.command === command && frames[at].payload.equals(payload),
  );
  tally.check(same && read.length === frames.length, () => `stream ${stream.toString('hex')}`);
}

function readPeer(stream: Buffer, throws: Dice): void {
  const reader = new PeerFrames(magic);
  for (const piece of inPieces(stream, throws)) {
    for (const { command, payload } of reader.push(piece)) {
      if (command.length > 12) throw new Error(`command ${command}`);
      if (command === 'inv') readInv(payload);
    }
  }
}

/** An inv that is cut short is a RangeError by contract; else it holds no more blocks than it has bytes for. */
function readInv(payload: Buffer): void {
  let blocks: string[];
  try {
    blocks = blocksOfInv(payload);
  } catch (error) {
    if (error instanceof RangeError) return;
    throw error;
  }
  if (blocks.length * 36 > payload.length) throw new Error(`${blocks.length} blocks`);
  if (!blocks.every((hash) => /^[0-9a-f]{64}$/.test(hash))) throw new Error('no hash');
}

function zmqMessage(throws: Dice): Buffer {
  if (throws.chance(0.1)) return writeReady();
  if (throws.chance(0.1)) return writeCommand('PING', randomBytes(4, throws));
  const parts = [Buffer.from('hashblock'), randomBytes(32, throws), randomBytes(4, throws)];
  return Buffer.concat(
    parts.map((part, at) => {
      const more = at < parts.length - 1 ? 1 : 0;
      if (throws.chance(0.8)) return Buffer.concat([Buffer.from([more, part.length]), part]);
      const size = Buffer.alloc(8);
      size.writeBigUInt64BE(BigInt(part.length));
      return Buffer.concat([Buffer.from([more | 2]), size, part]);
    }),
  );
}

export const zmq: FuzzSuite = {
  name: 'zmq',
  counts: 'frames of ZMQ publishers',
  long: 1_000_000,
  short: 20_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('zmq');
    for (let done = 0; done < run.count; ) {
      watch.at(done);
      const messages = Array.from({ length: throws.between(1, 6) }, () => zmqMessage(throws));
      done += messages.length;
      const stream = Buffer.concat([writeGreeting(), ...messages]);
      if (throws.chance(0.2)) {
        const reader = new ZmqFrames();
        const read = inPieces(stream, throws).flatMap((piece) => reader.push(piece));
        tally.check(read.length === messages.length, () => `stream ${stream.toString('hex')}`);
        continue;
      }
      const broken = throws.chance(0.7)
        ? Buffer.concat([writeGreeting(), mutateBytes(Buffer.concat(messages), throws)])
        : mutateBytes(stream, throws);
      keepsContract(
        tally,
        () => `stream ${broken.toString('hex')}`,
        () => readZmq(broken, throws),
        (error) => error instanceof ZmqError,
      );
    }
  },
};

function readZmq(stream: Buffer, throws: Dice): void {
  const reader = new ZmqFrames();
  for (const piece of inPieces(stream, throws)) {
    for (const frame of reader.push(piece)) {
      if (frame.kind !== 'command') continue;
      try {
        readProperties(frame.body);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
  }
}
