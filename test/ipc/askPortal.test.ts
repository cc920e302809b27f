import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenForCommands } from '../../libs/cluster/cliListener.ts';
import { askPortal } from '../../libs/ipc/askPortal.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { memoryLog } from '../support/memoryLog.ts';

// The socket file is proved in test/website/admin/portalSocket.test.ts.

test('the command port is asked as the socket file is', async (t) => {
  const listener = await listenForCommands(
    { port: 0 },
    ({ command, params }) => ({ ok: command === 'coinswitch', text: params.join(' ') }),
    memoryLog(),
  );
  t.after(() => listener.close());
  const place = { host: '127.0.0.1', port: listener.port };
  const params = ['dogecoin', 'switch1'];
  assert.deepEqual(await askPortal(place, { command: 'coinswitch', params }), {
    ok: true,
    text: 'dogecoin switch1',
  });
  const refused = await askPortal(place, { command: 'nonsense', params: ['no such command.'] });
  assert.deepEqual(refused, { ok: false, text: 'no such command.' });
});

test('a portal that does not run is an answer that is not ok', async () => {
  const [port = 0] = await freePorts(1);
  const answer = await askPortal({ host: '127.0.0.1', port }, { command: 'coinswitch' });
  assert.equal(answer.ok, false);
  assert.match(answer.text, /gave no answer to "coinswitch": it does not run/);
});
