// scrypt-jane as YACoin and its children use it: ChaCha20/8 and Keccak-512, r = p = 1, N = 2^(nFactor + 1).
#ifndef POW_SCRYPT_JANE_H
#define POW_SCRYPT_JANE_H

#include <stddef.h>
#include <stdint.h>

/** Hashes one header of 80 bytes. nFactor is at most 30. 0, or -1 without memory (256 << nFactor bytes are needed). */
int pow_scrypt_jane(const uint8_t header[80], uint32_t nFactor, uint8_t out[32]);

#endif
