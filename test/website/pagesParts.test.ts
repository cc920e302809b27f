import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assetOf, assetUrl } from '../../libs/website/pages/assets.ts';
import { plotOf, sparkOf } from '../../libs/website/pages/charts.ts';
import { age, bar, escapeHtml, minerLink } from '../../libs/website/pages/markup.ts';
import { marked, programsFor, usualPort } from '../../libs/website/pages/minerPrograms.ts';
import { stagesOf } from '../../libs/website/pages/stages.ts';
import { poolNames } from '../../libs/website/pages/words.ts';
import { allModels, sampleNow, typical } from './sampleModels.ts';

const plain = { port: 3008, difficulty: 8, tls: false, varDiff: undefined };

test('a chart is drawn from zero to a round number above its highest point', () => {
  const plot = plotOf({
    metric: 'workers',
    range: '1h',
    points: [
      [1000, 0],
      [1060, 30],
      [1120, 15],
    ],
  });
  assert.deepEqual(plot?.scale, ['40', '20', '0']);
  assert.equal(plot?.line, 'M966.7 240L983.3 63L1000 151.5');
  assert.equal(plot?.area, 'M966.7 240L983.3 63L1000 151.5V240H966.7Z');
  assert.deepEqual(plot?.data, { times: '1000 60 60', values: '0 30 15' });
  assert.equal(plot?.summary, 'Workers over the last hour: now 15, on average 15, at most 30.');
});

test('nothing is drawn from less than two points, or from what is no number', () => {
  assert.equal(plotOf({ metric: 'hashrate', range: '24h', points: [] }), undefined);
  assert.equal(plotOf({ metric: 'hashrate', range: '24h', points: [[1, 2]] }), undefined);
  const broken = [
    [1, Number.NaN],
    [2, 5],
  ] as const;
  assert.equal(plotOf({ metric: 'hashrate', range: '24h', points: broken }), undefined);
  assert.equal(sparkOf(undefined), undefined);
  assert.equal(sparkOf([1]), undefined);
});

test('a pool that stood still has a flat chart and no sparkline', () => {
  assert.equal(sparkOf([0, 0, 0]), undefined);
  assert.equal(sparkOf([7, 0, 7])?.line, 'M0 4L100 46L200 4');
  const points = [
    [1_000, 0],
    [2_800, 0],
    [4_600, 0],
  ] as const;
  assert.equal(
    plotOf({ metric: 'hashrate', range: '1h', points })?.line,
    'M0 240L500 240L1000 240',
  );
});

test('escaped text cannot end an element or an attribute', () => {
  assert.equal(escapeHtml(`<a b="c" d='e'>&`), '&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;');
});

test('an age carries its exact time; a time that no calendar has is a dash', () => {
  assert.equal(
    age(Date.UTC(2026, 0, 2, 3, 4, 5), Date.UTC(2026, 0, 2, 4, 4, 5)),
    '<time datetime="2026-01-02T03:04:05.000Z" title="2026-01-02 03:04:05 UTC" data-age="">1 h ago</time>',
  );
  assert.equal(age(undefined, 0), '–');
  assert.equal(age(1e20, 0), '–');
});

test('a worker links to its miner, with the machine’s name behind it', () => {
  const html = minerLink('LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9.rig1', 4);
  assert.match(html, /^<a href="\/miner\/LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9" /);
  assert.match(html, /LVg2…hMH9<\/span><\/a><span class="soft">\.rig1<\/span>$/);
  assert.equal(minerLink(undefined), '–');
});

test('a bar stays within its frame', () => {
  for (const [part, width] of [
    [-1, '0'],
    [0.624, '62.4'],
    [7, '100'],
    [Number.NaN, '0'],
  ] as const) {
    assert.match(bar(part), new RegExp(`<rect width="${width}" `));
  }
});

test('the strip shows the block that is nearest to maturity and the newest payment', () => {
  const { pool } = allModels(typical);
  assert.ok(pool.page === 'pool');
  const stages = stagesOf([pool.pool], pool.latestBlocks, pool.latestPayments);
  assert.equal(stages.next?.confirmations, 69);
  assert.equal(stages.maturing, 3);
  assert.equal(stages.lastPayment?.time, sampleNow - 180_000);
  assert.equal(stages.effort, 0.624);
});

test('several pools have no effort together', () => {
  const { home } = allModels(typical);
  assert.equal(stagesOf(home.pools, [], []).effort, undefined);
});

test('each algorithm gets the programs that mine it', () => {
  const ids = (algorithm: string) => programsFor(algorithm, plain).map(({ id }) => id);
  assert.deepEqual(ids('sha256').slice(0, 3), ['bitaxe', 'asic', 'cgminer']);
  assert.ok(!ids('scrypt').includes('bitaxe') && ids('scrypt').includes('minerd'));
  assert.deepEqual(ids('x13'), ['ccminer', 'cpuminer-multi']);
  assert.deepEqual(ids('constructor'), []);
});

test('a port with TLS names only programs that can speak it, with their scheme', () => {
  const programs = programsFor('scrypt', { ...plain, tls: true });
  assert.deepEqual(
    programs.map(({ id }) => id),
    ['asic', 'minerd', 'cpuminer-multi'],
  );
  assert.equal(
    programs[1]?.command,
    'minerd -a scrypt -o stratum+tcps://{host}:{port} -u {user} -p x',
  );
});

test('a command falls into text, options and the marks that are filled in', () => {
  assert.deepEqual(marked('x -u {user} end', { user: '<b>' }), [
    { slot: '', keep: false, text: 'x ' },
    { slot: '', keep: true, text: '-u' },
    { slot: '', keep: false, text: ' ' },
    { slot: 'user', keep: false, text: '<b>' },
    { slot: '', keep: false, text: ' end' },
  ]);
});

test('the usual port adapts to the miner where one does, and is never TLS while a plain one is there', () => {
  const adapts = { ...plain, port: 3032, varDiff: { min: 1, max: 2, targetTime: 15 } };
  assert.equal(usualPort([plain, adapts])?.port, 3032);
  assert.equal(usualPort([{ ...plain, port: 1, tls: true }, plain])?.port, 3008);
  assert.equal(usualPort([]), undefined);
});

test('many pools are named by three and the number of the others', () => {
  const { home } = allModels({ pools: 40, rows: 0 });
  assert.equal(poolNames(home.pools), 'Litecoin, Bitcoin, Dogecoin and 37 more');
  assert.equal(poolNames(home.pools.slice(0, 2)), 'Litecoin and Bitcoin');
  assert.equal(poolNames([]), '');
});

test('assets are found by name only', () => {
  assert.equal(assetOf('style.css')?.type, 'text/css; charset=utf-8');
  for (const name of ['../templates/home.eta', 'constructor', '', 'format.js.map']) {
    assert.equal(assetOf(name), undefined, name);
  }
  assert.match(assetUrl('format.js'), /^\/static\/format\.js\?v=[0-9a-f]{10}$/);
  assert.throws(() => assetUrl('missing.js'), /missing\.js/);
});

test('a page with charts is at most 100 KB with all that it loads, one without at most 60 KB', async () => {
  const { gzipSync } = await import('node:zlib');
  const { renderPage } = await import('../../libs/website/pages/render.ts');
  const imports = ['format.js', 'morph.js', 'addressCheck.js', 'sha256.js'];
  for (const model of Object.values(allModels(typical))) {
    const html = renderPage(model.page, model);
    const names = [...html.matchAll(/\/static\/([^"?]+)\?/g)].map(([, name = '']) => name);
    const size = [...names, ...imports]
      .map((name) => gzipSync(assetOf(name)?.body ?? '').length)
      .reduce((sum, length) => sum + length, gzipSync(html).length);
    const most = names.includes('uPlot.js') ? 100_000 : 60_000;
    assert.ok(size <= most, `${model.page}: ${size} bytes`);
  }
});
