// The stand-in daemon of the attack bench, in a process of its own. It says how often it was asked.
import { startStandInDaemon } from './standInDaemon.ts';

const [transactions = '2000'] = process.argv.slice(2);
const daemon = await startStandInDaemon({
  nbits: '17034219',
  transactions: Number(transactions),
  transactionBytes: 1_200,
  anyAddress: true,
});

process.on('message', (message: unknown) => {
  if (message === 'newBlock') process.send?.({ tip: daemon.newBlock() });
  else process.send?.({ requests: daemon.requests, calls: daemon.calls });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: daemon.port });
