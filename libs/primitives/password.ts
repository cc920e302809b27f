import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

// Passwords of the admin centre, kept as scrypt hashes (RFC 7914): `scrypt$N$r$p$salt$hash`, the last two in base64.

const cost = { N: 32_768, r: 8, p: 1 };
const saltBytes = 16;
const hashBytes = 32;
const form =
  /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]{8,64})\$([A-Za-z0-9+/=]{40,128})$/;
/** A hash that asks for more memory than this is not one of ours. */
const mostMemory = 128 * 1024 * 1024;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, hashBytes, cost);
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** Constant time for hashes of one cost. False for a text that is no hash of ours. */
export async function verifyPassword(password: string, hashed: string): Promise<boolean> {
  const [, n, r, p, salt, hash] = form.exec(hashed) ?? [];
  if (salt === undefined || hash === undefined) return false;
  const known = Buffer.from(hash, 'base64');
  try {
    const given = await derive(password, Buffer.from(salt, 'base64'), known.length, {
      N: Number(n),
      r: Number(r),
      p: Number(p),
    });
    return timingSafeEqual(given, known);
  } catch {
    return false;
  }
}

function derive(
  password: string,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // One accented letter may be typed as one code point or as two.
    scrypt(
      password.normalize('NFC'),
      salt,
      length,
      { ...options, maxmem: mostMemory },
      (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      },
    );
  });
}
