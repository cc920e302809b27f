// `node scripts/cli.js <command>`: one line of JSON to the portal's command port, its answer as text.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ParseError, parse } from 'jsonc-parser';
import { complain, say } from '../libs/log/console.ts';
import { codeOf, messageOf } from '../libs/primitives/errors.ts';
import { hashPassword } from '../libs/primitives/password.ts';
import { isRecord, own } from '../libs/primitives/unknown.ts';

const usage = `Usage: node scripts/cli.js [-host=127.0.0.1] [-port=17117] [-timeout=10] [-dir=.] <command> [params] [-json]

Commands for daemons and scripts, over the CLI port:
  blocknotify <coin> <hash>     the coin's daemon has a new block (for its blocknotify= line)
  coinswitch <coin> <switch>    moves the miners of that switch's ports to the coin
  coinswitch <coin> -algorithm=NAME   the same for all switches of the algorithm
  reloadpool <coin>             reads that pool's configuration again and restarts it

Commands for the operator, over data/cli.sock in the portal's folder (-dir):
  status                        processes, pools, connections
  pools                         height, difficulty and miners of each pool
  miners [coin]                 everybody who is connected
  miner <address|worker>        that miner's connections
  kick <ip|address|worker>      closes connections
  bans                          who is banned, until when and why
  ban <ip> [seconds] [why]      bans an address on every fork (default: an hour)
  unban <ip>                    lifts a ban
  blocks [coin] [count]         the newest blocks, their confirmations and rewards
  balances [coin]               who is owed and was paid how much
  payments [status|dry-run|pause|resume|held|resolve …]   shows and steers payments
  notice [text]                 puts a banner on every page and tells the miners; without a text: takes it away
  drain [seconds]               takes no new miners, asks the others to reconnect, says how many are left
  drain off                     takes miners again
  check                         tries the configuration files as they are now, each daemon, wallet and Redis
  loglevel <level>              debug, warning, error or special, from now on
  hash-password                 makes adminCenter.passwordHash of the password that is typed
  help                          this text

-json gives the data of an operator's command as JSON. The port is that of "cliPort" in ./config.json, else 17117; the
time-out is in seconds. The exit code is 1 on an error.`;

const defaultHost = '127.0.0.1';
const defaultPort = 17117;
const defaultTimeout = '10';
/** Options that are ours; all others go to the portal. */
const ownOptions: ReadonlySet<string> = new Set(['host', 'port', 'timeout', 'dir']);
/** What daemons and other machines' scripts may say; everything else is for the operator's own user. */
const portCommands: ReadonlySet<string> = new Set(['blocknotify', 'coinswitch', 'reloadpool']);

interface CommandLine {
  readonly command: string | undefined;
  readonly params: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** -key=value and --key are options wherever they stand; after a bare -- everything is a parameter. */
function readArguments(args: readonly string[]): CommandLine {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === '--') {
      words.push(...args.slice(index + 1));
      break;
    }
    const [, key, value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (key === undefined) words.push(arg);
    else options.set(key, value ?? 'true');
  }
  const [command, ...params] = words;
  return { command, params, options };
}

/** A port number, or a sentence that says why there is none. */
function portOf(option: string | undefined): number | string {
  if (option !== undefined) {
    const port = /^\d{1,5}$/.test(option) ? Number(option) : 0;
    return isPort(port) ? port : `-port=${option} is no port number (1 to 65535).`;
  }
  return configuredPort();
}

function configuredPort(): number | string {
  let text: string;
  try {
    text = readFileSync('config.json', 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return defaultPort;
    return `config.json cannot be read for its "cliPort": ${messageOf(error)}. Name the port by -port=.`;
  }
  const errors: ParseError[] = [];
  const config: unknown = parse(text, errors, { allowTrailingComma: true });
  const port = isRecord(config) ? (own(config, 'cliPort') ?? defaultPort) : undefined;
  if (errors.length === 0 && isPort(port)) return port;
  return 'config.json is broken, or its "cliPort" is no port number. Mend it, or name the port by -port=.';
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535;
}

type Place = { readonly host: string; readonly port: number } | { readonly path: string };

const nameOf = (place: Place): string =>
  'path' in place ? place.path : `${place.host}:${place.port}`;

/** The portal's whole answer, within `seconds`. Rejects with a sentence for the operator. */
function ask(place: Place, seconds: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(place);
    const chunks: Buffer[] = [];
    const fail = (sentence: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(sentence));
    };
    const timer = setTimeout(
      () => fail(`The portal at ${nameOf(place)} did not answer within ${seconds} s.`),
      seconds * 1_000,
    );
    socket.on('connect', () => socket.write(line));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => fail(sentenceOf(error, place)));
    socket.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

function sentenceOf(error: Error, place: Place): string {
  const code = codeOf(error);
  if ('path' in place && (code === 'ENOENT' || code === 'ECONNREFUSED')) {
    return `No portal listens at ${place.path}. Is it running, and is -dir= its folder?`;
  }
  if ('path' in place && code === 'EACCES') {
    return `${place.path} may only be opened by the user that runs the portal.`;
  }
  if (code === 'ECONNREFUSED') {
    return `No portal listens for commands at ${nameOf(place)}. Is it running, and is this its "cliPort"?`;
  }
  return `The portal at ${nameOf(place)} cannot be asked: ${messageOf(error) || code}.`;
}

/** Where a command goes, or a sentence that says why nowhere. */
function placeOf(command: string, options: ReadonlyMap<string, string>): Place | string {
  const byPort = portCommands.has(command) || options.has('port') || options.has('host');
  if (!byPort) return { path: join(options.get('dir') ?? '.', 'data', 'cli.sock') };
  const port = portOf(options.get('port'));
  if (typeof port === 'string') return port;
  return { host: options.get('host') ?? defaultHost, port };
}

/** Reads the password from the terminal or a pipe, so that it stands in no shell history. */
async function printPasswordHash(): Promise<number> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const password = await new Promise<string>((resolve) => {
    lines.question('Password: ', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  if (password.length < 8) {
    complain('A password of the admin centre has at least 8 characters.');
    return 1;
  }
  say(await hashPassword(password));
  return 0;
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { command, params, options } = readArguments(args);
  if (command === 'help' || options.has('help')) {
    say(usage);
    return 0;
  }
  if (command === undefined) {
    complain(usage);
    return 1;
  }
  if (command === 'hash-password') return printPasswordHash();
  const place = placeOf(command, options);
  if (typeof place === 'string') {
    complain(place);
    return 1;
  }
  const seconds = Number(options.get('timeout') ?? defaultTimeout);
  if (!(seconds > 0 && seconds <= 3_600)) {
    complain(`-timeout=${options.get('timeout')} is no number of seconds above 0, at most 3600.`);
    return 1;
  }
  const sent = Object.fromEntries([...options].filter(([key]) => !ownOptions.has(key)));
  try {
    const line = `${JSON.stringify({ command, params, options: sent })}\n`;
    return show(await ask(place, seconds, line));
  } catch (error) {
    complain(messageOf(error));
    return 1;
  }
}

function show(answer: string): number {
  const text = answer.trimEnd();
  if (text === '') {
    complain('The portal closed the connection without an answer.');
    return 1;
  }
  if (/^error\b/i.test(text)) {
    complain(text);
    return 1;
  }
  say(text);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
