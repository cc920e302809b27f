// The command line of init.js.

export type Arguments =
  | {
      readonly kind: 'run';
      readonly dir: string;
      readonly check: boolean;
      readonly skipInvalid: boolean;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const usage = `Usage: node init.js [--dir FOLDER] [--check] [--skip-invalid]

  --dir FOLDER     read config.json, pool_configs/ and coins/ from FOLDER, keep state in FOLDER/data
                   (default: the current directory)
  --check          read and check all configuration, try each daemon, Redis and payment wallet, start nothing
  --skip-invalid   start the sound pools although other pool files have errors
  --help           this text`;

export function parseArguments(args: readonly string[]): Arguments {
  let dir = process.cwd();
  let check = false;
  let skipInvalid = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--help' || arg === '-h') return { kind: 'help' };
    if (arg === '--check') check = true;
    else if (arg === '--skip-invalid') skipInvalid = true;
    else if (arg?.startsWith('--dir=')) dir = arg.slice('--dir='.length);
    else if (arg === '--dir') {
      const folder = args[++i];
      if (folder === undefined) return { kind: 'wrong', message: '--dir needs a folder.' };
      dir = folder;
    } else return { kind: 'wrong', message: `Unknown argument "${arg}".` };
  }
  return { kind: 'run', dir, check, skipInvalid };
}
