import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assetOf } from '../../libs/website/pages/assets.ts';
import { renderFragment, renderPage } from '../../libs/website/pages/render.ts';
import { fragmentIds, type PageModel } from '../../libs/website/siteData.ts';
import { hostileNames } from './hostileNames.ts';
import { allModels, huge, nothing, type Sizes, typical } from './sampleModels.ts';

const sizes: Readonly<Record<string, Sizes>> = {
  'no pool': nothing,
  'pools in which nothing happened yet': { pools: 2, rows: 0 },
  'an ordinary day': typical,
  'more than anybody has': huge,
};

for (const [what, size] of Object.entries(sizes)) {
  test(`every page renders with ${what} as one well-formed document`, () => {
    for (const model of modelsOf(size)) {
      const html = renderPage(model.page, model);
      assert.deepEqual(unbalanced(html), [], model.page);
      assert.ok(html.startsWith('<!doctype html>'), model.page);
      assert.equal(html.match(/<h1[ >]/g)?.length, 1, model.page);
      assert.doesNotMatch(html, /undefined|NaN|\[object/, model.page);
    }
  });
}

test('no page has an inline script, style or handler, or asks another host for anything', () => {
  for (const model of modelsOf(typical)) {
    const html = renderPage(model.page, model);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|javascript:/i, model.page);
    for (const [script] of html.matchAll(/<script[^>]*>[^<]*/g)) {
      assert.match(
        script,
        /^<script (type="module" )?src="\/static\/[^"]+"( defer)?>$/,
        model.page,
      );
    }
    for (const [, url = ''] of html.matchAll(
      /<(?:link|img|script|source)[^>]*?(?:href|src)="([^"]*)"/g,
    )) {
      assert.match(url, /^\/static\//, model.page);
    }
  }
});

test('what a page names under /static/ is there', () => {
  for (const model of modelsOf(typical)) {
    for (const [, name = '', version] of renderPage(model.page, model).matchAll(
      /"\/static\/([^"?]+)\?v=([^"]+)"/g,
    )) {
      assert.equal(assetOf(name)?.version, version, name);
    }
  }
});

test('ids occur once on a page, and what refers to an id finds it', () => {
  for (const model of [...modelsOf(typical), ...modelsOf(nothing)]) {
    const html = renderPage(model.page, model);
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, `${model.page}: ${ids.join(' ')}`);
    for (const [, names = ''] of html.matchAll(
      /\s(?:aria-labelledby|aria-describedby|for|data-copy)="([^"]*)"/g,
    )) {
      for (const name of names.split(' ')) assert.ok(ids.includes(name), `${model.page}: ${name}`);
    }
  }
});

test('200 hostile names are text: they add no element and no attribute to any page', () => {
  assert.equal(hostileNames.length, 200);
  for (const name of hostileNames) {
    // The same length and the same dots, but only letters.
    const harmless = allModels({ pools: 1, rows: 2, name: name.replace(/[^\w.]/g, 'x') });
    for (const model of modelsOf({ pools: 1, rows: 2, name })) {
      const expected = skeleton(renderPage(model.page, harmless[model.page]));
      assert.deepEqual(skeleton(renderPage(model.page, model)), expected, `${model.page}: ${name}`);
    }
  }
});

test('a hostile name is shown as it is', () => {
  for (const name of hostileNames) {
    const { miner } = allModels({ pools: 1, rows: 2, name });
    const text = textOf(renderPage('miner', miner));
    assert.ok(text.includes(name), name);
  }
});

test('a miner whose name no URL can carry is shown without a link', () => {
  for (const name of ['\ud800', '..', '.']) {
    const { workers } = allModels({ pools: 1, rows: 1, name });
    assert.doesNotMatch(renderPage('workers', workers), /href="\/miner\//);
  }
});

test('only http and https addresses of an explorer become links', () => {
  const { blocks } = allModels({ pools: 1, rows: 3, name: 'javascript:alert(1)' });
  assert.doesNotMatch(renderPage('blocks', blocks), /href="javascript/);
  const { blocks: usual } = allModels(typical);
  assert.match(renderPage('blocks', usual), /href="https:\/\/explorer\.example\.com\/block\/0"/);
});

test('fragments are the bodies of their pages, without head and navigation', () => {
  const models = allModels(typical);
  for (const id of fragmentIds) {
    const model = models[id === '' ? 'home' : id];
    const fragment = renderFragment(id, model);
    assert.ok(fragment !== undefined && !fragment.includes('<html'), id);
    assert.ok(renderPage(model.page, model).includes(fragment), id);
  }
  assert.equal(renderFragment('pool', models.pool), undefined);
  assert.equal(renderFragment('stats', models.tbs), undefined);
  assert.equal(renderFragment('constructor', models.home), undefined);
});

test('a model of another page is refused', () => {
  assert.throws(() => renderPage('home', allModels(typical).stats), /stats.*home/);
});

test('the figures of an ordinary day are on the pages', () => {
  const models = allModels(typical);
  const home = textOf(renderPage('home', models.home));
  for (const text of [
    '128 workers of 41 miners',
    '4.27 GH/s',
    '5,131',
    '69 /100',
    'LTC 2,814,307',
  ]) {
    assert.ok(home.replace(/\s+/g, ' ').includes(text), text);
  }
  const miner = textOf(renderPage('miner', models.miner)).replace(/\s+/g, ' ');
  for (const text of ['12.18%', 'about 0.76125 LTC', '1 idle, 6 offline', 'without a name']) {
    assert.ok(miner.includes(text), text);
  }
  assert.match(
    renderPage('pool', models.pool),
    /aria-label="Hashrate over the last 24 hours: now /,
  );
});

function modelsOf(size: Sizes): readonly PageModel[] {
  return Object.values(allModels(size));
}

/** The names of all elements and attributes in their order: what a browser makes of the text, whatever the values are. */
function skeleton(html: string): string[] {
  return tags(html).map(
    (tag) =>
      `${/^<\/?[\w-]+/.exec(tag)?.[0]} ${tag.replace(/"[^"]*"/g, '').match(/[\w-]+(?==)/g) ?? ''}`,
  );
}

function tags(html: string): string[] {
  return html.match(/<\/?[a-zA-Z][^\s>]*(?:\s+[^\s=>]+(?:="[^"]*")?)*\s*\/?>/g) ?? [];
}

/** Elements that are not closed in order. Attribute values are quoted, so a ">" within one does not end a tag. */
function unbalanced(html: string): string[] {
  const empty = new Set(['meta', 'link', 'input', 'br', 'path', 'rect', 'circle']);
  const open: string[] = [];
  const wrong: string[] = [];
  for (const tag of tags(html)) {
    const name = /^<\/?([\w-]+)/.exec(tag)?.[1] ?? '';
    if (empty.has(name) || tag.endsWith('/>')) continue;
    if (!tag.startsWith('</')) open.push(name);
    else if (open.pop() !== name) wrong.push(tag);
  }
  return [...wrong, ...open];
}

function textOf(html: string): string {
  return tags(html)
    .reduce((text, tag) => text.replace(tag, ' '), html)
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
