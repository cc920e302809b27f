import type { Severity } from '../log/logger.ts';
import type { Difficulty } from '../primitives/units.ts';

// What the configuration files say once they are read, checked, and filled with defaults. Field names are the
// original NOMP's; units are in the comments. Everything is plain JSON data: it is handed to the forks as it is.

export interface PortalConfig {
  readonly logLevel: Severity;
  readonly logColors: boolean;
  readonly logFormat: 'text' | 'json';
  readonly cliPort: number;
  readonly clustering: { readonly enabled: boolean; readonly forks: 'auto' | number };
  readonly website: WebsiteConfig;
  readonly redis: RedisConfig;
  readonly switching: Readonly<Record<string, SwitchConfig>>;
  readonly profitSwitch: ProfitSwitchConfig;
}

export interface WebsiteConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  readonly stratumHost: string;
  /** Seconds each. */
  readonly stats: {
    readonly updateInterval: number;
    readonly historicalRetention: number;
    readonly hashrateWindow: number;
  };
  readonly adminCenter: {
    readonly enabled: boolean;
    readonly password: string;
    readonly passwordHash?: string;
  };
  readonly tlsOptions: { readonly enabled: boolean; readonly cert: string; readonly key: string };
  /** Port of /metrics and /health on 127.0.0.1; 0: none. */
  readonly metricsPort: number;
}

export interface RedisConfig {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
  readonly tls?: boolean;
  readonly db?: number;
  readonly sentinels?: readonly HostPort[];
  readonly name?: string;
  readonly cluster?: readonly HostPort[];
  readonly hashTag?: boolean;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface SwitchConfig {
  readonly enabled: boolean;
  readonly algorithm: string;
  readonly ports: Readonly<Record<string, PortConfig>>;
}

export interface ProfitSwitchConfig {
  readonly enabled: boolean;
  /** Seconds. */
  readonly updateInterval: number;
  /** 0–1. */
  readonly depth: number;
  /** Percent by which a coin must pay more than the current one; 0: more at all. */
  readonly minimumGain: number;
  readonly usePoloniex: boolean;
  readonly useBinance: boolean;
  readonly useKraken: boolean;
  readonly useKucoin: boolean;
  readonly useMexc: boolean;
  readonly useGateio: boolean;
  readonly useCoinex: boolean;
  /** Base URLs that stand in for the exchanges' own. */
  readonly exchangeUrls: { readonly [name in ExchangeName]?: string };
}

export type ExchangeName =
  | 'poloniex'
  | 'binance'
  | 'kraken'
  | 'kucoin'
  | 'mexc'
  | 'gateio'
  | 'coinex';

export interface PoolConfig {
  /** The pool's file as an operator would name it ("pool_configs/litecoin.json"). */
  readonly file: string;
  readonly coin: CoinConfig;
  readonly address: string;
  /** Address or mining key (40 hex digits) -> percent of each block's reward. Order is the file's. */
  readonly rewardRecipients: readonly { readonly to: string; readonly percent: number }[];
  readonly paymentProcessing: PaymentConfig;
  /** Sorted by port number. */
  readonly ports: readonly PortConfig[];
  /** At least one. */
  readonly daemons: readonly DaemonConfig[];
  readonly p2p: {
    readonly enabled: boolean;
    readonly host: string;
    readonly port: number;
    readonly disableTransactions: boolean;
  };
  /** The daemon's zmqpubhashblock. */
  readonly zmq: { readonly enabled: boolean; readonly host: string; readonly port: number };
  /** The first fork keeps a getblocktemplate open, and with it one of the daemon's RPC threads, of four by default. */
  readonly longPoll: boolean;
  readonly mposMode: MposConfig;
  /** Milliseconds; 0: no polling. */
  readonly blockRefreshInterval: number;
  /** Seconds. */
  readonly jobRebroadcastTimeout: number;
  /** Seconds. */
  readonly connectionTimeout: number;
  readonly emitInvalidBlockHashes: boolean;
  readonly validateWorkerUsername: boolean;
  readonly tcpProxyProtocol: boolean;
  /** Addresses and CIDR ranges of the proxies: only their connections are taken with `tcpProxyProtocol`. */
  readonly tcpProxyTrusted: readonly string[];
  readonly banning: BanningConfig;
  /** Limits against floods, for one IP; 0 turns a limit off. */
  readonly limits: LimitsConfig;
  /** Text that the pool leaves in each coinbase it mines, default "/nodeStratum/". */
  readonly coinbaseSignature: string;
  /** Paths of the certificate and key (PEM) for ports with `tls`. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly redis: RedisConfig;
  /** Coins, by name, of other pools that are mined beside this one; left out if there are none. */
  readonly auxiliary?: readonly string[];
  /** Coins whose pools mine this one beside their own. Without ports it is mined so alone. */
  readonly auxiliaryOf?: readonly string[];
}

export interface PortConfig {
  readonly port: number;
  readonly diff: Difficulty;
  readonly varDiff?: VarDiffConfig;
  /** Bytes of extranonce2, default 4. */
  readonly extranonce2Size: number;
  readonly tls: boolean;
  /** Miners on this port work each for itself: the finder of a block gets all of it. */
  readonly solo?: boolean;
  /** For rented hash power: high difficulty, a long extranonce2, a small coinbase. */
  readonly rental?: boolean;
  /** Bytes of a coinbase that this port's miners take: a longer one is warned of. */
  readonly coinbaseLimit?: number;
}

export interface VarDiffConfig {
  readonly minDiff: Difficulty;
  readonly maxDiff: Difficulty;
  /** Seconds between two shares that the pool aims at. */
  readonly targetTime: number;
  /** Seconds between two looks at a miner's difficulty. */
  readonly retargetTime: number;
  /** Percent of targetTime within which nothing is changed. */
  readonly variancePercent: number;
}

export interface DaemonConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Path of the daemon's .cookie file, read anew at each 401; used instead of user and password. */
  readonly cookieFile?: string;
}

export interface PaymentConfig {
  readonly enabled: boolean;
  /** Seconds. */
  readonly paymentInterval: number;
  /** Coins as exact decimal text. */
  readonly minimumPayment: string;
  readonly daemon: DaemonConfig;
  /** Confirmations before a block is credited; the coin's maturity when left out, never less than it. */
  readonly minConfirmations?: number;
  /** PROP: a block is shared out among its own round. PPLNS: among the last shares before it, across rounds. */
  readonly scheme: 'PROP' | 'PPLNS';
  /** PPLNS looks back over so many times the network's difficulty. */
  readonly pplnsWindow: number;
}

export interface MposConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly checkPassword: boolean;
  readonly autoCreateWorker: boolean;
}

export interface BanningConfig {
  readonly enabled: boolean;
  /** Seconds. */
  readonly time: number;
  readonly invalidPercent: number;
  readonly checkThreshold: number;
  /** Seconds. */
  readonly purgeInterval: number;
}

export interface LimitsConfig {
  /** Open connections of one IP on one fork. */
  readonly connectionsPerIp: number;
  /** Lines that one connection may send in a second, in the mean; bursts of ten seconds' worth pass. */
  readonly messagesPerSecond: number;
}

export interface CoinConfig {
  /** File name in coins/ ("litecoin.json"). */
  readonly file: string;
  /** In lower case: the Redis prefix and the name on the command line. */
  readonly name: string;
  /** As the file spells it. */
  readonly displayName: string;
  readonly symbol: string;
  readonly algorithm: string;
  readonly peerMagic?: string;
  readonly peerMagicTestnet?: string;
  readonly peerMagicRegtest?: string;
  readonly txMessages: boolean;
  readonly mposDiffMultiplier: number;
  readonly reward?: 'POW' | 'POS';
  readonly hasGetInfo: boolean;
  /** Decimals of an amount, default 8. */
  readonly decimals: number;
  /** Confirmations after which a coinbase can be spent, default 100 (the daemon's word goes first). */
  readonly maturity: number;
  /** Address forms by network, where known. */
  readonly networks: CoinNetworks;
  /**
   * Bits of a header's version that miners may roll, unsigned 32 bits; left out: those of BIP 320, 0x1fffe000. 0 on
   * chains with merged mining, whose versions carry the chain's id there.
   */
  readonly versionMask?: number;
  /** Rules that block templates are asked for with from the start, besides "segwit"; others are learnt. */
  readonly rules?: readonly string[];
  /** What a txid, block hash or address is appended to, to look it up. */
  readonly explorer?: ExplorerConfig;
  /** Parameters of the algorithm: nValue, rValue, timeTable, chainStartTime, nMin, nMax, normalHashing, namedByHeader. */
  readonly algorithmParams: Readonly<Record<string, unknown>>;
}

export interface ExplorerConfig {
  readonly txURL?: string;
  readonly blockURL?: string;
  readonly addressURL?: string;
}

export type NetworkName = 'main' | 'test' | 'regtest' | 'signet';
export type CoinNetworks = { readonly [name in NetworkName]?: AddressForms };

/** Version bytes may be two bytes long (0x1cb8 of Zcash): a number each; several where a coin knows several. */
export interface AddressForms {
  readonly pubKeyHash: readonly number[];
  readonly scriptHash: readonly number[];
  readonly bech32?: string;
  /** Prefix of CashAddr addresses, whose checksum it is part of. */
  readonly cashaddr?: string;
}
