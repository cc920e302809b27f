import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlyMiningKeys } from '../../libs/cluster/switchPorts.ts';
import { difficulty } from '../../libs/primitives/units.ts';
import type { Submit } from '../../libs/stratum/types.ts';
import { FakePool } from '../stratum/support/fakePool.ts';

const key = '5a1e7f00c0ffee5a1e7f00c0ffee5a1e7f00c0ff';

test('only names that begin with 40 hex digits reach the pool; everybody else is told what a mining key is', async () => {
  const pool = new FakePool();
  const behind = onlyMiningKeys(pool, 'multi');
  const login = (worker: string) =>
    behind.authorize({ worker, password: 'x', ip: '192.0.2.1', port: 3030 });
  for (const worker of [key, key.toUpperCase(), `${key}.rig`, `${key}_rig.2`]) {
    assert.deepEqual(await login(worker), { ok: true });
  }
  assert.equal(pool.logins.length, 4);
  const wrong = ['LZz44iyF4zLCXJTU8RxztyyJZBntdS6fvv', key.slice(2), `${key}00`, `${key} rig`];
  for (const worker of [...wrong, `0x${key.slice(2)}`, '', '.rig']) {
    const answer = await login(worker);
    assert.ok(!answer.ok, worker);
    assert.match(answer.reason, /switch multi.*mining key, the 40 hex digits.*\/key\.html/);
  }
  assert.equal(pool.logins.length, 4);
});

test("work and shares are the pool's own", () => {
  const pool = new FakePool();
  const behind = onlyMiningKeys(pool, 'multi');
  assert.equal(behind.currentJob(), pool.job);
  const submit: Submit = {
    ...{ worker: key, ip: '192.0.2.1', port: 3030, jobId: '1', extranonce1: Buffer.alloc(4) },
    ...{ extranonce2Size: 4, extranonce2: '00000000', ntime: '00000000', nonce: '00000000' },
    ...{ versionBits: undefined, versionMask: 0, solo: false },
    ...{ jobDifficulty: difficulty(1), currentDifficulty: difficulty(1) },
  };
  let answered: unknown;
  behind.submit(submit, (answer) => {
    answered = answer;
  });
  assert.deepEqual(answered, { ok: true });
  assert.deepEqual(pool.submits, [submit]);
});
