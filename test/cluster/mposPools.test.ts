import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mposNotes, paysMiners } from '../../libs/cluster/mposPools.ts';
import { loadConfig } from '../../libs/config/loadConfig.ts';
import type { PoolConfig } from '../../libs/config/types.ts';
import { writePortalFiles } from '../support/portal.ts';

async function poolsOf(
  t: TestContext,
  databases: Readonly<Record<string, string | undefined>>,
): Promise<readonly PoolConfig[]> {
  const dir = mkdtempSync(join(tmpdir(), 'mpos-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const daemon = { host: '127.0.0.1', port: 1, user: 'u', password: 'p' };
  const files = Object.entries(databases).map(([coin, database], at) => [
    coin,
    {
      enabled: true,
      coin: `${coin}.json`,
      address: 'LLYfGmRsWrBEJ1pUfVYJgJzKjDYfeWLU87',
      ports: { [3001 + at]: { diff: 1 } },
      daemons: [daemon],
      paymentProcessing: { enabled: true, paymentInterval: 60, minimumPayment: 1, daemon },
      mposMode: { enabled: database !== undefined, user: 'u', password: 'p', database },
    },
  ]);
  await writePortalFiles(dir, { config: {}, pools: Object.fromEntries(files) });
  const loaded = loadConfig({
    dir,
    skipInvalid: true,
    algorithmNames: ['scrypt', 'sha256', 'x11'],
  });
  assert.equal(loaded.pools.length, files.length, JSON.stringify(loaded.problems));
  return loaded.pools;
}

test('the payment process leaves pools in MPOS mode alone', async (t) => {
  const pools = await poolsOf(t, { litecoin: 'mpos', dogecoin: undefined });
  const paid = pools.filter(paysMiners).map(({ coin }) => coin.name);
  assert.deepEqual(paid, ['dogecoin']);
});

test('each pool in MPOS mode is said to leave redis and paymentProcessing unused', async (t) => {
  const notes = mposNotes(await poolsOf(t, { litecoin: 'a', bitcoin: undefined }));
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /litecoin\.json.*redis and paymentProcessing are not used/);
});

test('two pools that write into one MPOS database are both named', async (t) => {
  const notes = mposNotes(await poolsOf(t, { litecoin: 'a', dogecoin: 'a', bitcoin: 'b' }));
  const same = notes.filter((note) => note.includes('same MPOS database'));
  assert.equal(same.length, 2);
  assert.match(same.join('\n'), /litecoin.*dogecoin/);
  assert.doesNotMatch(same.join('\n'), /bitcoin/);
});
