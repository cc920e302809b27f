// A pool process in small, to be killed: records shares without end, each of a worker of its own, and prints the name
// of each one that was acknowledged. Arguments: data folder, Redis port, name.
import { createLogger } from '../../../libs/log/logger.ts';
import { systemClock } from '../../../libs/primitives/units.ts';
import { openRedis } from '../../../libs/redis/connection.ts';
import { coinKeys } from '../../../libs/redis/keys.ts';
import { createRedisRecorder } from '../../../libs/shares/redisRecorder.ts';
import { sampleShare } from '../sampleShare.ts';

const [dataDir = '', port = '', name = ''] = process.argv.slice(2);
const log = createLogger({ level: 'warning', colors: false, format: 'text' }, process.stderr);
const connection = openRedis({ host: '127.0.0.1', port: Number(port) }, log);
const recorder = createRedisRecorder({
  connection,
  keys: coinKeys('testcoin'),
  dataDir,
  writerId: name,
  log,
  now: systemClock,
  groupMillis: 1,
  // Small files and a small window: every path is walked in a short life.
  segmentBytes: 10_000,
  windowShares: 40,
  batchShares: 60,
  sweepMillis: 10,
  scanMillis: 20,
});

let sent = 0;
setInterval(() => {
  for (let i = 0; i < 10; i += 1) {
    sent += 1;
    const worker = `${name}.${sent}`;
    recorder.record(sampleShare({ worker, difficulty: 1, time: Date.now() }), (recorded) => {
      if (recorded) process.stdout.write(`${worker}\n`);
    });
  }
}, 1);
