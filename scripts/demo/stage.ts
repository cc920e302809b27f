// What the demonstration plays on: a Redis, two litecoind nodes, the portal, each in its folder and on loopback.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installRoot } from '../../libs/primitives/installRoot.ts';
import { freePorts } from '../regtest/freePort.ts';
import { type LitecoinPair, sameTip, startLitecoinPair } from '../regtest/litecoin.ts';
import { type RunningChild, startChild } from '../regtest/processes.ts';
import { type RedisServer, startRedis } from '../regtest/redisServer.ts';
import { notePids } from './folder.ts';
import { coin, forks, writePoolFiles } from './poolFiles.ts';
import type { Timeline } from './timeline.ts';

export interface Stage {
  readonly redis: RedisServer;
  readonly pair: LitecoinPair;
  readonly pool: RunningChild;
  readonly stratumPort: number;
  readonly poolAddress: string;
  readonly feeAddress: string;
  /** Of the miners' own wallet, which is another one than the pool's. */
  readonly minerAddresses: readonly [string, string];
  /** True once the pool's log has a command that came from node A. */
  heardBlockNotify(): boolean;
}

/** Wallet on node B: the miners' and the operator's addresses, which the pool cannot spend from. */
export const minersWallet = 'miners';
/** Coins that the operator puts into the pool's wallet: rewards belong to the miners, fees must come from elsewhere. */
const feeMoney = 5;

export const poolLog = (dir: string) => join(dir, 'pool.log');

/** `stopLater` gets the end of each part as soon as it runs. */
export async function setStage(
  dir: string,
  timeline: Timeline,
  stopLater: (stop: () => Promise<void>) => void,
): Promise<Stage> {
  const [stratumPort = 0, cliPort = 0, websitePort = 0] = await freePorts(3);
  const redisDir = join(dir, 'redis');
  mkdirSync(redisDir);
  const redis = await startRedis({ dir: redisDir });
  stopLater(() => redis.stop());
  notePids(dir, { redis: redis.pid });
  timeline.event(`Redis is up: redis-cli -p ${redis.port}`);

  const notifyWhen = join(dir, 'blocknotify.on');
  const pair = await startLitecoinPair({
    dir: join(dir, 'nodes'),
    // With MWEB, block 432 must hold a peg-in; this chain is to run on for hours by itself.
    mweb: 'never',
    blocknotify: notifyCommand(cliPort, notifyWhen),
  });
  stopLater(() => pair.stop());
  const pids = { redis: redis.pid, nodeA: pair.a.pid, nodeB: pair.b.pid };
  notePids(dir, pids);
  timeline.event('Two litecoind nodes are up on a regtest chain of their own', [
    `A (the pool's wallet)    litecoin-cli -datadir=${pair.a.dir} getblockchaininfo`,
    `B (the miners' wallet)   litecoin-cli -datadir=${pair.b.dir} getblockchaininfo`,
  ]);

  const addresses = await openWallets(pair);
  const adminPassword = randomBytes(9).toString('base64url');
  writePoolFiles(dir, {
    pair,
    redisPort: redis.port,
    stratumPort,
    cliPort,
    websitePort,
    adminPassword,
    ...addresses,
  });
  const pool = await startChild({
    command: process.execPath,
    args: [join(installRoot, 'init.js'), '--dir', dir],
    logFile: poolLog(dir),
    cwd: dir,
  });
  stopLater(() => pool.stop(12_000));
  notePids(dir, { ...pids, pool: pool.pid });
  writeFileSync(notifyWhen, '');
  timeline.event(`The portal starts with ${forks} pool workers: node init.js --dir ${dir}`, [
    `log      ${poolLog(dir)}`,
    `website  http://127.0.0.1:${websitePort}/`,
    `admin    http://127.0.0.1:${websitePort}/admin  password ${adminPassword}`,
    `miners   stratum+tcp://127.0.0.1:${stratumPort} (scrypt; any regtest address of Litecoin is a user)`,
  ]);
  return {
    redis,
    pair,
    pool,
    stratumPort,
    ...addresses,
    heardBlockNotify: () => /\bblocknotify\b/.test(readFileSync(poolLog(dir), 'utf8')),
  };
}

/**
 * The line that an operator writes into litecoin.conf. While the file is not there, the command does nothing: the
 * chain's first hundred blocks come within a second, before there is a pool to tell.
 */
function notifyCommand(cliPort: number, whenFile: string): string {
  const cli = join(installRoot, 'scripts', 'cli.js');
  const quoted = [process.execPath, cli].map(shellQuote).join(' ');
  return `test ! -e ${shellQuote(whenFile)} || ${quoted} -port=${cliPort} blocknotify ${coin} %s`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function openWallets(pair: LitecoinPair) {
  const { a, b } = pair;
  await b.rpc('createwallet', [minersWallet]);
  const address = async (form: 'legacy' | 'bech32') =>
    String(await b.rpc('getnewaddress', ['', form], minersWallet));
  const poolAddress = String(await a.rpc('getnewaddress', ['', 'bech32']));
  const feeAddress = await address('bech32');
  const minerAddresses = [await address('bech32'), await address('legacy')] as const;

  await b.generate(1, await address('bech32'));
  await b.generate(100);
  const walletAddress = await a.rpc('getnewaddress', ['', 'bech32']);
  await b.rpc('sendtoaddress', [walletAddress, feeMoney], minersWallet);
  await b.generate(1);
  await sameTip(a, b);
  return { poolAddress, feeAddress, minerAddresses };
}

/** The files to look at when something went wrong. */
export function logFiles(dir: string): string[] {
  return [
    poolLog(dir),
    join(dir, 'redis', 'redis.log'),
    join(dir, 'nodes', 'a', 'regtest', 'debug.log'),
    join(dir, 'nodes', 'b', 'regtest', 'debug.log'),
  ].filter((file) => existsSync(file));
}
