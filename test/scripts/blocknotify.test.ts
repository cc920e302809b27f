import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { listenForCommands } from '../../libs/cluster/cliListener.ts';
import { createLogger } from '../../libs/log/logger.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { freePort } from '../../scripts/regtest/freePort.ts';

const hash = 'ab'.repeat(32);
const dir = mkdtempSync(join(tmpdir(), 'blocknotify-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const program = build();

/** By the line in the source's own head, so that the line is proved as well; any warning fails it. */
function build(): string {
  const source = join('scripts', 'blocknotify.c');
  const line = /cc (.*) -o blocknotify (.*)/.exec(readFileSync(join(installRoot, source), 'utf8'));
  assert.equal(line?.[2], source);
  const output = join(dir, 'blocknotify');
  const flags = (line?.[1] ?? '').split(' ');
  execFileSync('cc', [...flags, '-Werror', '-o', output, source], { cwd: installRoot });
  return output;
}

function run(args: readonly string[]): Promise<{ code: number; err: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 20_000 }, (error, _out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), err }),
    );
  });
}

async function portal(
  t: TestContext,
  behave: (socket: net.Socket, heard: () => string) => void,
): Promise<{ address: string; heard: string[] }> {
  const heard: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const index = heard.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard[index] += bytes.toString();
    });
    behave(socket, () => heard[index] ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { address: `127.0.0.1:${address.port}`, heard };
}

test('it tells the portal in one JSON line, and exits with 0 at its answer', async (t) => {
  const { address, heard } = await portal(t, (socket) => {
    socket.once('data', () => socket.end('The pool was told.\n'));
  });
  assert.deepEqual(await run([address, 'litecoin', hash]), { code: 0, err: '' });
  assert.deepEqual(heard, [`{"command":"blocknotify","params":["litecoin","${hash}"]}\n`]);
});

test("the portal's own listener understands it", async (t) => {
  const seen: string[] = [];
  const log = createLogger(
    { level: 'special', colors: false, format: 'text' },
    { write: () => undefined },
  );
  const listener = await listenForCommands(
    { port: 0 },
    ({ command, params }) => {
      seen.push([command, ...params].join(' '));
      return { ok: true, text: 'told' };
    },
    log,
  );
  t.after(() => listener.close());
  assert.equal((await run([`127.0.0.1:${listener.port}`, 'litecoin', hash])).code, 0);
  assert.deepEqual(seen, [`blocknotify litecoin ${hash}`]);
});

test('an answer in pieces is put together; a portal that keeps the line open is not waited for', async (t) => {
  const { address } = await portal(t, (socket) => {
    socket.once('data', () => {
      socket.setNoDelay(true);
      socket.write('err');
      setImmediate(() => socket.write('or: there is no pool\n'));
    });
  });
  const result = await run([address, 'litecoin', hash]);
  assert.equal(result.code, 1);
  assert.match(result.err, /error: there is no pool\n$/);
});

test('an error answer, no answer and a broken connection are failures', async (t) => {
  const faults: readonly [(socket: net.Socket) => void, RegExp][] = [
    [(socket) => socket.end('error: there is no pool\n'), /error: there is no pool/],
    [(socket) => socket.end('Error\n'), /Error/],
    [(socket) => socket.end(), /gave no answer/],
    [(socket) => socket.once('data', () => socket.resetAndDestroy()), /reset by peer/i],
  ];
  for (const [behave, sentence] of faults) {
    const { address } = await portal(t, behave);
    const result = await run([address, 'litecoin', hash]);
    assert.equal(result.code, 1);
    assert.match(result.err, sentence);
  }
});

test('a portal that does not run is a failure', async () => {
  const result = await run([`127.0.0.1:${await freePort()}`, 'litecoin', hash]);
  assert.equal(result.code, 1);
  assert.match(result.err, /Connection refused/);
});

test('a portal that says nothing is given up after 5 seconds', async (t) => {
  const { address } = await portal(t, () => undefined);
  const start = performance.now();
  const result = await run([address, 'litecoin', hash]);
  const took = performance.now() - start;
  assert.equal(result.code, 1);
  assert.match(result.err, /timed out/i);
  assert.ok(took >= 4_900 && took < 15_000, `${took} ms`);
});

test('wrong arguments are refused with 2, and nothing is sent', async (t) => {
  const { address, heard } = await portal(t, (socket) => socket.end('told\n'));
  const wrong: readonly (readonly string[])[] = [
    [],
    [address, 'litecoin'],
    [address, 'litecoin', hash, 'more'],
    ['127.0.0.1', 'litecoin', hash],
    [':17117', 'litecoin', hash],
    ['127.0.0.1:', 'litecoin', hash],
    ['127.0.0.1:0', 'litecoin', hash],
    ['127.0.0.1:65536', 'litecoin', hash],
    ['127.0.0.1: 80', 'litecoin', hash],
    ['127.0.0.1:80x', 'litecoin', hash],
    [`${'h'.repeat(300)}:80`, 'litecoin', hash],
    [address, '', hash],
    [address, 'lite"coin', hash],
    [address, 'lite\\coin', hash],
    [address, 'lite\ncoin', hash],
    [address, 'x'.repeat(65), hash],
    [address, 'litecoin', ''],
    [address, 'litecoin', hash.slice(1)],
    [address, 'litecoin', `${hash}0`],
    [address, 'litecoin', `${hash.slice(2)}%s`],
    [address, 'litecoin', `g${hash.slice(1)}`],
  ];
  for (const args of wrong) {
    const result = await run(args);
    assert.equal(result.code, 2, args.join(' '));
    assert.match(result.err, /^blocknotify: .*\nUsage: blocknotify host:port coin hash\n/);
  }
  assert.deepEqual(heard, []);
});
