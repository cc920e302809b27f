import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenForCommands } from '../../../libs/cluster/cliListener.ts';
import { askPortal } from '../../../libs/website/admin/portalSocket.ts';
import { memoryLog } from '../../support/memoryLog.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'socket-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function serverOf(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const path = join(folderFor(t), 'cli.sock');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => server.close());
  return path;
}

test("the portal's own listener understands what is asked, and its refusals are not ok", async (t) => {
  const path = join(folderFor(t), 'cli.sock');
  const listener = await listenForCommands(
    { path },
    ({ command, params, options }) => ({
      ok: command !== 'bad',
      text: `${command} ${params.join(' ')} ${options.get('json') ?? 'text'}`,
    }),
    memoryLog(),
  );
  t.after(() => listener.close());
  assert.deepEqual(await askPortal(path, { command: 'ban', params: ['203.0.113.1', 'ü'] }), {
    ok: true,
    text: 'ban 203.0.113.1 ü text',
  });
  assert.deepEqual(await askPortal(path, { command: 'bad', json: true }), {
    ok: false,
    text: 'bad  true',
  });
});

test('a portal that is not there, says nothing or never ends is an answer too', async (t) => {
  const nobody = await askPortal(join(folderFor(t), 'cli.sock'), { command: 'status' });
  assert.deepEqual(nobody, {
    ok: false,
    text: 'The portal gave no answer to "status": it does not run, or without its socket.',
  });
  const silent = await askPortal(await serverOf(t, (socket) => socket.end()), {
    command: 'status',
  });
  assert.match(silent.text, /closed the connection; it may still have done it/);
  const endless = await serverOf(t, (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65_536)));
    };
    socket.on('drain', more);
    more();
  });
  const long = await askPortal(endless, { command: 'status' });
  assert.equal(long.ok, false);
  assert.match(long.text, /too long/);
});
