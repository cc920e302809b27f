import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRecord, own, parseJson } from '../../../libs/primitives/unknown.ts';
import { secrets } from '../support.ts';
import { type AdminSite, adminSite, type Browser, loggedIn } from './adminSite.ts';

const path = '/admin/pools/litecoin';
const fileOf = (site: AdminSite) => join(site.dir, 'pool_configs', 'litecoin.json');
const reloads = (site: AdminSite) =>
  site.portal.asked.filter(({ command }) => command === 'reloadpool');

/** What a browser would have in the text area. */
async function shownText(admin: Browser): Promise<string> {
  const { text } = await admin.get(path);
  return decoded(/<textarea[^>]*>\n?([^<]*)<\/textarea>/.exec(text)?.[1] ?? '');
}

function decoded(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

const checkText = (admin: Browser, text: string) =>
  admin.post(`${path}/check`, { as: 'text', text: text.replaceAll('\n', '\r\n') });

test('a change of the text: shown as a difference, copied, written whole, reloaded, logged', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const before = readFileSync(fileOf(site), 'utf8');
  chmodSync(fileOf(site), 0o640);
  const text = await shownText(admin);
  assert.ok(text.includes('"password": "***"'));
  const checked = await checkText(admin, text.replace('"diff": 32', '"diff": 64'));
  assert.equal(checked.status, 200);
  assert.match(checked.text, /<del>- +&#34;diff&#34;: 32,<\/del>/);
  assert.match(checked.text, /<ins>\+ +&#34;diff&#34;: 64,<\/ins>/);
  // Nothing happens before it is said so.
  assert.equal(readFileSync(fileOf(site), 'utf8'), before);
  assert.deepEqual(reloads(site), []);

  const change = /name="change" value="([0-9a-f]{32})"/.exec(checked.text)?.[1] ?? '';
  const applied = await admin.post(`${path}/apply`, { change });
  assert.equal(applied.status, 200);
  assert.match(applied.text, /reloadpool was done\./);
  assert.equal(readFileSync(fileOf(site), 'utf8'), before.replace('"diff": 32', '"diff": 64'));
  assert.equal(statSync(fileOf(site)).mode & 0o777, 0o640);
  assert.deepEqual(reloads(site), [{ command: 'reloadpool', params: ['litecoin'] }]);
  const backup = 'litecoin.2026-09-21T14-13-20-000Z.json';
  assert.deepEqual(readdirSync(join(site.dir, 'pool_configs')).sort(), ['backup', 'litecoin.json']);
  const copy = join(site.dir, 'pool_configs', 'backup', backup);
  assert.equal(readFileSync(copy, 'utf8'), before);
  assert.equal(statSync(copy).mode & 0o777, 0o640);
  assert.match(
    site.audit().at(-1) ?? '',
    /"change of pool_configs\/litecoin\.json","outcome":"done: /,
  );

  // The same form again finds nothing left to do.
  const again = await admin.post(`${path}/apply`, { change });
  assert.match(again.text, /not known any more/);
  assert.equal(reloads(site).length, 1);
});

test('a form made from the schema changes what was changed in it, and keeps comments', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const before = readFileSync(fileOf(site), 'utf8').replace('{', '{\n  // our first pool');
  writeFileSync(fileOf(site), before);
  const { text: page } = await admin.get(path);
  for (const name of ['ports.3032.diff', 'daemons.0.host', 'banning.time', 'longPoll']) {
    assert.ok(page.includes(`name="field.${name}"`), name);
  }
  assert.match(page, /look for matured blocks and due payments this often \(seconds\)/);
  const fields = Object.fromEntries(
    [...page.matchAll(/<input id="field-\d+" name="(field\.[^"]+)"[^>]*? value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, decoded(value)],
    ),
  );
  assert.equal(fields['field.ports.3032.diff'], '32');
  const checked = await admin.post(`${path}/check`, {
    ...fields,
    as: 'form',
    'field.ports.3032.diff': '16',
    'field.paymentProcessing.minimumPayment': '0.5',
    'field.longPoll': 'true',
    'field.banning.time': '900',
    'field.daemons.0.password': 'canary-new-password',
  });
  assert.ok(!checked.text.includes('canary'), 'a password is shown');
  assert.match(checked.text, /These passwords change: daemons\.0\.password\./);
  const change = /name="change" value="([0-9a-f]{32})"/.exec(checked.text)?.[1] ?? '';
  await admin.post(`${path}/apply`, { change });
  const after = readFileSync(fileOf(site), 'utf8');
  assert.ok(after.startsWith('{\n  // our first pool'));
  const [file, old] = [after, before].map((text) => parseJson(text.replace(/^ *\/\/.*$/m, '')));
  assert.ok(isRecord(file) && isRecord(old));
  const expected = structuredClone(old) as Record<string, unknown>;
  Object.assign(expected, { longPoll: true, banning: { time: 900 } });
  Object.assign(own(expected, 'paymentProcessing') as object, { minimumPayment: 0.5 });
  Object.assign((own(expected, 'ports') as Record<string, object>)['3032'] ?? {}, { diff: 16 });
  const [daemon] = own(expected, 'daemons') as object[];
  Object.assign(daemon ?? {}, { password: 'canary-new-password' });
  assert.deepEqual(file, expected);
});

test('broken JSON and values that cannot be used are refused, each with its place', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const before = readFileSync(fileOf(site), 'utf8');
  const text = await shownText(admin);
  const refusals: [string, RegExp][] = [
    [text.replace('"ports": {', '"ports": '), /That is no JSON/],
    [text.slice(0, -20), /That is no JSON/],
    ['', /That is no JSON/],
    ['['.repeat(100_000), /That is no JSON/],
    [
      text.replace('"diff": 32', '"diff": "many"'),
      /pool_configs\/litecoin\.json:\d+:\d+ ports\.3032\.diff: must be/,
    ],
    [text.replace('"coin": "litecoin.json"', '"coin": "nothing.json"'), /coin: /],
    [text.replace('"enabled": true', '"enabled": false'), /is not switched off/],
    [text, /Nothing was changed/],
    ['7', /must be one object/],
  ];
  for (const [edited, says] of refusals) {
    const reply = await checkText(admin, edited);
    assert.equal(reply.status, 422, edited.slice(0, 80));
    assert.match(reply.text, says);
    assert.doesNotMatch(reply.text, /canary/);
  }
  assert.equal(readFileSync(fileOf(site), 'utf8'), before);
  assert.deepEqual(reloads(site), []);
  assert.match(site.audit().at(-1) ?? '', /"outcome":"refused: /);
});

test('a kept password goes only where it went before', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const text = await shownText(admin);
  for (const edited of [
    text.replaceAll('"port": 19332', '"port": 19333'),
    text.replaceAll('"user": "rpc"', '"user": "other"'),
    text.replace(
      /"host": "127\.0\.0\.1",(\s+)"port": 19332/,
      '"host": "evil.example",$1"port": 19332',
    ),
    text.replace(
      '"daemons": [',
      '"daemons": [{"host":"evil.example","port":1,"user":"rpc","password":"***"},',
    ),
    text.replace(
      '"enabled": true',
      '"redis": {"host":"evil.example","port":6379,"password":"***"},"enabled": true',
    ),
  ]) {
    assert.notEqual(edited, text);
    const reply = await checkText(admin, edited);
    assert.equal(reply.status, 422);
    assert.match(reply.text, /write it (again )?instead of \*\*\*/);
  }
});

test('a change is written only over the file it was made from, and by the pool it was made for', async (t) => {
  const dogecoin = { name: 'Dogecoin', symbol: 'DOGE', algorithm: 'scrypt' };
  const site = await adminSite(t, { coins: { dogecoin } });
  const admin = await loggedIn(site);
  const text = await shownText(admin);
  const planned = async () => {
    const { text: page } = await checkText(admin, text.replace('"diff": 32', '"diff": 64'));
    return /name="change" value="([0-9a-f]{32})"/.exec(page)?.[1] ?? '';
  };
  const other = await admin.post('/admin/pools/dogecoin/apply', { change: await planned() });
  assert.match(other.text, /not known any more/);
  const old = await planned();
  site.pass(31 * 60_000);
  assert.match((await admin.post(`${path}/apply`, { change: old })).text, /not known any more/);
  const change = await planned();
  const meanwhile = `${readFileSync(fileOf(site), 'utf8')}\n`;
  writeFileSync(fileOf(site), meanwhile);
  const late = await admin.post(`${path}/apply`, { change });
  assert.match(late.text, /Somebody changed the file in the meantime/);
  assert.equal(readFileSync(fileOf(site), 'utf8'), meanwhile);
  assert.deepEqual(reloads(site), []);
  assert.equal((await admin.get('/admin/pools/__proto__')).status, 404);
  assert.equal((await admin.get('/admin/pools/..%2Fconfig')).status, 404);
});

test('what the portal says to the reload is shown, also when it refuses', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  site.portal.answers.set('reloadpool', 'error: the configuration has errors.');
  const text = await shownText(admin);
  const { text: page } = await checkText(admin, text.replace('"diff": 32', '"diff": 64'));
  const change = /name="change" value="([0-9a-f]{32})"/.exec(page)?.[1] ?? '';
  const applied = await admin.post(`${path}/apply`, { change });
  assert.match(applied.text, /callout answer bad"/);
  assert.match(applied.text, /kept as pool_configs\/backup\/litecoin\./);
  assert.match(applied.text, /the configuration has errors\./);
});

test('a file with a password in a comment or under another name is not shown', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  const before = readFileSync(fileOf(site), 'utf8');
  for (const broken of [
    before.replace('{', '{ // "password": "hunter2"\n'),
    before.replace('{', `{ /* ${secrets.daemon} */`),
    before.replace('{', `{ "coinbaseSignature": "${secrets.wallet}",`),
  ]) {
    writeFileSync(fileOf(site), broken);
    const { text, status } = await admin.get(path);
    assert.equal(status, 200);
    assert.match(text, /so it is not shown here/);
    assert.doesNotMatch(text, /canary|hunter2|<textarea/);
  }
});

test('the reload starts the website anew: the answer still comes whole, and nobody is logged out', async (t) => {
  const site = await adminSite(t);
  const admin = await loggedIn(site);
  let restarted: Promise<void> | undefined;
  site.portal.onCommand = (command) => {
    if (command === 'reloadpool') restarted = site.restart();
  };
  const text = await shownText(admin);
  const { text: page } = await checkText(admin, text.replace('"diff": 32', '"diff": 64'));
  const change = /name="change" value="([0-9a-f]{32})"/.exec(page)?.[1] ?? '';
  const applied = await admin.post(`${path}/apply`, { change });
  assert.match(applied.text, /reloadpool was done\./);
  assert.ok(applied.text.trimEnd().endsWith('</html>'));
  assert.notEqual(restarted, undefined);
  await restarted;
  assert.match((await admin.get('/admin')).text, /id="admin"/);
});
