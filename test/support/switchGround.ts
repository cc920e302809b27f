import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { askPortal } from '../../libs/ipc/askPortal.ts';
import { freePorts } from '../../scripts/regtest/freePort.ts';
import { type LitecoinPair, startLitecoinPair } from '../../scripts/regtest/litecoin.ts';
import { type RedisServer, startRedis } from '../../scripts/regtest/redisServer.ts';
import { PortalProcess, writePortalFiles } from './portal.ts';
import { regtestDiff } from './rig.ts';
import { roundCredits } from './roundCredits.ts';
import { until } from './until.ts';

// Two coins of one algorithm: two private litecoind chains, one of which goes by a name of its own, a Redis, and the
// portal with two forks and two switches in front of them.

export const twoCoins = ['litecoin', 'twincoin'] as const;
export type TwoCoins = (typeof twoCoins)[number];

/** Litecoin under another name: its chain is another one, its daemon knows only litecoin's regtest addresses. */
const twincoinFile = {
  name: 'Twincoin',
  symbol: 'TWN',
  algorithm: 'scrypt',
  addresses: { regtest: { pubKeyHash: [111], scriptHash: [58, 196], bech32: 'rltc' } },
  rules: ['mweb', 'segwit'],
};

export interface SwitchGroundOptions {
  /** Fields of both pool files. */
  readonly pool?: object;
  readonly config?: object;
}

export class SwitchGround {
  readonly chains: Readonly<Record<TwoCoins, LitecoinPair>>;
  readonly redisServer: RedisServer;
  readonly redis: Redis;
  readonly dir: string;
  /** Of the two switches, and of the pools' own. */
  readonly ports: Readonly<Record<'multi' | 'second' | TwoCoins, number>>;
  readonly cliPort: number;
  #portal: PortalProcess | undefined;

  private constructor(
    chains: Readonly<Record<TwoCoins, LitecoinPair>>,
    redisServer: RedisServer,
    dir: string,
    ports: readonly number[],
  ) {
    this.chains = chains;
    this.redisServer = redisServer;
    this.redis = new Redis({ port: redisServer.port, host: '127.0.0.1' });
    this.redis.on('error', () => undefined);
    this.dir = dir;
    const [multi = 0, second = 0, litecoin = 0, twincoin = 0, cliPort = 0] = ports;
    this.ports = { multi, second, litecoin, twincoin };
    this.cliPort = cliPort;
  }

  static async open(options: SwitchGroundOptions = {}): Promise<SwitchGround> {
    const [litecoin, twincoin, redis, dir, ports] = await Promise.all([
      startLitecoinPair({ mweb: 'never' }),
      startLitecoinPair({ mweb: 'never' }),
      startRedis(),
      mkdtemp(join(tmpdir(), 'switching-')),
      freePorts(5),
    ]);
    const ground = new SwitchGround({ litecoin, twincoin }, redis, dir, ports);
    await ground.#write(options);
    return ground;
  }

  async #write({ pool, config }: SwitchGroundOptions): Promise<void> {
    const pools: Record<string, object> = {};
    for (const coin of twoCoins) {
      const { a } = this.chains[coin];
      // Both chains have one genesis block; from here on no block is on both.
      await a.generate(1, String(await a.rpc('getnewaddress')));
      const daemon = { host: '127.0.0.1', port: a.rpcPort, user: a.user, password: a.password };
      pools[coin] = {
        enabled: true,
        coin: `${coin}.json`,
        address: String(await a.rpc('getnewaddress')),
        blockRefreshInterval: 200,
        jobRebroadcastTimeout: 5,
        ports: { [this.ports[coin]]: { diff: regtestDiff } },
        daemons: [daemon],
        paymentProcessing: { enabled: true, paymentInterval: 1, minimumPayment: 0.01, daemon },
        ...pool,
      };
    }
    await mkdir(join(this.dir, 'coins'));
    await writeFile(join(this.dir, 'coins', 'twincoin.json'), JSON.stringify(twincoinFile));
    const ports = (port: number) => ({
      ...{ enabled: true, algorithm: 'scrypt', ports: { [port]: { diff: regtestDiff } } },
    });
    await writePortalFiles(this.dir, {
      config: {
        logLevel: 'debug',
        logColors: false,
        cliPort: this.cliPort,
        clustering: { enabled: true, forks: 2 },
        redis: { host: '127.0.0.1', port: this.redisServer.port },
        website: { enabled: false },
        switching: {
          multi: ports(this.ports.multi),
          second: ports(this.ports.second),
          off: { enabled: false, algorithm: 'scrypt', ports: { 1: { diff: 1 } } },
          bits: { enabled: false, algorithm: 'sha256', ports: { 2: { diff: 1 } } },
        },
        ...config,
      },
      pools,
    });
  }

  get portal(): PortalProcess {
    if (this.#portal === undefined) throw new Error('The portal does not run.');
    return this.#portal;
  }

  /** Starts the portal, without waiting for anything. */
  launch(): PortalProcess {
    this.#portal = new PortalProcess(this.dir);
    return this.#portal;
  }

  /** Resolves when both switches and both pools take miners on both forks. */
  async start(): Promise<void> {
    const portal = this.launch();
    for (const fork of [0, 1]) {
      for (const name of ['multi', 'second']) {
        await portal.line(new RegExp(`${name} \\(thread ${fork}\\).*takes miners`));
      }
      for (const coin of twoCoins) {
        await portal.line(new RegExp(`${coin} \\(thread ${fork}\\).*takes miners`));
      }
    }
  }

  async stop(): Promise<void> {
    await this.#portal?.stop();
    this.#portal = undefined;
  }

  /** A command on the TCP command port, as daemons' and operators' scripts send it. */
  async command(
    command: string,
    params: readonly string[],
    options: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port: this.cliPort });
    socket.setEncoding('utf8');
    socket.end(`${JSON.stringify({ command, params, options })}\n`);
    let text = '';
    for await (const part of socket) text += String(part);
    return text.trimEnd();
  }

  /** The data of an operator's command. */
  async operator(command: string, params: readonly string[] = []): Promise<unknown> {
    const place = { path: join(this.dir, 'data', 'cli.sock') };
    const { ok, text } = await askPortal(place, { command, params, json: true });
    if (!ok) throw new Error(text);
    return JSON.parse(text) as unknown;
  }

  /** The coin on whose chain the block is that a job stands on. */
  async coinOf(prevHash: string): Promise<TwoCoins> {
    const hash = Buffer.from(prevHash, 'hex').swap32().reverse().toString('hex');
    return await until(`block ${hash} is on one of the chains`, async () => {
      for (const coin of twoCoins) {
        const known = await this.chains[coin].a.rpc('getblockheader', [hash]).catch(() => false);
        if (known) return coin;
      }
      return undefined;
    });
  }

  /** worker -> sum of difficulty over all rounds of the coin. */
  credits(coin: TwoCoins): Promise<Map<string, number>> {
    return roundCredits(this.redis, coin);
  }

  async close(): Promise<void> {
    await this.stop();
    this.redis.disconnect();
    await Promise.all([
      ...twoCoins.map((coin) => this.chains[coin].stop()),
      this.redisServer.stop(),
    ]);
    await rm(this.dir, { recursive: true, force: true });
  }
}
