import { readFileSync } from 'node:fs';
import { codeOf } from '../primitives/errors.ts';

// Who holds a spool: a process, named so that no later process can be taken for it (pids come again, also after a
// reboot and in containers).

/** `pid-start-boot`: start in clock ticks since boot, boot as the first 8 digits of the kernel's boot id. */
export type OwnerName = string;

const form = /^(\d+)-(\d+)-([0-9a-f]+)$/;
let own: OwnerName | undefined;
let boot: string | undefined;

export function ownName(): OwnerName {
  own ??= `${process.pid}-${startOf(process.pid) ?? '0'}-${bootName()}`;
  return own;
}

/** True while that very process runs. One that has ended and was not reaped yet does not. */
export function isAlive(owner: OwnerName): boolean {
  const [, pid, start, bootOfOwner] = form.exec(owner) ?? [];
  if (pid === undefined || bootOfOwner !== bootName()) return false;
  return startOf(Number(pid)) === start;
}

/** Undefined for a process that is gone. Without a /proc (not Linux) every running process has the start 0. */
function startOf(pid: number): string | undefined {
  if (bootName() === noBoot) return isRunning(pid) ? '0' : undefined;
  const stat = textOf(`/proc/${pid}/stat`);
  // The second field, the command in brackets, may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields ?? [];
  return state === 'Z' || state === 'X' ? undefined : fields?.[19];
}

const noBoot = '0';

function bootName(): string {
  boot ??= textOf('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? noBoot;
  return boot;
}

/** Of a file in /proc: no disk is touched. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
