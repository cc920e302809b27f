import type { Report } from './report.ts';

// `check`: what `node init.js --check` says, of the files as they are now and of everything that they name.

export interface CheckReport {
  readonly ok: boolean;
  /** A line each: "error: …" or "warning: …" of the files, then every daemon, wallet and Redis. */
  readonly lines: readonly string[];
}

export interface CheckEffects {
  check(): Promise<CheckReport>;
}

export async function check(_params: readonly string[], effects: CheckEffects): Promise<Report> {
  const data = await effects.check();
  return { data, text: data.lines.join('\n'), failed: !data.ok };
}
