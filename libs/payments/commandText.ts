/** The command that an operator types to steer the payments of a coin, as messages name it. */
export function commandText(coin: string, action: string, ...words: readonly string[]): string {
  return ['node scripts/cli.js payments', action, coin, ...words].join(' ');
}
