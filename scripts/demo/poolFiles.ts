// The portal's configuration for the demonstration: what an operator writes, with short times.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LitecoinPair } from '../regtest/litecoin.ts';

export const coin = 'litecoin';
export const feePercent = 1;
export const paymentInterval = 5;
export const forks = 2;

/**
 * On regtest a hash of 2^255 or below is a block: in scrypt's difficulty 3.05e-5, and every hash is worth 1.53e-5 or
 * more. In between, three hashes of four are shares, and two of these three are blocks.
 */
export const difficulty = 2e-5;

export interface PoolFilesOptions {
  readonly pair: LitecoinPair;
  readonly redisPort: number;
  readonly stratumPort: number;
  readonly cliPort: number;
  readonly websitePort: number;
  /** Of the admin centre. */
  readonly adminPassword: string;
  /** Of node A's wallet. */
  readonly poolAddress: string;
  readonly feeAddress: string;
}

export function writePoolFiles(dir: string, options: PoolFilesOptions): void {
  const daemon = ({ rpcPort, user, password }: LitecoinPair['a']) => ({
    host: '127.0.0.1',
    port: rpcPort,
    user,
    password,
  });
  const { a, b } = options.pair;
  write(join(dir, 'config.json'), {
    logLevel: 'debug',
    logColors: false,
    cliPort: options.cliPort,
    clustering: { enabled: true, forks },
    website: {
      enabled: true,
      host: '127.0.0.1',
      port: options.websitePort,
      stratumHost: '127.0.0.1',
      adminCenter: { enabled: true, password: options.adminPassword },
      stats: { updateInterval: 3, historicalRetention: 43_200, hashrateWindow: 60 },
    },
    redis: { host: '127.0.0.1', port: options.redisPort },
  });
  mkdirSync(join(dir, 'pool_configs'), { recursive: true });
  write(join(dir, 'pool_configs', `${coin}.json`), {
    enabled: true,
    coin: `${coin}.json`,
    address: options.poolAddress,
    rewardRecipients: { [options.feeAddress]: feePercent },
    paymentProcessing: {
      enabled: true,
      paymentInterval,
      minimumPayment: 0.1,
      daemon: daemon(a),
    },
    ports: { [options.stratumPort]: { diff: difficulty } },
    daemons: [daemon(a), daemon(b)],
    banning: {
      enabled: true,
      time: 600,
      invalidPercent: 50,
      checkThreshold: 500,
      purgeInterval: 300,
    },
  });
}

function write(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
