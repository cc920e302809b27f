import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

// `scrypt$N$r$p$salt$hash`, salt and hash in base64: what "passwordHash" of the admin centre holds.

const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
/** Parameters above these would let a hash in the configuration stop the website for seconds. */
const most = { N: 2 ** 20, r: 32, p: 16 } as const;
const maxmem = 2 ** 31;
const keyLength = 32;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, keyLength, cost);
  const { N, r, p } = cost;
  return ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** False also for a text that is no such hash. */
export async function verifyPassword(password: string, hashed: string): Promise<boolean> {
  const match =
    /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w+/=]{8,128})\$([\w+/=]{16,256})$/.exec(hashed);
  if (match === null) return false;
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (N > most.N || r > most.r || p > most.p) return false;
  const salt = Buffer.from(match[4] ?? '', 'base64');
  const wanted = Buffer.from(match[5] ?? '', 'base64');
  try {
    const found = await derive(password, salt, wanted.length, { N, r, p });
    return timingSafeEqual(found, wanted);
  } catch {
    return false; // Parameters that scrypt does not take.
  }
}

function derive(
  password: string,
  salt: Buffer,
  length: number,
  { N, r, p }: { N: number; r: number; p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
