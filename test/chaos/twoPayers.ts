import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { type Dice, dice } from './dice.ts';
import type { FromPayer, PayerSettings, ToPayer } from './payerMessages.ts';
import { keys, PayGround } from './payGround.ts';
import {
  randomFinding,
  randomRound,
  randomScheme,
  resolveUnsent,
  type SendMode,
} from './payScenes.ts';
import type { Suite, Tally } from './suite.ts';

// Two payment processes of one coin. One is stopped (SIGSTOP) in the middle of its work until the other has taken over
// and paid, then goes on (SIGCONT) or is killed. Everybody is paid once.

export const twoPayers: Suite = {
  name: 'twoPayers',
  counts: 'stops of one of two payment processes in the middle of its work',
  long: 200,
  short: 8,
  async run(run, tally) {
    for (const mode of ['raw', 'sendmany'] as const) {
      const turns = mode === 'raw' ? Math.ceil(run.count / 2) : Math.floor(run.count / 2);
      const ground = await PayGround.open();
      ground.scheme = randomScheme(dice(run.seed).apart(mode));
      tally.count(ground.scheme);
      const couple = new Couple(ground, mode);
      try {
        await couple.start();
        for (let turn = 0; turn < turns && tally.failures.length === 0; turn++) {
          const label = `${mode} #${turn}`;
          await playTurn(couple, ground, label, dice(run.seed).apart(label), tally);
        }
      } finally {
        await couple.end();
        await ground.close();
      }
    }
  },
};

const leaseMillis = 400;
const intervalSeconds = 0.1;
/** Milliseconds: a point that is not come by until then is not come by. */
const patience = 5_000;

const points: Readonly<Record<SendMode, readonly string[]>> = {
  raw: [
    ...['before creditBlock', 'after creditBlock', 'before payIntent', 'after payIntent'],
    ...['after fundrawtransaction', 'after signrawtransactionwithwallet', 'before payMark'],
    ...['after payMark', 'before sendrawtransaction', 'after sendrawtransaction'],
    ...['before paySettle', 'after paySettle', 'before getblock', 'after getbalance'],
  ],
  sendmany: [
    ...['before creditBlock', 'after creditBlock', 'before payIntent', 'after payIntent'],
    ...['before payMark', 'after payMark', 'before sendmany', 'after sendmany'],
    ...['before sendmany', 'before paySettle', 'after paySettle', 'after getbalance'],
  ],
};

async function playTurn(
  couple: Couple,
  ground: PayGround,
  label: string,
  throws: Dice,
  tally: Tally,
): Promise<void> {
  const point = throws.pick(points[couple.mode]);
  const when = `${label} at "${point}"`;
  couple.stopAt(point);
  await ground.mine(randomRound(ground, throws));
  await ground.findMature(randomFinding(ground, throws));
  const victim = await couple.stopped();
  couple.stopAt(undefined);
  if (victim === undefined) tally.count('points that were not come by');
  else {
    tally.count('stops');
    // Money that comes meanwhile is the other one's to pay.
    if (throws.chance(0.5)) {
      await ground.mine(randomRound(ground, throws));
      await ground.findMature(randomFinding(ground, throws));
    }
    if (throws.chance(0.8)) {
      await until('the other process takes over', () => couple.hasTakenOver(victim), patience);
      tally.count('take-overs');
      await sleep(throws.between(0, 500));
    } else await sleep(throws.between(0, leaseMillis));
    if (throws.chance(0.8)) victim.process.kill('SIGCONT');
    else {
      await couple.replace(victim);
      tally.count('kills');
    }
  }
  await quiet(couple, ground, when, tally);
  await ground.confirm();
  await ground.oracle.checkMoney(tally, when);
  await ground.oracle.checkShares(tally, when);
}

/** Resolves when everything is credited and paid; what a killed process left unknown is resolved as an operator would. */
async function quiet(couple: Couple, ground: PayGround, when: string, tally: Tally): Promise<void> {
  const isQuiet = async () => {
    await couple.wake();
    // In the order in which money goes, so that none of it is overlooked on its way.
    const pending = await ground.redis.members(keys.blocksPending);
    const balances = await ground.redis.hash(keys.balances);
    const batch = await ground.redis.hash(keys.pay('batch'));
    const due = Object.entries(balances).some(
      ([worker, amount]) => worker !== 'nobody' && Number(amount) >= 0.01,
    );
    return pending.length === 0 && Object.keys(batch).length === 0 && !due;
  };
  const settled = () =>
    until('all is paid', isQuiet, patience).then(
      () => true,
      () => false,
    );
  if (await settled()) return;
  if (couple.mode === 'sendmany') {
    await resolveUnsent(ground, () => couple.resolve(), when, tally);
  }
  if (await settled()) return;
  // checkMoney says what is missing.
  tally.count('turns that did not come to rest');
}

interface Payer {
  readonly process: ChildProcess;
  readonly dataDir: string;
  stoppedAt: string | undefined;
}

class Couple {
  readonly mode: SendMode;
  readonly #ground: PayGround;
  readonly #payers: Payer[] = [];
  #stoppedSince = 0;

  constructor(ground: PayGround, mode: SendMode) {
    this.#ground = ground;
    this.mode = mode;
  }

  async start(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      this.#payers.push(await this.#spawn(await mkdtemp(join(tmpdir(), 'payer-'))));
    }
  }

  async #spawn(dataDir: string): Promise<Payer> {
    const { rpcPort: port, user, password } = this.#ground.pair.a;
    const settings: PayerSettings = {
      redisPort: this.#ground.redis.server.port,
      daemon: { host: '127.0.0.1', port, user, password },
      mode: this.mode,
      scheme: this.#ground.scheme,
      poolScript: this.#ground.poolScript.toString('hex'),
      payees: [...this.#ground.payees].flatMap(([worker, payee]) =>
        payee.ok ? [[worker, payee.address, payee.script.toString('hex')] as const] : [],
      ),
      dataDir,
      leaseMillis,
      intervalSeconds,
    };
    const file = fileURLToPath(new URL('./payerProcess.js', import.meta.url));
    const child = fork(file, [JSON.stringify(settings)]);
    const payer: Payer = { process: child, dataDir, stoppedAt: undefined };
    child.on('message', (message: FromPayer) => {
      if ('stoppedAt' in message) payer.stoppedAt = message.stoppedAt;
    });
    const [first] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (typeof first !== 'object') throw new Error(`A payment process did not start (${first}).`);
    return payer;
  }

  /** The next one that comes by the point stops there; both are told, whoever works. */
  stopAt(point: string | undefined): void {
    const message: ToPayer = { stopAt: point };
    for (const payer of this.#payers) {
      payer.stoppedAt = undefined;
      payer.process.send(message);
    }
  }

  /** The process that has stopped itself; undefined when none did. The system must say so too. */
  async stopped(): Promise<Payer | undefined> {
    const found = await until(
      'a process stops',
      () => this.#payers.find(({ stoppedAt }) => stoppedAt !== undefined),
      patience,
    ).catch(() => undefined);
    if (found === undefined) return undefined;
    await until('the process is stopped', () => isStopped(found));
    this.#stoppedSince = Date.now();
    return found;
  }

  /** What the stopped one held has run out by then: a lease that holds now is the other one's. */
  async hasTakenOver(victim: Payer): Promise<boolean> {
    await this.wake(victim);
    const now = Date.now();
    if (now < this.#stoppedSince + leaseMillis) return false;
    const lease = await this.#ground.redis.hash(keys.pay('lease'));
    return Number(lease['until'] ?? 0) > now;
  }

  /** One that went on a moment ago may have come by the wanted point as well, without a lease. */
  async wake(except?: Payer): Promise<void> {
    for (const payer of this.#payers) {
      if (payer !== except && (await isStopped(payer))) payer.process.kill('SIGCONT');
    }
  }

  /** The operator says that the open batch was never sent, to whichever of the two is at work. */
  async resolve(): Promise<{ ok: boolean; text: string }> {
    const waking = setInterval(() => void this.wake(), 50);
    const answers = await Promise.all(this.#payers.map(askToResolve));
    clearInterval(waking);
    const text = answers.map((answer) => answer.text).join(' / ');
    return { ok: answers.some(({ ok }) => ok), text };
  }

  async replace(victim: Payer): Promise<void> {
    await kill(victim.process);
    this.#payers[this.#payers.indexOf(victim)] = await this.#spawn(victim.dataDir);
  }

  async end(): Promise<void> {
    await Promise.all(this.#payers.map((payer) => kill(payer.process)));
    await Promise.all(
      this.#payers.map(({ dataDir }) => rm(dataDir, { recursive: true, force: true })),
    );
  }
}

/** One that stops itself before it answers must be woken. */
function askToResolve({ process: child }: Payer): Promise<{ ok: boolean; text: string }> {
  return new Promise((resolve) => {
    const end = (ok: boolean, text: string) => {
      child.off('message', hear).off('exit', gone);
      resolve({ ok, text });
    };
    const hear = (message: FromPayer) => {
      if ('resolved' in message) end(message.resolved, message.text);
    };
    const gone = () => end(false, 'the process is gone');
    child.on('message', hear).once('exit', gone);
    child.send({ resolve: 'unpaid' } satisfies ToPayer);
  });
}

/** As the system sees it. */
async function isStopped(payer: Payer): Promise<boolean> {
  const stat = await readFile(`/proc/${payer.process.pid}/stat`, 'utf8').catch(() => '');
  return stat.split(') ')[1]?.startsWith('T') === true;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
