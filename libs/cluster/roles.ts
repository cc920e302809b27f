import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { parseToMaster, type ToMaster } from '../ipc/messages.ts';
import type { Child } from './supervisor.ts';

// The processes of the portal. A child learns its role from the environment, everything else by messages.

export const roles = ['pool', 'payments', 'website', 'profit'] as const;
export type Role = (typeof roles)[number];

const roleVariable = 'NOMP_ROLE';

/** The role of this process, or undefined for the master. */
export function ownRole(): Role | undefined {
  const name = process.env[roleVariable];
  return roles.find((role) => role === name);
}

/** Starts a child of this very program. `onMessage` gets what it says, parsed; anything else is dropped. */
export function spawnRole(role: Role, onMessage: (message: ToMaster) => void): Child {
  return role === 'pool' ? spawnPoolWorker(onMessage) : spawnPlain(role, onMessage);
}

// Pool workers share their ports, which is what node:cluster is for; the other roles have no ports to share.
function spawnPoolWorker(onMessage: (message: ToMaster) => void): Child {
  cluster.setupPrimary({ serialization: 'advanced', args: [] });
  const worker = cluster.fork({ [roleVariable]: 'pool' });
  worker.on('message', (raw: unknown) => deliver(raw, onMessage));
  worker.on('error', () => undefined);
  return {
    pid: worker.process.pid,
    send: (message) => {
      if (worker.isConnected()) worker.send(message, () => undefined);
    },
    kill: (signal) => void worker.process.kill(signal),
    onExit: (listener) => void worker.on('exit', listener),
  };
}

function spawnPlain(role: Role, onMessage: (message: ToMaster) => void): Child {
  const child = fork(process.argv[1] ?? '', [], {
    env: { ...process.env, [roleVariable]: role },
    serialization: 'advanced',
  });
  child.on('message', (raw: unknown) => deliver(raw, onMessage));
  child.on('error', () => undefined);
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    kill: (signal) => void child.kill(signal),
    onExit: (listener) => void child.on('exit', listener),
  };
}

function deliver(raw: unknown, onMessage: (message: ToMaster) => void): void {
  const message = parseToMaster(raw);
  if (message !== undefined) onMessage(message);
}
