import { readFileSync } from 'node:fs';

// File descriptors: what a process may have open, each connection being one.

/** "Max open files" of a /proc/PID/limits, the soft limit; undefined when it is not there, or there is no limit. */
export function descriptorLimit(limits: string): number | undefined {
  const found = /^Max open files +(\d+)/m.exec(limits);
  return found === null ? undefined : Number(found[1]);
}

/** Of this process. Node raises the soft limit to the hard one as it starts. Undefined where there is no /proc. */
export function ownDescriptorLimit(): number | undefined {
  try {
    return descriptorLimit(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return undefined;
  }
}
