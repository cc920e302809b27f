import type { DaemonClient } from '../../libs/daemon/types.ts';

/** The same daemon, asked by another way for single calls. */
export function withCall(client: DaemonClient, call: DaemonClient['call']): DaemonClient {
  return {
    name: client.name,
    call,
    batch: (...words) => client.batch(...words),
    close: () => client.close(),
  };
}
