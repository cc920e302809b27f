// The stand-in daemons in a process of their own: the load generator must not wait while a template is written.
import { startStandInDaemon } from './standInDaemon.ts';

export interface StandInPorts {
  readonly sha256: number;
  readonly scrypt: number;
  readonly scryptJane: number;
}

const size = { transactions: 2_000, transactionBytes: 1_200 };
// Difficulties of 2024's Bitcoin and Litecoin: no share of the bench will ever be a block.
const daemons = {
  sha256: await startStandInDaemon({ ...size, nbits: '17034219' }),
  scrypt: await startStandInDaemon({ ...size, nbits: '1929268a' }),
  scryptJane: await startStandInDaemon({ ...size, nbits: '1929268a' }),
};

process.on('message', (coin: unknown) => {
  if (coin === 'sha256' || coin === 'scrypt' || coin === 'scryptJane')
    process.send?.({ tip: daemons[coin].newBlock() });
});
process.on('disconnect', () => process.exit(0));
process.send?.({
  ports: {
    sha256: daemons.sha256.port,
    scrypt: daemons.scrypt.port,
    scryptJane: daemons.scryptJane.port,
  } satisfies StandInPorts,
});
