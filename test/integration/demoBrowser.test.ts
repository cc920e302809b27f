import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { startTestMiner } from '../../scripts/regtest/testMiner.ts';
import { cleanUp } from '../support/cleanup.ts';
import { until } from '../support/until.ts';

// The demonstration as a person has it, `npm run demo`, watched in a real browser from its first share to its payout.

interface Demo {
  readonly url: string;
  readonly adminPassword: string;
  readonly stratumPort: number;
  /** Address of the first miner. */
  readonly address: string;
}

async function startDemo(t: TestContext): Promise<Demo> {
  const dir = await mkdtemp(join(tmpdir(), 'demo-browser-'));
  cleanUp(t, () => rm(dir, { recursive: true, force: true }));
  const script = join(installRoot, 'dist', 'scripts', 'demo', 'demo.js');
  const child = spawn(process.execPath, [script, '--dir', join(dir, 'demo')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  cleanUp(t, () => end(child));
  const said = async (what: string, pattern: RegExp): Promise<string> => {
    await until(what, () => {
      assert.equal(child.exitCode, null, output);
      return pattern.test(output);
    });
    return pattern.exec(output)?.[1] ?? '';
  };
  return {
    url: await said('the website is announced', /website +(http:\S+)\//),
    adminPassword: await said('the password is said', /password (\S+)/),
    stratumPort: Number(await said('the port is said', /stratum\+tcp:\/\/127\.0\.0\.1:(\d+)/)),
    address: await said('the miners are said', /^ +(rltc1\w+)\.rig1$/m),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function startBrowser(t: TestContext): Promise<Browser> {
  const home = await mkdtemp(join(tmpdir(), 'chromium-'));
  cleanUp(t, () => rm(home, { recursive: true, force: true }));
  const quiet = ['background-networking', 'component-update', 'sync', 'quic', 'gpu'];
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--no-first-run',
      ...quiet.map((one) => `--disable-${one}`),
    ],
    env: { ...process.env, HOME: home },
  });
  cleanUp(t, () => browser.close());
  return browser;
}

/** What the console complains of (broken rules of the CSP among it), exceptions, and requests to other hosts. */
function troublesOf(context: BrowserContext, url: string): readonly string[] {
  const troubles: string[] = [];
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
  });
  context.on('weberror', (error) => troubles.push(String(error.error())));
  context.on('request', (request) => {
    if (!request.url().startsWith(url)) troubles.push(`asked for ${request.url()}`);
  });
  return troubles;
}

const hostileRig = '<img/src=x onerror=document.title="owned">';

test('the running demonstration in a browser, from the first share to the payout', async (t) => {
  const [demo, browser] = await Promise.all([startDemo(t), startBrowser(t)]);
  const { url, address } = demo;
  const answers = () =>
    fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('the website is there', answers);
  const context = await browser.newContext({
    colorScheme: 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const troubles = troublesOf(context, url);
  const home = await context.newPage();
  await home.goto(url);
  await home.evaluate('globalThis.sameDocument = true');
  const stranger = startTestMiner({
    port: demo.stratumPort,
    worker: `${address}.${hostileRig}`,
    algorithm: 'scrypt',
    sharesPerSecond: 1,
    blockPart: 0,
  });
  cleanUp(t, () => stranger.stop());

  await t.test('numbers move without loading the page again', async () => {
    const rate = home.locator('#card-litecoin .big');
    const seen = new Set<string>();
    await until('three hashrates were seen', async () => {
      seen.add((await rate.textContent()) ?? '');
      return seen.size >= 3;
    });
  });

  await t.test('a block appears, counts its confirmations and matures', async () => {
    const rows = home.locator('table[aria-labelledby="blocks"] tbody tr');
    const counts = new Set<string>();
    await until('confirmations of a block were seen to grow', async () => {
      for (const text of await rows.allTextContents()) {
        const [count] = /\d+\/101/.exec(text) ?? [];
        if (count !== undefined) counts.add(count);
      }
      return counts.size >= 3;
    });
    await rows
      .filter({ hasText: /confirmed|paid|credited/i })
      .first()
      .waitFor();
  });

  await t.test('a payment appears, still on the same page', async () => {
    await home.locator('[aria-labelledby="payments"] tbody tr').first().waitFor();
    assert.equal(await home.evaluate('globalThis.sameDocument'), true);
  });

  await t.test(
    'a miner is found by its address, with what it was paid, and names are text',
    async () => {
      const page = await context.newPage();
      await page.goto(url);
      await page.fill('#address', address);
      await page.keyboard.press('Enter');
      await page.waitForURL(`${url}/miner/${address}`);
      await page.getByText(hostileRig.slice(0, 20)).first().waitFor();
      assert.equal(await page.locator('main img').count(), 0);
      assert.doesNotMatch(await page.title(), /owned/);
      const csv = await (
        await fetch(`${url}/api/v1/pools/litecoin/miners/${address}/payments.csv`)
      ).text();
      const [, amount = ''] = /,(\d+\.\d+),LTC,/.exec(csv) ?? [];
      assert.ok(amount !== '', csv);
      await page.close();
    },
  );

  await t.test('commands can be copied, with the address in them', async () => {
    const page = await context.newPage();
    await page.goto(`${url}/getting_started#litecoin`);
    const section = page.locator('section[data-coin="litecoin"]');
    await section.locator('.address-field').fill(address);
    await section.locator('button:visible', { hasText: 'command for cpuminer (minerd)' }).click();
    await page.getByText('Copied to the clipboard').waitFor();
    assert.equal(
      await page.evaluate('navigator.clipboard.readText()'),
      `minerd -a scrypt -o stratum+tcp://127.0.0.1:${demo.stratumPort} -u ${address}.rig1 -p x`,
    );
    await page.close();
  });

  await t.test('it turns dark at a button', async () => {
    const paper = () => home.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await paper();
    await home.click('#theme');
    assert.notEqual(await paper(), light);
    await home.click('#theme');
    assert.equal(await paper(), light);
  });

  await t.test('the admin centre changes the configuration of the pool that runs', async () => {
    const page = await context.newPage();
    await page.goto(`${url}/admin`);
    await page.fill('#password', demo.adminPassword);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#admin');
    await page.goto(`${url}/admin/pools/litecoin`);
    await page.fill('[name="field.paymentProcessing.minimumPayment"]', '0.25');
    await page.getByText('Check the form').click();
    await page.waitForSelector('#diff ins');
    await page.getByText('Write and reload').click();
    await page.getByText(/is being reloaded/).waitFor();
    const least = async (): Promise<unknown> => {
      const reply = await fetch(`${url}/api/v1/pools/litecoin`).catch(() => undefined);
      const pool: unknown = await reply?.json().catch(() => undefined);
      const payments = isRecord(pool) ? own(pool, 'payments') : undefined;
      return isRecord(payments) ? own(payments, 'minimum') : undefined;
    };
    await until('the site tells the new least payout', async () => (await least()) === '0.25');
    await page.close();
  });

  await t.test('nothing in all this broke a rule of the page or asked another host', () => {
    // The reload of the pool ends the event stream, which the browser calls an error before it comes back.
    const ended =
      /ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/;
    assert.deepEqual(
      troubles.filter((text) => !ended.test(text)),
      [],
    );
  });
});
