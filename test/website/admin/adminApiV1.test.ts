import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRecord, own } from '../../../libs/primitives/unknown.ts';
import { faultOf, type JsonSchema } from '../../../libs/website/api/jsonSchema.ts';
import { get, type Reply, secrets } from '../support.ts';
import { type AdminSite, adminSite, loggedIn, status } from './adminSite.ts';

interface Client {
  readonly csrf: string;
  get(path: string): Promise<Reply>;
  post(path: string, body: unknown, csrf?: string): Promise<Reply>;
}

/** A program that has logged in. */
async function client(site: AdminSite): Promise<Client> {
  const { port } = site.website;
  const origin = { Host: `127.0.0.1:${port}`, Origin: `http://127.0.0.1:${port}` };
  const send = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    get(port, `/api/admin/v1${path}`, {
      method: 'POST',
      headers: { ...origin, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const login = await send('/login', { password: secrets.admin });
  const Cookie = String(login.headers['set-cookie']).split(';', 1)[0] ?? '';
  const body = login.json();
  const csrf = String(isRecord(body) && own(body, 'csrf'));
  return {
    csrf,
    get: (path) => site.get(`/api/admin/v1${path}`, { Cookie }),
    post: (path, data, token = csrf) => send(path, data, { Cookie, 'X-CSRF-Token': token }),
  };
}

test('the API shows and does what the pages do', async (t) => {
  const site = await adminSite(t);
  const api = await client(site);
  assert.deepEqual((await api.get('/session')).json(), { csrf: api.csrf });
  const dashboard = (await api.get('/dashboard')).json();
  assert.ok(isRecord(dashboard));
  const { networkDifficulty: _, ...running } = status.pools[0] ?? {};
  assert.deepEqual(own(dashboard, 'running'), [running]);
  const bans = (await api.get('/bans')).json();
  assert.deepEqual(isRecord(bans) && own(bans, 'bans'), [
    { ip: '203.0.113.9', until: 1_800_000_000_000, why: 'flood' },
  ]);
  const ban = await api.post('/bans', { what: 'ban', ip: '203.0.113.1', seconds: 60 });
  assert.deepEqual([ban.status, ban.json()], [200, { ok: true, text: 'ban was done.' }]);
  const bad = await api.post('/bans', { what: 'ban', ip: 'x' });
  assert.deepEqual([bad.status, bad.json()], [422, { ok: false, text: 'That is no IP address.' }]);

  const pool = (await api.get('/pools/litecoin')).json();
  const text = String(isRecord(pool) && own(pool, 'text'));
  const refused = await api.post('/pools/litecoin/check', { text: '{' });
  assert.equal(refused.status, 422);
  const checked = await api.post('/pools/litecoin/check', {
    text: text.replace('"diff": 32', '"diff": 64'),
  });
  const change = checked.json();
  assert.ok(isRecord(change) && checked.status === 200);
  const applied = await api.post('/pools/litecoin/apply', { change: own(change, 'id') });
  assert.equal(applied.status, 200);
  assert.deepEqual(site.portal.asked.at(-1), { command: 'reloadpool', params: ['litecoin'] });
  assert.equal((await api.post('/logout', {})).status, 200);
  assert.equal((await api.get('/session')).status, 401);
});

/** Answers as openapi.json has them, by method and path below /api/admin/v1. */
async function documented(site: AdminSite) {
  const document = (await site.get('/api/v1/openapi.json')).json();
  assert.ok(isRecord(document));
  const { paths, components } = document as unknown as {
    paths: Record<string, Record<string, { responses: Record<string, Content> }>>;
    components: { schemas: Record<string, JsonSchema> };
  };
  const named = new Map(Object.entries(components.schemas));
  const left = new Set(
    Object.entries(paths).flatMap(([path, operations]) =>
      path.startsWith('/admin/v1')
        ? Object.keys(operations).map((method) => `${method} ${path.slice('/admin/v1'.length)}`)
        : [],
    ),
  );
  return {
    /** Operations that no answer was held against yet. */
    left,
    check: (method: 'get' | 'post', path: string, reply: Reply): void => {
      const responses = paths[`/admin/v1${path}`]?.[method]?.responses;
      const schema = responses?.[reply.status]?.content['application/json']?.schema;
      assert.ok(schema !== undefined, `${method} ${path} is not documented with ${reply.status}`);
      assert.equal(faultOf(reply.json(), schema, named), undefined, `${method} ${path}`);
      left.delete(`${method} ${path}`);
    },
  };
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

test('every answer is what openapi.json says of it', async (t) => {
  const site = await adminSite(t);
  const { answers } = site.portal;
  answers.set(
    'payments',
    JSON.stringify({
      ...{ coin: 'litecoin', symbol: 'LTC', state: 'batchOpen', stopped: null, paused: null },
      ...{ wallet: { spendable: '12.5', immature: null }, owed: '10.25', immature: '3' },
      ...{ unpaidBlocks: 2, heldPayees: 1 },
      openBatch: { id: 'b1', state: 'signed', amount: '4', addresses: 3, time: 1, txid: 'ab' },
      held: {
        blocks: [{ member: 'aa:bb:7', reason: 'it has no shares' }],
        payees: [{ worker: 'x.rig', amount: '1', reason: 'no address' }],
      },
    }),
  );
  const serviceLines = ['warning: w', 'ok      a answers.', 'FAILED  b', 'Something is wrong.'];
  answers.set('check', JSON.stringify({ ok: false, lines: serviceLines }));
  const api = await client(site);
  const { check, left } = await documented(site);
  const pages = ['/session', '/dashboard', '/payments', '/bans', '/notice', '/audit'];
  for (const path of pages) check('get', path, await api.get(path));
  const dashboard = (await api.get('/dashboard')).json();
  assert.deepEqual(isRecord(dashboard) && own(dashboard, 'services'), [
    { state: 'warning', text: 'w' },
    { state: 'ok', text: 'a answers.' },
    { state: 'trouble', text: 'b' },
  ]);
  const pool = await api.get('/pools/litecoin');
  check('get', '/pools/{coin}', pool);
  const file = pool.json();
  const text = String(isRecord(file) && own(file, 'text'));
  check('post', '/pools/{coin}/check', await api.post('/pools/litecoin/check', { text: '{' }));
  const edited = { text: text.replace('"diff": 32', '"diff": 64') };
  const change = await api.post('/pools/litecoin/check', edited);
  check('post', '/pools/{coin}/check', change);
  const planned = change.json();
  const apply = { change: isRecord(planned) && own(planned, 'id') };
  check('post', '/pools/{coin}/apply', await api.post('/pools/litecoin/apply', apply));
  check('post', '/pools/{coin}/apply', await api.post('/pools/litecoin/apply', apply));
  for (const [path, body] of [
    ['/bans', { what: 'ban', ip: '203.0.113.1' }],
    ['/bans', { what: 'ban', ip: 'x' }],
    ['/kick', { name: 'x' }],
    ['/loglevel', { level: 'error' }],
    ['/notice', { text: 'x' }],
    ['/payments', { what: 'held', coin: 'litecoin' }],
  ] as const) {
    check('post', path, await api.post(path, body));
  }
  check('post', '/logout', await api.post('/logout', {}));
  assert.deepEqual([...left], ['post /login']);
});

test('without a session, its token and the own origin the API does nothing', async (t) => {
  const site = await adminSite(t);
  const api = await client(site);
  const before = site.portal.asked.length;
  for (const path of ['session', 'dashboard', 'payments', 'bans', 'audit', 'pools/litecoin']) {
    const reply = await site.get(`/api/admin/v1/${path}`);
    assert.equal(reply.status, 401, path);
    assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
  }
  for (const path of ['/bans', '/notice', '/pools/litecoin/check', '/pools/litecoin/apply']) {
    assert.equal((await api.post(path, { text: 'x' }, 'wrong')).status, 403, path);
    const foreign = await get(site.website.port, `/api/admin/v1${path}`, { method: 'POST' });
    assert.equal(foreign.status, 403, path);
  }
  assert.equal(site.portal.asked.length, before);
});

test('no page and no answer holds a configured secret, whatever the portal says', async (t) => {
  const site = await adminSite(t);
  const canaries = Object.values(secrets).join(' ');
  const { answers } = site.portal;
  answers.set('payments', `error: the daemon refused ${canaries}`);
  answers.set('bans', JSON.stringify([{ ip: '203.0.113.9', until: 1, why: canaries }]));
  answers.set('kick', canaries);
  answers.set('reloadpool', `error: ${canaries}`);
  const admin = await loggedIn(site);
  const api = await client(site);
  const replies: Reply[] = [];
  const pages = ['', '/payments', '/bans', '/notice', '/audit', '/pools/litecoin'];
  const text = async () => {
    const pool = (await api.get('/pools/litecoin')).json();
    return String(isRecord(pool) && own(pool, 'text'));
  };
  replies.push(await admin.post('/admin/kick', { name: secrets.daemon }));
  replies.push(await admin.post('/admin/payments', { what: 'held', coin: 'litecoin' }));
  replies.push(await api.post('/kick', { name: secrets.admin }));
  const edited = (await text()).replace('"diff": 32', '"diff": 64');
  const typed = edited.replace('"***"', '"canary-typed-anew"');
  for (const given of [edited, typed, `${typed}}`, typed.replace('64', '"x"')]) {
    replies.push(await admin.post('/admin/pools/litecoin/check', { as: 'text', text: given }));
    replies.push(await api.post('/pools/litecoin/check', { text: given }));
  }
  const checked = (await api.post('/pools/litecoin/check', { text: typed })).json();
  const change = String(isRecord(checked) && own(checked, 'id'));
  replies.push(await admin.post('/admin/pools/litecoin/apply', { change }));
  for (const page of pages) {
    replies.push(await admin.get(`/admin${page}`));
    replies.push(await api.get(page === '' ? '/dashboard' : page));
  }
  const open = await site.post('/admin/login', { password: 'canary-wrong' });
  for (const reply of [...replies, open]) {
    assert.ok(reply.status < 500);
    assert.doesNotMatch(reply.text, /canary/);
  }
  assert.doesNotMatch(site.audit().join('\n'), /canary/);
  assert.doesNotMatch(site.log.lines.join('\n'), /canary/);
});
