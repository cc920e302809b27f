// A payment process of its own, as a child of a chaos suite: it pays one coin from the moment it is started, and stops
// itself (SIGSTOP) at the point that it is told, as a machine that is paused would.
import { createDaemonClient } from '../../libs/daemon/rpcClient.ts';
import { createPaymentProcessor } from '../../libs/payments/processor.ts';
import type { Payee } from '../../libs/payments/types.ts';
import { systemClock } from '../../libs/primitives/units.ts';
import { openRedis, waitForRedis } from '../../libs/redis/connection.ts';
import { coinKeys } from '../../libs/redis/keys.ts';
import { litecoin } from '../payments/support.ts';
import { logTo } from '../support/memoryLog.ts';
import { pplnsWindow } from './moneyOracle.ts';
import { mortal } from './mortal.ts';
import type { FromPayer, PayerSettings, ToPayer } from './payerMessages.ts';
import { oldDaemon } from './payScenes.ts';

const settings = JSON.parse(process.argv[2] ?? '') as PayerSettings;
const payees = new Map<string, Payee>(
  settings.payees.map(([worker, address, script]) => [
    worker,
    { ok: true, address, script: Buffer.from(script, 'hex') },
  ]),
);
let stopAt: string | undefined;

process.on('message', (message: ToPayer) => {
  if ('stopAt' in message) stopAt = message.stopAt;
  else {
    void processor.resolve({ what: message.resolve }).then(({ ok, text }) => {
      void tell({ resolved: ok, text });
    });
  }
});
// Its parent is gone.
process.on('disconnect', () => process.exit(0));

function tell(message: FromPayer): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) return resolve();
    process.send(message, () => resolve());
  });
}

async function atPoint(point: string): Promise<'live'> {
  if (point !== stopAt) return 'live';
  stopAt = undefined;
  await tell({ stoppedAt: point });
  process.kill(process.pid, 'SIGSTOP');
  return 'live';
}

const connection = openRedis({ host: '127.0.0.1', port: settings.redisPort }, logTo([]));
await waitForRedis(connection, AbortSignal.timeout(10_000));
const direct = createDaemonClient(settings.daemon);
const client = settings.mode === 'raw' ? direct : oldDaemon(direct);
const { dataDir, leaseMillis, intervalSeconds } = settings;
const processor = createPaymentProcessor({
  ...mortal(connection, client, atPoint),
  coin: litecoin,
  config: {
    enabled: true,
    paymentInterval: intervalSeconds,
    minimumPayment: '0.01',
    scheme: settings.scheme,
    pplnsWindow,
    daemon: settings.daemon,
  },
  poolScript: Buffer.from(settings.poolScript, 'hex'),
  payee: (worker) => payees.get(worker) ?? { ok: false, reason: 'it is no address' },
  keys: coinKeys('litecoin'),
  log: logTo([]),
  now: systemClock,
  leaseMillis,
  dataDir,
});
processor.start();
await tell({ started: true });
