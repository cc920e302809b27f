import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NewsTiming } from '../../libs/daemon/newsConnection.ts';
import { Peer } from '../../libs/daemon/peer.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { logTo } from '../support/memoryLog.ts';
import { serve } from '../support/tcpServer.ts';
import { until } from '../support/until.ts';
import { dropper, slowly } from './newsServer.ts';

// Litecoin Core's message starts (chainparams.cpp): regtest and main.
const regtest = Buffer.from('fabfb5da', 'hex');
const main = Buffer.from('fbc0b6db', 'hex');

interface Watched {
  readonly peer: Peer;
  readonly blocks: string[];
  readonly lines: string[];
  /** How often the handshake was done. */
  readonly ups: () => number;
}

function watch(t: TestContext, port: number, magic = regtest, timing: NewsTiming = {}): Watched {
  const blocks: string[] = [];
  const lines: string[] = [];
  let ups = 0;
  const peer = new Peer({
    host: '127.0.0.1',
    port,
    magic,
    protocolVersion: 70_016,
    relayTransactions: false,
    log: logTo(lines),
    now: systemClock,
    timing: { firstWait: 20, ...timing },
    onBlock: (hash) => void blocks.push(hash),
    onUp: () => void ups++,
  });
  t.after(() => peer.close());
  peer.connect();
  return { peer, blocks, lines, ups: () => ups };
}

/** The beginning of a message, with a checksum of zeros. */
function header(magic: Buffer, command: string, length: number): Buffer {
  const bytes = Buffer.alloc(24);
  magic.copy(bytes);
  bytes.write(command, 4, 'latin1');
  bytes.writeUInt32LE(length, 16);
  return bytes;
}

test('a real litecoind', async (t) => {
  const pair = await startLitecoinPair({ mweb: 'never' });
  t.after(() => pair.stop());
  const { a, b } = pair;

  await t.test('announces the block it generates', async (t) => {
    const { blocks, lines, ups } = watch(t, a.p2pPort);
    await until('the handshake', () => ups() === 1);
    const [hash] = await a.generate(1);
    await until('the block', () => blocks.includes(hash ?? ''));
    assert.deepEqual(lines, [`debug: Block news come from the node 127.0.0.1:${a.p2pPort}.`]);
  });

  await t.test('announces the block that the other node generates', async (t) => {
    const { blocks, ups } = watch(t, b.p2pPort);
    await until('the handshake', () => ups() === 1);
    const [hash] = await a.generate(1);
    await until('the block', () => blocks.includes(hash ?? ''));
  });

  await t.test('is understood when its messages come in pieces of a few bytes', async (t) => {
    const port = await serve(t, slowly(a.p2pPort));
    const { blocks, ups } = watch(t, port);
    await until('the handshake', () => ups() === 1);
    const [hash] = await a.generate(1);
    await until('the block', () => blocks.includes(hash ?? ''));
  });

  await t.test('that wants another magic is left with a line that names ours', async (t) => {
    const { lines, ups } = watch(t, a.p2pPort, main);
    await until('the line', () => lines.length > 0);
    assert.match(
      lines[0] ?? '',
      /^warning: No block news from the node 127\.0\.0\.1:\d+: .*magic is not theirs \(ours is fbc0b6db, of the coin file\)\. It is tried again; /,
    );
    assert.equal(ups(), 0);
  });

  await t.test('that dies and comes back is connected again, and goes on announcing', async (t) => {
    const { blocks, lines, ups } = watch(t, a.p2pPort);
    await until('the handshake', () => ups() === 1);
    await a.kill('SIGKILL');
    await until('it is said', () => lines.some((line) => line.startsWith('warning')));
    await a.start();
    await until('the second handshake', () => ups() === 2);
    const [hash] = await a.generate(1);
    await until('the block', () => blocks.includes(hash ?? ''));
    assert.match(lines.at(-1) ?? '', /^special: Block news come from the node /);
  });

  await t.test('can end while we are connected', async (t) => {
    const { ups } = watch(t, b.p2pPort);
    await until('the handshake', () => ups() === 1);
    const began = performance.now();
    await b.stop();
    assert.ok(performance.now() - began < 15_000);
  });
});

test('a node with another magic is named with both', async (t) => {
  const port = await serve(t, (socket) => socket.write(header(main, 'version', 0)));
  const { lines } = watch(t, port);
  await until('the line', () => lines.length > 0);
  assert.match(lines[0] ?? '', /: it speaks with magic fbc0b6db, not fabfb5da\. /);
});

test('a node that announces a message of 4 GB is dropped before it sends one', async (t) => {
  let closed = 0;
  const port = await serve(t, (socket) => {
    socket.write(header(regtest, 'inv', 0xffffffff));
    socket.on('close', () => closed++);
  });
  const { lines } = watch(t, port);
  await until('it is dropped', () => closed > 0);
  assert.match(lines[0] ?? '', /: it announces a message of 4294967295 bytes\. /);
});

test('a node that never speaks is dropped, and tried again', async (t) => {
  let connections = 0;
  const port = await serve(t, () => connections++);
  const { lines } = watch(t, port, regtest, { handshake: 50 });
  await until('a second try', () => connections >= 2);
  assert.match(lines[0] ?? '', /: there was no handshake within 0\.05 s\. /);
});

test('a node that falls silent after the handshake is dropped, though it sends bytes of a message', async (t) => {
  let connections = 0;
  const verack = Buffer.from('fabfb5da76657261636b000000000000000000005df6e0e2', 'hex');
  const port = await serve(t, (socket) => {
    connections++;
    socket.write(Buffer.concat([verack, header(regtest, 'block', 4_000_000)]));
    const drip = setInterval(() => socket.write(Buffer.from([0])), 5);
    socket.on('close', () => clearInterval(drip));
  });
  const { lines, ups } = watch(t, port, regtest, { silence: 100 });
  await until('a second try', () => connections >= 2);
  assert.ok(ups() >= 1);
  assert.match(lines.at(1) ?? '', /: it was silent for 0\.1 s\. /);
});

test('one that drops us again and again is tried ever more slowly, and told of once', async (t) => {
  const times: number[] = [];
  const port = await serve(t, (socket) => {
    times.push(performance.now());
    socket.destroy();
  });
  const { lines } = watch(t, port);
  await until('five tries', () => times.length >= 5);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.ok((waits[3] ?? 0) > 130 && (waits[0] ?? 0) < 130, waits.join(' '));
  assert.equal(lines.length, 1);
});

test('nothing is tried any more after close', async (t) => {
  const dropped = await dropper(t);
  const { peer, lines } = watch(t, dropped.port);
  await until('it waits for its next try', () => lines.length > 0);
  peer.close();
  // The third try of another one comes later than the second of the closed one would.
  const other = await dropper(t);
  watch(t, other.port);
  await until('three tries', () => other.tries() >= 3);
  assert.equal(dropped.tries(), 1);
});
