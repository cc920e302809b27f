import { type DaemonClient, DaemonError } from '../../libs/daemon/types.ts';
import type { PaymentProcessor } from '../../libs/payments/processor.ts';
import type { CycleReport } from '../../libs/payments/types.ts';
import { withCall } from '../support/daemonClient.ts';
import type { Dice } from './dice.ts';
import type { Finding } from './foundBlock.ts';
import type { OracleScheme } from './moneyOracle.ts';
import { keys, leaseMillis, type PayGround } from './payGround.ts';
import type { Tally } from './suite.ts';

// What the suites of payments set up, and what they do alike.

export type SendMode = 'raw' | 'sendmany';

/** What a turn sets up, so that the point it wants is come by. */
export type Scene = 'pay' | 'takeOver' | 'orphan' | 'hold' | 'refuse' | 'lose' | 'mute';

export interface SetScene {
  /** What happens on the chain between two runs. */
  between(): Promise<void>;
  /** What a person mends. */
  mend(): Promise<void>;
}

export async function setScene(ground: PayGround, scene: Scene, throws: Dice): Promise<SetScene> {
  const nothing = async (): Promise<void> => undefined;
  // Only a pool that has paid nothing yet takes over what an older one left.
  if (scene === 'takeOver') await ground.freshBooks();
  await ground.mine(randomRound(ground, throws));
  if (scene === 'orphan') {
    const { a } = ground.pair;
    const [hash = ''] = await a.generate(1, ground.poolAddress);
    await ground.found(await ground.lookUp(hash), randomFinding(ground, throws));
    await a.rpc('invalidateblock', [hash]);
    await a.generate(1);
    await ground.mine(randomRound(ground, throws));
    await ground.findMature(randomFinding(ground, throws));
    return { between: async () => void (await a.generate(6)), mend: nothing };
  }
  await ground.findMature(randomFinding(ground, throws));
  if (scene === 'hold') {
    const block = await ground.leaveWithoutRound();
    const round = randomRound(ground, throws);
    return { between: nothing, mend: () => ground.putRoundBack(block, round) };
  }
  if (scene === 'takeOver') {
    const worker = `${ground.workers[0]}.old${throws.between(1, 1e9)}`;
    const digits = String(throws.between(1_000_000, 99_999_999)).padStart(8, '0');
    await ground.redis.command('HSET', keys.balances, worker, `0.${digits}000001`);
    ground.oracle.inherited(worker, BigInt(digits));
  }
  return { between: nothing, mend: nothing };
}

/** A few workers with some shares each; three of them have one address, one has none. Somebody can be paid. */
export function randomRound(ground: PayGround, throws: Dice): ReadonlyMap<string, number> {
  const round = new Map<string, number>();
  for (const worker of ground.workers) {
    if (throws.chance(0.6)) round.set(worker, throws.between(1, 5_000));
  }
  const lucky = throws.pick([...ground.payees.keys()]);
  round.set(lucky, (round.get(lucky) ?? 0) + 5_000);
  return round;
}

/** Some blocks are a SOLO miner's, who can be paid. The window of PPLNS is from a part of a round to several rounds. */
export function randomFinding(ground: PayGround, throws: Dice): Finding {
  const solo = throws.chance(0.2) ? throws.pick([...ground.payees.keys()]) : undefined;
  return { solo, difficulty: throws.between(1_000, 30_000) };
}

export function randomScheme(throws: Dice): OracleScheme {
  return throws.pick(['PROP', 'PPLNS'] as const);
}

/** The daemon of the mode; in some scenes it refuses the first payment, loses the answer to it, or will not tell its fee. */
export function spoiled(client: DaemonClient, mode: SendMode, scene: Scene): DaemonClient {
  const daemon = mode === 'raw' ? client : oldDaemon(client);
  const send = mode === 'raw' ? 'sendrawtransaction' : 'sendmany';
  if (scene === 'mute') return muteAfter(send, daemon);
  if (scene !== 'refuse' && scene !== 'lose') return daemon;
  let spoilt = false;
  return withCall(daemon, async (method, params, options) => {
    if (spoilt || method !== send) return daemon.call(method, params, options);
    spoilt = true;
    if (scene === 'lose') {
      await daemon.call(method, params, options);
      const facts = { daemon: client.name, method };
      throw new DaemonError('reset', 'the connection was closed', facts);
    }
    throw mode === 'raw'
      ? refusal(client, method, -26, 'min relay fee not met')
      : refusal(client, method, -6, 'Insufficient funds');
  });
}

/** The first question after a payment gets no answer. */
function muteAfter(send: string, daemon: DaemonClient): DaemonClient {
  let isMute = false;
  let wasMute = false;
  return withCall(daemon, async (method, params, options) => {
    const mute = isMute && method === 'gettransaction';
    isMute = method === send && !wasMute;
    wasMute ||= isMute;
    if (mute) {
      throw new DaemonError('reset', 'the connection was closed', {
        daemon: daemon.name,
        method,
      });
    }
    return daemon.call(method, params, options);
  });
}

/** A daemon that can only send at once: its newer calls are hidden. */
export function oldDaemon(client: DaemonClient): DaemonClient {
  return withCall(client, async (method, params, options) => {
    if (method !== 'fundrawtransaction') return client.call(method, params, options);
    throw refusal(client, method, -32601, 'Method not found');
  });
}

function refusal(client: DaemonClient, method: string, rpcCode: number, why: string): DaemonError {
  return new DaemonError('rpc', why, { daemon: client.name, method, rpcCode });
}

/** One run, as soon as a predecessor that is gone has lost its lease. */
export async function runOnce(payer: PaymentProcessor): Promise<CycleReport> {
  const deadline = Date.now() + 20 * leaseMillis;
  for (;;) {
    const report = await payer.runOnce();
    if (report.outcome !== 'standby' || Date.now() > deadline) return report;
    await new Promise((resolve) => setTimeout(resolve, leaseMillis / 4));
  }
}

/** Runs until one neither pays nor credits anything more. */
export async function runUntilQuiet(payer: PaymentProcessor): Promise<CycleReport> {
  for (;;) {
    const report = await runOnce(payer);
    if (report.paid.length + report.credited.length === 0) return report;
  }
}

/**
 * A process that died between "about to call sendmany" and its answer leaves what it cannot know, and payments must
 * stand still. The wallet tells us: where nothing was sent, the operator says so by `resolve`.
 */
export async function resolveUnsent(
  ground: PayGround,
  resolve: () => Promise<{ readonly ok: boolean; readonly text: string }>,
  label: string,
  tally: Tally,
): Promise<void> {
  const batch = await ground.redis.hash(keys.pay('batch'));
  if (batch['state'] !== 'sending') return;
  const list = JSON.stringify(await ground.pair.a.rpc('listtransactions', ['*', 1000]));
  const sent = list.includes(JSON.stringify(batch['comment'] ?? ''));
  tally.check(!sent, () => `${label}: a payment that the wallet has is not found`);
  const { ok, text } = await resolve();
  tally.check(ok, () => `${label}: the operator is refused: ${text}`);
  tally.count('resolved by the operator');
}
