import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  type EventStream,
  EventStreams,
  eventText,
  streamLimits,
} from '../../libs/website/eventStreams.ts';
import { until } from '../support/until.ts';

async function serve(t: import('node:test').TestContext, limits = streamLimits) {
  const streams = new EventStreams(limits);
  const opened: EventStream[] = [];
  const server = createServer((request, response) => {
    opened.push(streams.open(request, response, 'somebody'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    streams.close();
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connect(port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.after(() => client.destroy());
  await until('the stream is open', () => opened.length === 1);
  const [stream] = opened;
  assert.ok(stream !== undefined);
  return { streams, stream, client };
}

test('a client that does not read is dropped, and what waits for it is let go', async (t) => {
  const { streams, stream, client } = await serve(t, { ...streamLimits, mostWaiting: 100_000 });
  client.pause();
  const text = eventText({ data: 'x'.repeat(50_000) });
  let sent = 0;
  // The kernel's own buffers take some megabytes before anything waits here.
  await until('it is dropped', () => {
    sent += 1;
    return !stream.send(text) || sent > 2_000;
  });
  assert.ok(sent < 2_000, 'it was dropped');
  assert.equal(streams.dropped, 1);
  await until('it is gone', () => streams.count === 0);
});

test('a quiet stream gets a sign of life', async (t) => {
  const { client } = await serve(t, { ...streamLimits, heartbeat: 20 });
  let heard = '';
  client.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
  });
  await until('the sign of life', () => heard.includes(': alive\n\n'));
  assert.match(heard, /Content-Type: text\/event-stream/);
  assert.match(heard, /X-Accel-Buffering: no/);
});

test('an event is its id, type and data, and an empty line', () => {
  const text = eventText({ id: '1-0@x', type: 'block', data: '{}' });
  assert.equal(text, 'id: 1-0@x\nevent: block\ndata: {}\n\n');
  assert.equal(eventText({ data: '1' }), 'data: 1\n\n');
});
