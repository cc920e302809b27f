import type { PoolConfig } from '../../config/types.ts';
import { severities } from '../../log/logger.ts';
import { messageOf } from '../../primitives/errors.ts';
import { isRecord, own, parseJson, type UnknownRecord } from '../../primitives/unknown.ts';
import { longestNotice } from '../../redis/notice.ts';
import type { EventLog } from '../data/eventLog.ts';
import type { PoolSource } from '../data/sources.ts';
import type { AuditLog } from './auditLog.ts';
import { paymentFacts } from './paymentFacts.ts';
import type { PoolFiles } from './poolFiles.ts';
import { masked } from './poolFileText.ts';
import { formOf } from './poolForm.ts';
import type { AskPortal, PortalAnswer } from './portalSocket.ts';
import type { Redact } from './redaction.ts';
import type {
  AuditView,
  BansView,
  DashboardView,
  NoticeView,
  PaymentsText,
  PaymentsView,
  PoolFileView,
  RunningPool,
  ServiceLine,
} from './viewTypes.ts';

// What the pages of the admin centre, and its API, show.

export interface ViewTools {
  readonly ask: AskPortal;
  readonly pools: readonly PoolSource[];
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly redact: Redact;
}

const mostEntries = 200;
const mostOrphans = 50;
const unreadable = 'The portal gave an answer that cannot be read.';

export async function dashboardView(tools: ViewTools): Promise<DashboardView> {
  const { ask, pools } = tools;
  const [answer, payments, services] = await Promise.all([
    ask({ command: 'status', json: true }),
    paymentsOf(tools),
    servicesOf(tools),
  ]);
  const status = dataOf(answer);
  return {
    section: 'dashboard',
    problem: problemOf(answer, isRecord(status)),
    processes: recordsOf(status, 'processes').map((one) => ({
      name: textOf(one, 'name'),
      pid: numberOf(one, 'pid'),
    })),
    running: recordsOf(status, 'pools').map(runningPool),
    bans: (isRecord(status) ? numberOf(status, 'bans') : undefined) ?? 0,
    files: pools.map(({ config: { coin, file } }) => ({
      coin: coin.name,
      name: coin.displayName,
      file,
    })),
    payments,
    services,
    logLevels: severities,
  };
}

function runningPool(pool: UnknownRecord): RunningPool {
  const ports = own(pool, 'ports');
  return {
    coin: textOf(pool, 'coin'),
    algorithm: textOf(pool, 'algorithm'),
    ports: Array.isArray(ports) ? ports.filter((port) => typeof port === 'number') : [],
    height: numberOf(pool, 'height'),
    connections: numberOf(pool, 'connections') ?? 0,
    workers: numberOf(pool, 'workers') ?? 0,
  };
}

/** Books, open batches and what is held, as the payment processor says it; of the pools that pay. */
function paymentsOf({ ask, pools, redact }: ViewTools): Promise<PaymentsText[]> {
  const paying = pools.filter(
    ({ config }) => config.paymentProcessing.enabled && !config.mposMode.enabled,
  );
  return Promise.all(
    paying.map(async ({ config: { coin } }) => {
      const command = { command: 'payments', params: ['status', coin.name] };
      const [{ ok, text }, data] = await Promise.all([
        ask(command),
        ask({ ...command, json: true }),
      ]);
      const facts = paymentFacts(dataOf(data), redact);
      return { coin: coin.name, ok, text: redact(text), facts };
    }),
  );
}

/** What the portal finds when it tries everything that the files name. */
async function servicesOf({ ask, redact }: ViewTools): Promise<readonly ServiceLine[]> {
  // A check that found something wrong is answered as an error that holds the same data.
  const data = parseJson((await ask({ command: 'check', json: true })).text);
  const lines = isRecord(data) ? own(data, 'lines') : undefined;
  if (!Array.isArray(lines)) return [];
  return lines
    .filter((line) => typeof line === 'string')
    .flatMap((line): ServiceLine[] => {
      const [, mark = '', text = ''] = /^(ok|FAILED|warning:|error:) *(.*)$/s.exec(line) ?? [];
      const state = serviceStates.get(mark);
      // The last line sums up what the others say.
      return state === undefined ? [] : [{ state, text: redact(text) }];
    });
}

const serviceStates: ReadonlyMap<string, ServiceLine['state']> = new Map([
  ['ok', 'ok'],
  ['warning:', 'warning'],
  ['FAILED', 'trouble'],
  ['error:', 'trouble'],
]);

/** With what somebody wrote and why it was refused, if it was; passwords that were typed are not shown again. */
export async function poolFileView(
  files: PoolFiles,
  pool: PoolConfig,
  refused?: { readonly edited: string; readonly problems: readonly string[] },
): Promise<PoolFileView> {
  const { text, problem } = await files.show(pool);
  return {
    section: 'pool',
    ...{ coin: pool.coin.name, name: pool.coin.displayName, file: pool.file, problem },
    text: refused === undefined || text === undefined ? text : masked(refused.edited),
    form: formOf(text ?? ''),
    refusals: refused?.problems ?? [],
  };
}

export async function paymentsView(tools: ViewTools): Promise<PaymentsView> {
  const { pools, events } = tools;
  const orphans = events.events.filter(({ type }) => type === 'block-orphaned');
  const payments = await paymentsOf(tools);
  return {
    section: 'payments',
    coins: pools.map(({ config: { coin } }) => ({ coin: coin.name, name: coin.displayName })),
    payments,
    held: payments.flatMap(({ facts }) => facts?.held ?? []),
    orphans: orphans
      .slice(-mostOrphans)
      .reverse()
      .map(({ coin, time, data }) => ({
        ...{ coin, time },
        height: numberOf(data, 'height'),
        hash: textOf(data, 'hash'),
      })),
  };
}

export async function bansView({ ask, redact }: ViewTools): Promise<BansView> {
  const answer = await ask({ command: 'bans', json: true });
  const data = dataOf(answer);
  return {
    section: 'bans',
    problem: problemOf(answer, Array.isArray(data)),
    bans: (Array.isArray(data) ? data.filter(isRecord) : []).map((ban) => ({
      ip: textOf(ban, 'ip'),
      until: numberOf(ban, 'until') ?? 0,
      why: redact(textOf(ban, 'why')),
    })),
  };
}

export function noticeView(text: string | undefined): NoticeView {
  return { section: 'notice', text: text ?? '', longest: longestNotice };
}

export async function auditView({ audit, redact }: ViewTools): Promise<AuditView> {
  try {
    const entries = await audit.newest(mostEntries);
    // A password that was changed since is secret again.
    const clean = entries.map((entry) => ({
      ...entry,
      action: redact(entry.action),
      outcome: redact(entry.outcome),
    }));
    return { section: 'audit', problem: undefined, entries: clean };
  } catch (error) {
    const problem = `The audit log cannot be read: ${messageOf(error)}`;
    return { section: 'audit', problem, entries: [] };
  }
}

function dataOf({ ok, text }: PortalAnswer): unknown {
  return ok ? parseJson(text) : undefined;
}

function problemOf({ ok, text }: PortalAnswer, readable: boolean): string | undefined {
  if (!ok) return text;
  return readable ? undefined : unreadable;
}

function recordsOf(value: unknown, name: string): readonly UnknownRecord[] {
  const list = isRecord(value) ? own(value, name) : undefined;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function textOf(record: UnknownRecord, name: string): string {
  const value = own(record, name);
  return typeof value === 'string' ? value : '';
}

function numberOf(record: UnknownRecord, name: string): number | undefined {
  const value = own(record, name);
  return typeof value === 'number' ? value : undefined;
}
