import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonConfig } from '../../libs/config/types.ts';
import { askAddress } from '../../libs/daemon/addresses.ts';
import { lookUpBlock, type SubmitOutcome, submitBlock } from '../../libs/daemon/blocks.ts';
import { createDaemonGroup } from '../../libs/daemon/group.ts';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { detectDaemon, waitForDaemon, waitForSync } from '../../libs/daemon/startup.ts';
import { createTemplateSource } from '../../libs/daemon/templates.ts';
import { DaemonError, DecimalText } from '../../libs/daemon/types.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { isRecord, own } from '../../libs/primitives/unknown.ts';
import {
  foreignAddress,
  type LitecoinNode,
  sameTip,
  startLitecoinPair,
} from '../../scripts/regtest/litecoin.ts';
import { logTo } from '../support/memoryLog.ts';
import { until } from '../support/until.ts';
import { coinFor } from './faultyDaemon.ts';

const configOf = ({ rpcPort, user, password }: LitecoinNode): DaemonConfig => ({
  host: '127.0.0.1',
  port: rpcPort,
  user,
  password,
});

function fieldOf(value: unknown, key: string): unknown {
  assert.ok(isRecord(value));
  return own(value, key);
}

test('a real litecoind', async (t) => {
  const pair = await startLitecoinPair({ mweb: 'never' });
  const { a, b } = pair;
  const lines: string[] = [];
  const log = logTo(lines);
  const { signal } = new AbortController();
  const group = createDaemonGroup([configOf(a), configOf(b)], log, systemClock);
  const client = createDaemonClient(configOf(a));
  t.after(async () => {
    group.close();
    client.close();
    await pair.stop();
  });

  await t.test('is detected as regtest, proof of work, with submitblock', async () => {
    await waitForDaemon(group, log, signal);
    assert.deepEqual(await detectDaemon(group, coinFor()), {
      network: 'regtest',
      reward: 'POW',
      protocolVersion: 70_016,
      hasSubmitBlock: true,
    });
    await waitForSync(group, log, signal);
    assert.deepEqual(lines, []);
  });

  await t.test('gives templates once its rules are learnt', async () => {
    const source = createTemplateSource(client, coinFor());
    const template = await source.fetch();
    const best = await a.rpc('getbestblockhash');
    assert.equal(fieldOf(template, 'previousblockhash'), best);
    assert.equal(await source.bestBlockHash(), best);
  });

  await t.test('refuses a wrong password, and unknown methods', async () => {
    const stranger = createDaemonClient({ ...configOf(a), password: 'wrong' });
    await assert.rejects(stranger.call('getblockcount'), { kind: 'auth', mayHaveRun: false });
    stranger.close();
    await assert.rejects(client.call('getinfo'), { kind: 'rpc', rpcCode: -32601 });
  });

  await t.test('turns a flood away as busy, but serves all who come 8 at a time', async () => {
    const flood = createDaemonClient(configOf(a), { inFlight: 40 });
    const ask = (from: typeof flood) =>
      from.call('waitforblockheight', [1_000_000, 150]).then(
        () => 'served',
        (error: unknown) => (error instanceof DaemonError ? error.kind : 'odd'),
      );
    const flooded = await Promise.all(Array.from({ length: 40 }, () => ask(flood)));
    flood.close();
    assert.deepEqual([...new Set(flooded)].sort(), ['busy', 'served']);
    const served = await Promise.all(Array.from({ length: 24 }, () => ask(client)));
    assert.deepEqual([...new Set(served)], ['served']);
  });

  await t.test('tells its own, foreign, MWEB and wrong addresses apart', async () => {
    const own = String(await a.rpc('getnewaddress', ['', 'legacy'], 'pool'));
    const mine = await askAddress(client, own);
    assert.equal(mine.isMine, true);
    assert.match(mine.scriptPubKey ?? '', /^76a914[0-9a-f]{40}88ac$/);
    assert.match(mine.pubKey ?? '', /^0[23][0-9a-f]{64}$/);
    assert.deepEqual(await askAddress(client, foreignAddress), {
      isValid: true,
      scriptPubKey: `76a914${'00'.repeat(20)}88ac`,
      isMine: false,
      pubKey: undefined,
    });
    const hidden = await askAddress(client, String(await a.rpc('getnewaddress', ['', 'mweb'])));
    assert.equal(hidden.isValid, true);
    assert.equal(hidden.scriptPubKey, undefined);
    for (const wrong of ['', 'Größe🦊', `${foreignAddress}x`, '__proto__']) {
      assert.equal((await askAddress(client, wrong)).isValid, false, wrong);
    }
  });

  await t.test('takes and tells amounts as exact decimals', async () => {
    await a.generate(1, String(await a.rpc('getnewaddress', [], 'pool')));
    await a.generate(100);
    const balance = await client.call('getbalance', [], { exactNumbers: true });
    assert.ok(balance instanceof DecimalText);
    assert.equal(balance.text, '50.00000000');
    const amounts = { [foreignAddress]: new DecimalText('0.29000000') };
    const txid = await client.call('sendmany', ['', amounts]);
    const paid = await client.call('gettransaction', [txid], { exactNumbers: true });
    const amount = fieldOf(paid, 'amount');
    assert.ok(amount instanceof DecimalText);
    assert.equal(amount.text, '-0.29000000');
    await assert.rejects(client.call('sendmany', ['', { [foreignAddress]: 1_000_000 }]), {
      rpcCode: -6,
      mayHaveRun: false,
    });
  });

  await t.test('answers a batch with an outcome for each call', async () => {
    const outcomes = await client.batch([
      { method: 'getblockhash', params: [0] },
      { method: 'getblockhash', params: [1_000_000] },
    ]);
    assert.deepEqual(outcomes[0], { ok: true, result: await a.rpc('getblockhash', [0]) });
    assert.ok(outcomes[1]?.ok === false && outcomes[1].error.rpcCode === -8);
  });

  await t.test('judges blocks: accepted, duplicate, rejected; and looks them up', async () => {
    await sameTip(a, b);
    await a.rpc('setnetworkactive', [false]);
    await until('the nodes to part', async () => {
      const peers = await b.rpc('getpeerinfo');
      return Array.isArray(peers) && peers.length === 0;
    });
    const [hash = ''] = await b.generate(1);
    const hex = String(await b.rpc('getblock', [hash, 0]));
    assert.equal(await lookUpBlock(client, hash), 'unknown');
    assert.notEqual(await lookUpBlock(group, hash), 'unknown');

    const submit = async (blockHex: string, hasSubmitBlock: boolean) => {
      const outcomes = new Map<string, SubmitOutcome>();
      await submitBlock(group, blockHex, hasSubmitBlock, (name, outcome) =>
        outcomes.set(name, outcome),
      );
      return [`127.0.0.1:${a.rpcPort}`, `127.0.0.1:${b.rpcPort}`].map(
        (name) => outcomes.get(name)?.kind,
      );
    };
    assert.deepEqual(await submit(hex, true), ['accepted', 'duplicate']);
    assert.deepEqual(await submit('c0de', true), ['rejected', 'rejected']);
    // With a byte of the merkle root changed, the new hash may meet the target or not: refused either way.
    const spoilt = `${hex.slice(0, 80)}${hex.slice(80, 82) === '00' ? '01' : '00'}${hex.slice(82)}`;
    assert.deepEqual(await submit(spoilt, true), ['rejected', 'rejected']);

    const facts = await lookUpBlock(client, hash);
    const block = await a.rpc('getblock', [hash]);
    const txids = fieldOf(block, 'tx');
    assert.ok(Array.isArray(txids));
    assert.deepEqual(facts, {
      confirmations: 1,
      height: fieldOf(block, 'height'),
      coinbaseTxid: txids[0],
    });
    await a.rpc('invalidateblock', [hash]);
    const off = await lookUpBlock(client, hash);
    assert.ok(off !== 'unknown');
    assert.equal(off.confirmations, -1);
    await a.rpc('reconsiderblock', [hash]);
    await a.rpc('setnetworkactive', [true]);
  });

  await t.test(
    'may die and come back: the other one stands in, and nothing is sent twice',
    async () => {
      await group.call('getblockcount');
      await a.kill('SIGKILL');
      await assert.rejects(client.call('sendmany', ['', { [foreignAddress]: 1 }]), {
        kind: 'unreachable',
        mayHaveRun: false,
      });
      assert.equal(await group.call('getblockcount'), await b.rpc('getblockcount'));
      assert.match(lines.join('\n'), /^warning: Daemon .* fails, .* is asked instead: /m);
      await a.start();
      assert.equal(await client.call('getblockcount'), await a.rpc('getblockcount'));
    },
  );
});
