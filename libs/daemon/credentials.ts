import { readFile } from 'node:fs/promises';
import type { DaemonConfig } from '../config/types.ts';

// The Authorization header of a daemon: a fixed user and password, or the cookie that it writes anew at each start.

export interface Credentials {
  /** The header's value. Rejects when the cookie file cannot be read. */
  header(): Promise<string>;
  /** The daemon refused this header. True if there is another one now, worth a try. */
  renew(refused: string): Promise<boolean>;
}

export function credentialsOf(config: DaemonConfig): Credentials {
  const { cookieFile } = config;
  if (cookieFile === undefined) {
    const fixed = basic(`${config.user}:${config.password}`);
    return { header: async () => fixed, renew: async () => false };
  }
  let known: string | undefined;
  const read = async (): Promise<string> => basic((await readFile(cookieFile, 'utf8')).trim());
  return {
    header: async () => {
      known ??= await read();
      return known;
    },
    renew: async (refused) => {
      known = await read();
      return known !== refused;
    },
  };
}

/** RFC 7617, with the UTF-8 that bitcoind compares byte by byte. */
function basic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword, 'utf8').toString('base64')}`;
}
