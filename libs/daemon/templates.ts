import type { CoinConfig } from '../config/types.ts';
import { isHex } from '../primitives/hex.ts';
import { lookUpBlock } from './blocks.ts';
import { type CallOptions, type DaemonClient, DaemonError } from './types.ts';

// One daemon's block templates (BIP 22, 23 and 9), asked for with the rules that the daemon insists on.

export interface FetchOptions {
  /** Milliseconds, default 30,000. */
  readonly timeout?: number;
  /** BIP 22's long polling: the daemon answers when its template is another one than that of this id. */
  readonly longPollId?: string;
}

export interface TemplateSource {
  /** host:port, for logs. */
  readonly name: string;
  /** A template as the daemon gave it. Rejects with DaemonError. */
  fetch(options?: FetchOptions): Promise<unknown>;
  /** The hash of the best block, lower-case hex, within `timeout` milliseconds. Rejects with DaemonError. */
  bestBlockHash(timeout?: number): Promise<string>;
  /** The height of a block that the daemon has. Rejects with DaemonError. */
  heightOf(blockHash: string): Promise<number>;
}

const capabilities = ['coinbasetxn', 'workid', 'coinbase/append'];
/** How often a daemon may name more rules in answer to one fetch. */
const mostLessons = 4;
const defaultTimeout = 30_000;

/** Rules that a daemon's error asks for are learnt and kept; daemons from before BIP 9 ignore the list. */
export function createTemplateSource(daemon: DaemonClient, coin: CoinConfig): TemplateSource {
  const { name } = daemon;
  // Without this one, daemons of the years around segwit leave witness transactions and their fees out.
  const rules = new Set(['segwit', ...(coin.rules ?? [])]);
  let hasBestBlockHash = true;

  const ask = ({ timeout = defaultTimeout, longPollId }: FetchOptions): Promise<unknown> => {
    const request = { capabilities, rules: [...rules].sort() };
    const longPoll = longPollId === undefined ? {} : { longpollid: longPollId };
    return daemon.call('getblocktemplate', [{ ...request, ...longPoll }], {
      timeout,
      slicesData: true,
    });
  };

  const fetch = async (options: FetchOptions = {}): Promise<unknown> => {
    for (let lesson = 0; ; lesson++) {
      try {
        return await ask(options);
      } catch (error) {
        const asked = error instanceof DaemonError ? rulesAskedFor(error) : [];
        const news = asked.filter((rule) => !rules.has(rule));
        if (news.length === 0 || lesson >= mostLessons) throw error;
        for (const rule of news) rules.add(rule);
      }
    }
  };

  const bestBlockHash = async (timeout = defaultTimeout): Promise<string> => {
    const hash = await askBestHash({ timeout });
    if (isHex(hash, 32)) return hash.toLowerCase();
    throw new DaemonError(
      'badReply',
      `the daemon ${name} of ${coin.displayName} gives no best block hash`,
      { daemon: name, method: 'getbestblockhash' },
    );
  };

  const askBestHash = async (options: CallOptions): Promise<unknown> => {
    if (hasBestBlockHash) {
      try {
        return await daemon.call('getbestblockhash', [], options);
      } catch (error) {
        if (!(error instanceof DaemonError) || error.rpcCode !== -32601) throw error;
        hasBestBlockHash = false;
      }
    }
    const height = await daemon.call('getblockcount', [], options);
    return daemon.call('getblockhash', [height], options);
  };

  const heightOf = async (blockHash: string): Promise<number> => {
    const facts = await lookUpBlock(daemon, blockHash);
    if (facts !== 'unknown') return facts.height;
    const text = `the daemon ${name} does not know block ${blockHash}, which it named itself`;
    throw new DaemonError('badReply', text, { daemon: name, method: 'getblock' });
  };

  return { name, fetch, bestBlockHash, heightOf };
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
