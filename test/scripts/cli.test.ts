import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CliCommand, listenForCommands } from '../../libs/cluster/cliListener.ts';
import { createLogger } from '../../libs/log/logger.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { freePort } from '../../scripts/regtest/freePort.ts';

// The compiled script beside this compiled test, whichever folder the build went to.
const cli = fileURLToPath(new URL('../../scripts/cli.js', import.meta.url));
const silent = createLogger(
  { level: 'special', colors: false, format: 'text' },
  { write: () => undefined },
);

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(script: string, args: readonly string[], cwd: string = tmpdir()): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { cwd, timeout: 20_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}

async function startListener(t: TestContext) {
  const seen: CliCommand[] = [];
  const listener = await listenForCommands(
    { port: 0 },
    (command) => {
      seen.push(command);
      if (command.command === 'wrong') return { ok: false, text: 'there is no such coin.' };
      return { ok: true, text: 'The pool was told.' };
    },
    silent,
  );
  t.after(() => listener.close());
  return { port: listener.port, seen };
}

/** A stand-in for a portal that misbehaves. */
async function startFaultyPortal(t: TestContext, behave: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cli-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('command, parameters and options go to the portal; its text comes back with exit code 0', async (t) => {
  const { port, seen } = await startListener(t);
  const hash = 'ab'.repeat(32);
  const args = ['-host=127.0.0.1', `-port=${port}`, 'blocknotify', 'litecoin', hash, '-a=b=c'];
  const result = await run(cli, [...args, '--json', '--constructor=x', '-7', '--', '-literal=1']);
  assert.deepEqual(result, { code: 0, out: 'The pool was told.\n', err: '' });
  assert.equal(seen.length, 1);
  assert.equal(seen[0]?.command, 'blocknotify');
  assert.deepEqual(seen[0]?.params, ['litecoin', hash, '-7', '-literal=1']);
  assert.deepEqual(
    seen[0]?.options,
    new Map([
      ['a', 'b=c'],
      ['json', 'true'],
      ['constructor', 'x'],
    ]),
  );
});

test('an error of the portal goes to stderr with exit code 1', async (t) => {
  const { port } = await startListener(t);
  const result = await run(cli, [`-port=${port}`, 'wrong']);
  assert.deepEqual(result, { code: 1, out: '', err: 'error: there is no such coin.\n' });
});

test('the port is cliPort of the config.json in the current folder, comments and all', async (t) => {
  const { port, seen } = await startListener(t);
  const dir = await folder(t);
  await writeFile(join(dir, 'config.json'), `{ /* portal */ "cliPort": ${port}, // the port\n }`);
  assert.equal((await run(cli, ['reloadpool'], dir)).code, 0);
  assert.equal(seen[0]?.command, 'reloadpool');
});

test('a config.json without a usable cliPort is said, and -port goes before it', async (t) => {
  const { port } = await startListener(t);
  const dir = await folder(t);
  for (const text of ['{', '[]', '{"cliPort":"17117"}', '{"cliPort":1.5}', '{"cliPort":70000}']) {
    await writeFile(join(dir, 'config.json'), text);
    const result = await run(cli, ['reloadpool'], dir);
    assert.equal(result.code, 1, text);
    assert.match(result.err, /^config\.json is broken, or its "cliPort" is no port number\./, text);
    assert.equal((await run(cli, ['reloadpool', `-port=${port}`], dir)).code, 0);
  }
});

test('no command prints the usage with exit code 1, help with 0', async () => {
  const none = await run(cli, []);
  assert.equal(none.code, 1);
  assert.match(none.err, /^Usage: node scripts\/cli\.js .*blocknotify <coin> <hash>/s);
  const help = await run(cli, ['help']);
  assert.deepEqual(help, { code: 0, out: none.err, err: '' });
});

test('a port or time-out that is none is refused', async () => {
  for (const port of ['0', '65536', 'x', '-1', '']) {
    const result = await run(cli, [`-port=${port}`, 'status']);
    assert.equal(result.code, 1);
    assert.match(result.err, /is no port number/);
  }
  for (const timeout of ['0', '-1', 'x', 'Infinity']) {
    const result = await run(cli, [`-timeout=${timeout}`, '-port=1', 'status']);
    assert.equal(result.code, 1);
    assert.match(result.err, /is no number of seconds/);
  }
});

test('a portal that is not running is said in a sentence', async () => {
  const port = await freePort();
  const result = await run(cli, [`-port=${port}`, 'status']);
  assert.equal(result.code, 1);
  assert.match(result.err, new RegExp(`^No portal listens for commands at 127.0.0.1:${port}\\.`));
});

test('silence, an empty answer and a broken connection are errors', async (t) => {
  const faults: readonly [(socket: net.Socket) => void, RegExp][] = [
    [() => undefined, /did not answer within 0\.3 s/],
    [(socket) => socket.end(), /closed the connection without an answer/],
    [(socket) => socket.once('data', () => socket.resetAndDestroy()), /ECONNRESET/],
  ];
  for (const [behave, sentence] of faults) {
    const port = await startFaultyPortal(t, behave);
    const result = await run(cli, [`-port=${port}`, '-timeout=0.3', 'status']);
    assert.equal(result.code, 1);
    assert.match(result.err, sentence);
    assert.equal(result.out, '');
  }
});

test('without a build the launcher says what to run, with exit code 1', async (t) => {
  const dir = await folder(t);
  await mkdir(join(dir, 'scripts'));
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await copyFile(join(installRoot, 'scripts', 'cli.js'), join(dir, 'scripts', 'cli.js'));
  const result = await run(join(dir, 'scripts', 'cli.js'), ['status']);
  assert.equal(result.code, 1);
  assert.match(result.err, /^The build is missing: run npm ci && npm run build in /);
});
