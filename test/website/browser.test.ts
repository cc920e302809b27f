import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { addressOfMiningKey } from '../../libs/primitives/address.ts';
import { cleanUp } from '../support/cleanup.ts';
import { until } from '../support/until.ts';
import { type BrowserSite, hostileRig, miner, startSite } from './browserSite.ts';

// A real browser on the real website: what no rendering test can see.

const pages = [
  '/',
  '/pool/litecoin',
  '/pool/litecoin/blocks',
  '/pool/litecoin/payments',
  '/pool/litecoin/miners',
  `/miner/${miner}`,
  '/getting_started',
  '/stats?range=1h',
  '/tbs',
  '/workers',
  '/api',
  '/calculator?coin=litecoin&hashrate=10+GH',
  '/status',
  '/mining_key',
  '/switching',
  '/admin',
  '/key.html',
];
const missingPages = ['/nowhere', '/miner/LcHKgyZyi1XbZTcgpRTs5YVkTTPoBkPHfE'];

test('the website in a browser', async (t) => {
  const site = await startSite(t);
  const open = await startBrowser(t, site);
  await t.test(
    'opens every page without an error, a broken rule or a foreign request',
    async () => {
      const { context, troubles } = await open();
      const page = await context.newPage();
      for (const path of [...pages, ...missingPages]) {
        const reply = await page.goto(site.url + path);
        assert.equal(reply?.status(), missingPages.includes(path) ? 404 : 200, path);
        await drawn(page);
      }
      // A browser calls a page that is not there an error.
      assert.deepEqual(
        troubles.filter((text) => !text.includes('status of 404')),
        [],
      );
      await context.close();
    },
  );

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`has no page that axe finds fault with, ${colorScheme}`, async () => {
      const axe = await readFile(
        createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
        'utf8',
      );
      const { context } = await open({ colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      for (const path of [...pages, ...missingPages]) {
        await page.goto(site.url + path);
        await drawn(page);
        if (path === '/key.html') await page.click('#make');
        await page.evaluate(axe);
        const faults: unknown = await page.evaluate(
          `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join('\\n')))`,
        );
        assert.deepEqual(faults, [], path);
      }
      await context.close();
    });
  }

  await t.test('is never wider than a screen of 320 pixels, also with hostile names', async () => {
    const { context } = await open({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    for (const path of [...pages, ...missingPages]) {
      await page.goto(site.url + path);
      await drawn(page);
      if (path === '/key.html') await page.click('#make');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, path);
    }
    await context.close();
  });

  await t.test('shows everything without scripts, charts as drawings', async () => {
    const { context } = await open({ javaScriptEnabled: false });
    const page = await context.newPage();
    const contents: [string, string][] = [
      ['/', '2,814,307'],
      ['/pool/litecoin', '48,210.52'],
      [`/miner/${miner}`, hostileRig.slice(0, 20)],
      ['/getting_started', 'minerd -a scrypt -o stratum+tcp://pool.example.com:3032'],
      ['/workers', 'LVg2kJoF'],
    ];
    for (const [path, text] of contents) {
      await page.goto(site.url + path);
      assert.ok((await page.textContent('main'))?.includes(text), path);
    }
    await page.goto(`${site.url}/pool/litecoin`);
    assert.match((await page.getAttribute('.plot .line', 'd')) ?? '', /^M\d/);
    await page.goto(site.url);
    await page.fill('#address', miner);
    await page.click('text=Show');
    assert.equal(page.url(), `${site.url}/miner/${miner}`);
    await context.close();
  });

  await t.test(
    'moves its numbers when something happens, without loading the page again',
    async () => {
      const { context } = await open();
      const page = await context.newPage();
      await page.goto(site.url);
      const rate = page.locator('#card-litecoin .big');
      const before = await rate.textContent();
      await page.evaluate(
        'globalThis.sameDocument = true; document.getElementById("address").value = "typed"',
      );
      await site.addShare(500_000, `${miner}.rig1`);
      await site.announceBlock(2_814_398);
      await page.getByText('Block found at height 2,814,398').waitFor();
      await until('the hashrate moves', async () => (await rate.textContent()) !== before);
      assert.equal(await page.evaluate('globalThis.sameDocument'), true);
      assert.equal(await page.inputValue('#address'), 'typed');
      await context.close();
    },
  );

  await t.test('fills in commands, checks the address, and copies', async () => {
    const { context } = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    await page.goto(`${site.url}/getting_started#litecoin`);
    const section = page.locator('section[data-coin="litecoin"]');
    await section.locator('.address-field').fill(`${miner.slice(0, -1)}x`);
    assert.match((await section.locator('.hint').textContent()) ?? '', /checksum/);
    assert.equal(await section.locator('.address-field').getAttribute('aria-invalid'), 'true');
    await section.locator('.address-field').fill(miner);
    assert.match((await section.locator('.hint').textContent()) ?? '', /right/);
    await section.locator('.rig-field').fill('attic 7');
    await section.locator('.port').selectOption('3256');
    const copy = section.locator('button:visible', { hasText: 'command for cpuminer (minerd)' });
    await copy.click();
    await page.getByText('Copied to the clipboard').waitFor();
    assert.equal(
      await page.evaluate('navigator.clipboard.readText()'),
      `minerd -a scrypt -o stratum+tcp://pool.example.com:3256 -u ${miner}.attic7 -p x`,
    );
    await context.close();
  });

  await t.test('changes its colours by a button and remembers it', async () => {
    const { context } = await open({ colorScheme: 'light' });
    const page = await context.newPage();
    await page.goto(site.url);
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await paper();
    await page.click('#theme');
    const dark = await paper();
    assert.notEqual(dark, light);
    assert.equal(await page.getAttribute('#theme', 'aria-pressed'), 'true');
    await page.goto(`${site.url}/tbs`);
    assert.equal(await paper(), dark);
    await context.close();
  });

  await t.test('can be used by the keyboard from the first stop on', async () => {
    const { context } = await open();
    const page = await context.newPage();
    await page.goto(site.url);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const focused = 'document.getElementById("main").contains(document.activeElement)';
    assert.equal(await page.evaluate(focused), true);
    await context.close();
  });

  await t.test('sends at most 60 KB for a page, 100 KB for one with charts', async () => {
    for (const path of pages) {
      const { context } = await open();
      const page = await context.newPage();
      const sizes: Promise<number>[] = [];
      page.on('requestfinished', (request) => {
        if (request.url().includes('/api/v1/events')) return;
        sizes.push(
          request
            .sizes()
            .then(
              ({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize,
            ),
        );
      });
      await page.goto(site.url + path);
      await drawn(page);
      const sum = (await Promise.all(sizes)).reduce((all, size) => all + size, 0);
      const most = (await page.locator('.chart').count()) > 0 ? 100_000 : 60_000;
      assert.ok(sum > 1_000 && sum <= most, `${path}: ${sum} bytes`);
      await context.close();
    }
  });

  await t.test('makes mining keys without a network', async () => {
    const { context, troubles } = await open();
    const page = await context.newPage();
    await page.goto(`${site.url}/key.html`);
    await context.setOffline(true);
    await page.click('#make');
    const key = (await page.textContent('#miningKey')) ?? '';
    assert.match(key, /^[0-9a-f]{40}$/);
    const litecoin = page.locator('.coin', { hasText: 'Litecoin' });
    const forms = { pubKeyHash: [48], scriptHash: [] };
    assert.equal(
      await litecoin.locator('code').first().textContent(),
      addressOfMiningKey(key, forms),
    );
    // A coin that no file knows, from one of its addresses: Dogecoin's version is 30.
    await page.fill('#other', 'DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L');
    const other = await page.textContent('#otherCoin code >> nth=0');
    assert.equal(other, addressOfMiningKey(key, { pubKeyHash: [30], scriptHash: [] }));
    await page.click('#make');
    assert.notEqual(await page.textContent('#miningKey'), key);
    assert.deepEqual(troubles, []);
    await context.close();
  });

  await t.test(
    'opens the admin centre to who knows the password, with scripts and without',
    async () => {
      for (const javaScriptEnabled of [true, false]) {
        const { context } = await open({ javaScriptEnabled });
        const page = await context.newPage();
        await page.goto(`${site.url}/admin`);
        await page.fill('#password', 'wrong');
        await page.keyboard.press('Enter');
        await page.getByText('The password is wrong.').waitFor();
        assert.equal(await page.isVisible('#admin'), false);
        await page.fill('#password', 'correct horse battery staple');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#admin');
        for (const coin of ['Bitcoin', 'Litecoin']) {
          assert.ok(await page.locator('#admin th', { hasText: coin }).isVisible(), coin);
        }
        await page.goto(`${site.url}/admin/pools/litecoin`);
        assert.equal(await page.inputValue('[name="field.ports.3008.diff"]'), '8');
        await page.fill('[name="field.ports.3008.diff"]', '9');
        await page.getByText('Check the form').click();
        await page.waitForSelector('#diff ins');
        await page.getByText('Log out').click();
        await page.waitForSelector('#login');
        await context.close();
      }
    },
  );

  await t.test(
    'has an admin centre that axe finds no fault with, and that fits 320 pixels',
    async () => {
      const axe = await readFile(
        createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
        'utf8',
      );
      for (const colorScheme of ['light', 'dark'] as const) {
        const viewport = { width: 320, height: 640 };
        const { context, troubles } = await open({
          colorScheme,
          viewport,
          reducedMotion: 'reduce',
        });
        const page = await context.newPage();
        await page.goto(`${site.url}/admin`);
        await page.fill('#password', 'correct horse battery staple');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#admin');
        for (const path of [
          '',
          '/payments',
          '/bans',
          '/notice',
          '/audit',
          '/pools/litecoin',
          'check',
        ]) {
          if (path === 'check') {
            await page.goto(`${site.url}/admin/pools/litecoin`);
            await page.fill('[name="field.ports.3008.diff"]', '9');
            await page.getByText('Check the form').click();
            await page.waitForSelector('#diff ins');
          } else await page.goto(`${site.url}/admin${path}`);
          await page.evaluate(axe);
          const faults: unknown = await page.evaluate(
            `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join('\\n')))`,
          );
          assert.deepEqual(faults, [], path);
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, path);
        }
        assert.deepEqual(troubles, []);
        await context.close();
      }
    },
  );
});

type Options = Parameters<Awaited<ReturnType<typeof chromium.launch>>['newContext']>[0];

/** Opens contexts of one browser; their troubles are console errors, exceptions, and requests to other hosts. */
async function startBrowser(t: TestContext, site: BrowserSite) {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  cleanUp(t, () => rm(profile, { recursive: true, force: true }));
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    env: { ...process.env, HOME: profile },
  });
  cleanUp(t, () => browser.close());
  return async (
    options: Options = {},
  ): Promise<{ readonly context: BrowserContext; readonly troubles: string[] }> => {
    const context = await browser.newContext(options);
    const troubles: string[] = [];
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
    });
    context.on('weberror', (error) => troubles.push(String(error.error())));
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(site.url) && !url.startsWith('data:')) troubles.push(`asked for ${url}`);
    });
    return { context, troubles };
  };
}

/** Until scripts have run and charts are drawn. */
async function drawn(page: Page): Promise<void> {
  await page.waitForLoadState('load');
  const count = (what: string) => page.locator(what).count();
  await until(
    'the charts are drawn',
    async () => (await count('.chart')) === (await count('.chart canvas')),
  );
}
