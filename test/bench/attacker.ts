// One attack on the pool, in a process of its own that gives way to others. Its connections come from many addresses
// of the loopback, as those of a botnet would, so that bans and limits can hit them. Arguments: the attack, its size,
// both ports of the pool, the first number of its sources.
import { randomBytes, randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { isRecord, own, parseJson } from '../../libs/primitives/unknown.ts';
import { type AttackName, isAttackName } from './attackNames.ts';
import { standInAddress } from './standInDaemon.ts';

const [name = '', sizeText = '0', easyText = '0', hardText = '0', firstText = '0'] =
  process.argv.slice(2);
const size = Number(sizeText);
const easyPort = Number(easyText);
const hardPort = Number(hardText);
let nextSource = Number(firstText);

const counts = { connections: 0, closedByPool: 0, messages: 0 };
const open = new Set<Socket>();
/** Those that we ended ourselves. */
const leaving = new WeakSet<Socket>();
const timers: NodeJS.Timeout[] = [];
let stopped = false;

/** Lines that the pool's message limit just lets one connection send in a second. */
const fastest = 90;

function every(millis: number, action: () => void): void {
  timers.push(setInterval(action, millis));
}

/** Addresses of the attack, `many` of them in turn. */
function sourceOf(number: number): string {
  return `127.${100 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`;
}

/** `onEnd` runs when the pool has closed the connection, and when it could not be made. */
function knock(port: number, source: number, onOpen: (socket: Socket) => void, onEnd: () => void) {
  const localAddress = sourceOf(source);
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
  open.add(socket);
  socket.on('error', () => {});
  socket.on('connect', () => {
    counts.connections++;
    onOpen(socket);
  });
  socket.on('close', () => {
    open.delete(socket);
    if (!leaving.has(socket) && !stopped) counts.closedByPool++;
    if (!stopped) onEnd();
  });
}

function leave(socket: Socket): void {
  leaving.add(socket);
  socket.resetAndDestroy();
}

function send(socket: Socket, line: string): void {
  if (socket.destroyed || socket.writableLength > 100_000) return;
  counts.messages++;
  socket.write(line);
}

/** Keeps `size` connections open; one that the pool closed comes again after `pause` ms from the next address. */
function keep(
  port: number,
  sources: number,
  pause: number,
  onOpen: (socket: Socket) => void,
): void {
  const first = nextSource;
  const come = (source: number): void => {
    knock(port, source, onOpen, () => {
      nextSource++;
      const next = sources === 0 ? nextSource : source;
      timers.push(setTimeout(() => come(next), pause));
    });
  };
  let started = 0;
  every(10, () => {
    for (let wave = 0; wave < 100 && started < size; wave++, started++) {
      come(sources === 0 ? nextSource++ : first + (started % sources));
    }
  });
}

const hello = (worker: string): string =>
  `{"id":1,"method":"mining.subscribe","params":["attack/1.0"]}\n{"id":2,"method":"mining.authorize","params":["${worker}","x"]}\n`;

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

function someAddress(): string {
  return `1${Array.from({ length: 30 }, () => base58[randomInt(base58.length)]).join('')}`;
}

/** Repeats a line on each open connection, each at the highest rate that is let through. */
function repeat(lineFor: (socket: Socket) => string | undefined): void {
  every(100, () => {
    for (const socket of open) {
      for (let more = 0; more < fastest / 10; more++) {
        const line = lineFor(socket);
        if (line !== undefined) send(socket, line);
      }
    }
  });
}

/** The newest job of each connection. */
function listenForJobs(jobs: Map<Socket, string>, socket: Socket): void {
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const line = lines.findLast((one) => one.includes('"mining.notify","params":['));
    const message = line === undefined ? undefined : parseJson(line);
    const params = isRecord(message) ? own(message, 'params') : undefined;
    if (!Array.isArray(params)) return;
    jobs.set(socket, `"${String(params[0])}","00000000","${String(params[7])}"`);
  });
  socket.on('close', () => jobs.delete(socket));
}

function share(job: string, nonce: string): string {
  return `{"id":3,"method":"mining.submit","params":["${standInAddress}",${job},"${nonce}"]}\n`;
}

const attacks: Record<AttackName, () => void> = {
  'connect and close': () => {
    const first = nextSource;
    const come = (at: number): void =>
      knock(easyPort, first + (at % 50), leave, () => timers.push(setTimeout(() => come(at), 1)));
    for (let at = 0; at < size; at++) come(at);
  },

  'byte by byte': () => {
    const line = Buffer.from(`{"id":1,"method":"mining.subscribe","params":["${'a'.repeat(9_000)}`);
    const sent = new Map<Socket, number>();
    keep(easyPort, 100, 100, (socket) => {
      sent.set(socket, 0);
      socket.on('close', () => sent.delete(socket));
    });
    every(100, () => {
      for (const [socket, at] of sent) {
        if (socket.destroyed) continue;
        counts.messages++;
        socket.write(line.subarray(at % line.length, (at % line.length) + 1));
        sent.set(socket, at + 1);
      }
    });
  },

  'idle sockets': () => {
    let number = 0;
    keep(easyPort, 200, 100, (socket) => {
      // Half say nothing, a quarter subscribes, a quarter is logged in and then reads nothing any more.
      const kind = number++ % 4;
      if (kind === 2) send(socket, '{"id":1,"method":"mining.subscribe","params":[]}\n');
      if (kind === 3) send(socket, hello(standInAddress));
      if (kind >= 2) socket.pause();
      else socket.resume();
    });
  },

  'invalid shares': () => {
    const jobs = new Map<Socket, string>();
    keep(hardPort, 0, 100, (socket) => {
      listenForJobs(jobs, socket);
      send(socket, hello(standInAddress));
    });
    repeat((socket) => {
      const job = jobs.get(socket);
      return job === undefined ? undefined : share(job, randomBytes(4).toString('hex'));
    });
  },

  'login flood': () => {
    keep(easyPort, 10, 100, (socket) => socket.resume());
    repeat(() => `{"id":2,"method":"mining.authorize","params":["${someAddress()}","x"]}\n`);
  },

  'duplicates and replays': () => {
    const jobs = new Map<Socket, string>();
    keep(easyPort, 0, 100, (socket) => {
      listenForJobs(jobs, socket);
      send(socket, hello(standInAddress));
    });
    let shared = '00000001';
    every(1_000, () => {
      shared = randomBytes(4).toString('hex');
    });
    // The same few nonces from everybody: duplicates of one's own, and shares that others have sent.
    repeat((socket) => {
      const job = jobs.get(socket);
      return job === undefined ? undefined : share(job, shared);
    });
  },

  'subscribe storm': () => {
    const first = nextSource;
    const come = (at: number): void =>
      knock(
        easyPort,
        first + (at % 50),
        (socket) => {
          send(socket, '{"id":1,"method":"mining.subscribe","params":[]}\n');
          socket.once('data', () => {
            for (let more = 0; more < 20; more++)
              send(socket, '{"id":1,"method":"mining.subscribe","params":[]}\n');
            setTimeout(() => leave(socket), 20);
          });
        },
        () => timers.push(setTimeout(() => come(at), 1)),
      );
    for (let at = 0; at < size; at++) come(at);
  },

  'broken messages': () => {
    keep(easyPort, 100, 1, (socket) => {
      const kind = randomInt(4);
      if (kind === 0) send(socket, randomBytes(200).toString('latin1'));
      else if (kind === 1) send(socket, '{"id":1,"method":"mining.authorize"}\n');
      else if (kind === 2) send(socket, 'a'.repeat(20_000));
      else send(socket, `${'['.repeat(5_000)}\n`);
    });
  },
};

setPriority(10);
process.on('message', (message: unknown) => {
  if (message === 'start' && isAttackName(name)) attacks[name]();
  if (message === 'stop') {
    stopped = true;
    for (const timer of timers) clearInterval(timer);
    for (const socket of open) socket.resetAndDestroy();
  }
  process.send?.({ ...counts, open: open.size });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
