import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readProperties,
  writeCommand,
  writeGreeting,
  writeReady,
  writeSubscribe,
  ZmqError,
  ZmqFrames,
} from '../../libs/daemon/zmqFrames.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A greeting as libzmq 4.3 sends it (ZMTP 3.1): signature, version, mechanism, as-server, filler. */
const greeting = hex(
  `ff 0000000000000001 7f 0301 4e554c4c${'00'.repeat(16)} 00 ${'00'.repeat(31)}`,
);
const afterGreeting = (): ZmqFrames => {
  const frames = new ZmqFrames();
  assert.deepEqual(frames.push(greeting), []);
  return frames;
};

test('the greeting is the 64 bytes of ZMTP 3.0 for the mechanism NULL', () => {
  assert.deepEqual(
    writeGreeting(),
    hex(`ff 0000000000000000 7f 0300 4e554c4c${'00'.repeat(16)} 00 ${'00'.repeat(31)}`),
  );
});

test('READY of a subscriber and the subscription are written as the specification has them', () => {
  assert.deepEqual(
    writeReady(),
    hex('04 19 05 5245414459 0b 536f636b65742d54797065 00000003 535542'),
  );
  assert.deepEqual(writeSubscribe('hashblock'), hex('00 0a 01 68617368626c6f636b'));
  assert.deepEqual(writeCommand('PONG', hex('abcd')), hex('04 07 04 504f4e47 abcd'));
});

test('commands and messages of several parts are put together from single bytes, and several come out of one packet', () => {
  const stream = Buffer.concat([
    greeting,
    writeReady(),
    hex('01 09 68617368626c6f636b 01 02 abcd 00 04 01000000'),
    hex('00 01 07'),
    // The same in the long form.
    hex('03 0000000000000001 61 02 0000000000000000'),
  ]);
  const one = new ZmqFrames();
  const slow = [...stream].flatMap((byte) => one.push(Buffer.from([byte])));
  const fast = new ZmqFrames().push(stream);
  for (const frames of [slow, fast]) {
    assert.deepEqual(frames, [
      {
        kind: 'command',
        name: 'READY',
        body: hex('0b 536f636b65742d54797065 00000003 535542'),
      },
      { kind: 'message', parts: [Buffer.from('hashblock'), hex('abcd'), hex('01000000')] },
      { kind: 'message', parts: [hex('07')] },
      { kind: 'message', parts: [Buffer.from('a'), Buffer.alloc(0)] },
    ]);
  }
});

test('properties of READY are read without regard to case', () => {
  const body = hex('0b 536f636b65742d74797065 00000003 505542 08 4964656e74697479 00000000');
  assert.deepEqual(
    readProperties(body),
    new Map([
      ['socket-type', 'PUB'],
      ['identity', ''],
    ]),
  );
  assert.throws(() => readProperties(hex('0b 53')), RangeError);
  assert.throws(() => readProperties(hex('01 61 ffffffff 00')), RangeError);
});

const wrongGreetings: readonly [string, Buffer, RegExp][] = [
  ['of HTTP', Buffer.from('HTTP/1.1 400 Bad Request'), /no ZMQ publisher.*"HTTP\/1\.1 400/],
  ['of a coin node', hex('fabfb5da'), /no ZMQ publisher/],
  ['of ZMTP 2.0', hex('ff 0000000000000001 7f 01 02'), /old version.*revision 1/],
  [
    'that wants encryption',
    hex(`ff 0000000000000001 7f 0300 4355525645${'00'.repeat(15)} 00 ${'00'.repeat(31)}`),
    /mechanism "CURVE"/,
  ],
];
for (const [name, bytes, message] of wrongGreetings) {
  test(`a greeting ${name} is refused by name, whole or byte by byte`, () => {
    assert.throws(() => new ZmqFrames().push(bytes), { code: 'ZMQ_GREETING', message });
    const slow = new ZmqFrames();
    assert.throws(() => [...bytes].map((byte) => slow.push(Buffer.from([byte]))), {
      code: 'ZMQ_GREETING',
    });
  });
}

test('a frame beyond a megabyte is refused as soon as it is announced', () => {
  for (const size of ['0000000000100001', 'ffffffffffffffff', '0000000100000000']) {
    assert.throws(() => afterGreeting().push(hex(`02 ${size}`)), { code: 'ZMQ_SIZE' });
  }
});

test('a message without end is refused', () => {
  const frames = afterGreeting();
  assert.throws(() => frames.push(hex('01 00'.repeat(17))), { code: 'ZMQ_SIZE' });
});

test('frames with unknown flags, and commands in parts or without a name, are refused', () => {
  for (const bytes of ['08 00', '80 00', '05 01 00', '04 00', '04 01 00', '04 02 05 41']) {
    assert.throws(() => afterGreeting().push(hex(bytes)), { code: 'ZMQ_FRAME' }, bytes);
  }
});

test('random bytes are never worse than a ZmqError', () => {
  // A linear congruential generator, so that a failure can be repeated.
  let state = 20_240_229;
  const next = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  };
  let refused = 0;
  for (let round = 0; round < 3_000; round++) {
    const frames = afterGreeting();
    try {
      for (let piece = 0; piece < 4; piece++) {
        // Small flags and sizes more often than not, so that most frames are whole.
        const bytes = Array.from({ length: next() % 40 }, () => next() % (next() % 3 ? 8 : 256));
        frames.push(Buffer.from(bytes));
      }
    } catch (error) {
      assert.ok(error instanceof ZmqError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 100 && refused < 3_000, `${refused} refused`);
});
