import type { PortalFiles } from '../support/portal.ts';

export interface GroundPlace {
  readonly cliPort: number;
  readonly redisPort: number;
  readonly stratumPort: number;
  readonly forks: number;
  readonly difficulty: number;
  readonly address: string;
  readonly daemon: object;
}

/** A portal with one litecoin pool and no website, to be killed; `pool`: more of the pool's file. */
export function groundFiles(place: GroundPlace, pool: object): PortalFiles {
  return {
    config: {
      logLevel: 'debug',
      logColors: false,
      cliPort: place.cliPort,
      clustering: { enabled: true, forks: place.forks },
      redis: { host: '127.0.0.1', port: place.redisPort },
      website: { enabled: false },
    },
    pools: {
      litecoin: {
        enabled: true,
        coin: 'litecoin.json',
        address: place.address,
        blockRefreshInterval: 200,
        jobRebroadcastTimeout: 5,
        // Reconnecting in a storm of kills is no attack here.
        banning: { enabled: false },
        ports: { [place.stratumPort]: { diff: place.difficulty } },
        daemons: [place.daemon],
        p2p: { enabled: false },
        ...pool,
      },
    },
  };
}
