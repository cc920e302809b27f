import { type DaemonClient, DaemonError, DecimalText } from '../../libs/daemon/types.ts';

// Stand-in for daemons that cannot be had, old and odd ones: canned replies. A method without one is unknown to it.

export interface StandInDaemon extends DaemonClient {
  /** In order. */
  readonly calls: { readonly method: string; readonly params: readonly unknown[] }[];
}

type Reply = unknown | DaemonError | ((params: readonly unknown[]) => unknown);

export function standInDaemon(replies: Readonly<Record<string, Reply>>): StandInDaemon {
  const calls: { method: string; params: readonly unknown[] }[] = [];
  return {
    name: 'stand-in:1',
    calls,
    call: async (method, params = []) => {
      calls.push({ method, params });
      const reply = replies[method];
      const answer: unknown = typeof reply === 'function' ? reply(params) : reply;
      if (answer instanceof DaemonError) throw answer;
      if (answer === undefined) throw refusal(-32601, method);
      return answer;
    },
    batch: async () => [],
    close: () => {},
  };
}

export function refusal(rpcCode: number, method = 'any', message = 'no'): DaemonError {
  return new DaemonError('rpc', message, { daemon: 'stand-in:1', method, rpcCode });
}

export function timeout(method = 'any'): DaemonError {
  return new DaemonError('timeout', 'no answer', { daemon: 'stand-in:1', method });
}

export const number = (value: number | string) => new DecimalText(String(value));
