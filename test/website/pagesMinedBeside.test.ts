import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPage } from '../../libs/website/pages/render.ts';
import { allModels, typical } from './sampleModels.ts';

test('Getting Started tells of a coin that is mined beside others by what goes into the password, and of no port', () => {
  const model = allModels(typical).getting_started;
  const [first, ...others] = model.pools;
  assert.ok(first && others.length > 0);
  const doge = { ...first, coin: 'doge coin', name: 'Doge', symbol: 'DOGE', ports: [] };
  const pools = [{ ...doge, minedBeside: ['litecoin'] }, ...others];
  const html = renderPage('getting_started', { ...model, pools });
  assert.match(html, /while mining litecoin: <code>doge-coin=YOUR_DOGE_ADDRESS<\/code>/);
  assert.doesNotMatch(html, /data-coin="doge coin"/);
  assert.match(html, new RegExp(`data-coin="${others[0]?.coin}"`));
  const plain = renderPage('getting_started', model);
  assert.doesNotMatch(plain, /Mined beside another coin/);
});
