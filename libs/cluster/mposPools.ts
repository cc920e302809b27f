import type { MposConfig, PoolConfig } from '../config/types.ts';

// What is different about pools in MPOS mode for the portal around them.

/** True if the payment process pays this pool's miners: those of MPOS are paid by MPOS. */
export function paysMiners({ paymentProcessing, mposMode }: PoolConfig): boolean {
  return paymentProcessing.enabled && !mposMode.enabled;
}

/** Sentences for the log at the start. */
export function mposNotes(pools: readonly PoolConfig[]): string[] {
  const ours = pools.filter(({ mposMode }) => mposMode.enabled);
  return ours.flatMap((pool) => {
    const notes = [
      `${pool.file} is in MPOS mode: shares go to MySQL, rounds and payments are MPOS's; its redis and paymentProcessing are not used.`,
    ];
    const twins = ours.filter((other) => other !== pool && isSame(other.mposMode, pool.mposMode));
    if (twins.length > 0) {
      notes.push(
        `${pool.file} writes into the same MPOS database as ${twins.map(({ file }) => file).join(' and ')}: MPOS takes all of it for shares of one coin. Give each its own.`,
      );
    }
    return notes;
  });
}

function isSame(a: MposConfig, b: MposConfig): boolean {
  return a.host === b.host && a.port === b.port && a.database === b.database;
}
