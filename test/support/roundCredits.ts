import type { Redis } from 'ioredis';

/** worker -> sum of difficulty over all rounds of the coin: the current one, closed ones and paid ones. */
export async function roundCredits(redis: Redis, coin: string): Promise<Map<string, number>> {
  const credits = new Map<string, number>();
  // One moment for all of them: a share moves from one round to another while a block is found or given up.
  const rounds = await redis.eval(
    `local all = {}
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
      all[#all + 1] = redis.call('HGETALL', key)
    end
    return all`,
    0,
    `${coin}:shares:*`,
  );
  for (const round of Array.isArray(rounds) ? rounds : []) {
    for (let i = 0; i < round.length; i += 2) {
      const worker = String(round[i]);
      credits.set(worker, (credits.get(worker) ?? 0) + Number(round[i + 1]));
    }
  }
  return credits;
}
