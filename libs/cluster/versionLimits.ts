import type { PoolConfig, PortalConfig } from '../config/types.ts';

// What a configuration may ask for that this version does not do. Nothing is left out in silence.

/** A sentence for each pool that must not start, since its shares would not go where its operator wants them. */
export function unsupported(pools: readonly PoolConfig[]): string[] {
  return pools
    .filter((pool) => pool.mposMode.enabled)
    .map(
      (pool) =>
        `${pool.file} asks for mposMode, which this version does not have: its pool cannot start.`,
    );
}

/** A sentence for each wish that the portal can do without. */
export function notYet(portal: PortalConfig): string[] {
  const wishes: string[] = [];
  if (portal.profitSwitch.enabled)
    wishes.push('Profit switching is not part of this version: nothing switches.');
  for (const [name, port] of Object.entries(portal.switching)) {
    if (port.enabled)
      wishes.push(`Switching ports are not part of this version: "${name}" is not opened.`);
  }
  return wishes;
}
