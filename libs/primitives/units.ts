// Branded units: a Difficulty cannot be paid out, a height is not a time. The brand costs nothing at run time.

declare const unit: unique symbol;

export type Unit<T, Name extends string> = T & { readonly [unit]: Name };

/** The coin's smallest unit (1e-8 coin for most coins), always an integer. */
export type Satoshis = Unit<bigint, 'Satoshis'>;

/** Stratum difficulty: 1 is the work of diff1 = 0x00000000ffff0000… divided by the algorithm's multiplier. */
export type Difficulty = Unit<number, 'Difficulty'>;

/** Milliseconds since 1970. */
export type Millis = Unit<number, 'Millis'>;

export const satoshis = (amount: bigint): Satoshis => amount as Satoshis;
export const difficulty = (value: number): Difficulty => value as Difficulty;
export const millis = (value: number): Millis => value as Millis;

/** The clock, as an argument: pure code never asks for the time itself. */
export type Clock = () => Millis;
export const systemClock: Clock = () => millis(Date.now());
