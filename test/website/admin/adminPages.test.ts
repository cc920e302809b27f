import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashPassword } from '../../../libs/primitives/password.ts';
import { isRecord, own, parseJson } from '../../../libs/primitives/unknown.ts';
import { startWebsite } from '../../../libs/website/website.ts';
import { memoryLog } from '../../support/memoryLog.ts';
import { until } from '../../support/until.ts';
import { configurationFor, secrets } from '../support.ts';
import { adminSite, loggedIn } from './adminSite.ts';

const hour = 3_600_000;

test('a login without scripts: password, cookie, overview, log out', async (t) => {
  const site = await adminSite(t);
  const form = await site.get('/admin');
  assert.equal(form.status, 200);
  assert.match(form.text, /<form[^>]+method="post" action="\/admin\/login"/);
  assert.equal(form.headers['cache-control'], 'no-store');

  const login = await site.post('/admin/login', { password: secrets.admin });
  assert.equal(login.status, 303);
  assert.equal(login.headers.location, '/admin');
  assert.match(
    String(login.headers['set-cookie']),
    /^admin_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );

  const admin = await loggedIn(site);
  const page = await admin.get('/admin');
  for (const text of ['Litecoin', '2814307', 'pool worker 0', 'being restarted', 'at work']) {
    assert.ok(page.text.includes(text), text);
  }
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);

  const out = await admin.post('/admin/logout');
  assert.equal(out.status, 303);
  assert.match(String(out.headers['set-cookie']), /^admin_session=;.*Max-Age=0$/);
  assert.match((await admin.get('/admin')).text, /id="login"/);
  assert.equal((await admin.get('/admin/audit')).headers.location, '/admin');
});

test('over TLS, also that of a proxy on this machine, the cookie is for TLS only', async (t) => {
  const site = await adminSite(t);
  const headers = { 'X-Forwarded-Proto': 'https' };
  const login = await site.post('/admin/login', { password: secrets.admin }, headers);
  assert.match(String(login.headers['set-cookie']), /; Secure$/);
});

test('after five wrong passwords in a quarter of an hour the right one has to wait, on every way in', async (t) => {
  const site = await adminSite(t);
  const from = (ip: string) => ({ 'X-Forwarded-For': ip });
  const tries = await Promise.all(
    Array.from({ length: 9 }, () =>
      site.post('/admin/login', { password: 'wrong' }, from('10.0.0.1')),
    ),
  );
  assert.deepEqual(
    tries.map(({ status }) => status).sort(),
    [401, 401, 401, 401, 401, 429, 429, 429, 429],
  );
  const right = () => site.post('/admin/login', { password: secrets.admin }, from('10.0.0.1'));
  const refused = await right();
  assert.equal(refused.status, 429);
  assert.match(refused.text, /try again in a quarter of an hour/);
  assert.equal(refused.headers['set-cookie'], undefined);
  const original = await site.post('/api/admin/pools', {}, from('10.0.0.1'));
  assert.equal(original.status, 429);
  const other = await site.post('/admin/login', { password: secrets.admin }, from('10.0.0.2'));
  assert.equal(other.status, 303);
  site.pass(15 * 60_000 - 1);
  assert.equal((await right()).status, 429);
  site.pass(1);
  assert.equal((await right()).status, 303);
});

test('a session ends after eight hours in which nothing was asked', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  site.pass(8 * hour - 1);
  assert.match((await admin.get('/admin')).text, /id="admin"/);
  site.pass(8 * hour - 1);
  assert.match((await admin.get('/admin')).text, /id="admin"/);
  site.pass(8 * hour);
  assert.match((await admin.get('/admin')).text, /id="login"/);
  const late = await admin.post('/admin/bans', { what: 'ban', ip: '203.0.113.1' });
  assert.equal(late.status, 401);
  assert.match(late.text, /not logged in any more/);
  assert.deepEqual(
    site.portal.asked.filter(({ command }) => command === 'ban'),
    [],
  );
});

test('a scrypt hash takes the place of the password', async (t) => {
  const passwordHash = await hashPassword('correct horse');
  const site = await adminSite(t, {
    adminCenter: { enabled: true, password: secrets.admin, passwordHash },
  });
  assert.equal((await site.post('/admin/login', { password: 'correct horse' })).status, 303);
  assert.equal((await site.post('/admin/login', { password: secrets.admin })).status, 401);
});

test('a website whose admin centre has an empty or the usual password does not start', async (t) => {
  for (const password of ['', 'password']) {
    const adminCenter = { enabled: true, password };
    const { portal, pools, dir } = configurationFor(t, 1, { adminCenter });
    const options = { portal, pools, log: memoryLog(), dataDir: join(dir, 'data') };
    const starting = startWebsite({ ...options, now: Date.now as never });
    await assert.rejects(starting, { code: 'WEBSITE_PASSWORD' });
  }
});

test('a form of another site is refused, with and without a session', async (t) => {
  const site = await adminSite(t);
  const { cookie, csrf } = await loggedIn(site);
  const fields = { csrf, what: 'ban', ip: '203.0.113.1' };
  for (const headers of [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: '' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: `http://127.0.0.1:${site.website.port + 1}` },
  ]) {
    for (const path of ['/admin/bans', '/admin/login', '/admin/logout']) {
      const reply = await site.post(path, fields, { Cookie: cookie, ...headers });
      assert.equal(reply.status, 403, `${path} ${JSON.stringify(headers)}`);
    }
  }
  assert.deepEqual(
    site.portal.asked.filter(({ command }) => command === 'ban'),
    [],
  );
});

test('a form without the token of its session does nothing', async (t) => {
  const site = await adminSite(t);
  const first = await loggedIn(site);
  const second = await loggedIn(site);
  for (const csrf of ['', 'x', second.csrf, first.cookie]) {
    for (const name of ['bans', 'kick', 'payments', 'notice', 'loglevel', 'logout']) {
      const reply = await first.post(`/admin/${name}`, { csrf, text: 'x', ip: '203.0.113.1' });
      assert.equal(reply.status, 403, name);
    }
  }
  const reads = ['status', 'payments', 'check'];
  assert.ok(site.portal.asked.every(({ command }) => reads.includes(command)));
  assert.equal(await site.redis.command('exists', 'litecoin:events'), 0);
});

test('bans, kicks, payments and the log level reach the portal, and their answers the next page', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const txid = 'ab'.repeat(32);
  const steps = [
    ['bans', { what: 'ban', ip: '203.0.113.1', seconds: '60', why: 'a\r\nb' }],
    ['bans', { what: 'unban', ip: '2001:db8::/64' }],
    ['kick', { name: 'LTpYZG19YmfvY2bBDYtCKpunVRw7nVgRHW.rig' }],
    ['payments', { what: 'dry-run', coin: 'litecoin' }],
    ['payments', { what: 'held', coin: 'litecoin' }],
    ['payments', { what: 'pause', coin: 'litecoin', reason: 'wallet is moved' }],
    ['payments', { what: 'resume', coin: 'litecoin' }],
    ['payments', { what: 'resolve', coin: 'litecoin', resolution: 'paid', txid }],
    ['payments', { what: 'resolve', coin: 'litecoin', resolution: 'audit' }],
    ['loglevel', { level: 'warning' }],
  ] as const;
  const before = site.portal.asked.length;
  const expected = [
    ['ban', '203.0.113.1', '60', 'a b'],
    ['unban', '2001:db8::/64'],
    ['kick', 'LTpYZG19YmfvY2bBDYtCKpunVRw7nVgRHW.rig'],
    ['payments', 'dry-run', 'litecoin'],
    ['payments', 'held', 'litecoin'],
    ['payments', 'pause', 'litecoin', 'wallet is moved'],
    ['payments', 'resume', 'litecoin'],
    ['payments', 'resolve', 'litecoin', 'paid', txid],
    ['payments', 'resolve', 'litecoin', 'audit'],
    ['loglevel', 'warning'],
  ];
  for (const [name, fields] of steps) {
    assert.equal((await admin.post(`/admin/${name}`, fields)).status, 303, name);
  }
  const asked = site.portal.asked.slice(before);
  assert.deepEqual(
    asked.map(({ command, params }) => [command, ...params]),
    expected,
  );
  site.portal.answers.set('ban', 'error: the fork is away.');
  const reply = await admin.post('/admin/bans', { what: 'ban', ip: '203.0.113.1' });
  assert.equal(reply.headers.location, '/admin/bans');
  assert.match(
    (await admin.get('/admin/bans')).text,
    /callout answer bad"[^>]*>the fork is away\./,
  );
  assert.doesNotMatch((await admin.get('/admin/bans')).text, /the fork is away/);
});

test('what makes no sense is refused here, and the portal is not asked', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const before = site.portal.asked.length;
  for (const [name, fields] of [
    ['bans', { what: 'ban', ip: 'everybody' }],
    ['bans', { what: 'ban', ip: '203.0.113.1', seconds: '-1' }],
    ['kick', { name: '  ' }],
    ['payments', { what: 'pause', coin: '__proto__' }],
    ['payments', { what: 'send', coin: 'litecoin' }],
    ['payments', { what: 'resolve', coin: 'litecoin', resolution: 'paid', txid: 'none' }],
    ['payments', { what: 'resolve', coin: 'litecoin' }],
    ['loglevel', { level: 'all' }],
    ['notice', { text: 'x'.repeat(501) }],
  ] as const) {
    const { status } = await admin.post(`/admin/${name}`, fields);
    assert.equal(status, 303, JSON.stringify(fields));
    assert.match(site.audit().at(-1) ?? '', /"outcome":"refused: /, JSON.stringify(fields));
  }
  assert.equal(site.portal.asked.length, before);
});

test('a notice stands on every page until it is taken away', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const text = 'Work on the wallet <b>tonight</b>';
  await admin.post('/admin/notice', { text });
  await until('the notice is shown', async () =>
    (await site.get('/')).text.includes('Work on the wallet'),
  );
  const home = (await site.get('/')).text;
  assert.ok(home.includes('Work on the wallet &#60;b&#62;tonight'));
  assert.ok((await admin.get('/admin/notice')).text.includes('value="Work on the wallet &#60;b'));
  await admin.post('/admin/notice', { text: ' ' });
  await until(
    'the notice is gone',
    async () => !(await site.get('/')).text.includes('Work on the wallet'),
  );
});

test('each action is a line of the audit log, which the centre shows', async (t) => {
  const site = await adminSite(t);
  await site.post('/admin/login', { password: 'wrong-one' });
  const admin = await loggedIn(site);
  site.pass(1_000);
  await admin.post('/admin/bans', { what: 'ban', ip: '203.0.113.1', why: secrets.daemon });
  await admin.post('/admin/kick', { name: '<script>alert(1)</script>' });
  await admin.post('/admin/logout');
  const entries = site.audit().map((line) => {
    const entry = parseJson(line);
    assert.ok(isRecord(entry));
    return ['time', 'address', 'action', 'outcome'].map((name) => own(entry, name));
  });
  const start = '2026-09-21T14:13:20.000Z';
  const later = '2026-09-21T14:13:21.000Z';
  assert.deepEqual(entries, [
    [start, '127.0.0.1', 'login', 'wrong password'],
    [start, '127.0.0.1', 'login', 'right password'],
    [later, '127.0.0.1', 'ban 203.0.113.1 3600 ***', 'done: ban was done.'],
    [later, '127.0.0.1', 'kick <script>alert(1)</script>', 'done: kick was done.'],
    [later, '127.0.0.1', 'logout', 'logged out'],
  ]);
  assert.equal(statSync(join(site.dir, 'data', 'audit.log')).mode & 0o777, 0o600);
  const shown = (await (await loggedIn(site)).get('/admin/audit')).text;
  assert.ok(shown.includes('kick &#60;script&#62;alert(1)'));
  assert.ok(!shown.includes('<script>alert'));
});

test('names and reasons that would like to be HTML are text on every page', async (t) => {
  const evil = '<img src=x onerror=alert(1)>';
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const { answers } = site.portal;
  answers.set('bans', JSON.stringify([{ ip: `1.2.3.4"${evil}`, until: 1, why: evil }]));
  answers.set('payments', `1 LTC of ${evil} are held`);
  answers.set(
    'status',
    JSON.stringify({ processes: [{ name: evil, pid: 1 }], pools: [], bans: 0 }),
  );
  answers.set('kick', `error: ${evil}`);
  await site.redis.command(
    ...(['xadd', 'litecoin:events', '*', 'type', 'block-orphaned'] as const),
    ...(['data', JSON.stringify({ height: 5, hash: evil })] as const),
  );
  await until('the orphan is known', async () =>
    (await admin.get('/admin/payments')).text.includes('Orphaned blocks" '.slice(0, 15)),
  );
  await admin.post('/admin/kick', { name: evil });
  for (const path of ['/admin/bans', '/admin', '/admin/payments', '/admin/audit']) {
    const { text, status } = await admin.get(path);
    assert.equal(status, 200);
    assert.ok(text.includes('&#60;img src=x'), path);
    assert.ok(!text.includes('<img'), path);
  }
});

test('while the portal does not run, the pages say so', async (t) => {
  const site = await adminSite(t, { alone: true });
  const admin = await loggedIn(site);
  for (const path of ['/admin', '/admin/bans']) {
    const { status, text } = await admin.get(path);
    assert.equal(status, 200);
    assert.match(text, /The portal gave no answer to/);
  }
  assert.equal((await admin.get('/admin/payments')).status, 200);
  await admin.post('/admin/kick', { name: 'x' });
  assert.match((await admin.get('/admin/bans')).text, /The portal gave no answer to &#34;kick/);
});

test('answers of the portal that are no JSON, or other JSON, break no page', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  for (const answer of ['garbage', '[]', '{}', 'null', '{"pools":7,"processes":[3]}', '[3]']) {
    site.portal.answers.set('status', answer);
    site.portal.answers.set('bans', answer);
    for (const path of ['/admin', '/admin/bans']) {
      const { status, text } = await admin.get(path);
      assert.equal(status, 200, answer);
      assert.doesNotMatch(text, /undefined|NaN|\[object/);
    }
  }
});
