import { listenForCommands, parseCommand } from '../../libs/cluster/cliListener.ts';
import { type Dice, dice } from '../chaos/dice.ts';
import type { Tally } from '../chaos/suite.ts';
import { inPieces, mutateBytes, mutateText, mutateValue, randomBytes } from './mutate.ts';
import { QuietLog } from './quietLog.ts';
import { talk } from './talk.ts';
import { type FuzzSuite, keepsContract } from './watch.ts';

// Lines at the command port: most to the parser, each hundredth over a socket, where every line gets one answer.

const longestLine = 10_240;
const linesOfSocket = 100;

const sound = [
  { command: 'blocknotify', params: ['litecoin', 'ab'.repeat(32)], options: {} },
  { command: 'coinswitch', params: ['dogecoin'], options: { algorithm: 'scrypt', port: 3333 } },
  { command: 'status', params: [], options: { json: 'true' } },
  { command: 'reloadpool', params: ['wörker'] },
  { command: 'throw' },
];

function lineOf(throws: Dice): Buffer {
  const command = throws.pick(sound);
  switch (throws.between(0, 5)) {
    case 0:
      return Buffer.from(JSON.stringify(command));
    case 1:
      return Buffer.from(mutateText(JSON.stringify(command), throws));
    case 2:
      return mutateBytes(Buffer.from(JSON.stringify(command)), throws);
    case 3:
      return throws.chance(0.02)
        ? Buffer.alloc(longestLine + throws.between(-2, 2), throws.pick(['x', '[', ' ']))
        : randomBytes(throws.between(0, 80), throws);
    case 4: {
      const part = throws.pick(['[', '{"a":', '[{"toString":']);
      const deep = part.repeat(throws.pick([1, 10, 1_000]));
      return Buffer.from(`{"command":"a","options":{"x":${deep}1${closing(deep)}}}`);
    }
    default:
      return Buffer.from(JSON.stringify(mutateValue(command, throws)));
  }
}

function closing(opening: string): string {
  return [...opening]
    .filter((char) => char === '[' || char === '{')
    .reverse()
    .map((char) => (char === '[' ? ']' : '}'))
    .join('');
}

function checkParse(line: string): void {
  const command = parseCommand(line);
  if (typeof command === 'string') return;
  const texts = [command.command, ...command.params, ...command.options.values()];
  if (!texts.every((text) => typeof text === 'string')) throw new Error('it holds no text');
}

async function checkSocket(port: number, line: Buffer, throws: Dice, tally: Tally): Promise<void> {
  // The line feed is at the end of it, or there is one inside: then that is where the command ends.
  const stream = Buffer.concat([line, Buffer.from('\n')]);
  const { text } = await talk(port, inPieces(stream, throws), () => false);
  const first = line.toString('utf8').split('\n', 1)[0] ?? '';
  const done = typeof parseCommand(first) !== 'string' && !first.includes('"throw"');
  const isOne = /^[^\n]*\n$/.test(text);
  // A line near the limit may be cut off by a reset before its answer is read.
  const isLong = stream.length >= longestLine;
  tally.check(
    isOne || (isLong && text === ''),
    () => `line ${line.toString('base64')} got ${JSON.stringify(text)}`,
  );
  if (!isLong && done) {
    tally.check(text === 'done\n', () => `line ${line.toString('base64')} got ${text}`);
  }
}

export const commands: FuzzSuite = {
  name: 'cli',
  counts: 'lines at the command port',
  long: 1_000_000,
  short: 20_000,
  async fuzz(run, tally, watch) {
    const throws = dice(run.seed).apart('cli');
    let handled = 0;
    const listener = await listenForCommands(
      { port: 0 },
      ({ command }) => {
        handled += 1;
        if (command === 'throw') throw new Error('on purpose');
        return { ok: true, text: 'done' };
      },
      new QuietLog(),
    );
    try {
      for (let done = 0; done < run.count; done++) {
        const line = lineOf(throws);
        const what = () => `line ${line.toString('base64')}`;
        keepsContract(tally, what, () => checkParse(line.toString('utf8')));
        if (done % linesOfSocket !== 0) continue;
        watch.at(done);
        await checkSocket(listener.port, line, throws, tally);
        const honest = await talk(
          listener.port,
          [Buffer.from('{"command":"status"}\n')],
          () => false,
        );
        if (!tally.check(honest.text === 'done\n', () => `an honest command got ${honest.text}`))
          break;
      }
      tally.count('commands handled', handled);
    } finally {
      await listener.close();
    }
  },
};
