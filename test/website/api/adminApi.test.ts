import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword } from '../../../libs/primitives/password.ts';
import { isRecord, own } from '../../../libs/primitives/unknown.ts';
import { type Reply, type Site, secrets, siteFor } from '../support.ts';

const admin = { enabled: true, password: secrets.admin };
const ask = (site: Site, password: unknown, from = '10.0.0.1', method = 'pools'): Promise<Reply> =>
  site.get(`/api/admin/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': from },
    body: JSON.stringify({ password }),
  });

test('POST /api/admin/pools gives the configuration in the shape of the files, without secrets', async (t) => {
  const site = await siteFor(t, { website: { adminCenter: admin } });
  const reply = await ask(site, secrets.admin);
  assert.equal(reply.status, 200);
  const body = reply.json();
  const result = isRecord(body) ? own(body, 'result') : undefined;
  const pool = isRecord(result) ? own(result, 'litecoin') : undefined;
  assert.ok(isRecord(pool));
  const daemon = { host: '127.0.0.1', port: 19_332, user: 'rpc', password: '***' };
  assert.deepEqual(own(pool, 'daemons'), [daemon]);
  assert.deepEqual(own(pool, 'rewardRecipients'), {
    '22851477d63a085dbc2398c8430af1c09e7343f6': 1.5,
  });
  const ports = own(pool, 'ports');
  assert.ok(isRecord(ports));
  assert.deepEqual(Object.keys(ports), ['3032']);
  const coin = own(pool, 'coin');
  assert.equal(isRecord(coin) && own(coin, 'symbol'), 'ltc');
  for (const secret of Object.values(secrets)) assert.ok(!reply.text.includes(secret), secret);
});

test('a wrong password, or none, is answered as the original does', async (t) => {
  const site = await siteFor(t, { website: { adminCenter: admin } });
  for (const [i, password] of ['wrong', '', undefined, { length: 1 }, ['x']].entries()) {
    const reply = await ask(site, password, `10.0.1.${i}`);
    assert.equal(reply.status, 401);
    assert.deepEqual(reply.json(), { error: 'Incorrect Password' });
  }
  const garbage = await site.get('/api/admin/pools', { method: 'POST', body: '{"password":' });
  assert.equal(garbage.status, 400);
  assert.equal((await ask(site, secrets.admin, '10.0.2.1', 'nothing')).status, 404);
});

test('after five wrong passwords in a quarter of an hour even the right one waits', async (t) => {
  const site = await siteFor(t, { website: { adminCenter: admin } });
  // The right password does not use the tries up.
  for (let i = 0; i < 7; i++) assert.equal((await ask(site, secrets.admin)).status, 200);
  for (let i = 0; i < 5; i++) assert.equal((await ask(site, 'wrong')).status, 401);
  assert.equal((await ask(site, secrets.admin)).status, 429);
  assert.equal((await ask(site, secrets.admin, '10.0.0.2')).status, 200);
});

test('a password hash takes the place of the password', async (t) => {
  const passwordHash = await hashPassword('correct horse');
  const adminCenter = { enabled: true, password: secrets.admin, passwordHash };
  const site = await siteFor(t, { website: { adminCenter } });
  assert.equal((await ask(site, 'correct horse')).status, 200);
  assert.equal((await ask(site, secrets.admin)).status, 401);
});

test('there is no admin API, page or fragment while the admin centre is off', async (t) => {
  const site = await siteFor(t);
  assert.equal((await ask(site, '')).status, 404);
  assert.equal((await site.get('/admin')).status, 404);
  assert.equal((await site.get('/get_page?id=admin')).status, 404);
});
