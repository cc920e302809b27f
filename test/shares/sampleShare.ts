import { difficulty, millis } from '../../libs/primitives/units.ts';
import type { ShareRecord } from '../../libs/shares/types.ts';

/** A valid share of worker w1 with difficulty 16, changed as wanted. */
export function sampleShare(
  change: { worker?: string; difficulty?: number; time?: number; valid?: boolean } = {},
): ShareRecord {
  return {
    time: millis(change.time ?? 1_700_000_000_123),
    worker: change.worker ?? 'w1',
    ip: '127.0.0.1',
    port: 3008,
    jobId: '1',
    height: 100,
    valid: change.valid ?? true,
    difficulty: difficulty(change.difficulty ?? 16),
    shareDiff: 20,
    blockDiff: difficulty(1_000),
  };
}
