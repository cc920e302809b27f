import { isRecord, own } from '../../libs/primitives/unknown.ts';
import { foreignAddress, type LitecoinNode, sameTip } from '../../scripts/regtest/litecoin.ts';
import { until } from '../support/until.ts';
import { type Dice, dice } from './dice.ts';
import { PayGround } from './payGround.ts';
import { randomFinding, randomRound, randomScheme, runOnce, runUntilQuiet } from './payScenes.ts';
import type { Suite, SuiteRun, Tally } from './suite.ts';

// The chain turns, again and again, while blocks of the pool wait: by a longer chain from a node that was cut off, by
// invalidateblock and reconsiderblock, and with two blocks of the pool at one height. Shares and money stay whole.

export const reorgs: Suite = {
  name: 'reorgs',
  counts: 'reorganisations of the chain and twin blocks',
  long: 500,
  short: 10,
  async run(run, tally) {
    for (let turn = 0; turn < run.count; ) {
      const ground = await PayGround.open(20);
      const season = new Season(ground, dice(run.seed).apart(`season ${turn}`), tally);
      try {
        const last = Math.min(run.count, turn + turnsOfSeason);
        turn = await season.play(turn, last, run);
      } finally {
        await ground.close();
      }
    }
  },
};

/** Then halvings have left too little in a block. */
const turnsOfSeason = 60;
const settleEvery = 15;

class Season {
  readonly #ground: PayGround;
  readonly #throws: Dice;
  readonly #tally: Tally;
  /** Tips of branches that the chain has left by invalidateblock: where each began, by hash. */
  #left: { readonly tip: string; readonly fork: string }[] = [];

  #clock = 0;

  constructor(ground: PayGround, throws: Dice, tally: Tally) {
    this.#ground = ground;
    this.#throws = throws;
    this.#tally = tally;
  }

  /** Turns `first` up to, not including, `last`. The turn after the last one that was played. */
  async play(first: number, last: number, run: SuiteRun): Promise<number> {
    const ground = this.#ground;
    ground.scheme = randomScheme(this.#throws);
    this.#tally.count(`seasons of ${ground.scheme}`);
    const client = ground.client();
    const payer = ground.payer({ connection: ground.redis.connection, client });
    const look = async (label: string): Promise<void> => {
      await runOnce(payer);
      await ground.oracle.look(this.#tally, label);
      await ground.oracle.checkShares(this.#tally, label);
    };
    let turn = first;
    for (; turn < last && this.#tally.failures.length === 0; turn++) {
      const kind = this.#throws.pick(['split', 'split', 'invalidate', 'twins', 'back'] as const);
      const label = `turn ${turn} (${kind})`;
      const step = () => look(label);
      if (kind === 'split') await this.#split(step);
      else if (kind === 'invalidate') await this.#invalidate(step);
      else if (kind === 'twins') await this.#twins(step);
      else await this.#back(step);
      await step();
      if (turn % settleEvery === settleEvery - 1 || turn === last - 1) {
        await this.#settle(look, `${label}, settled`);
        const report = await runUntilQuiet(payer);
        this.#tally.check(report.outcome === 'done', () => `${label}: ${report.problem}`);
        await this.#confirmAll();
        await ground.oracle.checkMoney(this.#tally, `${label}, settled`);
        await ground.oracle.checkShares(this.#tally, `${label}, settled`);
        this.#tally.check(
          ground.oracle.pendingBlocks.length === 0,
          () => `${label}: blocks wait for ever`,
        );
      }
    }
    this.#tally.count('confirmed', ground.oracle.confirmedBlocks);
    this.#tally.count('given up', ground.oracle.orphanedBlocks);
    if (this.#tally.failures.length > 0) run.say(`reorgs stops at turn ${turn}.`);
    await payer.stop();
    client.close();
    return this.#tally.failures.length > 0 ? run.count : turn;
  }

  /** Two nodes that do not see each other mine on; the longer chain wins. */
  async #split(step: () => Promise<void>): Promise<void> {
    const { a, b } = this.#ground.pair;
    await b.rpc('setnetworkactive', [false]);
    await until('the nodes are apart', async () => (await peersOf(a)) + (await peersOf(b)) === 0);
    const ours = this.#throws.between(0, 4);
    for (let i = 0; i < ours; i++) await this.#block(a);
    if (this.#throws.chance(0.5)) await step();
    const theirs = ours + this.#throws.between(1, 3);
    for (let i = 0; i < theirs; i++) await this.#block(b);
    if (this.#throws.chance(0.5)) await step();
    await b.rpc('setnetworkactive', [true]);
    await b.waitReady();
    await this.#agree();
    this.#tally.count(ours === 0 ? 'blocks that came late' : 'reorgs by a longer chain');
  }

  /** Node A turns away from its last blocks and builds a longer branch. */
  async #invalidate(step: () => Promise<void>): Promise<void> {
    const { a } = this.#ground.pair;
    const before = this.#throws.between(1, 3);
    for (let i = 0; i < before; i++) await this.#block(a);
    const depth = this.#throws.between(1, 9);
    await this.#turnAway(depth);
    for (let i = 0; i <= depth; i++) {
      await this.#block(a);
      if (this.#throws.chance(0.15)) await step();
    }
    await this.#agree();
    this.#tally.count('reorgs by invalidateblock');
  }

  /** What node A has invalidated is as good as its own chain to node B: the longer one decides. */
  async #agree(): Promise<void> {
    const { a, b } = this.#ground.pair;
    const [ours, theirs] = await Promise.all([a, b].map((node) => node.rpc('getblockcount')));
    const behind = Number(theirs) - Number(ours);
    const tips = await Promise.all([a, b].map((node) => node.rpc('getbestblockhash')));
    if (behind >= 0 && tips[0] !== tips[1]) {
      for (let i = 0; i <= behind; i++) await this.#block(a, false);
    }
    await sameTip(a, b);
  }

  async #turnAway(depth: number): Promise<void> {
    const { a } = this.#ground.pair;
    const tip = String(await a.rpc('getbestblockhash'));
    const height = Number(await a.rpc('getblockcount'));
    const fork = String(await a.rpc('getblockhash', [height - depth + 1]));
    await a.rpc('invalidateblock', [fork]);
    this.#left.push({ tip, fork });
  }

  /** Two or three blocks of the pool at one height; one of them stays, or none. */
  async #twins(step: () => Promise<void>): Promise<void> {
    const { a } = this.#ground.pair;
    const count = this.#throws.between(2, 3);
    const twins: string[] = [];
    for (let i = 0; i < count; i++) {
      const hash = await this.#block(a, true);
      twins.push(hash);
      if (this.#throws.chance(0.3)) await step();
      if (i < count - 1 || this.#throws.chance(0.3)) await a.rpc('invalidateblock', [hash]);
    }
    const winner = this.#throws.pick(twins);
    for (const hash of twins) {
      await a.rpc(hash === winner ? 'reconsiderblock' : 'invalidateblock', [hash]);
    }
    for (let i = 0; i < 2; i++) await this.#block(a);
    for (const hash of twins) await a.rpc('reconsiderblock', [hash]);
    await this.#agree();
    this.#tally.count('twin blocks', count);
  }

  /** A branch that the chain has left comes back, because the one in its place is called invalid. */
  async #back(step: () => Promise<void>): Promise<void> {
    const { a } = this.#ground.pair;
    await this.#block(a, true);
    const depth = this.#throws.between(1, 4);
    await this.#turnAway(depth);
    for (let i = 0; i < depth; i++) await this.#block(a, i === 0);
    await step();
    const left = this.#left.pop();
    if (left === undefined) return;
    const height = await heightOf(a, left.fork);
    await a.rpc('invalidateblock', [await a.rpc('getblockhash', [height])]);
    await a.rpc('reconsiderblock', [left.fork]);
    for (let i = 0; i < 2; i++) await this.#block(a);
    await this.#agree();
    this.#tally.count('branches that came back');
  }

  /** One block, by the pool or by somebody else. */
  async #block(node: LitecoinNode, ofPool = this.#throws.chance(0.5)): Promise<string> {
    const ground = this.#ground;
    // Two that are mined on one block in the same second would be the same block.
    this.#clock = Math.max(this.#clock, await timeOfTip(node)) + 1;
    await node.rpc('setmocktime', [this.#clock]);
    const [hash = ''] = await node.generate(1, ofPool ? ground.poolAddress : foreignAddress);
    await node.rpc('setmocktime', [0]);
    if (!ofPool) return hash;
    await ground.mine(randomRound(ground, this.#throws));
    await ground.found(await ground.lookUp(hash, node), randomFinding(ground, this.#throws));
    this.#tally.count('blocks of the pool');
    return hash;
  }

  /** Time passes: everything that waits comes to its end. */
  async #settle(look: (label: string) => Promise<void>, label: string): Promise<void> {
    const { a } = this.#ground.pair;
    for (let i = 0; i < 3; i++) {
      await a.generate(7);
      await look(label);
    }
    await a.generate(100);
    await this.#agree();
    await look(label);
  }

  /** invalidateblock drops transactions that a wallet sends again by and by: here it does so at once. */
  async #confirmAll(): Promise<void> {
    const { a } = this.#ground.pair;
    const list = await a.rpc('listtransactions', ['*', 1000]);
    for (const entry of Array.isArray(list) ? list.filter(isRecord) : []) {
      if (own(entry, 'category') !== 'send' || Number(own(entry, 'confirmations')) !== 0) continue;
      const tx = await a.rpc('gettransaction', [own(entry, 'txid')]);
      const hex = isRecord(tx) ? own(tx, 'hex') : undefined;
      await a.rpc('sendrawtransaction', [hex]).catch(() => undefined);
    }
    await this.#ground.confirm();
  }
}

async function peersOf(node: LitecoinNode): Promise<number> {
  const peers = await node.rpc('getpeerinfo');
  return Array.isArray(peers) ? peers.length : 0;
}

async function timeOfTip(node: LitecoinNode): Promise<number> {
  const header = await node.rpc('getblockheader', [await node.rpc('getbestblockhash')]);
  return Number(isRecord(header) ? own(header, 'time') : Number.NaN);
}

async function heightOf(node: LitecoinNode, hash: string): Promise<number> {
  const block = await node.rpc('getblock', [hash]);
  return Number(isRecord(block) ? own(block, 'height') : Number.NaN);
}
