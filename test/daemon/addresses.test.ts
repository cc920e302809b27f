import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { askAddress } from '../../libs/daemon/addresses.ts';
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { type FaultyCall, FaultyDaemon } from './faultyDaemon.ts';

async function ask(t: TestContext, behave: (call: FaultyCall) => void) {
  const daemon = await FaultyDaemon.start(t, behave);
  const client = createDaemonClient(daemon.config);
  t.after(() => client.close());
  return { daemon, facts: () => askAddress(client, 'LAddress') };
}

// The genesis block's key (hash160 62e907b1…) and its P2PKH script.
const script = '76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac';
const pubKey =
  '04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f';

test('old daemons tell everything in validateaddress', async (t) => {
  const { daemon, facts } = await ask(t, (call) =>
    call.result({
      isvalid: true,
      scriptPubKey: script.toUpperCase(),
      ismine: true,
      pubkey: pubKey,
    }),
  );
  assert.deepEqual(await facts(), { isValid: true, scriptPubKey: script, isMine: true, pubKey });
  assert.deepEqual(daemon.methods, ['validateaddress']);
});

test('newer daemons tell whose an address is in getaddressinfo', async (t) => {
  const { facts } = await ask(t, (call) => {
    if (call.method === 'validateaddress') call.result({ isvalid: true, scriptPubKey: script });
    else call.result({ ismine: false, pubkey: pubKey, scriptPubKey: script });
  });
  assert.deepEqual(await facts(), { isValid: true, scriptPubKey: script, isMine: false, pubKey });
});

test('without a wallet it stays unknown whose an address is', async (t) => {
  for (const [code, status] of [
    [-32601, 404],
    [-18, 500],
    [-19, 500],
    [-4, 500],
  ] as const) {
    const { facts } = await ask(t, (call) => {
      if (call.method === 'validateaddress') call.result({ isvalid: true, scriptPubKey: script });
      else call.error(code, 'no wallet', status);
    });
    assert.deepEqual(await facts(), {
      isValid: true,
      scriptPubKey: script,
      isMine: undefined,
      pubKey: undefined,
    });
  }
});

test('an invalid address is one call, and nothing else is told of it', async (t) => {
  const { daemon, facts } = await ask(t, (call) =>
    call.result({ isvalid: false, scriptPubKey: script, ismine: true }),
  );
  assert.deepEqual(await facts(), {
    isValid: false,
    scriptPubKey: undefined,
    isMine: undefined,
    pubKey: undefined,
  });
  assert.equal(daemon.calls.length, 1);
});

test('fields of the wrong form are left out', async (t) => {
  for (const field of ['', 'zz', '0', 7, null, {}]) {
    const { facts } = await ask(t, (call) =>
      call.result({ isvalid: true, scriptPubKey: field, pubkey: field, ismine: false }),
    );
    assert.deepEqual(await facts(), {
      isValid: true,
      scriptPubKey: undefined,
      isMine: false,
      pubKey: undefined,
    });
  }
});

test('a reply that is no verdict is a bad reply', async (t) => {
  for (const result of [null, [], 'true', {}, { isvalid: 'true' }, { isvalid: 1 }]) {
    const { facts } = await ask(t, (call) => call.result(result));
    await assert.rejects(facts(), { kind: 'badReply' });
  }
});

test('a daemon that breaks off getaddressinfo has not said that the address is foreign', async (t) => {
  const { facts } = await ask(t, (call) => {
    if (call.method === 'validateaddress') call.result({ isvalid: true, scriptPubKey: script });
    else call.request.socket.destroy();
  });
  await assert.rejects(facts(), { name: 'DaemonError' });
});
