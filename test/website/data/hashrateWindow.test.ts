import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashrateWindow } from '../../../libs/website/data/hashrateWindow.ts';

interface Share {
  readonly second: number;
  readonly member: string;
}

const share = (second: number, worker: string, difficulty: number, ms = 0): Share => ({
  second,
  member: `${difficulty}:${worker}:${second * 1000 + ms}`,
});

/** One look at a set of shares, as Redis would answer. */
function look(window: HashrateWindow, shares: readonly Share[], now: number, all = false): number {
  let read = 0;
  for (const span of window.missing(now, all)) {
    const found = shares.filter(({ second }) => second >= span.start && second < span.end);
    read += found.length;
    window.put(span, Buffer.from(found.map(({ member }) => member).join('\n')));
  }
  return read;
}

const sumsOf = (window: HashrateWindow, now: number) =>
  Object.fromEntries([...window.sums(now)].map(([name, sums]) => [name, { ...sums }]));

test('a worker has the sum of the window, to the second; negative difficulty is invalid', () => {
  const window = new HashrateWindow(300);
  const now = 1_795_521_600;
  const shares = [
    share(now - 301, 'a', 1_000),
    share(now - 300, 'a', 1),
    share(now - 150, 'a', 2.5, 999),
    share(now, 'a', 4),
    share(now - 10, 'b.rig_1', 1e-7),
    share(now - 10, 'b.rig_1', -8),
  ];
  look(window, shares, now);
  assert.deepEqual(sumsOf(window, now), {
    a: { shares: 7.5, invalidShares: 0 },
    'b.rig_1': { shares: 1e-7, invalidShares: 8 },
  });
  assert.deepEqual(sumsOf(window, now + 1)['a'], { shares: 6.5, invalidShares: 0 });
  assert.deepEqual(sumsOf(window, now + 301), {});
});

test('a later look reads the newest seconds only, and sees what was written late within five', () => {
  const window = new HashrateWindow(300);
  const start = 1_795_521_600;
  const shares = Array.from({ length: 300 }, (_, i) => share(start - 299 + i, `w${i % 7}`, 1));
  assert.equal(look(window, shares, start), 300);
  const late = share(start - 4, 'late', 5);
  for (let i = 1; i <= 60; i++) shares.push(share(start + i, `w${i % 7}`, 1));
  const read = look(window, [...shares, late], start + 60);
  assert.ok(read >= 61 && read <= 61 + 12, `${read} were read`);
  const sums = window.sums(start + 60);
  assert.equal(sums.get('late')?.shares, 5);
  const total = [...sums.values()].reduce((sum, worker) => sum + worker.shares, 0);
  // One share a second, both ends of the window included, and the late one.
  assert.equal(total, 301 + 5);
  // Old shares that were applied after an outage are seen when everything is read again.
  const old = share(start - 100, 'old', 9);
  look(window, [...shares, late, old], start + 60, true);
  assert.equal(window.sums(start + 60).get('old')?.shares, 9);
});

test('reading the same seconds again counts nothing twice', () => {
  const window = new HashrateWindow(60);
  const now = 1_795_521_600;
  const shares = [share(now - 1, 'a', 3), share(now, 'a', 4)];
  for (let i = 0; i < 5; i++) look(window, shares, now);
  assert.equal(window.sums(now).get('a')?.shares, 7);
});

test('names of any bytes are kept apart; lines that are no shares are passed over', () => {
  const window = new HashrateWindow(60);
  const now = 1_795_521_600;
  const names = ['__proto__', 'constructor', 'ä.ö', 'a', 'aa', 'aaaa', 'aaaaa', 'x:y', ''];
  const lines = [
    ...names.map((name, i) => `${i + 1}:${name}:${now}000`),
    ...['', ':', '::', 'x:a:1', `1:a:x`, '64', `1e400:a:${now}000`],
  ];
  window.put({ start: now, end: now + 1 }, Buffer.from(lines.join('\n')));
  const sums = window.sums(now);
  const found = [...sums].map(([name, { shares }]) => [name, shares]);
  assert.deepEqual(
    found,
    names.flatMap((name, i) => (name === '' ? [] : [[name, i + 1]])),
  );
});

test('names that nobody uses any more are forgotten, the others stay what they are', () => {
  const window = new HashrateWindow(10);
  let now = 1_795_521_600;
  for (let round = 0; round < 30; round++, now += 20) {
    const shares = Array.from({ length: 1_000 }, (_, i) => share(now, `w${round}.${i}`, i + 1));
    look(window, [...shares, share(now, 'always', 7)], now);
    const sums = window.sums(now);
    assert.equal(sums.size, 1_001);
    assert.equal(sums.get('always')?.shares, 7);
    assert.equal(sums.get(`w${round}.999`)?.shares, 1_000);
  }
});

test('ten thousand workers: what a look costs follows what is new, not what is held', () => {
  const window = new HashrateWindow(300);
  const now = 1_795_521_600;
  const perSecond = 400;
  const bytesOf = (start: number, end: number): Buffer => {
    const lines: string[] = [];
    for (let second = start; second < end; second++) {
      for (let i = 0; i < perSecond; i++) {
        const worker = (second * perSecond + i) % 10_000;
        lines.push(`64:LTpYZG19YmfvY2bBDYtCKpunVRw7nVgRHW.rig${worker}:${second}${100 + i}`);
      }
    }
    return Buffer.from(lines.join('\n'));
  };
  const cpu = (at: number): number => {
    const slices = window.missing(at).map((span) => ({
      span,
      bytes: bytesOf(span.start, Math.min(span.end, at + 1)),
    }));
    const began = process.cpuUsage();
    for (const { span, bytes } of slices) window.put(span, bytes);
    const { user, system } = process.cpuUsage(began);
    assert.equal(window.sums(at).size, 10_000);
    return user + system;
  };
  cpu(now);
  const first = cpu(now + 1_000);
  // The least of some looks: other programs run on this machine.
  const later = Math.min(...[1, 2, 3, 4, 5].map((i) => cpu(now + 1_000 + 10 * i)));
  // 10 to 18 seconds are new where all 300 were.
  assert.ok(later < first / 5, `${later} µs for a later look, ${first} µs for the whole window`);
});
