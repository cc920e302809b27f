import type { DaemonConfig, PoolConfig, PortalConfig } from './types.ts';

/** Every configured text that must not be seen in a log, each once: passwords, hashes, and basic-auth headers. */
export function secretsOf(portal: PortalConfig, pools: readonly PoolConfig[]): string[] {
  const { password, passwordHash } = portal.website.adminCenter;
  const all = [
    password,
    passwordHash,
    portal.redis.password,
    ...pools.flatMap((pool) => [
      pool.redis.password,
      pool.mposMode.password,
      ...[...pool.daemons, pool.paymentProcessing.daemon].flatMap(daemonSecrets),
    ]),
  ];
  const filled = all.flatMap((secret) => (secret === undefined || secret === '' ? [] : [secret]));
  return [...new Set(filled)];
}

function daemonSecrets({ user, password }: DaemonConfig): string[] {
  if (password === '') return [];
  return [password, Buffer.from(`${user}:${password}`).toString('base64')];
}
