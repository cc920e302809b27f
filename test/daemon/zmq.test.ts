import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NewsTiming } from '../../libs/daemon/newsConnection.ts';
import { ZmqSubscriber } from '../../libs/daemon/zmq.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { logTo } from '../support/memoryLog.ts';
import { serve } from '../support/tcpServer.ts';
import { until } from '../support/until.ts';
import { Publisher } from '../support/zmqPublisher.ts';
import { dropper, slowly } from './newsServer.ts';

interface Watched {
  readonly zmq: ZmqSubscriber;
  readonly blocks: string[];
  readonly lines: string[];
  readonly ups: () => number;
}

function watch(t: TestContext, port: number, timing: NewsTiming = {}): Watched {
  const blocks: string[] = [];
  const lines: string[] = [];
  let ups = 0;
  const zmq = new ZmqSubscriber({
    host: '127.0.0.1',
    port,
    log: logTo(lines),
    now: systemClock,
    timing: { firstWait: 20, ...timing },
    onBlock: (hash) => void blocks.push(hash),
    onUp: () => void ups++,
  });
  t.after(() => zmq.close());
  zmq.connect();
  return { zmq, blocks, lines, ups: () => ups };
}

const hash = '12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2';
const other = 'ab'.repeat(32);

/** A publisher drops what it has before it knows of a subscription: it says it again until it is heard. */
function saying(publisher: Publisher, body: string, { blocks }: Watched): Promise<unknown> {
  return until(`news of ${body.slice(0, 8)}`, () => {
    publisher.publish('hashblock', body);
    return blocks.includes(body);
  });
}

test('a block hash that libzmq publishes arrives as daemons show it', async (t) => {
  const publisher = await Publisher.start(t, 'PUB');
  const watched = watch(t, publisher.port);
  await saying(publisher, hash, watched);
  assert.deepEqual(watched.lines, [
    `debug: Block news come from the ZMQ publisher 127.0.0.1:${publisher.port}.`,
  ]);
});

test('libzmq gets a subscription to hashblock, and what it publishes besides is passed over', async (t) => {
  const publisher = await Publisher.start(t, 'XPUB');
  const watched = watch(t, publisher.port);
  const subscription = await publisher.lines.next();
  assert.equal(subscription.value, `01${Buffer.from('hashblock').toString('hex')}`);
  publisher.publish('hashblock2', other);
  publisher.publish('hashblock', other.slice(2));
  publisher.publish('hashblock', hash);
  await until('the hash', () => watched.blocks.length > 0);
  assert.deepEqual(watched.blocks, [hash]);
  assert.match(watched.lines.at(-1) ?? '', /^warning: .* names a block by 31 bytes instead of 32/);
});

test('what libzmq sends is understood when it comes in pieces of a few bytes', async (t) => {
  const publisher = await Publisher.start(t, 'PUB');
  const watched = watch(t, await serve(t, slowly(publisher.port)));
  await saying(publisher, hash, watched);
});

test('a publisher that dies and comes back is subscribed to again', async (t) => {
  const first = await Publisher.start(t, 'PUB');
  const watched = watch(t, first.port);
  await saying(first, hash, watched);
  await first.kill();
  await until('it is said', () => watched.lines.some((line) => line.startsWith('warning')));
  const second = await Publisher.start(t, 'PUB', first.port);
  await saying(second, other, watched);
  assert.equal(watched.ups(), 2);
  assert.match(watched.lines.at(-1) ?? '', /^special: Block news come from the ZMQ publisher /);
});

test('a ZMQ socket that is no publisher is named', async (t) => {
  const publisher = await Publisher.start(t, 'REP');
  const { lines, ups } = watch(t, publisher.port);
  await until('the line', () => lines.length > 0);
  // libzmq may end the connection first, since a subscriber is no partner for it either.
  assert.match(lines[0] ?? '', /type "REP", not a publisher|before the handshake was done/);
  assert.equal(ups(), 0);
});

/** What a sound publisher says first: greeting, READY. */
const sound = Buffer.concat([
  Buffer.from(`ff00000000000000017f03004e554c4c${'00'.repeat(48)}`, 'hex'),
  Buffer.from('0419055245414459', 'hex'),
  Buffer.from('0b536f636b65742d5479706500000003505542', 'hex'),
]);
const message = (body: string) =>
  Buffer.concat([
    Buffer.from('010968617368626c6f636b', 'hex'),
    Buffer.from(`0120${body}`, 'hex'),
    Buffer.from('000401000000', 'hex'),
  ]);

const hostile: readonly [string, Buffer, RegExp][] = [
  ['speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /no ZMQ publisher.*HTTP/],
  [
    'announces 4 GB',
    Buffer.concat([sound, Buffer.from('020000000100000000', 'hex')]),
    /announces a frame of 4294967296 bytes/,
  ],
  [
    'never ends a message',
    Buffer.concat([sound, Buffer.from('0100'.repeat(64), 'hex')]),
    /more than 16 parts/,
  ],
  [
    'refuses',
    Buffer.concat([sound.subarray(0, 64), Buffer.from('040a054552524f52036e6f21', 'hex')]),
    /refuses the connection: "no!"/,
  ],
  [
    'begins without READY',
    Buffer.concat([sound.subarray(0, 64), message(hash)]),
    /something else before its READY/,
  ],
  [
    'cuts its READY short',
    Buffer.concat([sound.subarray(0, 64), Buffer.from('0407055245414459ff', 'hex')]),
    /bytes wanted/,
  ],
];
for (const [name, bytes, pattern] of hostile) {
  test(`a hostile publisher that ${name} is dropped with a word, and tried again`, async (t) => {
    let connections = 0;
    const port = await serve(t, (socket) => {
      connections++;
      socket.write(bytes);
    });
    const { lines, blocks } = watch(t, port);
    await until('a second try', () => connections >= 2);
    const said = lines.filter((line) => line.startsWith('warning'));
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', pattern);
    assert.deepEqual(blocks, []);
  });
}

test('a publisher that never speaks is dropped, and tried again', async (t) => {
  let connections = 0;
  const port = await serve(t, () => connections++);
  const { lines } = watch(t, port, { handshake: 50 });
  await until('a second try', () => connections >= 2);
  assert.match(lines[0] ?? '', /: there was no handshake within 0\.05 s\. /);
});

test('a PING is answered with what it carries', async (t) => {
  const heard: Buffer[] = [];
  const port = await serve(t, (socket) => {
    socket.on('data', (bytes) => heard.push(bytes));
    socket.write(Buffer.concat([sound, Buffer.from('0409', 'hex')]));
    socket.write(Buffer.from('0450494e4700c8abcd', 'hex'));
  });
  watch(t, port);
  const pong = Buffer.from('040704504f4e47abcd', 'hex');
  await until('the answer', () => Buffer.concat(heard).includes(pong));
});

test('nothing is tried any more after close', async (t) => {
  const dropped = await dropper(t);
  const { zmq, lines } = watch(t, dropped.port);
  await until('it waits for its next try', () => lines.length > 0);
  zmq.close();
  // The third try of another one comes later than the second of the closed one would.
  const other = await dropper(t);
  watch(t, other.port);
  await until('three tries', () => other.tries() >= 3);
  assert.equal(dropped.tries(), 1);
});
