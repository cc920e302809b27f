import { after, before, type TestContext } from 'node:test';
import type { MposConfig } from '../../../libs/config/types.ts';
import { createLogger, type Logger } from '../../../libs/log/logger.ts';
import { systemClock } from '../../../libs/primitives/units.ts';
import { isRecord, type UnknownRecord } from '../../../libs/primitives/unknown.ts';
import { type MposDatabase, openMposDatabase } from '../../../libs/shares/mpos/database.ts';
import { type MariaServer, startMaria } from '../../../scripts/regtest/mariaServer.ts';
import { makeMposDatabase, mposConfig } from '../../support/mposTables.ts';

// A real MariaDB for the tests of one file, and a fresh MPOS database for each test.

export interface Ground {
  readonly server: MariaServer;
  readonly name: string;
  readonly config: MposConfig;
  readonly database: MposDatabase;
  readonly log: Logger;
  readonly lines: readonly string[];
  /** The rows of a statement, run as root. */
  rows(...statements: readonly string[]): Promise<readonly UnknownRecord[]>;
}

export interface GroundOptions {
  readonly tables?: readonly string[];
  readonly config?: Partial<MposConfig>;
  readonly statementMillis?: number;
}

/** Call it at the top of a test file. */
export function mariaForTests(args: readonly string[] = []): {
  ground(t: TestContext, options?: GroundOptions): Promise<Ground>;
} {
  let server: MariaServer | undefined;
  let databases = 0;
  before(async () => {
    server = await startMaria({ args });
  });
  after(() => server?.stop());

  return {
    async ground(t, options = {}) {
      if (server === undefined) throw new Error('MariaDB was not started.');
      const running = server;
      databases += 1;
      const name = `mpos${databases}`;
      await makeMposDatabase(running, name, options.tables);
      const config = mposConfig(running, name, options.config);
      const lines: string[] = [];
      const log = createLogger(
        { level: 'debug', colors: false, format: 'text' },
        { write: (line) => void lines.push(line) },
      );
      const { statementMillis } = options;
      const database = openMposDatabase({
        config,
        log,
        now: systemClock,
        ...(statementMillis === undefined
          ? {}
          : { statementMillis, connectMillis: statementMillis }),
      });
      t.after(() => database.close());
      return {
        server: running,
        name,
        config,
        database,
        log,
        lines,
        rows: async (...statements) => (await running.sql(name, ...statements)).filter(isRecord),
      };
    },
  };
}
