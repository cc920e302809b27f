import type { TestContext } from 'node:test';

const stacks = new WeakMap<TestContext, (() => unknown)[]>();

/**
 * Like t.after, but last in, first out: what stands on something else goes first. (A litecoind that is stopped while
 * the portal keeps a connection to it open takes half a minute to end.)
 */
export function cleanUp(t: TestContext, step: () => unknown): void {
  const known = stacks.get(t);
  if (known !== undefined) {
    known.push(step);
    return;
  }
  const steps = [step];
  stacks.set(t, steps);
  t.after(async () => {
    for (const last of steps.reverse()) await last();
  });
}
