import type { DaemonConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import type { Clock } from '../primitives/units.ts';
import { isRepeatable } from './methods.ts';
import { createDaemonClient } from './rpcClient.ts';
import {
  type BatchCall,
  type BatchOutcome,
  type CallOptions,
  type DaemonClient,
  DaemonError,
  type DaemonGroup,
} from './types.ts';

// Several daemons of one coin. The first of the list is preferred; the others stand in while it fails.

const firstWait = 1_000;
const longestWait = 30_000;
const probeTimeout = 5_000;
const sayEvery = 60_000;

interface Member {
  readonly client: DaemonClient;
  /** While it fails: when it may be asked again, in the clock's milliseconds. */
  retryAt: number | undefined;
  wait: number;
  probing: boolean;
}

/**
 * `call` asks the first daemon that is alive. A call that cannot do harm twice moves on to the next one when the
 * daemon fails or is not ready; any other call is made to one daemon only. When all fail it rejects with the most
 * telling DaemonError. A failed daemon is asked again in the background, after 1 s to 30 s, and taken back when it answers.
 */
export function createDaemonGroup(
  configs: readonly DaemonConfig[],
  log: Logger,
  now: Clock,
): DaemonGroup {
  return new Group(
    configs.map((config) => createDaemonClient(config)),
    log,
    now,
  );
}

class Group implements DaemonGroup {
  readonly clients: readonly DaemonClient[];
  readonly #members: readonly Member[];
  readonly #log: Logger;
  readonly #now: Clock;
  readonly #said: OncePer;
  #closed = false;

  constructor(clients: readonly DaemonClient[], log: Logger, now: Clock) {
    this.clients = clients;
    this.#members = clients.map((client) => ({
      client,
      retryAt: undefined,
      wait: firstWait,
      probing: false,
    }));
    this.#log = log;
    this.#now = now;
    this.#said = new OncePer(sayEvery, now);
  }

  call(
    method: string,
    params: readonly unknown[] = [],
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#ask(method, isRepeatable(method), (client) =>
      client.call(method, params, options),
    );
  }

  batch(calls: readonly BatchCall[], options: CallOptions = {}): Promise<readonly BatchOutcome[]> {
    const isSafe = calls.every(({ method }) => isRepeatable(method));
    return this.#ask(`batch of ${calls.length}`, isSafe, (client) => client.batch(calls, options));
  }

  async #ask<T>(
    label: string,
    isSafe: boolean,
    question: (client: DaemonClient) => Promise<T>,
  ): Promise<T> {
    this.#probeFailed();
    const alive = this.#members.filter(({ retryAt }) => retryAt === undefined);
    const candidates = alive.length > 0 ? alive : this.#members;
    const tried = isSafe ? candidates : candidates.slice(0, 1);
    let worst: DaemonError | undefined;
    for (const [index, member] of tried.entries()) {
      try {
        const result = await question(member.client);
        this.#answered(member);
        return result;
      } catch (error) {
        if (!(error instanceof DaemonError)) throw error;
        this.#learn(member, error);
        if (error.kind === 'rpc' && !isNotReady(error)) throw error;
        if (worst === undefined || (error.kind === 'rpc' && worst.kind !== 'rpc')) worst = error;
        const next = tried[index + 1];
        if (next !== undefined) this.#sayMove(member, next, error);
      }
    }
    throw (
      worst ??
      new DaemonError('unreachable', `no daemon is configured to answer ${label}`, {
        daemon: 'none',
        method: label,
      })
    );
  }

  async callAll(
    method: string,
    params: readonly unknown[],
    onOutcome: (client: DaemonClient, outcome: BatchOutcome) => void,
    options: CallOptions = {},
  ): Promise<void> {
    await Promise.all(
      this.#members.map(async (member) => {
        onOutcome(member.client, await this.#outcome(member, method, params, options));
      }),
    );
  }

  async #outcome(
    member: Member,
    method: string,
    params: readonly unknown[],
    options: CallOptions,
  ): Promise<BatchOutcome> {
    try {
      const result = await member.client.call(method, params, options);
      this.#answered(member);
      return { ok: true, result };
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      this.#learn(member, error);
      return { ok: false, error };
    }
  }

  close(): void {
    this.#closed = true;
    for (const client of this.clients) client.close();
  }

  #learn(member: Member, error: DaemonError): void {
    if (isDown(error)) this.#failed(member);
    // A full work queue is over in a moment: no reason to prefer another daemon from now on.
    else if (error.kind === 'rpc') this.#answered(member);
  }

  #failed(member: Member): void {
    if (member.retryAt === undefined) member.wait = firstWait;
    member.retryAt = this.#now() + member.wait;
  }

  #answered(member: Member): void {
    if (member.retryAt === undefined) return;
    member.retryAt = undefined;
    if (this.#closed || this.#members.length === 1) return;
    if (this.#said.allows(`back ${member.client.name}`)) {
      this.#log.special(`Daemon ${member.client.name} answers again.`);
    }
  }

  /** Callers never wait for a daemon that has failed while another one answers. */
  #probeFailed(): void {
    if (this.#members.length === 1) return;
    const now = this.#now();
    for (const member of this.#members) {
      if (member.retryAt === undefined || member.retryAt > now || member.probing) continue;
      member.probing = true;
      void this.#probe(member);
    }
  }

  async #probe(member: Member): Promise<void> {
    const outcome = await this.#outcome(member, 'getblockcount', [], { timeout: probeTimeout });
    member.probing = false;
    if (outcome.ok || member.retryAt === undefined) return;
    member.wait = Math.min(member.wait * 2, longestWait);
    member.retryAt = this.#now() + member.wait;
  }

  #sayMove(from: Member, to: Member, error: DaemonError): void {
    if (!this.#said.allows(`move ${from.client.name}`)) return;
    this.#log.warning(
      `Daemon ${from.client.name} fails, ${to.client.name} is asked instead: ${error.message}.`,
    );
  }
}

/** Warming up, no peers, still syncing: an answer, but another daemon may have a better one. */
function isNotReady(error: DaemonError): boolean {
  return error.rpcCode === -28 || error.rpcCode === -9 || error.rpcCode === -10;
}

function isDown(error: DaemonError): boolean {
  return error.kind === 'rpc' ? error.rpcCode === -28 : error.kind !== 'busy';
}
