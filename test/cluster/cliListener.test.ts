import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CliCommand, listenForCommands } from '../../libs/cluster/cliListener.ts';
import { createLogger } from '../../libs/log/logger.ts';
import { until } from '../support/until.ts';

const silent = createLogger(
  { level: 'special', colors: false, format: 'text' },
  { write: () => undefined },
);

async function startListener(t: TestContext): Promise<{ port: number; seen: CliCommand[] }> {
  const seen: CliCommand[] = [];
  const listener = await listenForCommands(
    { port: 0 },
    (command) => {
      seen.push(command);
      if (command.command === 'throw') throw new Error('on purpose');
      return { ok: true, text: `did ${command.command}` };
    },
    silent,
  );
  t.after(() => listener.close());
  return { port: listener.port, seen };
}

/** Sends the pieces one after the other and resolves with all that comes back. */
function talk(
  place: number | string,
  pieces: readonly (string | Buffer)[],
  end = false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = typeof place === 'string' ? net.connect(place) : net.connect(place, '127.0.0.1');
    let reply = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      reply += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
    for (const piece of pieces) socket.write(piece);
    if (end) socket.end();
  });
}

test('a command split over packets is put together and answered with text', async (t) => {
  const { port, seen } = await startListener(t);
  const reply = await talk(port, [
    '{"command":"blocknotify","par',
    'ams":["litecoin","00"],"options":{"a":1}}\n',
  ]);
  assert.equal(reply, 'did blocknotify\n');
  assert.deepEqual(seen, [
    { command: 'blocknotify', params: ['litecoin', '00'], options: new Map([['a', '1']]) },
  ]);
});

test('a line without its line feed is taken when the client ends its side', async (t) => {
  const { port } = await startListener(t);
  assert.equal(await talk(port, ['{"command":"status"}'], true), 'did status\n');
});

test('a command whose answer takes a while is done once, though its client closes its side meanwhile', async (t) => {
  let finish: (answer: { ok: boolean; text: string }) => void = () => undefined;
  let runs = 0;
  const listener = await listenForCommands(
    { port: 0 },
    () => {
      runs += 1;
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
    silent,
  );
  t.after(() => listener.close());
  const socket = net.connect({ port: listener.port, allowHalfOpen: true });
  const gone = new Promise((resolve) => socket.once('close', resolve));
  socket.end('{"command":"payments","params":[]}\n');
  await until('the command runs', () => runs > 0);
  // What the listener heard of the end, it has heard by then.
  assert.equal(await talk(listener.port, ['x\n']).then((reply) => reply.slice(0, 6)), 'error:');
  finish({ ok: true, text: 'done' });
  socket.resume();
  await gone;
  assert.equal(runs, 1);
});

test('a client that keeps its connection after the answer loses it', async (t) => {
  const listener = await listenForCommands(
    { port: 0 },
    () => ({ ok: true, text: 'done' }),
    silent,
    100,
  );
  t.after(() => listener.close());
  const socket = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
  const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
  socket.write('{"command":"status"}\n');
  const [answer] = await once(socket, 'data');
  assert.equal(String(answer), 'done\n');
  // What it goes on saying is heard by nobody, and shows it in the end that it was cut off.
  const talking = setInterval(() => socket.write('more\n'), 400);
  t.after(() => clearInterval(talking));
  await closed;
});

test('every hostile line gets one error answer, and the next command still works', async (t) => {
  const { port } = await startListener(t);
  const hostile: (string | Buffer)[] = [
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    '\n',
    '[]\n',
    'null\n',
    '{}\n',
    '{"command":7}\n',
    '{"command":""}\n',
    '{"command":"a","params":{}}\n',
    '{"command":"a","params":[1]}\n',
    '{"command":"a","options":[]}\n',
    '{"command":"a","options":{"x":{"toString":1}}}\n',
    `{"command":"a","options":{"x":${'['.repeat(5_000)}${']'.repeat(5_000)}}}\n`,
    '{"command":"throw"}\n',
    Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
    `${'x'.repeat(20_000)}\n`,
    '{"__proto__":{"command":"a"}}\n',
  ];
  for (const line of hostile) {
    const reply = await talk(port, [line]);
    assert.match(reply, /^error: .*\n$/, `no error for ${String(line).slice(0, 40)}`);
  }
  assert.equal(await talk(port, ['{"command":"status"}\n']), 'did status\n');
});

test('a port that is in use rejects with EADDRINUSE', async (t) => {
  const { port } = await startListener(t);
  await assert.rejects(
    listenForCommands({ port }, () => ({ ok: true, text: '' }), silent),
    { code: 'EADDRINUSE' },
  );
});

test('a socket file is open to its owner only, and replaces what a dead portal left behind', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cli-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'cli.sock');
  await writeFile(path, 'left behind');
  const listener = await listenForCommands({ path }, () => ({ ok: true, text: 'here' }), silent);
  t.after(() => listener.close());
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(await talk(path, ['{"command":"status"}\n']), 'here\n');
});
