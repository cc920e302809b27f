import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missed, runAttacks, shortForm, tableOfRounds } from '../bench/attackBench.ts';

// `npm run bench:attack` is the long form, with the times.

test('no honest miner is refused or dropped, and the daemon is left alone, whatever attacks the pool', async (t) => {
  const rounds = await runAttacks(shortForm, undefined, (text) => t.diagnostic(text));
  for (const line of tableOfRounds(rounds).split('\n')) t.diagnostic(line);
  assert.deepEqual(
    rounds.flatMap((round) => missed(round, false)),
    [],
  );
  for (const { name, shares, attackers } of rounds) {
    assert.ok(shares > 0, `${name}: no honest share was answered`);
    if (name !== 'nothing') assert.ok(attackers.connections > 0, `${name}: nobody attacked`);
  }
  const closedIn = (name: string): number =>
    rounds.find((round) => round.name === name)?.attackers.closedByPool ?? 0;
  // Bans and limits are what keeps the honest ones safe: they must have struck.
  for (const name of ['invalid shares', 'duplicates and replays', 'broken messages']) {
    assert.ok(closedIn(name) > 0, `${name}: the pool let them be`);
  }
});
