import { algorithmNames, createAlgorithm } from '../../libs/algos/algorithms.ts';
import { millis } from '../../libs/primitives/units.ts';
import { short } from './figures.ts';
import { type BenchPart, say } from './part.ts';

// Microseconds for one proof-of-work hash of each algorithm, on one thread, one header after the other.

const longMillis = 1_000;
const shortMillis = 150;
/** Hashes between two looks at the clock. */
const stride = 8;

/** N of scrypt-n and scrypt-jane grows with time: this is a time at which both could be mined with what people had. */
const atTime = 1_400_000_000;
const clock = () => millis(atTime * 1_000);

function microsPerHash(name: string, millis: number): number {
  const { hash } = createAlgorithm(name, {}, clock);
  const header = Buffer.alloc(80, 7);
  header.writeUInt32LE(atTime, 68);
  let nonce = 0;
  const hashSome = (): void => {
    for (let one = 0; one < stride; one++) {
      header.writeUInt32LE(nonce++, 76);
      hash(header);
    }
  };
  hashSome();
  nonce = 0;
  const startedAt = performance.now();
  let spent = 0;
  while (spent < millis) {
    hashSome();
    spent = performance.now() - startedAt;
  }
  return (spent * 1_000) / nonce;
}

export const hashes: BenchPart = {
  name: 'hashes',
  measures: 'one hash of each algorithm',
  async run({ isShort }) {
    const rows = algorithmNames.map((name) => {
      const { multiplier, slow } = createAlgorithm(name, {}, clock);
      const micros = microsPerHash(name, isShort ? shortMillis : longMillis);
      return { name, multiplier, slow, micros };
    });
    say('| algorithm | multiplier | µs a hash | thread |');
    say('| --- | ---: | ---: | --- |');
    for (const { name, multiplier, slow, micros } of rows) {
      say(`| ${name} | ${multiplier} | ${short(micros)} | ${slow ? 'another' : 'main'} |`);
    }
    return rows.every(({ micros }) => Number.isFinite(micros));
  },
};
