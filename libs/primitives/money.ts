import { type Satoshis, satoshis } from './units.ts';

// Decimal coins <-> integer satoshis, by text only: 0.29 never becomes 28999999.

const decimalText = /^(-?)(\d{1,20})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/;

/**
 * Exact satoshis of a decimal amount of coins as text ("0.29", "1e-8").
 * Undefined if it is no number or has more than `decimals` decimals that are not zero.
 */
export function parseCoins(text: string, decimals = 8): Satoshis | undefined {
  const scaled = scale(text, decimals);
  return scaled === undefined || scaled.rest ? undefined : satoshis(scaled.whole);
}

/** As parseCoins, but digits past the last decimal are cut off (towards zero). For taking over old balances. */
export function parseCoinsFloor(text: string, decimals = 8): Satoshis | undefined {
  const scaled = scale(text, decimals);
  return scaled === undefined ? undefined : satoshis(scaled.whole);
}

function scale(text: string, decimals: number): { whole: bigint; rest: boolean } | undefined {
  const match = decimalText.exec(text);
  if (match === null) return undefined;
  const fraction = match[3] ?? '';
  const digits = `${match[2]}${fraction}`;
  const shift = decimals - fraction.length + Number(match[4] ?? 0);
  let whole = BigInt(digits);
  let rest = false;
  if (shift >= 0) whole *= 10n ** BigInt(shift);
  else {
    const divisor = 10n ** BigInt(-shift);
    rest = whole % divisor !== 0n;
    whole /= divisor;
  }
  return { whole: match[1] === '-' ? -whole : whole, rest };
}

/** Satoshis as decimal coins without trailing zeros: 150000000n -> "1.5", 100000000n -> "1", 0n -> "0". */
export function formatCoins(amount: Satoshis, decimals = 8): string {
  const fixed = formatCoinsFixed(amount, decimals);
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

/** Satoshis as decimal coins with all decimals, as daemons write them: 150000000n -> "1.50000000". */
export function formatCoinsFixed(amount: Satoshis, decimals = 8): string {
  const negative = amount < 0n;
  const digits = (negative ? -amount : amount).toString().padStart(decimals + 1, '0');
  const cut = digits.length - decimals;
  const sign = negative ? '-' : '';
  return decimals === 0
    ? `${sign}${digits}`
    : `${sign}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}
