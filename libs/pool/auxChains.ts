import { type AuxTree, auxProof, createAuxTree, type PlacedAuxBlock } from '../jobs/auxPow.ts';
import type { Job } from '../jobs/job.ts';
import type { PreparedShare } from '../jobs/shareCheck.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { isHex } from '../primitives/hex.ts';
import { isBelowOrEqual } from '../primitives/target.ts';
import { type Clock, difficulty } from '../primitives/units.ts';
import { addressPart } from '../primitives/workerName.ts';
import type { ShareRecord } from '../shares/types.ts';
import { banKey } from '../stratum/bans.ts';
import { nameFault } from '../stratum/messages.ts';
import { passwordWords } from '../stratum/passwords.ts';
import type { AuthorizeAnswer, AuthorizeRequest, Submit } from '../stratum/types.ts';
import type { AuxChain } from './auxChain.ts';

// All chains that are mined beside one parent: what its jobs commit to, whom its shares are credited to on each, and
// which of them a hash is a block of.

export interface HashedShare {
  readonly job: Job;
  readonly prepared: PreparedShare;
  /** 32 bytes in wire order. */
  readonly powHash: Buffer;
  readonly submit: Submit;
}

/** One chain, as the set of them needs it. */
export type OneAuxChain = Pick<
  AuxChain,
  | 'coin'
  | 'block'
  | 'paysKeys'
  | 'account'
  | 'record'
  | 'found'
  | 'start'
  | 'look'
  | 'resumeBlocks'
  | 'stop'
>;

export interface AuxChains {
  /** What a job made now shall commit to. */
  readonly tree: AuxTree | undefined;
  readonly chains: readonly OneAuxChain[];
  /** The accounts that a login names: `coin=ADDRESS` in its password, a space in the coin's name being a dash. */
  accounts(request: AuthorizeRequest): Promise<AuthorizeAnswer>;
  /** The blocks of its job's commitment that this hash proves, whatever the share itself is worth. */
  provenBy(share: HashedShare): readonly PlacedAuxBlock[];
  /** Hands in the proof; `recorded` settles when the share is recorded. */
  found(place: PlacedAuxBlock, share: HashedShare, recorded: Promise<unknown>): void;
  /**
   * Records a good share on every chain that its job worked for and its worker has an account of. `done(true)` when all
   * of them have it.
   */
  record(record: ShareRecord, share: HashedShare, done: (recorded: boolean) => void): void;
  start(): void;
  /** Its chain may have gone on. */
  heardOfBlock(coin: string): void;
  stop(): Promise<void>;
}

const miningKey = 20;
const sayEvery = 60_000;
const longestName = 128;

export interface AuxChainsOptions {
  /** Makes the chains, in the order of their precedence; `onChange` is to be called when one has another block. */
  chains(onChange: () => void): readonly OneAuxChain[];
  readonly log: Logger;
  readonly now: Clock;
  /** The tree is another one: jobs on it are wanted. */
  onChange(): void;
}

export function createAuxChains(options: AuxChainsOptions): AuxChains {
  const { log } = options;
  const said = new OncePer(sayEvery, options.now);
  let tree: AuxTree | undefined;
  let stopped = false;

  const changed = (): void => {
    if (stopped) return;
    tree = createAuxTree(chains.flatMap(({ block }) => (block === undefined ? [] : [block])));
    for (const { coin, chainId } of tree?.leftOut ?? []) {
      if (!said.allows(`left out ${coin}`)) continue;
      log.error(
        `${coin} is not mined: it has the chain id ${chainId}, whose place in the merkle tree another auxiliary chain takes. Mine it beside another parent.`,
      );
    }
    options.onChange();
  };
  const chains = options.chains(changed);
  const byCoin = new Map(chains.map((chain) => [chain.coin, chain]));

  return {
    get tree() {
      return tree;
    },
    chains,

    async accounts({ password, ip }) {
      const words = passwordWords(password);
      const accounts = new Map<string, string>();
      for (const chain of chains) {
        const address = words.get(chain.coin.replaceAll(' ', '-'));
        if (address === undefined) continue;
        const verdict = await chain.account(address, banKey(ip));
        if (!verdict.ok) {
          // It is logged: nothing of the password stands in it.
          const reason = `what its password says is its address for ${chain.coin} cannot be paid: ${verdict.reason}`;
          return { ok: false, reason };
        }
        if (nameFault(verdict.name) === undefined) accounts.set(chain.coin, verdict.name);
      }
      return { ok: true, accounts };
    },

    provenBy: ({ job, powHash }) =>
      job.auxiliary?.placed.filter(({ block }) => isBelowOrEqual(powHash, block.target)) ?? [],

    found(place, { job, prepared, powHash, submit }, recorded) {
      const { block } = place;
      const { header, coinbase } = prepared;
      const proof = auxProof(place, {
        coinbase,
        merkleBranch: job.merkleBranch,
        parentHash: job.algorithm.blockHash(header, powHash),
        header,
      }).toString('hex');
      const chain = byCoin.get(block.coin);
      const account = chain && accountOn(chain, submit);
      const finder = account === undefined ? submit.worker : nameOn(account, submit.worker);
      // Without an account nobody could be paid for a block alone: those with shares are.
      const solo = submit.solo && account !== undefined;
      chain?.found({ block, proof, finder, solo }, recorded);
    },

    record(record, { job, submit }, done) {
      const { blockHash: _hash, blockHashInvalid: _invalid, ...share } = record;
      const shares = (job.auxiliary?.placed ?? []).flatMap(({ block }) => {
        const chain = byCoin.get(block.coin);
        const account = chain && accountOn(chain, submit);
        if (chain === undefined || account === undefined) return [];
        const worker = nameOn(account, submit.worker);
        const credit = difficulty(Math.min(record.difficulty, block.networkDifficulty));
        const facts = { height: block.height, blockDiff: block.networkDifficulty };
        return [{ chain, share: { ...share, ...facts, worker, difficulty: credit } }];
      });
      let open = shares.length;
      let areRecorded = true;
      if (open === 0) done(true);
      for (const { chain, share: own } of shares) {
        chain.record(own, (recorded) => {
          areRecorded &&= recorded;
          open--;
          if (open === 0) done(areRecorded);
        });
      }
    },

    start() {
      for (const chain of chains) chain.start();
    },

    heardOfBlock(coin) {
      byCoin.get(coin)?.look();
    },

    async stop() {
      stopped = true;
      await Promise.all(chains.map((chain) => chain.stop()));
    },
  };
}

/** What the login named; else the login itself if it is a mining key, which is the same name on every chain. */
function accountOn({ coin, paysKeys }: OneAuxChain, submit: Submit): string | undefined {
  const named = submit.accounts?.get(coin);
  if (named !== undefined || !paysKeys) return named;
  const login = addressPart(submit.worker);
  return isHex(login, miningKey) ? login : undefined;
}

/** The account, with the rig of the login behind it where the name does not get too long. */
function nameOn(account: string, worker: string): string {
  const name = `${account}${worker.slice(addressPart(worker).length)}`;
  return Buffer.byteLength(name) > longestName ? account : name;
}
