// SHA-256 (FIPS 180-4), with the x86 SHA instructions where the CPU has them.
#ifndef POW_SHA256_H
#define POW_SHA256_H

#include <stddef.h>
#include <stdint.h>

extern const uint32_t pow_sha256_start[8];

/** Feeds `count` blocks of 64 bytes into `state`. */
void pow_sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

/** Ends a hash whose first `before` bytes (a multiple of 64) are in `state` already. */
void pow_sha256_end(uint32_t state[8], uint64_t before, const uint8_t *data, size_t length, uint8_t out[32]);

void pow_sha256(const uint8_t *data, size_t length, uint8_t out[32]);

/** SHA-256 twice. `out` may lie inside `data`. */
void pow_sha256d(const uint8_t *data, size_t length, uint8_t out[32]);

static inline uint32_t pow_load_be32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void pow_store_be32(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 24);
  at[1] = (uint8_t)(value >> 16);
  at[2] = (uint8_t)(value >> 8);
  at[3] = (uint8_t)value;
}

#endif
