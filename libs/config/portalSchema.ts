import { severities } from '../log/logger.ts';
import { host, ports, redis, seconds, secret, span } from './commonSchema.ts';
import { joinPath } from './jsonFile.ts';
import { settlePorts } from './rentalPorts.ts';
import {
  mapped,
  object,
  optional,
  record,
  required,
  retired,
  whenLeftOut,
  withDefault,
} from './schema.ts';
import type { Schema } from './schemaBase.ts';
import type { SwitchConfig, WebsiteConfig } from './types.ts';
import { boolean, choice, number, port, text, whole, wordOr } from './values.ts';

// config.json, but for `defaultPoolConfigs`, which has the fields of a pool.

const clustering = object({
  enabled: withDefault(boolean(), false, 'more than one pool worker'),
  forks: withDefault(
    wordOr('auto', whole({ min: 1, max: 1024 })),
    'auto',
    'pool workers; auto is one for each CPU core',
  ),
});

const stats = object({
  updateInterval: withDefault(seconds(), 60, 'gather and store statistics this often'),
  historicalRetention: withDefault(span(), 43_200, 'how long the history is kept'),
  hashrateWindow: withDefault(span(), 300, 'window that hashrates are computed over'),
  graphColors: retired('is not used any more: the charts choose their colours'),
});

const weakPasswords = ['', 'password'];

const adminCenter = mapped(
  object({
    enabled: withDefault(boolean(), false, 'the admin centre at /admin'),
    password: withDefault(secret(), '', 'password of the admin centre, as plain text'),
    passwordHash: optional(
      text({ secret: true, filled: true }),
      'scrypt hash, instead of password',
    ),
  }),
  (value, node, path, report) => {
    if (!value.enabled || value.passwordHash !== undefined) return value;
    const place = (node.kind === 'object' && node.members.get('password')?.node) || node;
    if (!weakPasswords.includes(value.password)) {
      const message =
        'stands in plain text: a "passwordHash" made by "node scripts/cli.js hash-password" is safer';
      report.warning(place, `${path}.password`, message);
      return value;
    }
    const message =
      'is empty or "password" while the admin centre is enabled: choose a password of your own';
    report.unusable(place, `${path}.password`, message);
    return undefined;
  },
);

const tlsOptions = object({
  enabled: withDefault(boolean(), false, 'HTTPS without a reverse proxy'),
  cert: required(text({ filled: true }), 'path of the certificate (PEM)', ''),
  key: required(text({ filled: true }), 'path of the private key (PEM)', ''),
});

const website: Schema<WebsiteConfig> = object({
  enabled: withDefault(boolean(), false, 'serve the website and the API'),
  host: withDefault(host(), '0.0.0.0', 'address to listen on'),
  port: withDefault(port(), 80, 'port to listen on'),
  stratumHost: withDefault(text(), '', 'host name that Getting Started tells miners'),
  stats: withDefault(stats, whenLeftOut(stats), 'statistics'),
  adminCenter: withDefault(adminCenter, whenLeftOut(adminCenter), 'the admin centre'),
  tlsOptions: withDefault(tlsOptions, whenLeftOut(tlsOptions), 'HTTPS'),
  metricsPort: withDefault(
    whole({ min: 0, max: 65_535 }),
    0,
    'port of /metrics (Prometheus) on 127.0.0.1; 0 is none',
  ),
});

const switchPorts = mapped(
  object({
    enabled: withDefault(boolean(), false, 'open these ports'),
    algorithm: required(text({ filled: true }), 'algorithm of the coins behind the ports', ''),
    ports: required(ports, 'ports that miners connect to', []),
  }),
  (value, node, path, report): SwitchConfig | undefined => {
    const algorithm = value.algorithm.toLowerCase();
    const where = { place: node, path: joinPath(path, 'ports') };
    const into = value.enabled ? report : report.lenient();
    const settled = settlePorts(value.ports, algorithm, where, into);
    if (settled === undefined)
      return value.enabled ? undefined : { ...value, algorithm, ports: {} };
    const byNumber = settled.map((port) => [String(port.port), port] as const);
    return { enabled: value.enabled, algorithm, ports: Object.fromEntries(byNumber) };
  },
);

const baseUrl = () =>
  text({
    pattern: /^https?:\/\/[\w.:[\]-]{1,255}(?:\/[\w.~/-]{0,255})?$/,
    expected: 'a URL of http or https, without user, query or fragment',
  });

const exchangeUrls = object({
  poloniex: optional(baseUrl(), 'instead of https://api.poloniex.com'),
  binance: optional(baseUrl(), 'instead of https://api.binance.com; any exchange of the same API'),
  kraken: optional(baseUrl(), 'instead of https://api.kraken.com'),
  kucoin: optional(baseUrl(), 'instead of https://api.kucoin.com'),
  mexc: optional(baseUrl(), 'instead of https://api.mexc.com'),
  gateio: optional(baseUrl(), 'instead of https://api.gateio.ws'),
  coinex: optional(baseUrl(), 'instead of https://api.coinex.com'),
});

const profitSwitch = object({
  enabled: withDefault(boolean(), false, 'move switching ports to the coin that pays best'),
  updateInterval: withDefault(seconds(), 600, 'ask the exchanges this often'),
  depth: withDefault(
    number({ min: 0, max: 1 }),
    0.9,
    'bids down to this part of the best one count',
  ),
  minimumGain: withDefault(
    number({ min: 0, max: 1_000_000, unit: 'percent' }),
    0,
    'a coin must pay this much more than the current one',
  ),
  usePoloniex: withDefault(boolean(), false, 'ask Poloniex'),
  useBinance: withDefault(boolean(), false, 'ask Binance, or another exchange of its API'),
  useKraken: withDefault(boolean(), false, 'ask Kraken'),
  useKucoin: withDefault(boolean(), false, 'ask KuCoin'),
  useMexc: withDefault(boolean(), false, 'ask MEXC'),
  useGateio: withDefault(boolean(), false, 'ask Gate.io'),
  useCoinex: withDefault(boolean(), false, 'ask CoinEx'),
  exchangeUrls: withDefault(exchangeUrls, {}, 'base URLs that stand in for the exchanges’ own'),
  useCryptsy: retired('does nothing: the exchange Cryptsy is gone'),
  useMintpal: retired('does nothing: the exchange Mintpal is gone'),
  useBittrex: retired('does nothing: the exchange Bittrex is gone'),
});

export const portalFields = {
  logLevel: withDefault(choice(severities), 'debug', 'lowest severity that is logged'),
  logColors: withDefault(boolean(), true, 'colours when the output is a terminal'),
  logFormat: withDefault(choice(['text', 'json']), 'text', 'one line of text, or one JSON object'),
  cliPort: withDefault(port(), 17_117, 'port of the command listener on 127.0.0.1'),
  clustering: withDefault(clustering, whenLeftOut(clustering), 'pool workers'),
  website: withDefault(website, whenLeftOut(website), 'website and API'),
  redis: withDefault(redis, whenLeftOut(redis), 'data of the whole portal'),
  switching: withDefault(
    mapped(
      record(
        { pattern: /^(?!__proto__$)[^\p{Cc}]{1,64}$/u, expected: 'a name of 1 to 64 characters' },
        switchPorts,
      ),
      (entries): Readonly<Record<string, SwitchConfig>> => Object.fromEntries(entries),
    ),
    {},
    'ports that move their miners from coin to coin',
  ),
  profitSwitch: withDefault(profitSwitch, whenLeftOut(profitSwitch), 'profit switching'),
};
