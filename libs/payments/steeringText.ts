import { commandText } from './commandText.ts';
import type { HandBack } from './handBack.ts';
import type { BalancesShown, DryRun, Held, PayeeShown, PaymentsStatus } from './steering.ts';

// What the steering of payments answers, as sentences for a terminal. Pure.

export function formatStatus(status: PaymentsStatus): string {
  const { coin, symbol, paused, stopped, openBatch, books, lastPayment, audit } = status;
  const lines = [`Payments of ${coin}, ${status.scheme}: ${headlines[status.state]}.`];
  if (stopped !== null) lines.push(`They stand still, mining goes on: ${stopped}.`);
  if (paused !== null) {
    const resume = commandText(coin, 'resume');
    lines.push(`They have been paused since ${day(paused.since)}: ${paused.reason}. ${resume}`);
  }
  if (openBatch !== null) lines.push(batchText(openBatch, symbol));
  lines.push(fundsText(status));
  if (books !== null) {
    lines.push(
      `Came in: ${books.takenOver} ${symbol} taken over, ${books.credited} credited${books.adjusted === '0' ? '' : `, ${books.adjusted} adjusted`}.`,
      `Of that: ${books.balances} ${symbol} in balances, ${books.inFlight} in flight, ${books.paid} paid (and ${books.fees} of fees from the pool's own coins)${books.difference === '0' ? '' : `: a difference of ${books.difference}`}.`,
    );
  }
  lines.push(
    lastPayment === null
      ? 'Nothing has been paid yet.'
      : `The last payment: ${lastPayment.amount} ${symbol} to ${count(lastPayment.addresses, 'address')} in ${lastPayment.txid}, ${day(lastPayment.time)}.`,
  );
  lines.push(
    audit === null
      ? 'There has been no run yet.'
      : `The last run ended ${day(audit.time)}, ${audit.stop === null ? 'and all agreed' : 'stopped'}.`,
  );
  if (status.running) lines.push('A run is under way.');
  else if (status.nextRun !== null) lines.push(`The next run: ${day(status.nextRun)}.`);
  lines.push(...(audit?.warnings ?? []));
  return textOf([...lines, ...heldLines(status.held, symbol)]);
}

const headlines: Readonly<Record<PaymentsStatus['state'], string>> = {
  atWork: 'at work',
  batchOpen: 'a batch is open',
  paused: 'paused',
  stopped: 'stopped',
};

function fundsText({ wallet, owed, symbol, unpaidBlocks, immature }: PaymentsStatus): string {
  const has =
    wallet === null
      ? 'The wallet does not tell what it has'
      : `The wallet can spend ${wallet.spendable} ${symbol}${wallet.immature === null ? '' : ` and waits for ${wallet.immature} of immature blocks`}`;
  const blocks = `${count(unpaidBlocks, 'block')} of ${immature} ${symbol} ${unpaidBlocks === 1 ? 'waits' : 'wait'} to be credited`;
  return owed === null ? `${has}; ${blocks}.` : `${has}; ${owed} ${symbol} are owed; ${blocks}.`;
}

function batchText(batch: NonNullable<PaymentsStatus['openBatch']>, symbol: string): string {
  const state = {
    intent: 'nothing has been sent',
    signed: `signed as ${batch.txid}, sent again until it is known to be there`,
    sending: 'it is not known whether it was sent',
  }[batch.state];
  return `Batch ${batch.id} of ${batch.amount} ${symbol} to ${count(batch.addresses, 'address')} is open since ${day(batch.time)}: ${state}.`;
}

export function formatHeld(held: Held, symbol: string): string {
  return textOf(heldLines(held, symbol));
}

function heldLines({ blocks, payees }: Held, symbol: string): string[] {
  if (blocks.length + payees.length === 0) return ['Nothing is held back.'];
  return [
    ...blocks.map(({ member, reason }) => `Block ${member} is held: ${reason}.`),
    ...payees.map(
      ({ worker, amount, reason }) => `${amount} ${symbol} of ${worker} are held: ${reason}.`,
    ),
  ];
}

export function formatBalances(shown: BalancesShown): string {
  const { coin, symbol, rows, addresses, total } = shown;
  if (addresses === 0) return `Nobody has mined ${coin} yet.`;
  const lines = rows.map((row) => {
    const parts = [`${row.balance} owed`];
    if (row.inFlight !== '0') parts.push(`${row.inFlight} in flight`);
    parts.push(`${row.immature} immature`, `${row.paid} paid`);
    const held = row.held === null ? '' : `; held: ${row.held}`;
    return `${row.address}: ${parts.join(', ')}${held}`;
  });
  const more = addresses - rows.length;
  if (more > 0) lines.push(`… and ${count(more, 'more address')}`);
  return textOf([
    ...lines,
    `${count(addresses, 'address')} of ${coin}: ${total.balance} ${symbol} owed, ${total.inFlight} in flight, ${total.immature} immature, ${total.paid} paid.`,
  ]);
}

export function formatDryRun(run: DryRun): string {
  const { coin, symbol, blockedBy, transactions, notPaid, spendable } = run;
  const lines = [
    blockedBy === null
      ? `A payment run of ${coin} would do this now (the wallet can spend ${spendable} ${symbol}):`
      : `A payment run of ${coin} would pay nothing now: ${blockedBy}. Otherwise (the wallet can spend ${spendable} ${symbol}):`,
  ];
  if (transactions.length === 0) lines.push('Nobody is due.');
  transactions.forEach(({ amount, outputs }, index) => {
    lines.push(
      `Transaction ${index + 1}: ${amount} ${symbol} to ${count(outputs.length, 'address')}.`,
      ...outputs.map((output) => `  ${output.amount} to ${payeeText(output)}`),
    );
  });
  if (notPaid.length > 0) lines.push('Not paid:');
  lines.push(...notPaid.map((item) => `  ${item.amount} for ${payeeText(item)}: ${item.reason}.`));
  return textOf(lines);
}

function payeeText({ address, workers }: PayeeShown): string {
  const names = workers.join(', ');
  return address === null || address === names ? names : `${address} (${names})`;
}

export function formatHandBack({ coin, ready, obstacles, owed, pendingBlocks }: HandBack): string {
  const sums = `balances hold ${owed}, ${count(pendingBlocks, 'block')} wait to mature with their rounds`;
  if (!ready) {
    return textOf([`The original NOMP cannot take ${coin} over yet:`, ...obstacles]);
  }
  return `The original NOMP can take ${coin} over from this Redis: ${sums}. Stop this pool first, so that every share is in Redis; its own keys (pay:*, blk:*) may stay.`;
}

// Names and reasons may come from miners and from other pools' databases: no line may paint the terminal.
const controls = /[\p{Cc}\u2028\u2029]/gu;

function textOf(lines: readonly string[]): string {
  return lines
    .map((line) =>
      line.replace(controls, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    )
    .join('\n');
}

function count(number: number, noun: string): string {
  const plural = noun.endsWith('s') ? `${noun}es` : `${noun}s`;
  return `${number} ${number === 1 ? noun : plural}`;
}

function day(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').slice(0, 16).concat(' UTC');
}
