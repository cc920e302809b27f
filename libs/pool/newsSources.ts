import type { CoinConfig, PoolConfig } from '../config/types.ts';
import { LongPoll } from '../daemon/longPoll.ts';
import { Peer } from '../daemon/peer.ts';
import type { ChainNetwork, DaemonFacts } from '../daemon/types.ts';
import { ZmqSubscriber } from '../daemon/zmq.ts';
import type { Logger } from '../log/logger.ts';
import { isHex, parseHex } from '../primitives/hex.ts';
import type { Clock } from '../primitives/units.ts';
import { isRecord, own } from '../primitives/unknown.ts';
import type { JobRefresher } from './jobRefresher.ts';

// The sources of block news that a pool opens itself: p2p, ZMQ, long polling. All of them only feed the refresher.

export interface NewsSourcesOptions {
  readonly config: PoolConfig;
  readonly facts: DaemonFacts;
  readonly refresher: JobRefresher;
  /**
   * A daemon gives each open call a thread of its own, and has four of them by default: one fork asks for all, and
   * `onLongPoll` tells the others of the block.
   */
  readonly hasLongPoll: boolean;
  onLongPoll(blockHash: string): void;
  readonly log: Logger;
  readonly now: Clock;
}

export interface NewsSources {
  close(): void;
}

/** Opens those that the pool's configuration names. */
export function openNewsSources(options: NewsSourcesOptions): NewsSources {
  const peer = openPeer(options);
  const zmq = openZmq(options);
  const longPoll = openLongPoll(options);
  return {
    close() {
      peer?.close();
      zmq?.close();
      longPoll?.stop();
    },
  };
}

function openPeer({ config, facts, refresher, log, now }: NewsSourcesOptions): Peer | undefined {
  const { p2p, coin } = config;
  if (!p2p.enabled) return undefined;
  const magic = parseHex(peerMagic(coin, facts.network), 4);
  if (magic === undefined) {
    log.warning(
      `coins/${coin.file} has no peer magic for the ${facts.network} chain: no block news by p2p, the other sources of news go on.`,
    );
    return undefined;
  }
  const peer = new Peer({
    host: p2p.host,
    port: p2p.port,
    magic,
    protocolVersion: facts.protocolVersion,
    relayTransactions: !p2p.disableTransactions,
    log,
    now,
    onBlock: (blockHash) => refresher.heardOf(blockHash),
    onUp: () => refresher.mayHaveMissed(),
  });
  peer.connect();
  return peer;
}

function peerMagic(coin: CoinConfig, network: ChainNetwork): string | undefined {
  switch (network) {
    case 'main':
      return coin.peerMagic;
    case 'test':
      return coin.peerMagicTestnet;
    case 'regtest':
      return coin.peerMagicRegtest;
    case 'signet':
      return undefined;
  }
}

function openZmq({ config, refresher, log, now }: NewsSourcesOptions): ZmqSubscriber | undefined {
  const { enabled, host, port } = config.zmq;
  if (!enabled) return undefined;
  const zmq = new ZmqSubscriber({
    host,
    port,
    log,
    now,
    onBlock: (blockHash) => refresher.heardOf(blockHash),
    onUp: () => refresher.mayHaveMissed(),
  });
  zmq.connect();
  return zmq;
}

function openLongPoll(options: NewsSourcesOptions): LongPoll | undefined {
  const { config, refresher, hasLongPoll, log, now } = options;
  if (!hasLongPoll) return undefined;
  let last: string | undefined;
  const longPoll = new LongPoll({
    daemons: config.daemons,
    coin: config.coin,
    log,
    now,
    pick: () => refresher.followed,
    onTemplate: (index, reply) => {
      refresher.offer(index, reply);
      const blockHash = isRecord(reply) ? own(reply, 'previousblockhash') : undefined;
      if (!isHex(blockHash, 32) || blockHash === last) return;
      last = blockHash;
      options.onLongPoll(blockHash.toLowerCase());
    },
  });
  longPoll.start();
  return longPoll;
}
