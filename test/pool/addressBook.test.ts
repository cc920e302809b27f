import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../libs/config/loadConfig.ts';
import type { CoinConfig } from '../../libs/config/types.ts';
import { DaemonError, type DaemonGroup } from '../../libs/daemon/types.ts';
import { createAddressBook } from '../../libs/pool/addressBook.ts';
import { portalFolder } from '../support/portal.ts';

// Addresses and scripts as Litecoin Core 0.21 tells them on regtest.
const legacy = 'mos61j86vYNwfETSWUj97LCoHbRnYuBpHh';
const bech32 = 'rltc1q8n6dgeu2vhxdudda3m5g6a0wghrcwufn5phslg';
const miningKey = '22851477d63a085dbc2398c8430af1c09e7343f6';
const keyScript = `76a914${miningKey}88ac`;

type Answer = { isvalid: boolean; scriptPubKey?: string; ismine?: boolean } | Error;

/** Stands in for the daemon: answers validateaddress, and counts how often it was asked. */
function askedDaemon(answer: (address: string) => Answer): DaemonGroup & { asked: number } {
  const group = {
    asked: 0,
    clients: [],
    call: (_method: string, params: readonly unknown[] = []) => {
      group.asked++;
      const reply = answer(String(params[0]));
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
    },
    callAll: () => Promise.resolve(),
    close: () => undefined,
  };
  return group;
}

const away = new DaemonError('unreachable', 'no connection', {
  daemon: 'a:1',
  method: 'validateaddress',
});

async function litecoin(t: Parameters<typeof portalFolder>[0]): Promise<CoinConfig> {
  const dir = await portalFolder(t, {
    config: {},
    pools: {
      litecoin: {
        enabled: true,
        coin: 'litecoin.json',
        address: legacy,
        ports: { 3032: { diff: 1 } },
        daemons: [{ port: 1, user: 'u', password: 'p' }],
      },
    },
  });
  const { pools } = loadConfig({ dir, algorithmNames: ['scrypt'] });
  const coin = pools[0]?.coin;
  assert.ok(coin);
  return coin;
}

test('where the coin file tells the forms of addresses, a miner is checked without asking the daemon', async (t) => {
  const daemon = askedDaemon(() => away);
  const book = createAddressBook(await litecoin(t), 'regtest', daemon);
  for (const worker of [legacy, `${legacy}.rig`, `${legacy}_rig.2`, bech32, bech32.toUpperCase()]) {
    assert.equal((await book.payee(worker)).ok, true, worker);
  }
  // A Bitcoin address of the main chain, a typing error, an Ethereum address, nothing at all.
  for (const worker of ['1BoatSLRHtKNngkdXEeobR76b53LETtpyT', `${legacy}x`, '0x00', '', '.rig']) {
    assert.equal((await book.payee(worker)).ok, false, worker);
  }
  assert.equal(daemon.asked, 0);
});

test('spellings of one bech32 address are one payee', async (t) => {
  const book = createAddressBook(
    await litecoin(t),
    'regtest',
    askedDaemon(() => away),
  );
  const lower = await book.payee(bech32);
  assert.deepEqual(await book.payee(bech32.toUpperCase()), lower);
});

test('a mining key is paid at its P2PKH script, by the address of this chain', async (t) => {
  const book = createAddressBook(
    await litecoin(t),
    'regtest',
    askedDaemon(() => away),
  );
  const payee = await book.payee(`${miningKey}.rig`);
  assert.ok(payee.ok);
  assert.equal(payee.script.toString('hex'), keyScript);
  assert.match(payee.address, /^[mn]/);
});

test('without forms the daemon is asked once for an address, and an outage is not remembered', async (t) => {
  const coin = { ...(await litecoin(t)), networks: {} };
  let up = false;
  const daemon = askedDaemon((address) => {
    if (!up) return away;
    return address === legacy
      ? { isvalid: true, scriptPubKey: keyScript, ismine: false }
      : { isvalid: false };
  });
  const book = createAddressBook(coin, 'regtest', daemon);
  assert.equal((await book.payee(legacy)).ok, false);
  up = true;
  assert.equal((await book.payee(legacy)).ok, true);
  assert.equal((await book.payee('nonsense')).ok, false);
  const before = daemon.asked;
  await book.payee(`${legacy}.other`);
  await book.payee('nonsense');
  assert.equal(daemon.asked, before);
});

test('a pool address whose script the daemon sees otherwise is an error, not a burnt reward', async (t) => {
  const coin = await litecoin(t);
  const wrong = askedDaemon(() => ({ isvalid: true, scriptPubKey: 'a914', ismine: true }));
  await assert.rejects(
    createAddressBook(coin, 'regtest', wrong).scriptForReward(legacy, 'The pool address'),
    { code: 'ADDRESS_SCRIPT' },
  );
  const invalid = askedDaemon(() => ({ isvalid: false }));
  await assert.rejects(
    createAddressBook(coin, 'regtest', invalid).scriptForReward(legacy, 'The pool address'),
    { code: 'ADDRESS_SCRIPT' },
  );
  // A main chain address on regtest is refused before anybody is asked.
  await assert.rejects(
    createAddressBook(coin, 'regtest', invalid).scriptForReward(
      'LWFCLRbRgkGqJ4KBJ1DLfQmZBnvStzPzKE',
      'The pool address',
    ),
    { code: 'ADDRESS_INVALID', message: /The pool address LWFCLRb/ },
  );
});

test('a mining key as reward recipient needs neither address forms nor the daemon', async (t) => {
  const coin = { ...(await litecoin(t)), networks: {} };
  const book = createAddressBook(
    coin,
    'regtest',
    askedDaemon(() => away),
  );
  const script = await book.scriptForReward(miningKey, 'The reward recipient');
  assert.equal(script.toString('hex'), keyScript);
  const payee = await book.payee(miningKey);
  assert.equal(payee.ok, false);
});
