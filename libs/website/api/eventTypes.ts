import type { Parameter } from './parameters.ts';

/** Events of /api/v1/events. pool, round and worker are told anew each tick and are not repeated; the others have ids. */
export const eventTypes = [
  'pool',
  'round',
  'block',
  'block-confirmed',
  'block-orphaned',
  'payment',
  'worker',
  'notice',
  'switch',
] as const;

export const eventParameters: { readonly [name: string]: Parameter } = {
  coin: {
    schema: { type: 'string', minLength: 1, maxLength: 64 },
    about: 'Only events of this pool',
  },
  address: {
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    about: 'Also tell when a worker of this miner comes or goes',
  },
};
