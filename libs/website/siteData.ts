import type { AddressFormsLike } from '../primitives/address.ts';
import type { Millis } from '../primitives/units.ts';
import type { ProfitTable } from '../redis/profitability.ts';
import type { AdminView } from './admin/viewTypes.ts';

// What the pages show: plain data, made by views.ts, turned into HTML by pages/. Everything textual that came from a
// miner, a coin file or Redis is text, never HTML. Amounts are decimal coins as text; times are Unix milliseconds;
// hashrates are hashes a second; shares are sums of difficulty; efforts and luck are 1 for exactly what was expected
// (an effort of 0.5 found the block with half of the expected work).

/** Every page, with what it needs. `renderPage(model.page, model)`. */
export type PageModel =
  | HomePage
  | PoolPage
  | BlocksPage
  | PaymentsPage
  | MinersPage
  | MinerPage
  | GettingStartedPage
  | StatsPage
  | TbsPage
  | WorkersPage
  | ApiPage
  | CalculatorPage
  | StatusPage
  | AdminPage
  | MiningKeyPage
  | SwitchingPage
  | ErrorPage;

export type PageName = PageModel['page'];

/** What every page has: head, navigation, banner, footer, and all pools (in the order of their files). */
export interface SiteShell {
  readonly now: Millis;
  /** The path that was asked for, without query: marks the current entry of the navigation. */
  readonly path: string;
  /** When the figures were gathered; undefined before the first time. */
  readonly updated: Millis | undefined;
  /** The figures are older than they should be: Redis is away. To be said on the page. */
  readonly stale: boolean;
  /** Text of the operator's banner. */
  readonly notice: string | undefined;
  /** Host that miners connect to; empty when the operator named none (then show the page's own host). */
  readonly stratumHost: string;
  /** The admin centre is on: /admin exists. */
  readonly adminEnabled: boolean;
  /** There are ports that switch between coins: /switching has something to show. */
  readonly hasSwitches: boolean;
  /** Seconds between two looks at the figures. */
  readonly updateInterval: number;
  /** Seconds that `hashrate` is an average of. */
  readonly hashrateWindow: number;
  /** Of all pools together. */
  readonly global: { readonly workers: number; readonly miners: number };
  readonly algorithms: readonly AlgorithmView[];
  readonly pools: readonly PoolView[];
}

export interface AlgorithmView {
  readonly algorithm: string;
  readonly workers: number;
  readonly hashrate: number;
  readonly hashrateText: string;
}

/** One pool as cards and headers show it. */
export interface PoolView {
  /** Name in URLs, the API and Redis: lower case ("litecoin"). */
  readonly coin: string;
  /** "Litecoin" */
  readonly name: string;
  /** Upper case ("LTC"). */
  readonly symbol: string;
  readonly algorithm: string;
  readonly hashrate: number;
  /** "1.25 GH/s" */
  readonly hashrateText: string;
  readonly workers: number;
  readonly miners: number;
  /** Of this pool's Redis. */
  readonly stale: boolean;
  readonly validShares: string;
  readonly invalidShares: string;
  readonly totalPaid: string;
  readonly blocks: {
    readonly pending: number;
    readonly confirmed: number;
    readonly orphaned: number;
  };
  readonly lastBlock: BlockRow | undefined;
  /** The running round: since the last block. `effort` is undefined until the network's difficulty is known. */
  readonly round: {
    readonly started: Millis | undefined;
    readonly shares: number;
    readonly effort: number | undefined;
  };
  /** Of the newest job, else of the last block that was found here, in stratum units; undefined before either. */
  readonly networkDifficulty: number | undefined;
  /** Of the block that is being mined; undefined until the pool has told it. */
  readonly height: number | undefined;
  /** What the last block paid to the miners, decimal coins. */
  readonly blockReward: string | undefined;
  /** Mean effort of the last 100 blocks, and how many they were. */
  readonly luck: { readonly effort: number; readonly blocks: number } | undefined;
  /** Percent of each block that goes to the reward recipients. */
  readonly feePercent: number;
  readonly payments: {
    readonly enabled: boolean;
    readonly scheme: 'PROP' | 'PPLNS';
    /** Decimal coins. */
    readonly minimum: string;
    /** Seconds. */
    readonly interval: number;
    /** Confirmations that a block needs before it is credited. */
    readonly confirmations: number;
  };
  readonly ports: readonly PortView[];
  /** Miners log in with an address of the coin (else any name will do). */
  readonly addressLogin: boolean;
  /** Where an address or a transaction can be looked up: append it (percent-encoded). */
  readonly explorer: ExplorerView;
  /** For the pages: forms of this coin's addresses, one for each known network, to check an address as it is typed. */
  readonly addressForms?: readonly AddressFormsLike[];
  /** For Getting Started: coins that this one is mined beside, by an address in the password. */
  readonly minedBeside?: readonly string[];
  /** For the pages' sparklines: hashrate of the last 24 hours, oldest first, at most 48 values. */
  readonly trend?: readonly number[];
}

export interface ExplorerView {
  readonly tx: string | undefined;
  readonly block: string | undefined;
  readonly address: string | undefined;
}

export interface PortView {
  readonly port: number;
  readonly difficulty: number;
  readonly tls: boolean;
  readonly varDiff:
    | { readonly min: number; readonly max: number; readonly targetTime: number }
    | undefined;
}

/** candidate: sent to the daemons, no answer yet. pending: waits for its confirmations. */
export type BlockStatus = 'candidate' | 'pending' | 'confirmed' | 'orphaned' | 'refused' | 'kicked';

export interface BlockRow {
  readonly coin: string;
  readonly symbol: string;
  readonly height: number;
  readonly hash: string;
  readonly txHash: string;
  /** Whole login of the worker that found it; undefined for blocks of an older pool. */
  readonly finder: string | undefined;
  readonly time: Millis | undefined;
  readonly status: BlockStatus;
  /** Decimal coins. */
  readonly reward: string | undefined;
  readonly networkDifficulty: number | undefined;
  readonly effort: number | undefined;
  /** So far; undefined when not known. */
  readonly confirmations: number | undefined;
  readonly confirmationsNeeded: number;
  readonly blockUrl: string | undefined;
  readonly txUrl: string | undefined;
}

export interface PaymentRow {
  readonly coin: string;
  readonly symbol: string;
  readonly time: Millis;
  readonly txid: string;
  /** All of it, decimal coins. */
  readonly amount: string;
  readonly fee: string | undefined;
  /** How many addresses it paid. */
  readonly miners: number;
  readonly txUrl: string | undefined;
}

/** What one miner got by one payment. */
export interface MinerPaymentRow {
  readonly time: Millis;
  readonly txid: string;
  readonly amount: string;
  readonly txUrl: string | undefined;
}

/** A miner (address) of a pool. */
export interface MinerRow {
  readonly address: string;
  readonly hashrate: number;
  readonly hashrateText: string;
  /** Online ones. */
  readonly workers: number;
  /** In the running round, and their part of it (0–1). */
  readonly roundShares: number;
  readonly roundPart: number;
}

/** online: shares within the hashrate window. idle: within an hour. offline: longer ago. */
export type WorkerStatus = 'online' | 'idle' | 'offline';

export interface WorkerRow {
  /** Whole login ("LTCaddress.rig1"). */
  readonly worker: string;
  /** What comes after the address ("rig1"), or the empty text. */
  readonly rig: string;
  readonly status: WorkerStatus;
  readonly hashrate: number;
  readonly hashrateText: string;
  /** Within the hashrate window. */
  readonly shares: number;
  readonly invalidShares: number;
  readonly firstShare: Millis | undefined;
  readonly lastShare: Millis | undefined;
  /** Difficulty of the best share ever. */
  readonly bestShare: number | undefined;
}

/** A miner's standing in one pool. */
export interface MinerView {
  readonly coin: string;
  readonly name: string;
  readonly symbol: string;
  readonly address: string;
  readonly addressUrl: string | undefined;
  /** Over the hashrate window, and over 24 hours (undefined where no history is kept). */
  readonly hashrate: number;
  readonly hashrateText: string;
  readonly hashrate24h: number | undefined;
  readonly hashrate24hText: string | undefined;
  /** Online first, then by hashrate; at most 500. */
  readonly workers: readonly WorkerRow[];
  readonly counts: { readonly [status in WorkerStatus]: number };
  /** Part of blocks that wait for confirmations, estimated. */
  readonly immature: string;
  /** Credited, not yet paid. */
  readonly pending: string;
  readonly paid: string;
  readonly minimumPayment: string;
  readonly roundShares: number;
  readonly roundPart: number;
  /** What the running round would bring if the block were found now; undefined when no reward is known. */
  readonly roundEstimate: string | undefined;
  readonly payments: Page<MinerPaymentRow>;
  /** Hashrate of the last 24 hours. */
  readonly history: HistoryView;
  readonly csvUrl: string;
}

export const historyMetrics = ['hashrate', 'workers'] as const;
export type HistoryMetric = (typeof historyMetrics)[number];
export const historyRanges = ['1h', '24h', '7d', '30d', '1y'] as const;
export type HistoryRange = (typeof historyRanges)[number];

export interface HistoryView {
  readonly metric: HistoryMetric;
  readonly range: HistoryRange;
  /** Oldest first: Unix seconds, value. At most 720. Empty when nothing is known. */
  readonly points: readonly (readonly [number, number])[];
}

/** One page of a list; `page` counts from 1. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly page: number;
  readonly pageSize: number;
  readonly total: number;
}

/** `/` */
export interface HomePage extends SiteShell {
  readonly page: 'home';
  /** Newest first, of all pools, at most 10 each. */
  readonly latestBlocks: readonly BlockRow[];
  readonly latestPayments: readonly PaymentRow[];
}

/** `/pool/:coin` */
export interface PoolPage extends SiteShell {
  readonly page: 'pool';
  readonly pool: PoolView;
  readonly history: HistoryView;
  readonly latestBlocks: readonly BlockRow[];
  readonly latestPayments: readonly PaymentRow[];
  readonly topMiners: readonly MinerRow[];
}

/** `/pool/:coin/blocks?page=&status=` */
export interface BlocksPage extends SiteShell {
  readonly page: 'blocks';
  readonly pool: PoolView;
  /** The filter that is on. */
  readonly status: BlockStatus | undefined;
  readonly blocks: Page<BlockRow>;
}

/** `/pool/:coin/payments?page=` */
export interface PaymentsPage extends SiteShell {
  readonly page: 'payments';
  readonly pool: PoolView;
  readonly payments: Page<PaymentRow>;
}

/** `/pool/:coin/miners?page=` */
export interface MinersPage extends SiteShell {
  readonly page: 'miners';
  readonly pool: PoolView;
  readonly miners: Page<MinerRow>;
}

/** `/miner/:address?page=` (page of the payments); `/miner?address=…` leads there. */
export interface MinerPage extends SiteShell {
  readonly page: 'miner';
  readonly address: string;
  /** One for each pool that knows the address. Empty: nobody by that name has mined here. */
  readonly miner: readonly MinerView[];
}

/** `/getting_started` */
export interface GettingStartedPage extends SiteShell {
  readonly page: 'getting_started';
  readonly switches: readonly SwitchView[];
}

/** Ports that move their miners between coins; log in with a mining key. */
export interface SwitchView {
  readonly name: string;
  readonly algorithm: string;
  readonly ports: readonly PortView[];
}

/** `/switching` */
export interface SwitchingPage extends SiteShell {
  readonly page: 'switching';
  readonly switches: readonly SwitchRow[];
  /** What the profit switcher saw last; undefined: it does not run, or has not looked yet. */
  readonly profits: ProfitTable | undefined;
}

export interface SwitchRow extends SwitchView {
  /** What is behind the ports, in lower case, and since when; undefined while that is not known. */
  readonly coin: string | undefined;
  readonly since: Millis | undefined;
}

/** `/stats?range=` */
export interface StatsPage extends SiteShell {
  readonly page: 'stats';
  readonly range: HistoryRange;
  readonly charts: readonly {
    readonly pool: PoolView;
    readonly hashrate: HistoryView;
    readonly workers: HistoryView;
  }[];
}

/** `/tbs`: the pools as one table. */
export interface TbsPage extends SiteShell {
  readonly page: 'tbs';
}

/** `/workers`: the miners of each pool with the highest hashrate, at most 100 a pool. */
export interface WorkersPage extends SiteShell {
  readonly page: 'workers';
  readonly groups: readonly {
    readonly pool: PoolView;
    readonly miners: readonly MinerRow[];
    readonly total: number;
  }[];
}

/** `/api` */
export interface ApiPage extends SiteShell {
  readonly page: 'api';
  readonly endpoints: readonly EndpointView[];
}

export interface EndpointView {
  readonly method: 'GET' | 'POST';
  /** With its parameters ("/api/v1/pools/{coin}/blocks"). */
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'path' | 'query';
    readonly about: string;
  }[];
  /** Kept from the original NOMP. */
  readonly original: boolean;
}

/** `/calculator?coin=&hashrate=` (hashrate in hashes a second, or with a unit: "10 GH"). */
export interface CalculatorPage extends SiteShell {
  readonly page: 'calculator';
  /** As it was typed. */
  readonly input: { readonly coin: string; readonly hashrate: string };
  /** A sentence for the form, when the input cannot be used. */
  readonly problem: string | undefined;
  readonly result: CalculatorView | undefined;
}

export interface CalculatorView {
  readonly coin: string;
  readonly name: string;
  readonly symbol: string;
  readonly hashrate: number;
  readonly hashrateText: string;
  /** The figures it is computed with; all are undefined until a block was found here. */
  readonly networkDifficulty: number | undefined;
  readonly blockReward: string | undefined;
  /** Expected coins, by the difficulty and reward of the last block. */
  readonly perDay: string | undefined;
  readonly perWeek: string | undefined;
  readonly perMonth: string | undefined;
}

/** `/status` */
export interface StatusPage extends SiteShell {
  readonly page: 'status';
  /** When this website's process started. */
  readonly started: Millis;
  readonly checks: readonly StatusCheck[];
}

export interface StatusCheck {
  /** "Litecoin", or "Website". */
  readonly what: string;
  readonly coin: string | undefined;
  readonly ok: boolean;
  /** A sentence. */
  readonly says: string;
}

/** `/admin`, only when the admin centre is on. */
export interface AdminPage extends SiteShell {
  readonly page: 'admin';
  readonly view: AdminView;
}

/** `/mining_key` */
export interface MiningKeyPage extends SiteShell {
  readonly page: 'mining_key';
  /** Coins whose addresses can be made from a mining key, by name. */
  readonly coins: readonly {
    readonly coin: string;
    readonly name: string;
    readonly symbol: string;
    /** Version of P2PKH addresses on the main network. */
    readonly pubKeyHash: number;
  }[];
}

/** Anything that cannot be shown: 400, 404, 429, 500, 503. */
export interface ErrorPage extends SiteShell {
  readonly page: 'error';
  readonly status: number;
  /** "Page not found" */
  readonly title: string;
  /** A sentence. */
  readonly detail: string;
}

/** `/get_page?id=`: bodies of pages, without head and navigation. `''` is home. */
export const fragmentIds = [
  '',
  'getting_started',
  'stats',
  'tbs',
  'workers',
  'api',
  'admin',
  'mining_key',
] as const;
export type FragmentId = (typeof fragmentIds)[number];
