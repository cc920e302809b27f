// `node scripts/cli.js <command>`: one line of JSON to the portal's command port, its answer as text.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { type ParseError, parse } from 'jsonc-parser';
import { complain, say } from '../libs/log/console.ts';
import { codeOf, messageOf } from '../libs/primitives/errors.ts';
import { isRecord, own } from '../libs/primitives/unknown.ts';

const usage = `Usage: node scripts/cli.js [-host=127.0.0.1] [-port=17117] [-timeout=10] <command> [params] [-key=value]

Commands:
  blocknotify <coin> <hash>   the coin's daemon has a new block (for its blocknotify= line)
  reloadpool <coin>           reads that pool's configuration again and restarts it
  help                        this text

The port is that of "cliPort" in ./config.json, else 17117; the time-out is in seconds. The exit code is 1 on an error.`;

const defaultHost = '127.0.0.1';
const defaultPort = 17117;
const defaultTimeout = '10';
/** Options that are ours; all others go to the portal. */
const ownOptions: ReadonlySet<string> = new Set(['host', 'port', 'timeout']);

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

/** The portal's whole answer, within `seconds`. Rejects with a sentence for the operator. */
function ask(host: string, port: number, seconds: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    const chunks: Buffer[] = [];
    const fail = (sentence: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(sentence));
    };
    const timer = setTimeout(
      () => fail(`The portal at ${host}:${port} did not answer within ${seconds} s.`),
      seconds * 1_000,
    );
    socket.on('connect', () => socket.write(line));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => fail(sentenceOf(error, host, port)));
    socket.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}

function sentenceOf(error: Error, host: string, port: number): string {
  if (codeOf(error) === 'ECONNREFUSED') {
    return `No portal listens for commands at ${host}:${port}. Is it running, and is this its "cliPort"?`;
  }
  return `The portal at ${host}:${port} cannot be asked: ${messageOf(error) || codeOf(error)}.`;
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
  const port = portOf(options.get('port'));
  if (typeof port === 'string') {
    complain(port);
    return 1;
  }
  const seconds = Number(options.get('timeout') ?? defaultTimeout);
  if (!(seconds > 0 && seconds <= 3_600)) {
    complain(`-timeout=${options.get('timeout')} is no number of seconds above 0, at most 3600.`);
    return 1;
  }
  const host = options.get('host') ?? defaultHost;
  const sent = Object.fromEntries([...options].filter(([key]) => !ownOptions.has(key)));
  try {
    const line = `${JSON.stringify({ command, params, options: sent })}\n`;
    return show(await ask(host, port, seconds, line));
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
