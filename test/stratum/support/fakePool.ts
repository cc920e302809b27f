import type { TestContext } from 'node:test';
import type { BanningConfig, PortConfig, VarDiffConfig } from '../../../libs/config/types.ts';
import type { Logger, Severity } from '../../../libs/log/logger.ts';
import { difficulty, type Millis, millis, systemClock } from '../../../libs/primitives/units.ts';
import { type StratumOptions, StratumServer } from '../../../libs/stratum/server.ts';
import type {
  AuthorizeAnswer,
  AuthorizeRequest,
  JobNotice,
  PoolBehind,
  Submit,
  SubmitAnswer,
} from '../../../libs/stratum/types.ts';

// Stand-ins for what lies above stratum/: a pool without coin, daemon or Redis, a log in memory, a clock that is set.

/** Looks like a job; nobody could mine it. */
export function fakeJob(sequence: number, clean = false, networkDifficulty = 1e9): JobNotice {
  return {
    jobId: sequence.toString(16),
    sequence,
    clean,
    networkDifficulty: difficulty(networkDifficulty),
    notifyParams: (extranonce2Size) => ({
      prevHash: '4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000',
      coinb1: `01000000010000${extranonce2Size.toString(16).padStart(2, '0')}`,
      coinb2: '072f736c7573682f000000000100f2052a01000000',
      merkleBranch: ['aa'.repeat(32), 'bb'.repeat(32)],
      version: '20000000',
      nbits: '1c2ac4af',
      ntime: '504e86b9',
    }),
  };
}

export const accepted: SubmitAnswer = { ok: true };
export const lowDifficulty: SubmitAnswer = {
  ok: false,
  code: 23,
  message: 'low difficulty share of 0.1',
  counts: true,
};
export const stale: SubmitAnswer = {
  ok: false,
  code: 21,
  message: 'job not found',
  counts: false,
};

export class FakePool implements PoolBehind {
  job: JobNotice | undefined = fakeJob(1, true);
  readonly logins: AuthorizeRequest[] = [];
  readonly submits: Submit[] = [];
  /** Instead of true for every name. */
  onAuthorize: (request: AuthorizeRequest) => Promise<AuthorizeAnswer> = async () => ({ ok: true });
  /** Instead of an accepted share. */
  onSubmit: (submit: Submit, answer: (verdict: SubmitAnswer) => void) => void = (_, answer) =>
    answer(accepted);

  authorize(request: AuthorizeRequest): Promise<AuthorizeAnswer> {
    this.logins.push(request);
    return this.onAuthorize(request);
  }

  submit(submit: Submit, answer: (verdict: SubmitAnswer) => void): void {
    this.submits.push(submit);
    this.onSubmit(submit, answer);
  }

  /** As it is asked for: the current job, however old it is. */
  newerJob: (sequence: number) => JobNotice | undefined = () => this.job;

  currentJob(): JobNotice | undefined {
    return this.job;
  }
}

export class LogInMemory implements Logger {
  readonly lines: { readonly severity: Severity; readonly text: string }[] = [];

  enabled(): boolean {
    return true;
  }

  debug(text: string): void {
    this.lines.push({ severity: 'debug', text });
  }

  warning(text: string): void {
    this.lines.push({ severity: 'warning', text });
  }

  error(text: string): void {
    this.lines.push({ severity: 'error', text });
  }

  special(text: string): void {
    this.lines.push({ severity: 'special', text });
  }

  child(): Logger {
    return this;
  }

  /** How many lines match. */
  count(pattern: RegExp): number {
    return this.lines.filter(({ text }) => pattern.test(text)).length;
  }
}

export const noBans: BanningConfig = {
  enabled: false,
  time: 600,
  invalidPercent: 50,
  checkThreshold: 500,
  purgeInterval: 300,
};

export const plainPort: PortConfig = {
  port: 0,
  diff: difficulty(8),
  extranonce2Size: 4,
  tls: false,
};

export const varDiff: VarDiffConfig = {
  minDiff: difficulty(8),
  maxDiff: difficulty(1_024),
  targetTime: 15,
  retargetTime: 90,
  variancePercent: 30,
};

export interface Bench {
  readonly server: StratumServer;
  readonly pool: FakePool;
  readonly log: LogInMemory;
  /** Bound number of the first port. */
  readonly port: number;
  readonly bans: { readonly ip: string; readonly until: Millis; readonly why: string }[];
  /** Moves the server's clock on and lets it sweep. */
  pass(seconds: number): void;
}

/** Of a server on a free port of the loopback, without limits, on the real clock. */
export function serverOptions(): StratumOptions {
  return {
    log: new LogInMemory(),
    pool: new FakePool(),
    ports: [plainPort],
    host: '127.0.0.1',
    connectionTimeout: 600,
    tcpProxyProtocol: false,
    banning: noBans,
    limits: { connectionsPerIp: 0, messagesPerSecond: 0 },
    extranonce: { first: 0x10000000, count: 1_048_576 },
    now: systemClock,
    onBan: () => {},
  };
}

/** A real server on free ports of the loopback, with a stand-in pool and a clock that stands still. */
export async function startServer(
  t: TestContext,
  changes: Partial<StratumOptions> = {},
): Promise<Bench> {
  let time = 1_700_000_000_000;
  const pool = new FakePool();
  const log = new LogInMemory();
  const bans: Bench['bans'] = [];
  const server = new StratumServer({
    ...serverOptions(),
    log,
    pool,
    now: () => millis(time),
    onBan: (ip, until, why) => bans.push({ ip, until, why }),
    ...changes,
  });
  await server.listen();
  t.after(() => server.close());
  return {
    server,
    pool,
    log,
    bans,
    port: server.ports[0] ?? 0,
    pass: (seconds) => {
      time += seconds * 1_000;
      server.sweep();
    },
  };
}

/** A submit that a fake pool takes. */
export function submitLine(id: unknown, worker: string, jobId = '1', nonce = '00000001'): object {
  return {
    id,
    method: 'mining.submit',
    params: [worker, jobId, '00000001', '504e86ed', nonce],
  };
}
