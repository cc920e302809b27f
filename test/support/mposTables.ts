import type { MposConfig } from '../../libs/config/types.ts';
import type { MariaServer } from '../../scripts/regtest/mariaServer.ts';

// MPOS's tables, as far as a pool touches them, with MPOS's column types.

export const mposTables = {
  accounts: `CREATE TABLE accounts (
    id int(255) NOT NULL AUTO_INCREMENT,
    username varchar(40) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY username (username)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8`,
  pool_worker: `CREATE TABLE pool_worker (
    id int(255) NOT NULL AUTO_INCREMENT,
    account_id int(255) NOT NULL,
    username char(50) DEFAULT NULL,
    password char(255) DEFAULT NULL,
    difficulty float NOT NULL DEFAULT 0,
    monitor tinyint(1) NOT NULL DEFAULT 0,
    PRIMARY KEY (id),
    UNIQUE KEY username (username),
    KEY account_id (account_id)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8`,
  shares: `CREATE TABLE shares (
    id bigint(30) NOT NULL AUTO_INCREMENT,
    rem_host varchar(255) NOT NULL,
    username varchar(120) NOT NULL,
    our_result enum('Y','N') NOT NULL,
    upstream_result enum('Y','N') DEFAULT NULL,
    reason varchar(50) DEFAULT NULL,
    solution varchar(257) NOT NULL,
    difficulty float NOT NULL DEFAULT 0,
    time timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (id),
    KEY time (time),
    KEY upstream_result (upstream_result),
    KEY our_result (our_result),
    KEY username (username)
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8`,
} as const;

export const poolUser = { user: 'pool', password: 'canary-db-password' } as const;

/** A fresh database with MPOS's tables and a user who may use them. */
export async function makeMposDatabase(
  server: MariaServer,
  database: string,
  tables: readonly string[] = Object.values(mposTables),
): Promise<void> {
  await server.sql('', `CREATE DATABASE ${database} CHARACTER SET utf8`);
  await server.sql(
    database,
    ...tables,
    `CREATE USER IF NOT EXISTS '${poolUser.user}'@'%' IDENTIFIED BY '${poolUser.password}'`,
    `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON ${database}.* TO '${poolUser.user}'@'%'`,
  );
}

export function mposConfig(
  server: MariaServer,
  database: string,
  change: Partial<MposConfig> = {},
): MposConfig {
  return {
    enabled: true,
    host: '127.0.0.1',
    port: server.port,
    ...poolUser,
    database,
    checkPassword: false,
    autoCreateWorker: false,
    ...change,
  };
}
