import { joinPath } from './jsonFile.ts';
import { noMiningKeys } from './miningKeys.ts';
import type { PoolDraft } from './poolFile.ts';
import { type Place, type Report, shown } from './problems.ts';
import type { SwitchConfig } from './types.ts';

// What no file can know alone: ports and coins that are taken twice. Every pool that is part of a clash gets an error,
// since nobody but the operator knows which of them is meant. config.json gets one only for a clash within itself: a
// pool on its port is that pool's fault alone.

export interface PortUse {
  readonly port: string;
  readonly place: Place;
  /** Path of the field that asks for the port. */
  readonly path: string;
  readonly by: 'portal' | 'pool';
  readonly report: Report;
}

/** Two users of one port. */
export function checkPorts(uses: readonly PortUse[]): void {
  const byPort = new Map<string, PortUse[]>();
  for (const use of uses) byPort.set(use.port, [...(byPort.get(use.port) ?? []), use]);
  for (const [port, users] of byPort) {
    if (users.length < 2) continue;
    const portalIsSound = users.filter(({ by }) => by === 'portal').length < 2;
    for (const user of users) {
      if (user.by === 'portal' && portalIsSound) continue;
      const others = users.filter((other) => other !== user).map(nameOf);
      const message = `port ${port} is also taken by ${others.join(' and ')}: give each its own`;
      user.report.error(user.place, user.path, message);
    }
  }
}

function nameOf(use: PortUse): string {
  return `${use.place.file}:${use.place.line} (${use.path})`;
}

/** Two pools of one coin file, or of one coin name in lower case. */
export function checkCoins(drafts: readonly PoolDraft[]): void {
  for (const draft of drafts) {
    if (draft.coin === undefined) continue;
    const twins = drafts.filter((other) => other !== draft && isSameCoin(draft, other));
    if (twins.length === 0) continue;
    const others = twins.map(({ file }) => file).join(' and ');
    const name = draft.coin.coin?.name ?? draft.coin.file;
    const message = `${others} is a pool of ${shown(name)} too: one coin has one pool`;
    draft.report.error(draft.coin.place, 'coin', message);
  }
}

function isSameCoin(a: PoolDraft, b: PoolDraft): boolean {
  if (a.coin === undefined || b.coin === undefined) return false;
  if (a.coin.file === b.coin.file) return true;
  return a.coin.coin !== undefined && a.coin.coin.name === b.coin.coin?.name;
}

export interface SwitchUse {
  readonly config: SwitchConfig;
  /** "switching.switch1" */
  readonly path: string;
  /** Of its algorithm. */
  readonly place: Place;
  readonly report: Report;
}

/**
 * A switch without any pool that can be behind it, or with TLS and no certificate. A pool with errors of its own gets the
 * benefit of the doubt.
 */
export function checkSwitch(use: SwitchUse, drafts: readonly PoolDraft[]): void {
  const { config, path, place, report } = use;
  const { algorithm } = config;
  if (drafts.some(({ coin }) => coin?.coin === undefined)) return;
  const pools = drafts.filter(({ coin }) => coin?.coin?.algorithm === algorithm);
  if (pools.length === 0) {
    const message = `no enabled pool is for ${algorithm}: enable one, or set the switch's "enabled" to false`;
    report.error(place, `${path}.algorithm`, message);
    return;
  }
  const faults = pools.map((pool) => pool.config && noMiningKeys(pool.config));
  if (faults.every((fault) => fault !== undefined)) {
    const reasons = pools.map(({ file }, at) => `${file} ${faults[at]}`);
    const message = `no pool for ${algorithm} can be behind a switch: ${reasons.join('; ')}`;
    report.error(place, `${path}.algorithm`, message);
    return;
  }
  const first = pools.find((_, at) => faults[at] === undefined);
  if (first?.config === undefined || first.config.tls !== undefined) return;
  for (const { port, tls } of Object.values(config.ports)) {
    if (!tls) continue;
    const message = `needs the certificate of the first pool for ${algorithm}: add "tls": {"cert": …, "key": …} to ${first.file}`;
    report.error(place, `${joinPath(`${path}.ports`, String(port))}.tls`, message);
  }
}
