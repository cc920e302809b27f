import type { PoolConfig } from './types.ts';

/**
 * Why this pool can never be behind a switching port, whose miners log in with a mining key; completes "The pool …".
 * Undefined if nothing speaks against it. (On a chain whose forms the coin file leaves out, the daemon's word is the last.)
 */
export function noMiningKeys({
  coin,
  mposMode,
  ports,
  auxiliaryOf,
}: Pick<PoolConfig, 'coin' | 'mposMode'> & Partial<Pick<PoolConfig, 'ports' | 'auxiliaryOf'>>):
  | string
  | undefined {
  if (ports?.length === 0 && auxiliaryOf !== undefined) {
    return `is mined beside ${auxiliaryOf.join(' and ')} only`;
  }
  if (mposMode.enabled) {
    return 'is in mposMode, which pays users of MPOS and no mining keys';
  }
  if (Object.keys(coin.networks).length === 0) {
    return `cannot make addresses of mining keys: coins/${coin.file} has no "addresses"`;
  }
  return undefined;
}
