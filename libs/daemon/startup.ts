import { setTimeout as sleep } from 'node:timers/promises';
import type { CoinConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { messageOf } from '../primitives/errors.ts';
import { systemClock } from '../primitives/units.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import {
  type ChainNetwork,
  type DaemonClient,
  DaemonError,
  type DaemonFacts,
  type DaemonGroup,
} from './types.ts';

// From nothing to a daemon that can give work: wait until one answers, learn what it is, wait until it is in sync.

/** Milliseconds from the first look to the second; later ones are further apart. */
const secondLook = 1_000;
const longestWait = 30_000;
const longestSyncWait = 5_000;
const probeTimeout = 10_000;
const sayEvery = 60_000;

const methodNotFound = -32601;
const warmingUp = -28;
const inInitialSync = -10;
const notConnected = -9;

/**
 * Resolves when one daemon of the group answers, however long that takes; says once a minute what is wrong with
 * each. Rejects only with the signal's abort.
 */
export async function waitForDaemon(
  group: DaemonGroup,
  log: Logger,
  signal: AbortSignal,
  firstWait = secondLook,
): Promise<void> {
  const said = new OncePer(sayEvery, systemClock);
  for (let wait = firstWait; ; wait = Math.min(wait * 2, longestWait)) {
    signal.throwIfAborted();
    const first = await firstToAnswer(group.clients, log);
    signal.throwIfAborted();
    if (first.answers) {
      if (said.clear('down')) log.special(`Daemon ${first.name} answers now.`);
      return;
    }
    if (said.allows('down')) {
      log.error(
        `No daemon answers, so this pool waits and starts by itself when one does: ${first.problems.join('; ')}.`,
      );
    }
    await sleep(wait, undefined, { signal });
  }
}

type FirstAnswer =
  | { readonly answers: true; readonly name: string }
  | { readonly answers: false; readonly problems: readonly string[] };

/** Asks all at once; one that hangs delays nobody. The faults of those that come later are said, not waited for. */
async function firstToAnswer(clients: readonly DaemonClient[], log: Logger): Promise<FirstAnswer> {
  let winner: string | undefined;
  const probes = clients.map(async (client) => {
    try {
      await client.call('getblockcount', [], { timeout: probeTimeout });
    } catch (error) {
      if (!isUp(error)) {
        if (winner !== undefined) log.warning(`${winner} is used, since ${messageOf(error)}.`);
        throw error;
      }
    }
    winner ??= client.name;
    return client.name;
  });
  try {
    return { answers: true, name: await Promise.any(probes) };
  } catch (error) {
    const problems: unknown[] = error instanceof AggregateError ? error.errors : [error];
    return { answers: false, problems: problems.map(messageOf) };
  }
}

/** Any answer of the daemon itself will do, but not that it is still warming up. */
function isUp(error: unknown): boolean {
  return error instanceof DaemonError && error.kind === 'rpc' && error.rpcCode !== warmingUp;
}

/**
 * Network, reward type, protocol version and way of submitting blocks, by getblockchaininfo and getnetworkinfo or,
 * with older daemons, getinfo and getmininginfo. Rejects with DaemonError.
 */
export async function detectDaemon(group: DaemonGroup, coin: CoinConfig): Promise<DaemonFacts> {
  const [chain, difficulty, hasSubmitBlock] = await Promise.all([
    chainFacts(group, coin),
    group.call('getdifficulty'),
    hasMethod(group, 'submitblock'),
  ]);
  // Coins with staking tell two difficulties where the others tell a number.
  const isStaking = isRecord(difficulty) && Object.hasOwn(difficulty, 'proof-of-stake');
  return { ...chain, reward: isStaking ? 'POS' : 'POW', hasSubmitBlock };
}

type ChainFacts = Pick<DaemonFacts, 'network' | 'protocolVersion'>;

async function chainFacts(group: DaemonGroup, coin: CoinConfig): Promise<ChainFacts> {
  // A coin file is older than its daemon at times: what it says decides only which way is tried first.
  const ways = coin.hasGetInfo ? [oldFacts, newFacts] : [newFacts, oldFacts];
  for (const way of ways) {
    const facts = await way(group);
    if (facts !== undefined) return facts;
  }
  throw badReply(
    'getblockchaininfo',
    `the daemon of ${coin.displayName} knows neither getblockchaininfo and getnetworkinfo nor getinfo`,
  );
}

async function newFacts(group: DaemonGroup): Promise<ChainFacts | undefined> {
  const [chain, network] = await Promise.all([
    askIfKnown(group, 'getblockchaininfo'),
    askIfKnown(group, 'getnetworkinfo'),
  ]);
  if (chain === undefined || network === undefined) return undefined;
  return {
    network: networkNamed(own(chain, 'chain')),
    protocolVersion: versionOf(network, 'getnetworkinfo'),
  };
}

async function oldFacts(group: DaemonGroup): Promise<ChainFacts | undefined> {
  const [info, mining] = await Promise.all([
    askIfKnown(group, 'getinfo'),
    askIfKnown(group, 'getmininginfo'),
  ]);
  if (info === undefined) return undefined;
  const isTest = own(info, 'testnet') === true || own(mining ?? {}, 'testnet') === true;
  return {
    network: isTest ? 'test' : networkNamed(own(mining ?? {}, 'chain')),
    protocolVersion: versionOf(info, 'getinfo'),
  };
}

/** Names that are not known are some coin's own for its main chain. */
function networkNamed(chain: unknown): ChainNetwork {
  if (chain === 'regtest' || chain === 'signet') return chain;
  return typeof chain === 'string' && chain.startsWith('test') ? 'test' : 'main';
}

function versionOf(reply: UnknownRecord, method: string): number {
  const version = own(reply, 'protocolversion');
  if (typeof version === 'number' && Number.isInteger(version)) return version;
  throw badReply(method, 'it tells no "protocolversion"');
}

/** The reply to a call without parameters; undefined if the daemon has no such method. */
async function askIfKnown(group: DaemonGroup, method: string): Promise<UnknownRecord | undefined> {
  try {
    const reply = await group.call(method);
    if (isRecord(reply)) return reply;
  } catch (error) {
    if (error instanceof DaemonError && error.rpcCode === methodNotFound) return undefined;
    throw error;
  }
  throw badReply(method, 'it is no object');
}

/** A call without its parameters does nothing: either it is unknown, or something else is wrong. */
async function hasMethod(group: DaemonGroup, method: string): Promise<boolean> {
  try {
    await group.call(method, []);
    return true;
  } catch (error) {
    if (!(error instanceof DaemonError) || error.kind !== 'rpc') throw error;
    if (error.rpcCode === warmingUp) throw error;
    return error.rpcCode !== methodNotFound;
  }
}

/**
 * Resolves when the daemon gives block templates: it is in sync and has peers. Says how far it is once a minute, and
 * at each percent. Rejects only with the signal's abort.
 */
export async function waitForSync(
  group: DaemonGroup,
  log: Logger,
  signal: AbortSignal,
  firstWait = secondLook,
): Promise<void> {
  const said = new OncePer(sayEvery, systemClock);
  let saidPercent = 0;
  for (let wait = firstWait; ; wait = Math.min(wait * 2, longestSyncWait)) {
    signal.throwIfAborted();
    const state = await syncState(group);
    signal.throwIfAborted();
    if (state === 'synced') {
      if (said.clear('sync')) log.special('The daemon is in sync and gives work now.');
      return;
    }
    const percent = state.percent ?? saidPercent;
    if (Math.abs(percent - saidPercent) >= 1) said.clear('sync');
    if (said.allows('sync')) {
      saidPercent = percent;
      log.warning(`${state.sentence} The pool waits and starts by itself.`);
    }
    await sleep(wait, undefined, { signal });
  }
}

interface NotSynced {
  readonly sentence: string;
  /** Blocks of all headers, 0–100, where the daemon tells them. */
  readonly percent?: number;
}

async function syncState(group: DaemonGroup): Promise<'synced' | NotSynced> {
  try {
    const chain = await askIfKnown(group, 'getblockchaininfo');
    // On a regtest chain this flag stays up while the tip is old, which no waiting mends: a template decides there.
    const isLoading = chain !== undefined && own(chain, 'initialblockdownload') === true;
    if (isLoading && own(chain, 'chain') !== 'regtest') return progressOf(chain);
    return (await templateObstacle(group, chain)) ?? 'synced';
  } catch (error) {
    return { sentence: `The daemon cannot say whether it is in sync: ${messageOf(error)}.` };
  }
}

/** Peers come first in a daemon's order of checks, then the sync, then the rules: what fails later is past both. */
async function templateObstacle(
  group: DaemonGroup,
  chain: UnknownRecord | undefined,
): Promise<NotSynced | undefined> {
  try {
    await group.call('getblocktemplate', [{ rules: ['segwit'] }]);
    return undefined;
  } catch (error) {
    if (!(error instanceof DaemonError) || error.kind !== 'rpc') throw error;
    switch (error.rpcCode) {
      case warmingUp:
        throw error;
      case notConnected:
        return {
          sentence: `The daemon has no peers, and gives no work without: ${error.message}.`,
        };
      case inInitialSync:
        return chain === undefined ? oldProgress(group) : progressOf(chain);
      default:
        return undefined;
    }
  }
}

function progressOf(chain: UnknownRecord): NotSynced {
  return progress(own(chain, 'blocks'), own(chain, 'headers'));
}

/** Daemons that tell no headers: the highest block that a peer had when it connected stands for them. */
async function oldProgress(group: DaemonGroup): Promise<NotSynced> {
  const [blocks, peers] = await Promise.all([
    group.call('getblockcount'),
    group.call('getpeerinfo'),
  ]);
  const heights = (Array.isArray(peers) ? peers : []).map((peer: unknown) =>
    isRecord(peer) ? own(peer, 'startingheight') : undefined,
  );
  return progress(blocks, Math.max(...heights.map((height) => Number(height) || 0), 0));
}

function progress(blocks: unknown, headers: unknown): NotSynced {
  if (typeof blocks !== 'number' || typeof headers !== 'number' || !(headers > 0)) {
    return { sentence: 'The daemon is still loading the chain.' };
  }
  const percent = Math.min(100, Math.floor((blocks / headers) * 1000) / 10);
  return {
    sentence: `The daemon is still loading the chain: ${percent} % (block ${blocks} of ${headers}).`,
    percent,
  };
}

function badReply(method: string, why: string): DaemonError {
  return new DaemonError('badReply', `the reply to ${method} is of no use: ${why}`, {
    daemon: 'daemon',
    method,
  });
}
