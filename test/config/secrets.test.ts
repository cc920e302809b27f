import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOf } from '../../libs/config/secrets.ts';
import { configFolder, daemon, load, pool } from './configFolder.ts';

test('every configured password, hash and basic-auth header is a secret, once, and nothing else is', (t) => {
  const dir = configFolder(t, {
    'config.json': {
      redis: { password: 'canary-portal-redis' },
      website: {
        enabled: true,
        adminCenter: { enabled: true, password: 'canary-admin', passwordHash: 'canary-hash' },
      },
    },
    'pool_configs/a.json': pool({
      daemons: [daemon, { ...daemon, password: 'canary-second' }],
      paymentProcessing: {
        enabled: true,
        minimumPayment: 1,
        daemon: { ...daemon, user: 'wallet', password: 'canary-wallet' },
      },
      mposMode: { enabled: false, password: 'canary-mpos' },
    }),
    'pool_configs/b.json': pool({
      coin: 'dogecoin.json',
      ports: {},
      daemons: [{ port: 1, cookieFile: '/x/.cookie' }],
      redis: { password: 'canary-pool-redis' },
    }),
  });
  const { portal, pools, errors } = load(dir);
  assert.deepEqual(errors, []);
  assert.ok(portal !== undefined);
  assert.deepEqual(
    [...secretsOf(portal, pools)].sort(),
    [
      'canary-admin',
      'canary-daemon',
      'canary-hash',
      'canary-mpos',
      'canary-pool-redis',
      'canary-portal-redis',
      'canary-second',
      'canary-wallet',
      // printf 'rpc:canary-daemon' | base64, and so on
      'cnBjOmNhbmFyeS1kYWVtb24=',
      'cnBjOmNhbmFyeS1zZWNvbmQ=',
      'd2FsbGV0OmNhbmFyeS13YWxsZXQ=',
    ].sort(),
  );
});

test('without passwords there are no secrets', (t) => {
  const { portal } = load(configFolder(t, { 'config.json': {}, 'pool_configs/a': '' }));
  assert.ok(portal !== undefined);
  assert.deepEqual(secretsOf(portal, []), []);
});
