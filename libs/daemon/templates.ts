import type { CoinConfig } from '../config/types.ts';
import { isHex } from '../primitives/hex.ts';
import { DaemonError, type DaemonGroup } from './types.ts';

// Block templates (BIP 22, 23 and 9), asked for with the rules that the daemon insists on.

export interface TemplateSource {
  /** A template as the daemon gave it. Rejects with DaemonError, or with the signal's reason. */
  fetch(signal?: AbortSignal): Promise<unknown>;
  /** The hash of the best block, lower-case hex. Rejects with DaemonError. */
  bestBlockHash(): Promise<string>;
}

const capabilities = ['coinbasetxn', 'workid', 'coinbase/append'];
/** How often a daemon may name more rules in answer to one fetch. */
const mostLessons = 4;

/** Rules that a daemon's error asks for are learnt and kept; daemons from before BIP 9 ignore the list. */
export function createTemplateSource(group: DaemonGroup, coin: CoinConfig): TemplateSource {
  // Without this one, daemons of the years around segwit leave witness transactions and their fees out.
  const rules = new Set(['segwit']);
  let hasBestBlockHash = true;

  const ask = (): Promise<unknown> =>
    group.call('getblocktemplate', [{ capabilities, rules: [...rules].sort() }]);

  const fetch = async (signal?: AbortSignal): Promise<unknown> => {
    for (let lesson = 0; ; lesson++) {
      signal?.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        const asked = error instanceof DaemonError ? rulesAskedFor(error) : [];
        const news = asked.filter((rule) => !rules.has(rule));
        if (news.length === 0 || lesson >= mostLessons) throw error;
        for (const rule of news) rules.add(rule);
      }
    }
  };

  const bestBlockHash = async (): Promise<string> => {
    const hash = await askBestHash();
    if (isHex(hash, 32)) return hash.toLowerCase();
    throw new DaemonError(
      'badReply',
      `the daemon of ${coin.displayName} gives no best block hash`,
      {
        daemon: group.clients.map(({ name }) => name).join(', '),
        method: 'getbestblockhash',
      },
    );
  };

  const askBestHash = async (): Promise<unknown> => {
    if (hasBestBlockHash) {
      try {
        return await group.call('getbestblockhash');
      } catch (error) {
        if (!(error instanceof DaemonError) || error.rpcCode !== -32601) throw error;
        hasBestBlockHash = false;
      }
    }
    return group.call('getblockhash', [await group.call('getblockcount')]);
  };

  return { fetch, bestBlockHash };
}

/**
 * The rules named in a getblocktemplate error: "must be called with the segwit & mweb rule sets", "(call with
 * {"rules": ["segwit"]})", "Support for 'segwit' rule requires explicit client support".
 */
export function rulesAskedFor(error: DaemonError): string[] {
  if (error.kind !== 'rpc' || !/\brules?\b/.test(error.message)) return [];
  const texts = [
    /"rules"\s*:\s*\[([^\]]*)\]/.exec(error.message)?.[1],
    /called with the (.{1,200}?) rule ?sets?/.exec(error.message)?.[1]?.replace(/\band\b/g, '&'),
    /[Ss]upport for '([^']{1,40})' rule/.exec(error.message)?.[1],
  ];
  const words = texts.flatMap((text) => text?.split(/[\s,&]+/) ?? []);
  const names = words.map((word) => word.replace(/^["'!]+|["']+$/g, ''));
  return [...new Set(names.filter((name) => /^[a-z0-9_-]{1,32}$/i.test(name)))];
}
