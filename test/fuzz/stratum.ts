import { difficulty } from '../../libs/primitives/units.ts';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { LineReader, longestLine } from '../../libs/stratum/lines.ts';
import { StratumServer } from '../../libs/stratum/server.ts';
import type { PoolBehind, SubmitAnswer } from '../../libs/stratum/types.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import type { Tally } from '../chaos/suite.ts';
import { fakeJob, plainPort, serverOptions } from '../stratum/support/fakePool.ts';
import { HonestMiner, honestAddress } from './honestMiner.ts';
import {
  inPieces,
  mutateBytes,
  mutateText,
  mutateValue,
  randomBytes,
  uglyValue,
} from './mutate.ts';
import { QuietLog } from './quietLog.ts';
import { talk } from './talk.ts';
import type { FuzzSuite } from './watch.ts';

// Miners that send garbage, over real sockets to a real server, beside one that is honest.

const workers = ['mallory', 'mallory.1', 'wörker', 'x'.repeat(128), 'refused', 'late', 'failing'];

/** Stands in for the pool: answers at once, later, never twice the same way; keeps nothing. */
function poolStandIn(throws: Dice): PoolBehind & { next(): void } {
  let job = fakeJob(1, true);
  return {
    next: () => {
      job = fakeJob(job.sequence + 1, throws.chance(0.3), throws.pick([1e9, 1, 1e-6]));
    },
    currentJob: () => job,
    newerJob: () => job,
    authorize: async ({ worker }) => {
      if (worker === 'failing') throw new Error('the lookup failed');
      if (worker === 'late') await new Promise((resolve) => setImmediate(resolve));
      return worker === 'refused' ? { ok: false, reason: 'it is refused' } : { ok: true };
    },
    submit: ({ worker }, answer) => {
      if (worker === honestAddress) {
        answer({ ok: true });
        return;
      }
      const verdict: SubmitAnswer = throws.chance(0.6)
        ? { ok: true }
        : { ok: false, code: throws.pick([20, 21, 22, 23]), message: 'ńo', counts: true };
      if (throws.chance(0.8)) answer(verdict);
      else setImmediate(() => answer(verdict));
      // A pool that is wrong and answers twice must not give a miner two replies.
      if (throws.chance(0.01)) answer({ ok: true });
    },
  };
}

function soundRequest(id: unknown, throws: Dice): Record<string, unknown> {
  const hex = () =>
    throws
      .between(0, 2 ** 32 - 1)
      .toString(16)
      .padStart(8, '0');
  const worker = throws.pick(workers);
  const submit = () => {
    const params = [worker, throws.between(0, 40).toString(16), hex(), hex(), hex()];
    return {
      id,
      method: 'mining.submit',
      params: throws.chance(0.3) ? [...params, hex()] : params,
    };
  };
  switch (throws.between(0, 15)) {
    case 0:
      return { id, method: 'mining.subscribe', params: throws.pick([[], ['m/1'], ['m/1', null]]) };
    case 1:
      return { id, method: 'mining.authorize', params: [worker, throws.pick(['x', 'd=64', ''])] };
    case 2:
      return { id, method: 'mining.authorize', params: [worker] };
    case 3:
      return {
        id,
        method: 'mining.configure',
        params: [
          ['version-rolling', 'minimum-difficulty', 'subscribe-extranonce', 'info'],
          { 'version-rolling.mask': hex(), 'minimum-difficulty.value': throws.between(0, 99) },
        ],
      };
    case 4:
      return { id, method: 'mining.suggest_difficulty', params: [throws.between(0, 1e6) / 16] };
    case 5:
      return { id, method: 'mining.suggest_target', params: [`${hex()}${'0f'.repeat(28)}`] };
    case 6:
      return { id, method: throws.pick(['mining.extranonce.subscribe', 'mining.ping']) };
    case 7:
      return {
        id,
        method: throws.pick([
          'mining.get_transactions',
          'mining.multi_version',
          'client.x',
          'héllo',
        ]),
        params: [1],
      };
    case 8:
      return { id, result: true, error: null };
    default:
      return submit();
  }
}

/** Another text, number or option where there was one: the message stays one that a session survives. */
function tameParam(param: unknown, throws: Dice): unknown {
  if (throws.chance(0.7)) return param;
  if (typeof param === 'string') {
    const odd = uglyValue(throws);
    return typeof odd === 'string' ? odd : mutateText(param, throws);
  }
  if (typeof param === 'number')
    return throws.pick([0, -1, 1e308, 5e-324, 1e-9, 2 ** 53, param / 3]);
  if (isRecord(param)) {
    return Object.fromEntries(Object.keys(param).map((key) => [key, uglyValue(throws)]));
  }
  return Array.isArray(param) ? [...param, mutateText('version-rolling', throws)] : param;
}

function tameLine(id: number, throws: Dice): Buffer {
  const odd = throws.chance(0.02) ? uglyValue(throws) : id;
  const request = soundRequest(typeof odd === 'object' ? null : odd, throws);
  const params = own(request, 'params');
  if (!Array.isArray(params)) return Buffer.from(JSON.stringify(request));
  const changed: unknown[] = params.map((param) => tameParam(param, throws));
  if (throws.chance(0.02)) changed.push(null);
  return Buffer.from(JSON.stringify({ ...request, params: changed }));
}

function wildLine(id: number, throws: Dice): Buffer {
  const request = soundRequest(throws.chance(0.1) ? uglyValue(throws) : id, throws);
  switch (throws.between(0, 5)) {
    case 0:
    case 1:
      return Buffer.from(JSON.stringify(mutateValue(request, throws)));
    case 2:
    case 3:
      return Buffer.from(mutateText(JSON.stringify(request), throws));
    case 4:
      return mutateBytes(Buffer.from(JSON.stringify(request)), throws);
    default:
      return throws.chance(0.1)
        ? Buffer.alloc(longestLine + throws.between(-1, 1), 'x')
        : randomBytes(throws.between(0, 120), throws);
  }
}

/** Of all requests in a stream, how often each id came; read without the pool's own reader. */
function requestsIn(stream: Buffer): Map<string, number> {
  const ids = new Map<string, number>();
  for (const line of stream.toString('utf8').split('\n')) {
    const message = parseJson(line);
    if (!isRecord(message) || typeof own(message, 'method') !== 'string') continue;
    const id = JSON.stringify(own(message, 'id') ?? null);
    ids.set(id, (ids.get(id) ?? 0) + 1);
  }
  return ids;
}

/** The ids of all replies, or what is no line that a pool may send. */
function repliesIn(text: string): string[] | { readonly bad: string } {
  const ids: string[] = [];
  const lines = text.split('\n');
  // What follows the last newline was cut off when the connection broke.
  for (const line of lines.slice(0, -1)) {
    const message = parseJson(line);
    if (!isRecord(message) || !/^[\x20-\x7e]*$/.test(line)) return { bad: line };
    if (typeof own(message, 'method') === 'string') continue;
    if (!Object.hasOwn(message, 'result') || !Object.hasOwn(message, 'error')) return { bad: line };
    ids.push(JSON.stringify(own(message, 'id')));
  }
  return ids;
}

const lastId = '"the last one"';
const lastLine = Buffer.from(`\n{"id":${lastId},"method":"mining.ping","params":[]}\n`);
/** A wild line mostly ends its session: what is behind it would not be read. */
const wildLines = 6;
const tameLines = 900;

/** One connection: garbage, then a ping. Gives the number of lines. */
async function episode(port: number, most: number, throws: Dice, tally: Tally): Promise<number> {
  const wild = throws.chance(0.5);
  const lines = Math.min(most, throws.between(1, wild ? wildLines : tameLines));
  const parts: Buffer[] = [];
  for (let id = 1; id <= lines; id++) {
    const isWild = wild ? throws.chance(0.6) : throws.chance(0.001);
    parts.push(isWild ? wildLine(id, throws) : tameLine(id, throws), Buffer.from('\n'));
  }
  parts.push(lastLine);
  const stream = Buffer.concat(parts);
  const address = `198.51.100.${throws.between(1, 250)}`;
  const header = Buffer.from(`PROXY TCP4 ${address} 192.0.2.9 4000 3333\r\n`);
  const wanted = requestsIn(stream);
  const total = [...wanted.values()].reduce((sum, count) => sum + count, 0);
  const enough = (text: string) => {
    if (!text.endsWith('\n')) return false;
    if (!text.includes(lastId) && total > 0) return false;
    const replies = repliesIn(text);
    return !Array.isArray(replies) || replies.length >= total;
  };
  const { text, closed } = await talk(port, [header, ...inPieces(stream, throws)], enough);
  tally.count(closed ? 'dropped' : 'served to the end');
  const replies = repliesIn(text);
  const told = () => `the stream, in base64: ${stream.toString('base64').slice(0, 4_000)}`;
  if (!Array.isArray(replies)) {
    tally.fail(`a line that is none: ${replies.bad.slice(0, 200)}; ${told()}`);
    return lines;
  }
  tally.count('replies', replies.length);
  for (const id of replies) {
    const left = (wanted.get(id) ?? 0) - 1;
    wanted.set(id, left);
    if (!tally.check(left >= 0, () => `request ${id} got one reply too many; ${told()}`)) break;
  }
  return lines;
}

/** Lines come out of the reader as they went in, however the packets fell; one that is too long ends it. */
function checkReader(throws: Dice, tally: Tally): void {
  const wanted: string[] = [];
  const parts: Buffer[] = [];
  for (let left = throws.between(1, 12); left > 0; left--) {
    const size = throws.chance(0.03) ? longestLine - throws.between(0, 2) : throws.between(0, 60);
    const bytes = randomBytes(size, throws).map((byte) => (byte === 10 || byte === 13 ? 32 : byte));
    const line = Buffer.from(bytes);
    wanted.push(line.toString('utf8'));
    parts.push(line, Buffer.from(size < longestLine && throws.chance(0.3) ? '\r\n' : '\n'));
  }
  const flood = throws.chance(0.1);
  if (flood)
    parts.push(Buffer.alloc(longestLine + throws.between(1, 9), 'x'), Buffer.from('\nz\n'));
  const reader = new LineReader();
  const read: string[] = [];
  for (const piece of inPieces(Buffer.concat(parts), throws)) {
    reader.feed(piece);
    for (let line = reader.next(); line !== undefined; line = reader.next()) read.push(line);
  }
  const same = JSON.stringify(read) === JSON.stringify(wanted) && reader.flooded === flood;
  tally.check(same, () => `lines ${JSON.stringify(wanted)} were read as ${JSON.stringify(read)}`);
}

export const stratum: FuzzSuite = {
  name: 'stratum',
  counts: 'lines of miners',
  long: 10_000_000,
  short: 200_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('stratum');
    const log = new QuietLog();
    const pool = poolStandIn(throws.apart('pool'));
    const varDiff = {
      minDiff: difficulty(1),
      maxDiff: difficulty(512),
      targetTime: 15,
      retargetTime: 1,
      variancePercent: 30,
    };
    let bans = 0;
    const server = new StratumServer({
      ...serverOptions(),
      log,
      pool,
      ports: [plainPort, { ...plainPort, diff: difficulty(32), varDiff }],
      tcpProxyProtocol: true,
      banning: { enabled: true, time: 1, invalidPercent: 55, checkThreshold: 50, purgeInterval: 1 },
      limits: { connectionsPerIp: 4, messagesPerSecond: 100_000 },
      onBan: () => {
        bans += 1;
      },
    });
    await server.listen();
    const [plain = 0, varying = 0] = server.ports;
    const honest = await HonestMiner.connect(plain);
    try {
      for (let done = 0, turn = 0; done < run.count; turn++) {
        watch.at(done);
        pool.next();
        server.broadcast(pool.currentJob() ?? fakeJob(1));
        const most = Math.ceil((run.count - done) / 4);
        const ends = Array.from({ length: 4 }, (_, at) =>
          episode(at % 2 === 0 ? plain : varying, most, throws.apart(`${turn} ${at}`), tally),
        );
        for (const lines of await Promise.all(ends)) done += lines;
        for (let left = 4; left > 0; left--) checkReader(throws, tally);
        const reply = await honest.submit();
        if (!tally.check(reply === 'true', () => `an honest share was answered ${reply}`)) break;
      }
      tally.count('bans', bans);
      tally.check(log.errors === 0 || /lookup failed/.test(log.lastError), () => log.lastError);
      tally.check(honest.strayReplies === 0, () => `${honest.strayReplies} stray replies`);
    } finally {
      honest.close();
      await server.close();
    }
    tally.check(server.connections === 0, () => `${server.connections} sessions are left`);
  },
};
