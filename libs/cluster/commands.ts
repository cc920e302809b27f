import type { CliAnswer, CliCommand } from './cliListener.ts';
import type { SwitchWish } from './switches.ts';

// What the commands of the TCP command port do. Each answers a sentence.

export interface CommandEffects {
  /** Names of the pools' coins, lower case. */
  coins(): readonly string[];
  blockNotify(coin: string, hash: string): void;
  /** Reads the pool's files again; a sentence if they have errors. */
  reloadPool(coin: string): string | undefined;
  /** `coin` is one of `coins()`. */
  coinSwitch(coin: string, wish: SwitchWish): CliAnswer;
}

export function runCommand(command: CliCommand, effects: CommandEffects): CliAnswer {
  switch (command.command.toLowerCase()) {
    case 'blocknotify':
      return blockNotify(command, effects);
    case 'reloadpool':
      return reloadPool(command, effects);
    case 'coinswitch':
      return coinSwitch(command, effects);
    default:
      return wrong(
        `unknown command "${command.command}"; known are blocknotify <coin> <hash>, coinswitch <coin> <switch> and reloadpool <coin>.`,
      );
  }
}

function blockNotify(command: CliCommand, effects: CommandEffects): CliAnswer {
  const coin = coinOf(command, effects);
  if (typeof coin !== 'string') return coin;
  const hash = command.params[1]?.toLowerCase();
  if (hash === undefined || !/^[0-9a-f]{64}$/.test(hash)) {
    return wrong('blocknotify needs the coin and the block hash of 64 hex digits.');
  }
  effects.blockNotify(coin, hash);
  return right(`The pool for ${coin} was told of block ${hash}.`);
}

function reloadPool(command: CliCommand, effects: CommandEffects): CliAnswer {
  const coin = coinOf(command, effects);
  if (typeof coin !== 'string') return coin;
  const problem = effects.reloadPool(coin);
  return problem === undefined ? right(`The pool for ${coin} is being reloaded.`) : wrong(problem);
}

function coinSwitch(command: CliCommand, effects: CommandEffects): CliAnswer {
  const coin = coinOf(command, effects);
  if (typeof coin !== 'string') return coin;
  return effects.coinSwitch(coin, {
    name: command.params[1],
    algorithm: command.options.get('algorithm'),
  });
}

function coinOf(command: CliCommand, effects: CommandEffects): string | CliAnswer {
  const coin = command.params[0]?.toLowerCase();
  const known = effects.coins();
  if (coin !== undefined && known.includes(coin)) return coin;
  const pools = known.length === 0 ? 'no pool is configured' : `pools run for ${known.join(', ')}`;
  if (coin === undefined) return wrong(`${command.command} needs the name of a coin; ${pools}.`);
  return wrong(`there is no pool for "${command.params[0]}"; ${pools}.`);
}

const right = (text: string): CliAnswer => ({ ok: true, text });
const wrong = (text: string): CliAnswer => ({ ok: false, text });
