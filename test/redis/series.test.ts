import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coinKeys } from '../../libs/redis/keys.ts';
import { decodeSeries, readSeries, seriesShapes } from '../../libs/redis/series.ts';
import { connectFor, redisFor } from './testbed.ts';

// 2023-11-14 22:13:20 UTC: minute 28333333 (slot 1333 of 1440), hour 472222 (slot 7942 of 8760).
const now = 1_700_000_000;

/** A ring of minutes made by hand: its newest minute, and difficulties by slot. */
function minuteRing(newestHex: string, slots: Record<number, string>): Buffer {
  const ring = Buffer.alloc(8 + 4 * 1_440);
  ring.write(newestHex, 'hex');
  for (const [slot, floatHex] of Object.entries(slots)) {
    ring.write(floatHex, 8 + 4 * Number(slot), 'hex');
  }
  return ring;
}
const sixteen = '00008041';
const half = '0000003f';
const atNow = '0000000001b05515';

test('a ring is a day of minutes, 30 days of ten minutes, a year of hours', () => {
  for (const [resolution, days] of [
    ['1m', 1],
    ['10m', 30],
    ['1h', 365],
  ] as const) {
    const { seconds, buckets } = seriesShapes[resolution];
    assert.equal(seconds * buckets, days * 86_400);
  }
});

test('a ring is read oldest first up to the bucket of now, each with the second at which it begins', () => {
  const points = decodeSeries(minuteRing(atNow, { 1333: sixteen, 1332: half }), '1m', now);
  assert.equal(points.length, 1_440);
  assert.deepEqual(points.at(-1), { time: 1_699_999_980, difficulty: 16 });
  assert.deepEqual(points.at(-2), { time: 1_699_999_920, difficulty: 0.5 });
  assert.deepEqual(points[0], { time: 1_699_999_980 - 1_439 * 60, difficulty: 0 });
  assert.equal(points.filter(({ difficulty }) => difficulty > 0).length, 2);
});

test('the seam of the ring is no seam in time', () => {
  // Minute 28332000 is in slot 0, the one before it in slot 1439.
  const points = decodeSeries(
    minuteRing('0000000001b04fe0', { 0: sixteen, 1439: half }),
    '1m',
    28_332_000 * 60 + 59,
  );
  assert.deepEqual(
    points.slice(-2).map(({ difficulty }) => difficulty),
    [0.5, 16],
  );
});

test('read later, what is in the ring moves back in time, and out of it after a day', () => {
  const ring = minuteRing(atNow, { 1333: sixteen });
  const later = decodeSeries(ring, '1m', now + 90 * 60);
  assert.deepEqual(later.at(-1), { time: 1_699_999_980 + 90 * 60, difficulty: 0 });
  assert.deepEqual(later.at(-91), { time: 1_699_999_980, difficulty: 16 });
  const lastMinute = decodeSeries(ring, '1m', now + 1_439 * 60);
  assert.deepEqual(lastMinute[0], { time: 1_699_999_980, difficulty: 16 });
  for (const minutes of [1_440, 1_441, 2_880, 500_000]) {
    const points = decodeSeries(ring, '1m', now + minutes * 60);
    assert.equal(points.length, 1_440);
    assert.ok(points.every(({ difficulty }) => difficulty === 0));
  }
});

test('read a little earlier (a clock behind the writer), the newest buckets are left out', () => {
  const points = decodeSeries(minuteRing(atNow, { 1333: sixteen, 1332: half }), '1m', now - 60);
  assert.deepEqual(points.at(-1), { time: 1_699_999_920, difficulty: 0.5 });
  assert.equal(points[0]?.difficulty, 0);
});

test('no key, a text, a ring cut short and values that are none are read as nothing', () => {
  const nan = '0000c07f';
  const infinity = '0000807f';
  const minusOne = '000080bf';
  const bad = minuteRing(atNow, { 1333: nan, 1332: infinity, 1331: minusOne });
  const short = minuteRing(atNow, { 1333: sixteen }).subarray(0, 8 + 4 * 1333 + 3);
  for (const raw of [null, Buffer.from(''), Buffer.from('text'), bad, short]) {
    const points = decodeSeries(raw, '1m', now);
    assert.equal(points.length, 1_440);
    assert.ok(points.every(({ difficulty }) => difficulty === 0));
  }
});

test('a ring comes out of Redis byte for byte, and an absent one as nothing', async (t) => {
  const { port } = await redisFor(t);
  const connection = await connectFor(t, { port });
  const key = coinKeys('testcoin').series('1m');
  assert.equal(await connection.bytes(key), null);
  assert.deepEqual(await readSeries(connection, key, '1m', now), []);
  // 0x81 0xB0 0x15 are no UTF-8.
  await connection.command('setrange', key, 8 + 4 * 1_440 - 1, '\0');
  const script = "redis.call('SETRANGE', KEYS[1], 0, '\\0\\0\\0\\0\\1\\176\\85\\21')";
  await connection.command('eval', script, 1, key);
  const slot = "redis.call('SETRANGE', KEYS[1], 5340, '\\0\\0\\128\\65')";
  await connection.command('eval', slot, 1, key);
  assert.deepEqual(await connection.bytes(key), minuteRing(atNow, { 1333: sixteen }));
  assert.equal((await readSeries(connection, key, '1m', now)).at(-1)?.difficulty, 16);
  await connection.command('del', key);
  await connection.command('sadd', key, 'member');
  await assert.rejects(connection.bytes(key), { code: 'REDIS_WRONGTYPE' });
});
