import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { PortConfig } from '../config/types.ts';
import type { Logger } from '../log/logger.ts';
import { CodedError, messageOf } from '../primitives/errors.ts';
import type { Clock } from '../primitives/units.ts';
import { secureContextOf, type TlsText } from '../stratum/listener.ts';
import type { StratumServer } from '../stratum/server.ts';

// The certificate of a pool's TLS ports: read from its files, and again when they have changed.

export interface CertificateFiles {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

/** Throws STRATUM_TLS_FILE for a file that cannot be read, STRATUM_TLS_BAD for what is no matching pair. */
export async function readCertificate(files: CertificateFiles): Promise<TlsText> {
  const tls = await readPair(files);
  secureContextOf(tls);
  return tls;
}

async function readPair(files: CertificateFiles): Promise<TlsText> {
  const [cert, key] = await Promise.all([readPem(files.cert), readPem(files.key)]);
  return { cert, key };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CodedError('STRATUM_TLS_FILE', `${file} cannot be read: ${messageOf(error)}.`);
  }
}

/** A certificate that is in force, and where it comes from. */
export interface ReadCertificate {
  readonly files: CertificateFiles;
  readonly tls: TlsText;
}

/** Undefined if none of the ports has TLS. Throws as `readCertificate`. */
export async function certificateFor(
  ports: readonly PortConfig[],
  files: CertificateFiles | undefined,
): Promise<ReadCertificate | undefined> {
  if (files === undefined || !ports.some(({ tls }) => tls)) return undefined;
  return { files, tls: await readCertificate(files) };
}

/** Gives the server what its files change to. Only the first fork says so. */
export function watchFor(
  server: Pick<StratumServer, 'setCertificate'>,
  read: ReadCertificate | undefined,
  place: { readonly forkId: number; readonly log: Logger; readonly now: Clock },
): CertificateWatch | undefined {
  if (read === undefined) return undefined;
  return new CertificateWatch({
    ...{ files: read.files, current: read.tls, now: place.now },
    ...(place.forkId === 0 ? { log: place.log } : {}),
    onNew: (tls) => server.setCertificate(tls),
  });
}

export interface CertificateWatchOptions {
  readonly files: CertificateFiles;
  /** What is in force, as it was read. */
  readonly current: TlsText;
  /** Left out on forks whose neighbour says it. */
  readonly log?: Logger;
  readonly now: Clock;
  /** Takes a pair that `secureContextOf` takes. */
  onNew(tls: TlsText): void;
}

const lookEvery = 60_000;
const dayMillis = 86_400_000;
/** A certificate that ends sooner should have been renewed. */
const warningTime = 7 * dayMillis;

/**
 * Looks once a minute. The text is compared, not the time of the file: renewal tools put symbolic links and old times,
 * and the two files do not change at one moment, so that a pair may be half new for a while.
 */
export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #current: TlsText;
  /** What was refused last: it is said once. */
  #refused = '';
  #warned = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#warnOfEnd();
    this.#timer = setInterval(() => void this.look(), lookEvery);
  }

  async look(): Promise<void> {
    const { files, log, onNew } = this.#options;
    try {
      const tls = await readPair(files);
      if (this.#closed) return;
      if (tls.cert === this.#current.cert && tls.key === this.#current.key) {
        this.#refused = '';
      } else {
        secureContextOf(tls);
        this.#current = tls;
        this.#refused = '';
        onNew(tls);
        log?.special(
          `New connections to the TLS ports get the new certificate of ${files.cert}${endText(tls)}; miners that are connected stay.`,
        );
      }
    } catch (error) {
      this.#refuse(messageOf(error));
    }
    this.#warnOfEnd();
  }

  #refuse(why: string): void {
    if (this.#closed || why === this.#refused) return;
    this.#refused = why;
    const { cert, key } = this.#options.files;
    this.#options.log?.error(
      `The changed certificate ${cert} with the key ${key} was not taken, the TLS ports go on with the old one: ${why} The files are looked at again each minute.`,
    );
  }

  #warnOfEnd(): void {
    const { files, log, now } = this.#options;
    const time = now();
    const end = endOf(this.#current);
    if (end === undefined || end - time > warningTime || time - this.#warned < dayMillis) return;
    this.#warned = time;
    const verb = end <= time ? 'has ended' : 'ends';
    log?.warning(
      `The certificate ${files.cert} of the TLS ports ${verb}${endText(this.#current)}: renew it, the pool takes the new files by itself.`,
    );
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }
}

function endOf({ cert }: TlsText): number | undefined {
  const end = Date.parse(new X509Certificate(cert).validTo);
  return Number.isNaN(end) ? undefined : end;
}

function endText(tls: TlsText): string {
  const end = endOf(tls);
  return end === undefined ? '' : ` (valid until ${new Date(end).toISOString().slice(0, 10)})`;
}
