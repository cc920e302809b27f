import { mapLimit } from 'async';
import type { DaemonConfig, PoolConfig, PortalConfig, RedisConfig } from '../config/types.ts';
import { createDaemonClient } from '../daemon/rpcClient.ts';
import { messageOf } from '../primitives/errors.ts';
import { pingRedis } from '../redis/connection.ts';
import { checkMpos } from '../shares/mpos/check.ts';
import type { CheckReport } from './checkCommand.ts';
import { paysMiners } from './mposPools.ts';

// `node init.js --check` and the command `check`: does everything that the configuration names answer?

const patience = 5_000;
const atOnce = 16;

/** Says for each daemon, wallet and Redis whether it answers. Never rejects. */
export async function checkServices(
  portal: PortalConfig,
  pools: readonly PoolConfig[],
): Promise<CheckReport> {
  const checks = [
    () => redisCheck('config.json', portal.redis),
    ...pools.flatMap((pool) => [
      ...pool.daemons.map((daemon) => () => daemonCheck(pool, daemon, 'getblockcount')),
      ...(paysMiners(pool)
        ? [() => daemonCheck(pool, pool.paymentProcessing.daemon, 'getbalance')]
        : []),
      pool.mposMode.enabled ? () => mposCheck(pool) : () => redisCheck(pool.file, pool.redis),
    ]),
  ];
  // A portal of a hundred coins must not open hundreds of connections at once.
  const results = await mapLimit(checks, atOnce, async (check: () => Promise<Result>) => check());
  const ok = results.every((result) => result.ok);
  const end = ok
    ? `The configuration is sound, and everything answers: ${pools.length} pool(s).`
    : 'Something does not answer: see above.';
  return { ok, lines: [...results.map(({ line }) => line), end] };
}

interface Result {
  readonly ok: boolean;
  readonly line: string;
}

async function daemonCheck(
  pool: PoolConfig,
  daemon: DaemonConfig,
  method: 'getblockcount' | 'getbalance',
): Promise<Result> {
  const client = createDaemonClient(daemon);
  const what = method === 'getbalance' ? 'payment wallet' : 'daemon';
  const name = `${pool.file}: ${what} ${client.name}`;
  try {
    await client.call(method, [], { timeout: patience });
    return { ok: true, line: `ok      ${name} answers.` };
  } catch (error) {
    return { ok: false, line: `FAILED  ${name}: ${messageOf(error)}` };
  } finally {
    client.close();
  }
}

async function redisCheck(file: string, config: RedisConfig): Promise<Result> {
  const name = `${file}: Redis ${config.host}:${config.port}`;
  const problem = await pingRedis(config, patience);
  return problem === undefined
    ? { ok: true, line: `ok      ${name} answers.` }
    : { ok: false, line: `FAILED  ${name}: ${problem}` };
}

async function mposCheck({ file, mposMode, validateWorkerUsername }: PoolConfig): Promise<Result> {
  const name = `${file}: MySQL ${mposMode.host}:${mposMode.port}`;
  const problem = await checkMpos(mposMode, validateWorkerUsername, patience);
  return problem === undefined
    ? { ok: true, line: `ok      ${name} answers, with the tables of MPOS.` }
    : { ok: false, line: `FAILED  ${name}: ${problem}` };
}
