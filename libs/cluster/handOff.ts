import type { PoolConfig, PortalConfig } from '../config/types.ts';
import { isRecord, own } from '../primitives/unknown.ts';

// The configuration that the master hands to a child. It was read and checked by the master, which is the only
// sender on this channel, so its shape is taken as it is here and nowhere else.

export interface HandOff {
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
  /** Absolute path of data/: spools, journals. */
  readonly dataDir: string;
}

export function handOffFrom(config: unknown): HandOff | undefined {
  if (!isRecord(config) || typeof own(config, 'dataDir') !== 'string') return undefined;
  if (!isRecord(own(config, 'portal')) || !Array.isArray(own(config, 'pools'))) return undefined;
  return config as unknown as HandOff;
}

export function poolConfigFrom(pool: unknown): PoolConfig | undefined {
  return isRecord(pool) && isRecord(own(pool, 'coin'))
    ? (pool as unknown as PoolConfig)
    : undefined;
}
