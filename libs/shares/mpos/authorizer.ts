import { createHash, timingSafeEqual } from 'node:crypto';
import { type QueueObject, queue } from 'async';
import type { Logger } from '../../log/logger.ts';
import { OncePer } from '../../log/oncePer.ts';
import { messageOf } from '../../primitives/errors.ts';
import type { Clock } from '../../primitives/units.ts';
import { own } from '../../primitives/unknown.ts';
import type { AuthorizeAnswer, AuthorizeRequest } from '../../stratum/types.ts';
import { textFault } from './columnText.ts';
import type { MposDatabase } from './database.ts';
import { MposError } from './errors.ts';
import { readyForWorkers, usualShares, usualWorkers, type WorkerColumns } from './tables.ts';

// Who may log in: the workers in MPOS's table `pool_worker`, and with autoCreateWorker new ones of known accounts.

export interface MposAuthorizerOptions {
  readonly database: MposDatabase;
  readonly coin: string;
  readonly validateWorkerUsername: boolean;
  readonly checkPassword: boolean;
  readonly autoCreateWorker: boolean;
  readonly log: Logger;
  readonly now: Clock;
}

/** Settles always. A password is neither logged nor kept: what is compared and remembered is its hash. */
export type MposAuthorizer = (request: AuthorizeRequest) => Promise<AuthorizeAnswer>;

/** undefined: no such worker. Without a password nobody can match it. */
type Known = { readonly password: Buffer | undefined } | undefined;

const minute = 60_000;
/** Milliseconds that an answer of the database is good for. */
const rememberedMillis = 5_000;
const mostRemembered = 10_000;
/** Questions that the database is asked at once, and that wait for their turn. */
const askedAtOnce = 2;
const mostWaiting = 5_000;
/** Milliseconds that logins are refused without asking, after a connection failed. */
const restMillis = 1_000;

const notThere: AuthorizeAnswer = { ok: false, reason: 'there is no such worker in MPOS' };
const noAccount: AuthorizeAnswer = { ok: false, reason: 'there is no such account in MPOS' };
const wrongPassword: AuthorizeAnswer = { ok: false, reason: 'the password is wrong' };
const notNow: AuthorizeAnswer = {
  ok: false,
  reason: 'workers cannot be looked up at the moment, try again',
};

export function createMposAuthorizer(options: MposAuthorizerOptions): MposAuthorizer {
  const { database, checkPassword, autoCreateWorker, log, now } = options;
  const said = new OncePer(minute, now);
  const remembered = new Map<string, { readonly until: number; readonly known: Known }>();
  const asked = new Map<string, Promise<Known>>();
  let columns: Promise<WorkerColumns> | undefined;
  let restUntil = 0;

  // An authorise flood must not become a flood of connections and statements.
  const turns: QueueObject<() => Promise<Known>> = queue(
    async (work: () => Promise<Known>) => work(),
    askedAtOnce,
  );

  async function inTurn(work: () => Promise<Known>): Promise<Known> {
    if (turns.length() >= mostWaiting) {
      throw new MposError('MPOS_BUSY', `${mostWaiting} logins wait for ${database.name}.`);
    }
    return await turns.pushAsync<Known>(async () => {
      if (now() < restUntil) {
        throw new MposError('MPOS_DOWN', `${database.name} was away a moment ago.`);
      }
      try {
        return await work();
      } catch (error) {
        columns = undefined;
        if (error instanceof MposError && error.code === 'MPOS_DOWN') {
          restUntil = now() + restMillis;
        }
        throw error;
      }
    });
  }

  async function workerColumns(): Promise<WorkerColumns> {
    columns ??= readyForWorkers(database, autoCreateWorker);
    return await columns;
  }

  function remember(name: string, known: Known): void {
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(name, { until: now() + rememberedMillis, known });
  }

  /** The worker of this name (lower case); asked once however many ask at the same time. */
  async function lookUp(name: string): Promise<Known> {
    const fresh = remembered.get(name);
    if (fresh !== undefined && now() < fresh.until) return fresh.known;
    return await once(`look ${name}`, async () => {
      const known = await inTurn(async () => {
        await workerColumns();
        return await select(name);
      });
      remember(name, known);
      return known;
    });
  }

  /** Adds the worker if its account is there; gives what `pool_worker` has then. */
  async function create(name: string, password: string): Promise<Known> {
    return await once(`create ${name}`, async () => {
      const known = await inTurn(() => insert(name, password));
      remember(name, known);
      return known;
    });
  }

  async function once(key: string, work: () => Promise<Known>): Promise<Known> {
    let running = asked.get(key);
    if (running === undefined) {
      running = work().finally(() => asked.delete(key));
      asked.set(key, running);
    }
    return await running;
  }

  async function select(name: string): Promise<Known> {
    return await database.once(async (session) => {
      const [row] = await session.rows(
        'SELECT password FROM pool_worker WHERE username = ? LIMIT 1',
        [name],
      );
      if (row === undefined) return undefined;
      const password = own(row, 'password');
      return { password: typeof password === 'string' ? digest(password) : undefined };
    });
  }

  async function insert(name: string, password: string): Promise<Known> {
    const account = name.split('.', 1)[0] ?? '';
    try {
      return await database.once(async (session) => {
        // One statement: the account may go between two.
        const { rows } = await session.change(
          `INSERT INTO pool_worker (account_id, username, password)
           SELECT id, ?, ? FROM accounts WHERE username = ? LIMIT 1`,
          [name, password, account],
        );
        return rows === 0 ? undefined : { password: digest(password) };
      });
    } catch (error) {
      // Another fork was faster.
      if (error instanceof MposError && error.code === 'MPOS_DUPLICATE') return await select(name);
      throw error;
    }
  }

  async function judge({ worker, password }: AuthorizeRequest): Promise<AuthorizeAnswer> {
    const name = worker.toLowerCase();
    const { username, password: passwordColumn } = await widths();
    const fault = textFault(worker, username) ?? textFault(name, username);
    if (fault !== undefined) return { ok: false, reason: `the worker name ${fault}` };
    const known = await lookUp(name);
    if (known !== undefined) return admit(known, password);
    if (!autoCreateWorker) return notThere;
    const passwordFault = textFault(password, passwordColumn);
    if (passwordFault !== undefined) {
      return { ok: false, reason: `the password ${passwordFault}` };
    }
    const made = await create(name, password);
    return made === undefined ? noAccount : admit(made, password);
  }

  /** MPOS's usual ones while nothing else is known. */
  async function widths(): Promise<WorkerColumns> {
    return columns === undefined ? usualWorkers : await columns;
  }

  function admit({ password }: { readonly password: Buffer | undefined }, given: string) {
    if (!checkPassword) return { ok: true } as const;
    const matches = password !== undefined && timingSafeEqual(password, digest(given));
    return matches ? ({ ok: true } as const) : wrongPassword;
  }

  return async (request) => {
    const fault = textFault(request.worker, usualShares.username);
    if (fault !== undefined) return { ok: false, reason: `the worker name ${fault}` };
    if (!options.validateWorkerUsername && !autoCreateWorker) return { ok: true };
    try {
      return await judge(request);
    } catch (error) {
      if (said.allows('login')) {
        log.error(
          `Logins to the ${options.coin} pool are refused, since MPOS cannot be asked: ${messageOf(error)}`,
        );
      }
      return notNow;
    }
  };
}

/** Of equal length for timingSafeEqual. A CHAR column gives its text without the spaces at its end. */
function digest(password: string): Buffer {
  return createHash('sha256').update(password.replace(/ +$/, '')).digest();
}
