import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOfInv, PeerFrames, writeFrame, writeVersion } from '../../libs/daemon/peerFrames.ts';

// The verack example of the Bitcoin developer reference: mainnet magic, no payload, checksum 5df6e0e2.
const magic = Buffer.from('f9beb4d9', 'hex');
const verack = Buffer.from('f9beb4d976657261636b000000000000000000005df6e0e2', 'hex');

test('an empty message is written as the developer reference shows it', () => {
  assert.deepEqual(writeFrame(magic, 'verack', Buffer.alloc(0)), verack);
});

test('messages are put together from single bytes, and several come out of one packet', () => {
  const inv = writeFrame(magic, 'inv', Buffer.from([0]));
  const stream = Buffer.concat([verack, inv, verack]);
  const one = new PeerFrames(magic);
  const slow = [...stream].flatMap((byte) => one.push(Buffer.from([byte])));
  const fast = new PeerFrames(magic).push(stream);
  for (const frames of [slow, fast]) {
    assert.deepEqual(
      frames.map(({ command }) => command),
      ['verack', 'inv', 'verack'],
    );
    assert.deepEqual(frames[1]?.payload, Buffer.from([0]));
  }
});

test('a wrong magic is named', () => {
  const frames = new PeerFrames(Buffer.from('fbc0b6db', 'hex'));
  assert.throws(() => frames.push(verack), { code: 'PEER_MAGIC', message: /f9beb4d9.*fbc0b6db/ });
});

test('a message of 4 GB is refused as soon as it is announced', () => {
  const header = Buffer.from(verack);
  header.writeUInt32LE(0xffffffff, 16);
  assert.throws(() => new PeerFrames(magic).push(header), { code: 'PEER_SIZE' });
});

test('a wrong checksum is refused', () => {
  const broken = Buffer.from(verack);
  broken.writeUInt8(0, 20);
  assert.throws(() => new PeerFrames(magic).push(broken), { code: 'PEER_CHECKSUM' });
});

test('inv gives the hashes of blocks only, with or without the witness flag, in the order daemons show them', () => {
  const item = (type: number, byte: number): Buffer => {
    const bytes = Buffer.alloc(36);
    bytes.writeUInt32LE(type >>> 0, 0);
    bytes.writeUInt8(byte, 4);
    return bytes;
  };
  const payload = Buffer.concat([Buffer.from([3]), item(1, 1), item(2, 2), item(0x40000002, 3)]);
  assert.deepEqual(blocksOfInv(payload), [`${'00'.repeat(31)}02`, `${'00'.repeat(31)}03`]);
});

test('an inv that ends too early is a RangeError, never a read past the end', () => {
  assert.throws(() => blocksOfInv(Buffer.from([2, 0, 0])), RangeError);
  assert.throws(() => blocksOfInv(Buffer.alloc(0)), RangeError);
});

test('version has the fields of the developer reference at their places', () => {
  const payload = writeVersion({
    protocolVersion: 70_016,
    time: 1_355_854_353,
    nonce: 0x6517e68c5db32e3bn,
    userAgent: '/nodeStratum/',
    relay: false,
  });
  assert.equal(payload.length, 4 + 8 + 8 + 26 + 26 + 8 + 14 + 4 + 1);
  assert.equal(payload.readUInt32LE(0), 70_016);
  assert.equal(payload.subarray(12, 20).toString('hex'), '11b2d05000000000');
  assert.equal(payload.subarray(72, 80).toString('hex'), '3b2eb35d8ce61765');
  assert.equal(payload.subarray(80, 94).toString('latin1'), '\u000d/nodeStratum/');
  assert.equal(payload.at(-1), 0);
});
