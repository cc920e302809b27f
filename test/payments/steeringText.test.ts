import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DryRun, PaymentsStatus } from '../../libs/payments/steering.ts';
import {
  formatBalances,
  formatDryRun,
  formatHandBack,
  formatHeld,
  formatStatus,
} from '../../libs/payments/steeringText.ts';
import { millis } from '../../libs/primitives/units.ts';

const noon = Date.UTC(2026, 3, 12, 12);

const status: PaymentsStatus = {
  coin: 'litecoin',
  symbol: 'LTC',
  state: 'atWork',
  scheme: 'PROP',
  paused: null,
  stopped: null,
  openBatch: null,
  wallet: { spendable: '7.5', immature: '25' },
  owed: '0.5',
  unpaidBlocks: 2,
  immature: '25',
  heldPayees: 0,
  held: { blocks: [], payees: [] },
  running: false,
  nextRun: noon + 600_000,
  books: {
    takenOver: '1',
    credited: '50',
    adjusted: '0',
    balances: '0.5',
    inFlight: '0',
    paid: '50.5',
    fees: '0.0001',
    difference: '0',
  },
  lastPayment: { time: noon, txid: 'ab', amount: '50.5', addresses: 2 },
  audit: { time: millis(noon), stop: null, warnings: [] },
};

test('the status of payments that are at work is told in plain sentences', () => {
  assert.deepEqual(formatStatus(status).split('\n'), [
    'Payments of litecoin, PROP: at work.',
    'The wallet can spend 7.5 LTC and waits for 25 of immature blocks; 0.5 LTC are owed; 2 blocks of 25 LTC wait to be credited.',
    'Came in: 1 LTC taken over, 50 credited.',
    "Of that: 0.5 LTC in balances, 0 in flight, 50.5 paid (and 0.0001 of fees from the pool's own coins).",
    'The last payment: 50.5 LTC to 2 addresses in ab, 2026-04-12 12:00 UTC.',
    'The last run ended 2026-04-12 12:00 UTC, and all agreed.',
    'The next run: 2026-04-12 12:10 UTC.',
    'Nothing is held back.',
  ]);
});

test('the status of a coin before its first run says so', () => {
  const text = formatStatus({ ...status, books: null, lastPayment: null, audit: null });
  assert.match(text, /Nothing has been paid yet\.\nThere has been no run yet\./);
});

test('a wallet that does not tell, books that cannot be read and a run under way are said', () => {
  const text = formatStatus({ ...status, wallet: null, owed: null, running: true, nextRun: null });
  assert.match(text, /The wallet does not tell what it has; 2 blocks of 25 LTC wait/);
  assert.match(text, /A run is under way\./);
  assert.match(
    formatStatus({ ...status, wallet: { spendable: '1', immature: null }, unpaidBlocks: 1 }),
    /can spend 1 LTC; 0\.5 LTC are owed; 1 block of 25 LTC waits/,
  );
});

test('a stop, a pause, an open batch, a difference, warnings and what is held are all told', () => {
  const text = formatStatus({
    ...status,
    state: 'stopped',
    stopped: 'the wallet is another one',
    paused: { reason: 'moving house', since: noon },
    openBatch: { id: 'x', state: 'sending', amount: '3', addresses: 1, time: noon, txid: null },
    books: status.books && { ...status.books, adjusted: '-2', difference: '4.5' },
    audit: { time: millis(noon), stop: 'y', warnings: ['The wallet is short.'] },
    held: {
      blocks: [{ member: 'a:b:7', reason: 'no shares' }],
      payees: [{ worker: 'nobody', amount: '0.1', reason: 'it is no address' }],
    },
  });
  for (const sentence of [
    'Payments of litecoin, PROP: stopped.',
    'They stand still, mining goes on: the wallet is another one.',
    'They have been paused since 2026-04-12 12:00 UTC: moving house. node scripts/cli.js payments resume litecoin',
    'Batch x of 3 LTC to 1 address is open since 2026-04-12 12:00 UTC: it is not known whether it was sent.',
    'Came in: 1 LTC taken over, 50 credited, -2 adjusted.',
    ': a difference of 4.5.',
    'The last run ended 2026-04-12 12:00 UTC, stopped.',
    'The wallet is short.',
    'Block a:b:7 is held: no shares.',
    '0.1 LTC of nobody are held: it is no address.',
  ]) {
    assert.ok(text.includes(sentence), `${sentence}\n---\n${text}`);
  }
});

test('nothing held is said as well', () => {
  assert.equal(formatHeld({ blocks: [], payees: [] }, 'LTC'), 'Nothing is held back.');
});

test('balances are told by address, with what is held and how many are left out', () => {
  const none = { balance: '0', inFlight: '0', immature: '0', paid: '0' };
  const shown = {
    coin: 'litecoin',
    symbol: 'LTC',
    rows: [
      { ...none, address: 'alice', workers: 2, balance: '1.5', immature: '3', held: null },
      { ...none, address: 'bob', workers: 1, inFlight: '0.25', held: 'no\u001baddress' },
    ],
    addresses: 3,
    total: { balance: '1.6', inFlight: '0.25', immature: '3', paid: '7' },
  };
  assert.deepEqual(formatBalances(shown).split('\n'), [
    'alice: 1.5 owed, 3 immature, 0 paid',
    String.raw`bob: 0 owed, 0.25 in flight, 0 immature, 0 paid; held: no\u001baddress`,
    '… and 1 more address',
    '3 addresses of litecoin: 1.6 LTC owed, 0.25 in flight, 3 immature, 7 paid.',
  ]);
  assert.equal(
    formatBalances({ ...shown, rows: [], addresses: 0, total: none }),
    'Nobody has mined litecoin yet.',
  );
});

test('names and reasons cannot paint the terminal or begin a line', () => {
  const held = {
    blocks: [{ member: 'a\nb', reason: '\u001b[31mred' }],
    payees: [{ worker: 'c\u2028d\u009b', amount: '1', reason: 'e' }],
  };
  assert.deepEqual(formatHeld(held, 'LTC').split('\n'), [
    String.raw`Block a\u000ab is held: \u001b[31mred.`,
    String.raw`1 LTC of c\u2028d\u009b are held: e.`,
  ]);
});

test('a dry run tells who is paid, and of everybody else why not', () => {
  const run: DryRun = {
    coin: 'litecoin',
    symbol: 'LTC',
    blockedBy: null,
    spendable: '10',
    transactions: [
      {
        amount: '3',
        outputs: [
          { address: 'addr', amount: '2', workers: ['addr.1', 'addr.2'] },
          { address: 'other', amount: '1', workers: ['other'] },
        ],
      },
    ],
    notPaid: [{ address: null, amount: '0.1', workers: ['nobody'], reason: 'it is no address' }],
  };
  assert.deepEqual(formatDryRun(run).split('\n'), [
    'A payment run of litecoin would do this now (the wallet can spend 10 LTC):',
    'Transaction 1: 3 LTC to 2 addresses.',
    '  2 to addr (addr.1, addr.2)',
    '  1 to other',
    'Not paid:',
    '  0.1 for nobody: it is no address.',
  ]);
  const blocked = formatDryRun({
    ...run,
    blockedBy: 'it is paused',
    transactions: [],
    notPaid: [],
  });
  assert.deepEqual(blocked.split('\n'), [
    'A payment run of litecoin would pay nothing now: it is paused. Otherwise (the wallet can spend 10 LTC):',
    'Nobody is due.',
  ]);
});

test('whether the original can take over is told with all that is in the way', () => {
  const facts = { coin: 'litecoin', owed: '3.5', pendingBlocks: 2 };
  const no = formatHandBack({ ...facts, ready: false, obstacles: ['One.', 'Two.'] });
  assert.equal(no, 'The original NOMP cannot take litecoin over yet:\nOne.\nTwo.');
  const yes = formatHandBack({ ...facts, ready: true, obstacles: [] });
  assert.match(yes, /can take litecoin over .* balances hold 3\.5, 2 blocks wait to mature/);
});
