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

type Answer =
  | { isvalid: boolean; scriptPubKey?: string; ismine?: boolean; pubkey?: string }
  | Error;

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
    batch: () => Promise.resolve([]),
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

// The public key of secret key 1, its hash, and that hash's address on regtest.
const generator = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const generatorAddress = 'mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r';

test('on a chain with staking the pool is paid by its public key, which the daemon must tell', async (t) => {
  const known = await litecoin(t);
  for (const coin of [known, { ...known, networks: {} }]) {
    const owner = askedDaemon(() => ({ isvalid: true, ismine: true, pubkey: generator }));
    const script = await createAddressBook(coin, 'regtest', owner).scriptForPool(
      generatorAddress,
      'POS',
    );
    assert.equal(script.toString('hex'), `21${generator}ac`);
    const stranger = askedDaemon(() => ({ isvalid: true, ismine: false }));
    await assert.rejects(
      createAddressBook(coin, 'regtest', stranger).scriptForPool(generatorAddress, 'POS'),
      { code: 'ADDRESS_KEY', message: /mrCDrCyb.*own wallet/ },
    );
  }
  // A key of another address than the one that is configured.
  const confused = askedDaemon(() => ({ isvalid: true, ismine: true, pubkey: generator }));
  await assert.rejects(createAddressBook(known, 'regtest', confused).scriptForPool(legacy, 'POS'), {
    code: 'ADDRESS_KEY',
  });
  const plain = await createAddressBook(known, 'regtest', confused).scriptForPool(legacy, 'POW');
  assert.equal(plain.toString('hex').slice(0, 6), '76a914');
});

test('an old daemon that tells no script is believed for addresses of the kind that its wallet has', async (t) => {
  const coin = { ...(await litecoin(t)), networks: {} };
  const daemon = askedDaemon((address) => ({
    isvalid: true,
    ismine: address === generatorAddress,
    ...(address === generatorAddress ? { pubkey: generator } : {}),
  }));
  const book = createAddressBook(coin, 'regtest', daemon);
  const pool = await book.scriptForPool(generatorAddress, 'POW');
  assert.equal(pool.toString('hex'), '76a914751e76e8199196d454941c45d1b3a323f1433bd688ac');
  const staking = createAddressBook(coin, 'regtest', daemon);
  await staking.scriptForPool(generatorAddress, 'POS');
  assert.equal((await staking.payee(legacy)).ok, true);
  const miner = await book.payee(`${legacy}.rig`);
  assert.ok(miner.ok);
  assert.equal(miner.address, legacy);
  // Litecoin Core's word.
  assert.equal(miner.script.toString('hex'), '76a9145b8fc4c20cfe6df318500db064d154cc1b36ffd588ac');
  // P2SH of regtest: another version, so that its script stays unknown.
  assert.equal((await book.payee('QNbK2iteFhJVdxgpJndrQSjGkgqfMXC2zY')).ok, false);
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
