import { type Satoshis, satoshis } from '../../primitives/units.ts';

const scale = 1e15;

/** About `part` (0 and above) of an amount, rounded down. For figures that are shown, never for what is paid. */
export function shareOf(amount: Satoshis, part: number): Satoshis {
  if (!(part > 0)) return satoshis(0n);
  // A large part (a month of a big miner) has no room for 15 decimals in a double.
  const steps =
    part < 1 ? BigInt(Math.floor(part * scale)) : BigInt(Math.floor(part * 1e6)) * 10n ** 9n;
  return satoshis((amount * steps) / BigInt(scale));
}

/**
 * Blocks that a hashrate finds in some seconds on average. `networkDifficulty` in stratum units, whose shares stand for
 * `hashesPerShare` hashes each.
 */
export function expectedBlocks(
  hashrate: number,
  seconds: number,
  networkDifficulty: number,
  hashesPerShare: number,
): number {
  return (hashrate * seconds) / (networkDifficulty * hashesPerShare);
}
