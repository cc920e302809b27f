import * as crypto from 'node:crypto';

// Hashes that the protocol itself is made of. Proof-of-work hashes live in algos/.

export function sha256(data: Uint8Array): Buffer {
  return crypto.createHash('sha256').update(data).digest();
}

/** SHA-256 twice: block hashes of sha256 coins, txids, merkle nodes. 32 bytes in wire order. */
export function sha256d(data: Uint8Array): Buffer {
  return sha256(sha256(data));
}

/** RIPEMD-160 of SHA-256: the 20 bytes that a P2PKH or P2SH address stands for. */
export function hash160(data: Uint8Array): Buffer {
  return crypto.createHash('ripemd160').update(sha256(data)).digest();
}
