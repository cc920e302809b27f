import type { PoolConfig } from '../config/types.ts';
import type { StratumOptions } from '../stratum/server.ts';

export type ConnectionRules = Pick<
  StratumOptions,
  'connectionTimeout' | 'tcpProxyProtocol' | 'tcpProxyTrusted' | 'banning' | 'limits'
>;

/** How a pool treats connections: on its own ports, and on the switching ports that have its rules. */
export function connectionRules(config: PoolConfig): ConnectionRules {
  const { connectionTimeout, tcpProxyProtocol, tcpProxyTrusted, banning, limits } = config;
  return { connectionTimeout, tcpProxyProtocol, tcpProxyTrusted, banning, limits };
}
