// scrypt (RFC 7914) with p = 1 and the header as password and salt, several headers at once.
#ifndef POW_SCRYPT_H
#define POW_SCRYPT_H

#include <stddef.h>
#include <stdint.h>

/** Hashes `count` headers of 80 bytes into `count` × 32 bytes. N is a power of two, r at least 1. 0, or -1 without memory. */
int pow_scrypt(const uint8_t *headers, size_t count, uint32_t N, uint32_t r, uint8_t *out);

#endif
