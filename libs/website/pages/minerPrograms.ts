import type { PortView } from '../siteData.ts';

// What a miner types into well-known mining programs and machines. The parts that the page fills in while a name is typed
// are marked: {host}, {port}, {user}.

export interface ProgramView {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** A command line, or the fields of a machine's web page. */
  readonly command?: string;
  readonly settings?: readonly (readonly [string, string])[];
}

interface Program extends ProgramView {
  /** Our algorithm names that it mines, and its own names of them. */
  readonly algorithms: Readonly<Record<string, string>>;
  /** It can speak TLS. */
  readonly tls: boolean;
}

const programs: readonly Program[] = [
  {
    id: 'bitaxe',
    name: 'Bitaxe (AxeOS)',
    about: 'Settings, then Save and Restart',
    settings: [
      ['Stratum Host', '{host}'],
      ['Stratum Port', '{port}'],
      ['Stratum User', '{user}'],
      ['Stratum Password', 'x'],
    ],
    algorithms: { sha256: '' },
    tls: true,
  },
  {
    id: 'asic',
    name: 'Antminer and other ASICs',
    about: 'Miner Configuration, first pool',
    settings: [
      ['URL', '{scheme}://{host}:{port}'],
      ['Worker', '{user}'],
      ['Password', 'x'],
    ],
    algorithms: {
      sha256: '',
      scrypt: '',
      x11: '',
      blake: '',
      qubit: '',
      quark: '',
      groestl: '',
      skein: '',
      lyra2rev2: '',
    },
    tls: true,
  },
  {
    id: 'cgminer',
    name: 'cgminer',
    about: 'USB and other ASICs',
    command: 'cgminer -o stratum+tcp://{host}:{port} -u {user} -p x',
    algorithms: { sha256: '' },
    tls: false,
  },
  {
    id: 'cgminer-scrypt',
    name: 'cgminer 3.7.2 and its forks',
    about: 'Scrypt on USB ASICs and older GPUs',
    command: 'cgminer --scrypt -o stratum+tcp://{host}:{port} -u {user} -p x',
    algorithms: { scrypt: '' },
    tls: false,
  },
  {
    id: 'bfgminer',
    name: 'BFGMiner',
    about: 'ASICs and FPGAs',
    command: 'bfgminer{algorithm} -o stratum+tcp://{host}:{port} -u {user} -p x',
    algorithms: { sha256: '', scrypt: ' --scrypt' },
    tls: false,
  },
  {
    id: 'ccminer',
    name: 'ccminer',
    about: 'NVIDIA GPUs',
    command: 'ccminer -a {algorithm} -o stratum+tcp://{host}:{port} -u {user} -p x',
    algorithms: {
      sha256: 'sha256d',
      scrypt: 'scrypt',
      'scrypt-jane': 'scrypt-jane',
      x11: 'x11',
      x13: 'x13',
      x15: 'x15',
      x16r: 'x16r',
      nist5: 'nist5',
      quark: 'quark',
      qubit: 'qubit',
      keccak: 'keccak',
      blake: 'blake',
      skein: 'skein',
      groestl: 'groestl',
      groestlmyriad: 'myr-gr',
      neoscrypt: 'neoscrypt',
      fugue: 'fugue256',
      c11: 'c11',
      lyra2rev2: 'lyra2v2',
    },
    tls: false,
  },
  {
    id: 'minerd',
    name: 'cpuminer (minerd)',
    about: 'CPUs',
    command: 'minerd -a {algorithm} -o {cpuScheme}://{host}:{port} -u {user} -p x',
    algorithms: { sha256: 'sha256d', scrypt: 'scrypt' },
    tls: true,
  },
  {
    id: 'cpuminer-multi',
    name: 'cpuminer-multi',
    about: 'CPUs, many algorithms',
    command: 'cpuminer -a {algorithm} -o {cpuScheme}://{host}:{port} -u {user} -p x',
    algorithms: {
      sha256: 'sha256d',
      scrypt: 'scrypt',
      'scrypt-n': 'scrypt:2048',
      'scrypt-jane': 'scrypt-jane',
      x11: 'x11',
      x13: 'x13',
      x15: 'x15',
      x16r: 'x16r',
      nist5: 'nist5',
      quark: 'quark',
      qubit: 'qubit',
      keccak: 'keccak',
      blake: 'blake',
      skein: 'skein',
      groestl: 'groestl',
      groestlmyriad: 'myr-gr',
      fugue: 'fugue256',
      c11: 'c11',
      neoscrypt: 'neoscrypt',
      shavite3: 'shavite3',
      yescrypt: 'yescrypt',
      lyra2rev2: 'lyra2rev2',
    },
    tls: true,
  },
];

/** Ready for a port of an algorithm: those programs that know it, with the marks {host}, {port} and {user} left. */
export function programsFor(algorithm: string, port: PortView): ProgramView[] {
  return programs.flatMap(({ algorithms, tls, command, settings, ...program }) => {
    const name = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm] : undefined;
    if (name === undefined || (port.tls && !tls)) return [];
    const filled = (text: string) =>
      text
        .replace('{algorithm}', name)
        .replace('{scheme}', port.tls ? 'stratum+ssl' : 'stratum+tcp')
        .replace('{cpuScheme}', port.tls ? 'stratum+tcps' : 'stratum+tcp');
    return [
      {
        ...program,
        ...(command === undefined ? {} : { command: filled(command) }),
        ...(settings === undefined
          ? {}
          : { settings: settings.map(([label, value]) => [label, filled(value)] as const) }),
      },
    ];
  });
}

/** A piece of a command: a mark with what it stands for (`slot`), an option that no line break may cut (`keep`), or text. */
export interface CommandPart {
  readonly slot: string;
  readonly keep: boolean;
  readonly text: string;
}

export function marked(text: string, values: Readonly<Record<string, string>>): CommandPart[] {
  return text.split(/(\{(?:host|port|user)\}|(?<= )--?\w+)/).flatMap((part, at): CommandPart[] => {
    const slot = /^\{(\w+)\}$/.exec(part)?.[1];
    if (slot !== undefined) return [{ slot, keep: false, text: values[slot] ?? part }];
    return part === '' ? [] : [{ slot: '', keep: at % 2 === 1, text: part }];
  });
}

/** The port that suits most: the one in the middle of those without TLS, else the first. */
export function usualPort(ports: readonly PortView[]): PortView | undefined {
  const plain = ports.filter(({ tls }) => !tls);
  const varied = plain.filter(({ varDiff }) => varDiff !== undefined);
  const from = varied.length > 0 ? varied : plain.length > 0 ? plain : ports;
  return from[Math.floor((from.length - 1) / 2)];
}
