import { isRecord, own } from '../primitives/unknown.ts';
import type { Role } from './roles.ts';
import type { SwitchView } from './switches.ts';
import { textTable } from './table.ts';

// The switches as the operator sees them: what the master decided, and who is connected on all forks.

export interface SwitchEffects {
  switches(): readonly SwitchView[];
  ask(role: Role, command: string, params: readonly string[]): Promise<readonly unknown[]>;
}

export interface SwitchLine extends SwitchView {
  connections: number;
  workers: number;
  /** Forks whose miners do not mine `coin` yet: its pool is not ready there. */
  behind: number;
}

export async function switchLines(effects: SwitchEffects): Promise<readonly SwitchLine[]> {
  const lines = effects
    .switches()
    .map((view) => ({ ...view, connections: 0, workers: 0, behind: 0 }));
  if (lines.length === 0) return lines;
  for (const fork of await effects.ask('pool', 'switches', [])) {
    for (const stats of Array.isArray(fork) ? fork.filter(isRecord) : []) {
      const line = lines.find(({ name }) => name === own(stats, 'switch'));
      if (line === undefined) continue;
      line.connections += Number(own(stats, 'connections')) || 0;
      line.workers += Number(own(stats, 'workers')) || 0;
      if (own(stats, 'coin') !== line.coin) line.behind += 1;
    }
  }
  return lines;
}

export function switchTable(lines: readonly SwitchLine[]): string {
  const head = ['switch', 'algorithm', 'ports', 'coin', 'since', 'connections', 'workers'];
  const rows = lines.map((line) => [
    line.name,
    line.algorithm,
    line.ports.join(','),
    line.behind === 0 ? line.coin : `${line.coin} (not yet on ${line.behind} fork(s))`,
    new Date(line.since).toISOString(),
    String(line.connections),
    String(line.workers),
  ]);
  return textTable(head, rows);
}
