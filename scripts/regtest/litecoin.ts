// Two real litecoind nodes on a private regtest chain: the tests' and the demonstration's coin daemon, and their oracle.
// Talks to them by a client of its own, so that it can bear witness against libs/daemon.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, messageOf } from '../../libs/primitives/errors.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { freePorts } from './freePort.ts';
import { lastLines, type RunningChild, startChild } from './processes.ts';

/** The daemon itself: /usr/bin/litecoind is a shell wrapper whose pid is not the daemon's. */
export const litecoindPath = '/usr/lib/litecoin/litecoind';

/** A regtest address of nobody (P2PKH of twenty zero bytes): coins sent there belong to no wallet. */
export const foreignAddress = 'mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8';

/** MWEB is active for this block; it must hold a peg-in, or the daemon makes no template. */
export const mwebHeight = 432;

const walletName = 'pool';
const startMillis = 60_000;
const rpcMillis = 60_000;
const pollMillis = 25;

export interface LitecoinOptions {
  /** Kept when given; otherwise a temporary folder, removed by stop(). */
  readonly dir?: string;
  /** 'never': MWEB stays off at every height. 'default': it is active for block 432. */
  readonly mweb?: 'never' | 'default';
  /** Shell command that node A runs, in its own folder, for each new best block; %s is its hash. */
  readonly blocknotify?: string;
  /** Free ones when left out. */
  readonly ports?: { readonly a: NodePorts; readonly b: NodePorts };
}

export interface NodePorts {
  readonly rpc: number;
  readonly p2p: number;
}

export interface LitecoinNode {
  readonly name: 'a' | 'b';
  readonly rpcPort: number;
  readonly p2pPort: number;
  readonly user: string;
  readonly password: string;
  readonly dir: string;
  /** Of the running daemon; undefined while it is down. */
  readonly pid: number | undefined;
  /** The call's result. Rejects with LitecoinRpcError when the daemon answered an error, else with the system's. */
  rpc(method: string, params?: readonly unknown[], wallet?: string): Promise<unknown>;
  /** Mines blocks at once and gives their hashes. The address is nobody's unless given. */
  generate(count: number, address?: string): Promise<readonly string[]>;
  /** Ends it cleanly. */
  stop(): Promise<void>;
  /** Sends a signal; resolves when the daemon is gone, if the signal is one that ends it. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again with the same folder and ports. Resolves when its RPC answers. */
  start(): Promise<void>;
  /** Resolves when it has a peer, so that it gives block templates. */
  waitReady(): Promise<void>;
}

export interface LitecoinPair {
  /** Has the wallet, and runs `blocknotify`. */
  readonly a: LitecoinNode;
  readonly b: LitecoinNode;
  readonly dir: string;
  stop(): Promise<void>;
}

/** The daemon's own answer to a call that it refused. */
export class LitecoinRpcError extends CodedError {
  readonly method: string;
  /** JSON-RPC's error number; undefined when the answer was no JSON (401, 503). */
  readonly rpcCode: number | undefined;
  readonly httpStatus: number;

  constructor(method: string, httpStatus: number, rpcCode: number | undefined, message: string) {
    super('LITECOIN_RPC', `${method}: ${message}`);
    this.method = method;
    this.httpStatus = httpStatus;
    this.rpcCode = rpcCode;
  }
}

/**
 * Starts both nodes, connected, with a wallet on A and one block on the chain, ready for getblocktemplate.
 * Rejects with LITECOIND_MISSING or LITECOIND_FAILED.
 */
export async function startLitecoinPair(options: LitecoinOptions = {}): Promise<LitecoinPair> {
  if (!existsSync(litecoindPath)) {
    throw new CodedError(
      'LITECOIND_MISSING',
      `${litecoindPath} is missing. On Debian and Ubuntu: apt-get install litecoind.`,
    );
  }
  const dir = resolve(options.dir ?? mkdtempSync(join(tmpdir(), 'litecoin-')));
  const ports = options.ports ?? (await pickPorts());
  const a = new Node('a', join(dir, 'a'), ports.a, ports.b, options);
  const b = new Node('b', join(dir, 'b'), ports.b, ports.a, options);
  const stop = async (): Promise<void> => {
    await Promise.all([a.stop(), b.stop()]);
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all([a.start(), b.start()]);
    await openWallet(a);
    // Until the chain has a block of today, the daemon takes itself for not synced and gives no templates.
    if ((await a.rpc('getblockcount')) === 0) await a.generate(1);
    await Promise.all([a.waitReady(), b.waitReady()]);
    await sameTip(a, b);
  } catch (error) {
    await stop();
    throw error;
  }
  return { a, b, dir, stop };
}

/**
 * Brings a young chain (below block 432) past the activation of MWEB: block 432 holds a peg-in. Leaves A's wallet with
 * spendable coins. Mines at once, within a second or two.
 */
export async function activateMweb(pair: LitecoinPair): Promise<void> {
  const { a, b } = pair;
  const height = Number(await a.rpc('getblockcount'));
  const missing = mwebHeight - 1 - height;
  if (missing < 101) {
    throw new CodedError(
      'LITECOIN_HEIGHT',
      `MWEB is brought about from a chain of at most ${mwebHeight - 102} blocks; this one has ${height}.`,
    );
  }
  // The first of them must be mature when the peg-in spends it.
  await a.generate(missing - 100, String(await a.rpc('getnewaddress', [], walletName)));
  await a.generate(100);
  const pegIn = await a.rpc('getnewaddress', ['', 'mweb'], walletName);
  await a.rpc('sendtoaddress', [pegIn, 1], walletName);
  await a.generate(1);
  await sameTip(a, b);
}

/**
 * Satoshis of an amount as the daemon's JSON tells it. A double holds them exactly up to some ten million coins, far
 * more than a regtest chain has.
 */
export function satoshisOf(amount: unknown): bigint {
  if (typeof amount !== 'number') throw new TypeError(`${String(amount)} is no amount of coins`);
  return BigInt(Math.round(amount * 1e8));
}

/** Resolves when both nodes have the same best block. */
export async function sameTip(a: LitecoinNode, b: LitecoinNode): Promise<void> {
  await until('the nodes agree on the best block', async () => {
    const [tipA, tipB] = await Promise.all([a.rpc('getbestblockhash'), b.rpc('getbestblockhash')]);
    return tipA === tipB;
  });
}

async function openWallet(node: LitecoinNode): Promise<void> {
  const loaded = await node.rpc('listwallets');
  if (Array.isArray(loaded) && loaded.includes(walletName)) return;
  if (existsSync(join(node.dir, 'regtest', 'wallets', walletName))) {
    await node.rpc('loadwallet', [walletName, true]);
    return;
  }
  // The last argument has the daemon load it at each later start.
  await node.rpc('createwallet', [walletName, false, false, '', false, false, true]);
}

class Node implements LitecoinNode {
  readonly name: 'a' | 'b';
  readonly rpcPort: number;
  readonly p2pPort: number;
  readonly user = 'pool';
  readonly password = randomBytes(12).toString('hex');
  readonly dir: string;
  readonly #peer: NodePorts;
  readonly #logFile: string;
  #child: RunningChild | undefined;

  constructor(
    name: 'a' | 'b',
    dir: string,
    ports: NodePorts,
    peer: NodePorts,
    options: LitecoinOptions,
  ) {
    this.name = name;
    this.dir = dir;
    this.rpcPort = ports.rpc;
    this.p2pPort = ports.p2p;
    this.#peer = peer;
    this.#logFile = join(dir, 'console.log');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'litecoin.conf'), this.#configuration(options));
  }

  #configuration(options: LitecoinOptions): string {
    const lines = [
      'regtest=1',
      '[regtest]',
      'server=1',
      `rpcuser=${this.user}`,
      `rpcpassword=${this.password}`,
      'rpcbind=127.0.0.1',
      'rpcallowip=127.0.0.1',
      `rpcport=${this.rpcPort}`,
      `bind=127.0.0.1:${this.p2pPort}`,
      'dnsseed=0',
      'txindex=1',
      // There are no fee estimates on a new chain, and sending fails without one of the two.
      'fallbackfee=0.0001',
      'dbcache=8',
      'printtoconsole=0',
    ];
    if (this.name === 'b') lines.push(`connect=127.0.0.1:${this.#peer.p2p}`);
    if (options.mweb === 'never') lines.push('vbparams=mweb:3999999999:4000000000');
    if (this.name === 'a' && options.blocknotify !== undefined) {
      lines.push(`blocknotify=${options.blocknotify}`);
    }
    return `${lines.join('\n')}\n`;
  }

  get pid(): number | undefined {
    return this.#child?.running ? this.#child.pid : undefined;
  }

  rpc(method: string, params: readonly unknown[] = [], wallet?: string): Promise<unknown> {
    return call(this, method, params, wallet);
  }

  async generate(count: number, address = foreignAddress): Promise<readonly string[]> {
    const hashes = await this.rpc('generatetoaddress', [count, address]);
    if (!Array.isArray(hashes)) throw new TypeError('generatetoaddress gave no list of hashes');
    return hashes.map(String);
  }

  async start(): Promise<void> {
    if (this.#child?.running) return;
    const child = await startChild({
      command: litecoindPath,
      args: [`-datadir=${this.dir}`],
      logFile: this.#logFile,
      cwd: this.dir,
    });
    this.#child = child;
    await until(`litecoind ${this.name} answers`, async () => {
      if (!child.running) {
        throw new CodedError(
          'LITECOIND_FAILED',
          `litecoind in ${this.dir} ended with ${child.ending}: ${lastLines(this.#logFile, 5)}`,
        );
      }
      return this.#answers();
    });
  }

  async #answers(): Promise<boolean> {
    try {
      await this.rpc('getblockcount');
      return true;
    } catch {
      // Refused, or -28: it is still loading.
      return false;
    }
  }

  async waitReady(): Promise<void> {
    let asked = 0;
    await until(`litecoind ${this.name} has a peer`, async () => {
      // The daemon itself tries only every few seconds after a broken connection.
      if (asked++ % 20 === 0) await this.#connect();
      const peers = await this.rpc('getpeerinfo');
      return Array.isArray(peers) && peers.some(isShakenHands);
    });
  }

  async #connect(): Promise<void> {
    const peers = await this.rpc('getpeerinfo');
    if (Array.isArray(peers) && peers.length > 0) return;
    await this.rpc('addnode', [`127.0.0.1:${this.#peer.p2p}`, 'onetry']);
  }

  async stop(): Promise<void> {
    await this.#child?.stop(20_000);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    await this.#child?.kill(signal);
  }
}

function isShakenHands(peer: unknown): boolean {
  return isRecord(peer) && Number(own(peer, 'version')) > 0;
}

async function call(
  node: LitecoinNode,
  method: string,
  params: readonly unknown[],
  wallet: string | undefined,
): Promise<unknown> {
  const { status, body } = await post(node, wallet, JSON.stringify({ id: 1, method, params }));
  const reply = parseJson(body);
  if (!isRecord(reply)) {
    throw new LitecoinRpcError(method, status, undefined, body.trim() || `HTTP ${status}`);
  }
  const error = own(reply, 'error');
  if (isRecord(error)) {
    throw new LitecoinRpcError(
      method,
      status,
      Number(own(error, 'code')),
      String(own(error, 'message')),
    );
  }
  return own(reply, 'result');
}

/** One connection a call: a kept one would fail at the first call after the daemon's restart. */
function post(
  node: LitecoinNode,
  wallet: string | undefined,
  body: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port: node.rpcPort,
        path: wallet === undefined ? '/' : `/wallet/${encodeURIComponent(wallet)}`,
        method: 'POST',
        auth: `${node.user}:${node.password}`,
        agent: false,
        timeout: rpcMillis,
        headers: { 'Content-Length': Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error(`No answer in ${rpcMillis} ms.`)));
    request.on('error', reject);
    request.end(body);
  });
}

async function pickPorts(): Promise<{ a: NodePorts; b: NodePorts }> {
  const [aRpc = 0, aP2p = 0, bRpc = 0, bP2p = 0] = await freePorts(4);
  return { a: { rpc: aRpc, p2p: aP2p }, b: { rpc: bRpc, p2p: bP2p } };
}

async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + startMillis;
  let trouble = '';
  for (;;) {
    try {
      if (await probe()) return;
    } catch (error) {
      if (error instanceof CodedError && error.code === 'LITECOIND_FAILED') throw error;
      trouble = ` ${messageOf(error)}`;
    }
    if (Date.now() > deadline) {
      throw new CodedError('LITECOIND_FAILED', `Not within ${startMillis} ms: ${what}.${trouble}`);
    }
    await sleep(pollMillis);
  }
}
