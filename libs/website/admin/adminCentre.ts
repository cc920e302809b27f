import { dirname, join } from 'node:path';
import type { PoolConfig, PortalConfig } from '../../config/types.ts';
import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../primitives/units.ts';
import type { EventLog } from '../data/eventLog.ts';
import type { Sources } from '../data/sources.ts';
import { actions, type Done } from './adminActions.ts';
import type { ViewTools } from './adminViews.ts';
import { AuditLog } from './auditLog.ts';
import { PasswordGuard, type Verdict } from './passwordGuard.ts';
import { type PlannedChange, PoolFiles, type RefusedChange } from './poolFiles.ts';
import { askPortal } from './portalSocket.ts';
import { redactor } from './redaction.ts';
import type { Fields } from './requestFacts.ts';
import { Sessions } from './sessions.ts';

// The admin centre without HTTP: who may come in, what can be done, and the log of it.

export interface AdminOptions {
  readonly portal: PortalConfig;
  readonly pools: readonly PoolConfig[];
  readonly log: Logger;
  readonly now: Clock;
  /** Absolute path of data/; the folder above it is the operator's. */
  readonly dataDir: string;
  readonly sources: Sources;
  readonly events: EventLog;
}

interface Lasting {
  readonly sessions: Sessions;
  readonly guard: PasswordGuard;
}

/** By data folder. Each reload of a pool starts the website anew within its process: nobody is logged out by that. */
const lasting = new Map<string, Lasting>();

export class AdminCentre {
  readonly options: AdminOptions;
  readonly sessions: Sessions;
  readonly guard: PasswordGuard;
  readonly tools: ViewTools;
  readonly files: PoolFiles;

  constructor(options: AdminOptions) {
    const { portal, pools, log, dataDir, sources, events } = options;
    this.options = options;
    const kept = lasting.get(dataDir) ?? { sessions: new Sessions(), guard: new PasswordGuard() };
    lasting.set(dataDir, kept);
    this.sessions = kept.sessions;
    this.guard = kept.guard;
    const redact = redactor(portal, pools);
    this.files = new PoolFiles(dirname(dataDir), redact);
    this.tools = {
      ask: (command) => askPortal(join(dataDir, 'cli.sock'), command),
      pools: sources.pools,
      events,
      audit: new AuditLog(join(dataDir, 'audit.log'), log, redact),
      redact,
    };
  }

  /** `action`: what the password was given for, in words for the audit log. */
  async checkPassword(password: string, address: string, action = 'login'): Promise<Verdict> {
    const { portal, now } = this.options;
    const verdict = await this.guard.check(password, address, portal.website.adminCenter, now);
    const outcomes = { right: 'right password', wrong: 'wrong password', locked: undefined };
    const outcome = outcomes[verdict];
    // Who is locked out writes nothing: a flood must not fill the disk.
    if (outcome !== undefined) await this.record(address, action, outcome);
    return verdict;
  }

  /** Undefined when there is no action of that name. */
  async act(name: string, fields: Fields, address: string): Promise<Done | undefined> {
    const action = actions.get(name);
    if (action === undefined) return undefined;
    const done = await action(fields, this.tools);
    const text = this.tools.redact(done.text);
    await this.record(address, done.action, `${done.ok ? 'done' : 'refused'}: ${text}`);
    return { ...done, text };
  }

  /** The pool of that coin. */
  pool(coin: string): PoolConfig | undefined {
    return this.options.pools.find((pool) => pool.coin.name === coin);
  }

  async planChange(
    pool: PoolConfig,
    edited: string,
    address: string,
  ): Promise<PlannedChange | RefusedChange> {
    const plan = await this.files.plan(pool, edited, this.options.now());
    if (plan.ok) return plan;
    const problems = plan.problems.map((problem) => this.tools.redact(problem));
    await this.record(address, `change of ${pool.file}`, `refused: ${problems.join('; ')}`);
    return { ok: false, problems };
  }

  /** Writes a planned change, and has the portal read the pool's files again. */
  async applyChange(pool: PoolConfig, id: string, address: string): Promise<Done> {
    const action = `change of ${pool.file}`;
    const done = async (ok: boolean, text: string): Promise<Done> => {
      const clean = this.tools.redact(text);
      await this.record(address, action, `${ok ? 'done' : 'refused'}: ${clean}`);
      return { ok, text: clean, action };
    };
    const applied = await this.files.apply(pool, id, this.options.now());
    if (!applied.ok) return done(false, applied.problem);
    const reload = await this.tools.ask({ command: 'reloadpool', params: [pool.coin.name] });
    const written = `${pool.file} is written; as it was it is kept as ${applied.backup}.`;
    return done(reload.ok, `${written}\n${reload.text}`);
  }

  record(address: string, action: string, outcome: string): Promise<void> {
    return this.tools.audit.add({ time: this.options.now(), address, action, outcome });
  }
}
