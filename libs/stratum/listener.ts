import { createPrivateKey, X509Certificate } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { PortConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { OncePer } from '../log/oncePer.ts';
import { CodedError, codeOf, messageOf } from '../primitives/errors.ts';
import { IpRanges, localRanges } from '../primitives/ipRanges.ts';
import type { Clock } from '../primitives/units.ts';
import { banKey, plainAddress } from './bans.ts';
import { parseProxyHeader } from './proxyProtocol.ts';
import type { OpenPort } from './sessionHost.ts';
import { processBudget, type SocketBudget } from './socketBudget.ts';

// The open ports of a stratum server: accepts, reads PROXY headers, puts TLS on, and hands on who came.

export interface TlsText {
  /** PEM text; the certificate first, then its chain. */
  readonly cert: string;
  readonly key: string;
}

export interface ListenerOptions {
  readonly log: Logger;
  readonly ports: readonly PortConfig[];
  /** The platform's choice when left out: all addresses, IPv6 and IPv4. */
  readonly host?: string;
  readonly tcpProxyProtocol: boolean;
  /** Addresses and CIDR ranges of the proxies; the loopback and private networks when left out. */
  readonly tcpProxyTrusted?: readonly string[];
  /** For ports with `tls`. */
  readonly tls?: TlsText;
  readonly now: Clock;
  /** Connections that may be open; that of the process when left out. */
  readonly budget?: SocketBudget;
}

/** A connection whose client is known. */
export interface Arrived {
  /** Of the miner's bytes: TLS is taken off, and the PROXY header. */
  readonly stream: Socket;
  readonly port: OpenPort;
  readonly ip: string;
  /** What stands for `ip` in bans and limits; undefined when the proxy did not name the client. */
  readonly key: string | undefined;
}

export interface ListenerHost {
  /** Why connections of this address are not taken now; completes "A connection of … was refused: …". */
  refusal(key: string): string | undefined;
  /** `bytes`: what the miner sent already, if anything. */
  arrived(who: Arrived, bytes: Buffer | undefined): void;
  /** A stream is closed; it need not be one that arrived. */
  left(stream: Socket): void;
}

const keepAliveDelay = 60_000;
const backlog = 4_096;
const headerTime = 30_000;
/** One address is complained about once in so long. */
const complaintPause = 10_000;

/** A lack of file descriptors is complained about once in so long. */
const shortagePause = 60_000;

/** A connection behind a proxy whose header is not complete yet. */
interface Waiting {
  readonly port: OpenPort;
  readonly since: number;
  bytes: Buffer;
}

interface OpenedPort {
  readonly server: Server;
  readonly port: OpenPort;
}

const ignoreError = (): void => {};

/** A listener that all sockets share and get as `this`: an idle miner then costs no closures. */
export function socketListener<A extends unknown[]>(
  action: (socket: Socket, ...args: A) => void,
): (this: Socket, ...args: A) => void {
  return function listener(...args) {
    action(this, ...args);
  };
}

export class Listener {
  #options: ListenerOptions;
  readonly #host: ListenerHost;
  #secureContext: SecureContext | undefined;
  readonly #complaints: OncePer;
  readonly #shortages: OncePer;
  readonly #budget: SocketBudget;
  #proxies: IpRanges;
  readonly #waiting = new Map<Socket, Waiting>();
  #open: OpenedPort[] = [];
  #accepting = false;

  /** Throws STRATUM_TLS_BAD for a certificate or key that cannot be used. */
  constructor(options: ListenerOptions, host: ListenerHost) {
    this.#options = options;
    this.#host = host;
    this.#complaints = new OncePer(complaintPause, options.now);
    this.#secureContext = options.tls && secureContextOf(options.tls);
    this.#shortages = new OncePer(shortagePause, options.now);
    this.#budget = options.budget ?? processBudget;
    this.#proxies = proxiesOf(options);
  }

  /**
   * Opens every port, or rejects with STRATUM_PORT_TAKEN, naming the port and the reason, if one cannot be had, and with
   * STRATUM_TLS_MISSING if a TLS port has no certificate: `close` then lets go of those that were opened.
   */
  async open(): Promise<void> {
    const withoutCertificate = this.#options.ports.find(({ tls }) => tls);
    if (withoutCertificate !== undefined && this.#secureContext === undefined) {
      throw new CodedError(
        'STRATUM_TLS_MISSING',
        `Port ${withoutCertificate.port} asks for TLS, but the pool has no tls certificate and key.`,
      );
    }
    this.#accepting = true;
    for (const config of this.#options.ports) {
      this.#open.push(await this.#openPort(config, config.port));
    }
  }

  /** Opens the same ports again after stopAccepting. Rejects as `open`; they are all closed then. */
  async reopen(): Promise<void> {
    if (this.#accepting) return;
    this.#accepting = true;
    const opened: OpenedPort[] = [];
    try {
      for (const { port } of this.#open) {
        opened.push(await this.#openPort(port.config, port.number, port));
      }
      this.#open = opened;
      // They were closed again before they were open.
      if (!this.#accepting) for (const { server } of opened) server.close();
    } catch (error) {
      this.#accepting = false;
      for (const { server } of opened) server.close();
      throw error;
    }
  }

  get isAccepting(): boolean {
    return this.#accepting;
  }

  /** `known`: what the sessions of an earlier opening hold of this port. */
  async #openPort(config: PortConfig, wanted: number, known?: OpenPort): Promise<OpenedPort> {
    const server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelay,
    });
    const own = { number: wanted, config };
    const port: OpenPort = known ?? own;
    // Before it listens: a worker gets its first connections together with the news that the port is open.
    server.on('connection', (socket) => this.#accept(socket, port));
    const { host } = this.#options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(portError(wanted, error)));
      server.listen({ port: wanted, backlog, ...(host === undefined ? {} : { host }) }, () =>
        resolve(),
      );
    });
    const address = server.address();
    if (typeof address === 'object' && address !== null) own.number = address.port;
    server.removeAllListeners('error');
    // Of accept: the connection is lost, the port stays open.
    server.on('error', (error) => this.#complainOfAccept(error));
    return { server, port };
  }

  /** The ports as they were bound, in the order of the configuration. */
  get ports(): number[] {
    return this.#open.map(({ port }) => port.number);
  }

  get openPorts(): readonly OpenPort[] {
    return this.#open.map(({ port }) => port);
  }

  /**
   * Goes on with another configuration, ports and sockets open. False, and nothing is changed, when the ports are not the
   * same ones: they must be opened anew. Throws STRATUM_TLS_BAD, and nothing is changed, for an unusable certificate.
   */
  reconfigure(options: ListenerOptions): boolean {
    if (options.tcpProxyProtocol !== this.#options.tcpProxyProtocol) return false;
    if (!hasSamePorts(this.#options.ports, options.ports)) return false;
    this.#secureContext = options.tls && secureContextOf(options.tls);
    this.#options = options;
    this.#proxies = proxiesOf(options);
    for (const { port } of this.#open) {
      port.config =
        options.ports.find(({ port: number }) => number === port.config.port) ?? port.config;
    }
    return true;
  }

  /** For connections from now on; those that are open keep theirs. Throws STRATUM_TLS_BAD, and nothing is changed. */
  setCertificate(tls: TlsText): void {
    this.#secureContext = secureContextOf(tls);
  }

  // Connections

  #accept(socket: Socket, port: OpenPort): void {
    socket.on('error', ignoreError);
    const { remoteAddress } = socket;
    if (!this.#accepting || remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    if (!this.#budget.take()) {
      this.#refuseForLackOfRoom(port);
      socket.destroy();
      return;
    }
    socket.on('close', this.#onSocketClose);
    if (!this.#options.tcpProxyProtocol) {
      this.#admit(socket, port, plainAddress(remoteAddress), true);
      return;
    }
    const proxy = plainAddress(remoteAddress);
    if (!this.#proxies.has(proxy)) {
      this.#distrust(proxy, port);
      socket.destroy();
      return;
    }
    this.#waiting.set(socket, { port, since: this.#options.now(), bytes: Buffer.alloc(0) });
    socket.on('data', this.#onHeaderData);
  }

  #refuseForLackOfRoom(port: OpenPort): void {
    if (!this.#shortages.allows('room')) return;
    this.#options.log.error(
      `Port ${port.number} refuses miners: this pool worker has ${this.#budget.most} connections, all that its limit of open files leaves room for. Raise the limit (LimitNOFILE of systemd, nofile in /etc/security/limits.conf), or let more forks run.`,
    );
  }

  /** Whoever may write a PROXY header may be any miner, and get any address banned. */
  #distrust(proxy: string, port: OpenPort): void {
    if (!this.#complaints.allows('distrust')) return;
    this.#options.log.warning(
      `A connection of ${proxy} to port ${port.number} was dropped: with tcpProxyProtocol only proxies are let in, and it is none of those in tcpProxyTrusted. If it is your proxy, add "${proxy}" to tcpProxyTrusted in the pool's file; if it is a miner, it must connect to the proxy.`,
    );
  }

  /** `named`: the address is the miner's, so that bans and limits apply to it. */
  #admit(socket: Socket, port: OpenPort, ip: string, named: boolean, bytes?: Buffer): void {
    const key = named ? banKey(ip) : undefined;
    const refusal = key === undefined ? undefined : this.#host.refusal(key);
    if (refusal !== undefined) {
      if (this.#complaints.allows(`${key} ${refusal}`)) {
        this.#options.log.warning(`A connection of ${ip} was refused: ${refusal}.`);
      }
      socket.destroy();
      return;
    }
    const stream = port.config.tls ? this.#secured(socket) : socket;
    this.#host.arrived({ stream, port, ip, key }, bytes);
  }

  #secured(socket: Socket): Socket {
    const secured = new TLSSocket(socket, {
      isServer: true,
      ...(this.#secureContext && { secureContext: this.#secureContext }),
    });
    secured.on('error', ignoreError);
    secured.on('close', this.#onSecuredClose);
    return secured;
  }

  // One listener for all that must be known of it: a second one on each socket would cost every idle miner memory.
  readonly #onSocketClose = socketListener((socket) => {
    this.#budget.giveBack();
    this.#waiting.delete(socket);
    this.#host.left(socket);
  });

  readonly #onSecuredClose = socketListener((socket) => this.#host.left(socket));

  readonly #onHeaderData = socketListener((socket, chunk: Buffer) => {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    waiting.bytes = Buffer.concat([waiting.bytes, chunk]);
    this.#readHeader(socket, waiting);
  });

  #readHeader(socket: Socket, waiting: Waiting): void {
    const header = parseProxyHeader(waiting.bytes);
    if (header.kind === 'more') return;
    socket.removeListener('data', this.#onHeaderData);
    this.#waiting.delete(socket);
    const { remoteAddress = '' } = socket;
    if (header.kind === 'bad') {
      if (this.#complaints.allows(`${remoteAddress} header`)) {
        this.#options.log.warning(
          `A connection of ${plainAddress(remoteAddress)} was dropped: ${header.reason}. With tcpProxyProtocol each connection must come through the proxy.`,
        );
      }
      socket.destroy();
      return;
    }
    const rest = waiting.bytes.subarray(header.length);
    const { port } = waiting;
    const ip = plainAddress(header.address ?? remoteAddress);
    const named = header.address !== undefined;
    // TLS takes over what waits in the socket; a plain session is given it.
    if (!port.config.tls) {
      this.#admit(socket, port, ip, named, rest.length > 0 ? rest : undefined);
      return;
    }
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    this.#admit(socket, port, ip, named);
  }

  /** Drops those whose PROXY header does not come, looks whether more can come. To be called about once a second. */
  sweep(now: number): void {
    if (this.#accepting) this.#lookForDescriptors();
    for (const [socket, { since }] of this.#waiting) {
      if (now - since >= headerTime) socket.destroy();
    }
  }

  /** libuv closes what it has no descriptor for without a word. */
  #lookForDescriptors(): void {
    try {
      closeSync(openSync('/dev/null', 'r'));
    } catch (error) {
      this.#complainOfAccept(error);
    }
  }

  #complainOfAccept(error: unknown): void {
    if (!this.#shortages.allows('accept')) return;
    const ports = this.ports.join(', ');
    this.#options.log.error(
      `Port ${ports} cannot accept miners at present: ${messageOf(error)}. It goes on trying. If too many files are open, raise the limit (LimitNOFILE of systemd, nofile in /etc/security/limits.conf).`,
    );
  }

  // Ending

  /** Closes the ports; connections that were handed on stay. */
  stopAccepting(): void {
    this.#accepting = false;
    for (const { server } of this.#open) server.close();
  }

  /** Closes the ports and the connections that were not handed on. */
  close(): void {
    this.stopAccepting();
    for (const socket of this.#waiting.keys()) socket.destroy();
  }
}

function proxiesOf({ tcpProxyTrusted }: ListenerOptions): IpRanges {
  return new IpRanges(tcpProxyTrusted ?? localRanges);
}

/** Throws STRATUM_TLS_BAD for what is no certificate with its own key. */
export function secureContextOf(tls: TlsText): SecureContext {
  try {
    // An empty text would pass for none at all, and every handshake fail.
    new X509Certificate(tls.cert);
    createPrivateKey(tls.key);
    return createSecureContext({ cert: tls.cert, key: tls.key });
  } catch (error) {
    const why = messageOf(error);
    throw new CodedError('STRATUM_TLS_BAD', `The tls certificate or key cannot be used: ${why}.`, {
      cause: error,
    });
  }
}

/** Miners keep the transport that they came by. */
function hasSamePorts(old: readonly PortConfig[], now: readonly PortConfig[]): boolean {
  return (
    old.length === now.length &&
    old.every((port) => now.some((other) => other.port === port.port && other.tls === port.tls))
  );
}

function portError(port: number, error: unknown): CodedError {
  const why =
    codeOf(error) === 'EADDRINUSE' ? 'another program (or another pool) uses it' : messageOf(error);
  return new CodedError('STRATUM_PORT_TAKEN', `Port ${port} cannot be opened for miners: ${why}.`, {
    cause: error,
  });
}
