// A fault injector: makes a program's disk slow to sync, as a busy disk is. Redis with "appendfsync everysec" then
// answers for seconds what it has not even written: killed, it forgets it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const source = (milliseconds: number): string => `
#include <sys/syscall.h>
#include <unistd.h>
int fdatasync(int fd) { usleep(${milliseconds * 1_000}); return syscall(SYS_fdatasync, fd); }
int fsync(int fd) { usleep(${milliseconds * 1_000}); return syscall(SYS_fsync, fd); }
`;

/**
 * Environment for a program whose every sync to disk takes so much longer. Undefined where it cannot be made: it takes
 * a C compiler (`cc`) and Linux' LD_PRELOAD. `dir` keeps what is built.
 */
export function slowDiskEnvironment(
  dir: string,
  milliseconds: number,
): NodeJS.ProcessEnv | undefined {
  const [code, library] = [join(dir, 'slowDisk.c'), join(dir, 'slowDisk.so')];
  writeFileSync(code, source(milliseconds));
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, code]);
  if (process.platform !== 'linux' || status !== 0) return undefined;
  return { ...process.env, LD_PRELOAD: library };
}
