import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseBlockTemplate } from '../../libs/jobs/blockTemplate.ts';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { targetFromBits } from '../../libs/primitives/target.ts';
import { satoshis } from '../../libs/primitives/units.ts';
import { ChainWatch, factsOf } from '../../libs/switching/chainFacts.ts';
import { coinFor, FaultyDaemon } from '../daemon/faultyDaemon.ts';

const templateText = (name: string) =>
  readFileSync(join(installRoot, 'test', 'vectors', 'templates', `${name}.json`), 'utf8');
const template = (name: string): unknown => JSON.parse(templateText(name)).template;

test('the difficulty is the one that daemons show for these bits, whatever the algorithm', () => {
  // Bitcoin's block 100,000: bits 1b04864c, difficulty 14,484.1623612254 by its daemon.
  const facts = { target: targetFromBits(0x1b04864c), coinbaseValue: satoshis(0n), payees: [] };
  assert.equal(factsOf(facts, 8).difficulty.toFixed(10), '14484.1623612254');
});

test('the reward is the value of the coinbase less what the chain itself pays to others', () => {
  const target = targetFromBits(0x1d00ffff);
  const pay = (amount: bigint) => ({ to: { address: 'X' }, amount: satoshis(amount) });
  const coinbaseValue = satoshis(2_500_000_000n);
  const facts = (payees: ReturnType<typeof pay>[]) => factsOf({ target, coinbaseValue, payees }, 8);
  assert.equal(facts([]).reward, 25);
  assert.equal(facts([pay(1_250_000_000n), pay(250_000_000n)]).reward, 10);
  assert.equal(facts([pay(2_500_000_001n)]).reward, 0);
  assert.equal(factsOf({ target, coinbaseValue, payees: [] }, 6).reward, 2500);
});

test('the masternode of a template is taken off', () => {
  const { coinbaseValue, payees } = parseBlockTemplate(template('masternode-list'));
  const paid = payees.reduce((sum, { amount }) => sum + Number(amount), 0);
  assert.ok(paid > 0);
  const facts = factsOf(parseBlockTemplate(template('masternode-list')), 8);
  assert.equal(facts.reward, (Number(coinbaseValue) - paid) / 1e8);
});

test('the daemon is asked with the rules that it insists on', async (t) => {
  const daemon = await FaultyDaemon.start(t, (call) => {
    const [request] = call.params as { rules: string[] }[];
    if (request?.rules.includes('mweb')) return call.result(template('mweb'));
    return call.error(-8, 'getblocktemplate must be called with the segwit & mweb rule sets');
  });
  const chain = new ChainWatch({ coin: coinFor(), daemons: [daemon.config] });
  t.after(() => chain.close());
  assert.ok((await chain.facts()).reward > 0);
  assert.equal(daemon.calls.length, 2);
});

test('the second daemon is asked when the first one fails, and when all fail the reason is told', async (t) => {
  const broken = await FaultyDaemon.start(t, (call) => call.error(-10, 'is downloading blocks...'));
  const well = await FaultyDaemon.start(t, (call) => call.result(template('plain')));
  const both = new ChainWatch({ coin: coinFor(), daemons: [broken.config, well.config] });
  t.after(() => both.close());
  const { coinbaseValue } = parseBlockTemplate(template('plain'));
  assert.equal((await both.facts()).reward, Number(coinbaseValue) / 1e8);
  const one = new ChainWatch({ coin: coinFor(), daemons: [broken.config] });
  t.after(() => one.close());
  await assert.rejects(one.facts(), /downloading blocks/);
});

test('a template that is none is refused', async (t) => {
  const odd = await FaultyDaemon.start(t, (call) => call.result({ bits: '1d00ffff' }));
  const chain = new ChainWatch({ coin: coinFor(), daemons: [odd.config] });
  t.after(() => chain.close());
  await assert.rejects(chain.facts(), /coinbasevalue/);
});
