import net from 'node:net';
import { severities } from '../log/logger.ts';
import { messageOf } from '../primitives/errors.ts';
import { isRecord, own, type UnknownRecord } from '../primitives/unknown.ts';
import { type BookEffects, balances, blocks } from './bookCommands.ts';
import { type CheckEffects, check } from './checkCommand.ts';
import type { CliAnswer, CliCommand } from './cliListener.ts';
import { type CommandEffects, runCommand } from './commands.ts';
import { type DrainEffects, drain } from './drainCommand.ts';
import { type NoticeEffects, notice } from './noticeCommand.ts';
import { type Report, wanted } from './report.ts';
import type { Role } from './roles.ts';
import { type SwitchEffects, switchLines, switchTable } from './switchLines.ts';
import { textTable } from './table.ts';

// The commands of the socket file, which only the operator's user may open. With `-json` the data comes as one line
// of JSON instead of text.

export interface OperatorEffects
  extends CommandEffects,
    BookEffects,
    CheckEffects,
    Pick<DrainEffects, 'drain' | 'isDraining'>,
    NoticeEffects,
    SwitchEffects {
  /** Asks every living process of a role; those that fail are left out. Rejects when none answered. */
  ask(role: Role, command: string, params: readonly string[]): Promise<readonly unknown[]>;
  bans(): readonly { readonly ip: string; readonly until: number; readonly why: string }[];
  ban(ip: string, seconds: number, why: string): void;
  /** False if it was not banned. */
  unban(ip: string): boolean;
  setLogLevel(level: string): void;
  processes(): readonly { readonly name: string; readonly pid: number | undefined }[];
}

type Command = (params: readonly string[], effects: OperatorEffects) => Promise<Report> | Report;

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['status', status],
  ['pools', pools],
  ['miners', miners],
  ['miner', miner],
  ['kick', kick],
  ['bans', bans],
  ['ban', ban],
  ['unban', unban],
  ['loglevel', logLevel],
  ['payments', payments],
  ['blocks', blocks],
  ['balances', balances],
  ['notice', notice],
  ['check', check],
  [
    'drain',
    (params, effects) => drain(params, { ...effects, connections: () => connections(effects) }),
  ],
]);

export async function runOperatorCommand(
  command: CliCommand,
  effects: OperatorEffects,
): Promise<CliAnswer> {
  const run = commands.get(command.command.toLowerCase());
  if (run === undefined) return runCommand(command, effects);
  try {
    const report = await run(command.params, effects);
    const asJson = command.options.has('json');
    return { ok: !report.failed, text: asJson ? JSON.stringify(report.data) : report.text };
  } catch (error) {
    return { ok: false, text: `${messageOf(error)}.` };
  }
}

/** One pool, summed over the forks. */
interface PoolLine {
  readonly coin: string;
  readonly algorithm: string;
  readonly ports: readonly number[];
  connections: number;
  workers: number;
  height: number | null;
  networkDifficulty: number | null;
}

async function poolLines(effects: OperatorEffects): Promise<PoolLine[]> {
  const lines = new Map<string, PoolLine>();
  for (const fork of await effects.ask('pool', 'stats', [])) {
    for (const stats of recordsOf(fork)) {
      const coin = textOf(stats, 'coin');
      const height = numberOf(stats, 'height');
      const known = lines.get(coin);
      if (known === undefined) {
        lines.set(coin, {
          coin,
          algorithm: textOf(stats, 'algorithm'),
          ports: numbersOf(stats, 'ports'),
          connections: numberOf(stats, 'connections') ?? 0,
          workers: numberOf(stats, 'workers') ?? 0,
          height,
          networkDifficulty: numberOf(stats, 'networkDifficulty'),
        });
        continue;
      }
      known.connections += numberOf(stats, 'connections') ?? 0;
      known.workers += numberOf(stats, 'workers') ?? 0;
      known.height = Math.max(known.height ?? 0, height ?? 0) || null;
      known.networkDifficulty ??= numberOf(stats, 'networkDifficulty');
    }
  }
  return [...lines.values()];
}

async function status(_params: readonly string[], effects: OperatorEffects): Promise<Report> {
  const processes = effects.processes();
  const lines = await poolLines(effects);
  const switches = await switchLines(effects);
  const draining = effects.isDraining();
  const data = { processes, pools: lines, switches, bans: effects.bans().length, draining };
  const rows = processes.map(({ name, pid }) => [
    name,
    pid === undefined ? 'being restarted' : `${pid}`,
  ]);
  const text = [
    textTable(['process', 'pid'], rows),
    '',
    poolTable(lines),
    '',
    ...(switches.length === 0 ? [] : [switchTable(switches), '']),
    `${effects.bans().length} address(es) banned.`,
    ...(draining ? ['No new miners are taken: drain off opens the ports again.'] : []),
  ];
  return { data, text: text.join('\n') };
}

async function pools(_params: readonly string[], effects: OperatorEffects): Promise<Report> {
  const lines = await poolLines(effects);
  return { data: lines, text: poolTable(lines) };
}

async function connections(effects: OperatorEffects): Promise<number> {
  const lines = [...(await poolLines(effects)), ...(await switchLines(effects))];
  return lines.reduce((sum, line) => sum + line.connections, 0);
}

function poolTable(lines: readonly PoolLine[]): string {
  const rows = lines.map((line) => [
    line.coin,
    line.algorithm,
    line.ports.join(','),
    String(line.height ?? 'no job yet'),
    String(line.networkDifficulty ?? ''),
    String(line.connections),
    String(line.workers),
  ]);
  const head = [
    'coin',
    'algorithm',
    'ports',
    'height',
    'network difficulty',
    'connections',
    'workers',
  ];
  return textTable(head, rows);
}

async function miners(params: readonly string[], effects: OperatorEffects): Promise<Report> {
  const answers = await effects.ask('pool', 'miners', params.slice(0, 1));
  return minerReport(answers.flatMap(recordsOf));
}

async function miner(params: readonly string[], effects: OperatorEffects): Promise<Report> {
  const name = wanted(params[0], 'miner needs an address or a worker');
  const answers = await effects.ask('pool', 'miners', []);
  const fits = (facts: UnknownRecord): boolean =>
    textsOf(facts, 'workers').some((worker) => worker === name || worker.split(/[._]/)[0] === name);
  return minerReport(answers.flatMap(recordsOf).filter(fits));
}

function minerReport(data: readonly UnknownRecord[]): Report {
  if (data.length === 0) return { data, text: 'No such miner is connected.' };
  const rows = data.map((facts) => [
    textOf(facts, 'coin'),
    textsOf(facts, 'workers').join(' ') || '(not logged in)',
    textOf(facts, 'ip'),
    String(numberOf(facts, 'port') ?? ''),
    String(numberOf(facts, 'difficulty') ?? ''),
    new Date(numberOf(facts, 'lastSubmit') ?? 0).toISOString(),
  ]);
  const head = ['coin', 'worker', 'ip', 'port', 'difficulty', 'last share'];
  return { data, text: textTable(head, rows) };
}

async function kick(params: readonly string[], effects: OperatorEffects): Promise<Report> {
  const name = wanted(params[0], 'kick needs an IP address, an address, or a worker');
  const counts = await effects.ask('pool', 'kick', [name]);
  const kicked = counts.reduce<number>((sum, count) => sum + (Number(count) || 0), 0);
  return { data: { kicked }, text: `${kicked} connection(s) of ${name} were closed.` };
}

function bans(_params: readonly string[], effects: OperatorEffects): Report {
  const data = effects.bans();
  if (data.length === 0) return { data, text: 'Nobody is banned.' };
  const rows = data.map(({ ip, until, why }) => [ip, new Date(until).toISOString(), why]);
  return { data, text: textTable(['address', 'until', 'why'], rows) };
}

const defaultBan = 3_600;

function ban(params: readonly string[], effects: OperatorEffects): Report {
  const ip = addressOf(params[0], 'ban');
  const seconds = params[1] === undefined ? defaultBan : Number(params[1]);
  if (!Number.isSafeInteger(seconds) || seconds < 1) {
    throw new RangeError(`"${params[1]}" is no whole number of seconds`);
  }
  const why = params.slice(2).join(' ') || 'by the operator';
  effects.ban(ip, seconds, why);
  return { data: { ip, seconds, why }, text: `${ip} is banned for ${seconds} s on every fork.` };
}

function unban(params: readonly string[], effects: OperatorEffects): Report {
  const ip = addressOf(params[0], 'unban');
  if (!effects.unban(ip)) throw new RangeError(`${ip} is not banned`);
  return { data: { ip }, text: `${ip} is not banned any more.` };
}

function addressOf(text: string | undefined, command: string): string {
  const ip = wanted(text, `${command} needs an IP address`);
  // Bans of IPv6 addresses are kept, and listed, with their network: 2001:db8::/64.
  if (net.isIP(ip.replace(/\/64$/, '')) === 0) throw new RangeError(`"${ip}" is no IP address`);
  return ip;
}

function logLevel(params: readonly string[], effects: OperatorEffects): Report {
  const level = severities.find((severity) => severity === params[0]);
  if (level === undefined) throw new RangeError(`loglevel needs one of ${severities.join(', ')}`);
  effects.setLogLevel(level);
  return { data: { level }, text: `From now on the log begins at ${level}.` };
}

/** The payment processor knows its own commands, and answers {data, text}. */
async function payments(params: readonly string[], effects: OperatorEffects): Promise<Report> {
  const [answer] = await effects.ask('payments', 'payments', params);
  if (!isRecord(answer)) throw new TypeError('the payment processor gave no answer');
  return { data: own(answer, 'data'), text: textOf(answer, 'text') };
}

// Answers of our own children: what is missing is shown as missing.

function recordsOf(value: unknown): UnknownRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function textOf(record: UnknownRecord, key: string): string {
  const value = own(record, key);
  return typeof value === 'string' ? value : '';
}

function textsOf(record: UnknownRecord, key: string): string[] {
  const value = own(record, key);
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

function numberOf(record: UnknownRecord, key: string): number | null {
  const value = own(record, key);
  return typeof value === 'number' ? value : null;
}

function numbersOf(record: UnknownRecord, key: string): number[] {
  const value = own(record, key);
  return Array.isArray(value) ? value.filter((number) => typeof number === 'number') : [];
}
