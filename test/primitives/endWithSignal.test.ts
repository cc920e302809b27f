import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWithSignal } from '../../libs/primitives/endWithSignal.ts';

const late = () => new Error('late');
const never = new Promise<string>(() => undefined);

test('without a signal the work has all the time it needs, and its outcome is handed on', async () => {
  const { signal } = new AbortController();
  assert.equal(await endWithSignal(Promise.resolve('done'), signal, 0, late), 'done');
  const refused = Promise.reject(new Error('refused'));
  await assert.rejects(endWithSignal(refused, signal, 0, late), { message: 'refused' });
});

test('work that ends within its grace after the signal is done', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stop = new AbortController();
  let finish = (_result: string): void => undefined;
  const running = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const ended = endWithSignal(running, stop.signal, 1_000, late);
  stop.abort();
  t.mock.timers.tick(999);
  finish('done');
  assert.equal(await ended, 'done');
});

test('work that does not is given up, also when the signal came before it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stop = new AbortController();
  const before = endWithSignal(never, stop.signal, 1_000, late);
  stop.abort();
  const after = endWithSignal(never, stop.signal, 1_000, late);
  t.mock.timers.tick(1_000);
  await assert.rejects(before, { message: 'late' });
  await assert.rejects(after, { message: 'late' });
});
