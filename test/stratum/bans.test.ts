import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BanningConfig } from '../../libs/config/types.ts';
import { millis } from '../../libs/primitives/units.ts';
import { BanList, banKey, plainAddress } from '../../libs/stratum/bans.ts';

const banning: BanningConfig = {
  enabled: true,
  time: 600,
  invalidPercent: 50,
  checkThreshold: 10,
  purgeInterval: 300,
};

function listAt(time: { now: number }, changes: Partial<BanningConfig> = {}): BanList {
  return new BanList({ ...banning, ...changes }, () => millis(time.now));
}

/** Counts shares written as "..x" (x: invalid); gives the reasons that came, by position. */
function count(list: BanList, ip: string, shares: string): (string | undefined)[] {
  return [...shares].map((share) => list.countShare(ip, share === '.'));
}

test('at the threshold an address with invalidPercent of invalid shares is banned, below it is not', () => {
  const list = listAt({ now: 1 });
  assert.deepEqual(count(list, '192.0.2.1', '.....xxxx'), Array(9).fill(undefined));
  assert.equal(list.countShare('192.0.2.1', false), '5 of its last 10 shares were invalid');
  assert.deepEqual(count(list, '192.0.2.2', '......xxxx'), Array(10).fill(undefined));
});

test('too few shares are no reason, however bad', () => {
  assert.deepEqual(count(listAt({ now: 1 }), '192.0.2.1', 'xxxxxxxxx'), Array(9).fill(undefined));
});

test('the window slides: a good past does not excuse a bad present, nor the other way round', () => {
  const list = listAt({ now: 1 });
  count(list, '192.0.2.1', '.'.repeat(1_000));
  assert.deepEqual(count(list, '192.0.2.1', 'xxxx'), Array(4).fill(undefined));
  assert.notEqual(list.countShare('192.0.2.1', false), undefined);

  const better = listAt({ now: 1 });
  count(better, '192.0.2.2', `xxxx${'.'.repeat(10)}`);
  assert.deepEqual(count(better, '192.0.2.2', 'xxxx'), Array(4).fill(undefined));
});

test('one share in a window of ten slides out exactly ten shares later, over many rounds', () => {
  const list = listAt({ now: 1 }, { invalidPercent: 20 });
  for (let round = 0; round < 50; round++) {
    assert.deepEqual(count(list, '192.0.2.3', 'x.........'), Array(10).fill(undefined));
  }
  assert.deepEqual(count(list, '192.0.2.3', 'x.').map(Boolean), [false, false]);
  assert.notEqual(list.countShare('192.0.2.3', false), undefined);
});

test('a miner without an invalid share is never banned, even at 0 percent', () => {
  const list = listAt({ now: 1 }, { invalidPercent: 0 });
  assert.deepEqual(count(list, '192.0.2.1', '.'.repeat(30)), Array(30).fill(undefined));
});

test('nothing is counted when banning is off', () => {
  const list = listAt({ now: 1 }, { enabled: false });
  assert.deepEqual(count(list, '192.0.2.1', 'x'.repeat(30)), Array(30).fill(undefined));
});

test('a ban lasts its time in seconds, whatever is purged meanwhile, and counts begin anew after it', () => {
  const time = { now: 1_700_000_000_000 };
  const list = listAt(time);
  list.set('192.0.2.1', list.end());
  for (const [passed, banned] of [
    [299_000, true],
    [599_999, true],
    [600_000, false],
  ] as const) {
    time.now = 1_700_000_000_000 + passed;
    list.purge();
    assert.equal(list.isBanned('192.0.2.1'), banned, `after ${passed} ms`);
  }
  assert.deepEqual(count(list, '192.0.2.1', 'xxxxxxxxx'), Array(9).fill(undefined));
});

test('a ban is listed, can be lifted, and can be brought along from before', () => {
  const time = { now: 1_000 };
  const old = [
    { ip: '192.0.2.1', until: millis(2_000) },
    { ip: '192.0.2.2', until: millis(999) },
  ];
  const list = new BanList(banning, () => millis(time.now), old);
  assert.deepEqual(list.list(), [{ ip: '192.0.2.1', until: 2_000 }]);
  assert.equal(list.isBanned('192.0.2.2'), false);
  list.lift('192.0.2.1');
  assert.equal(list.isBanned('192.0.2.1'), false);
  list.set('192.0.2.3', millis(5_000));
  list.set('192.0.2.3', millis(0));
  assert.equal(list.isBanned('192.0.2.3'), false);
});

test('counts of an address are forgotten after an hour without shares', () => {
  const time = { now: 0 };
  const list = listAt(time);
  count(list, '192.0.2.1', 'xxxxxxxxx');
  time.now = 3_600_001;
  list.purge();
  assert.equal(list.countShare('192.0.2.1', false), undefined);
});

test('IPv4-mapped IPv6 is IPv4, in either spelling', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(banKey('::FFFF:192.0.2.1'), '192.0.2.1');
  assert.equal(banKey('::ffff:c000:201'), '192.0.2.1');
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1');
});

test('IPv6 is banned by its /64, however it is written', () => {
  const key = '2001:db8:0:1::/64';
  for (const ip of [
    '2001:db8:0:1::7',
    '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:db8:0:1:1:2:3:4',
    '2001:db8:0:1::192.0.2.1',
    key,
  ]) {
    assert.equal(banKey(ip), key, ip);
  }
  assert.equal(banKey('::1'), '0:0:0:0::/64');
  assert.notEqual(banKey('2001:db8:0:2::7'), key);
  const list = listAt({ now: 1 });
  list.set('2001:db8:0:1::7', millis(100));
  assert.equal(list.isBanned('2001:db8:0:1::8'), true);
  assert.equal(list.isBanned('2001:db8:0:2::7'), false);
});
