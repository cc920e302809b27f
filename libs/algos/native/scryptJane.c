// The package's building blocks with a frame of our own: its own frame ends the process when memory is short.
#include "scryptJane.h"

#include <stdlib.h>
#include <string.h>

#define SCRYPT_KECCAK512
#define SCRYPT_CHACHA
#define SCRYPT_CHOOSE_COMPILETIME
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include "scrypt-jane-portable.h"
#include "scrypt-jane-hash.h"
#include "scrypt-jane-romix.h"
#pragma GCC diagnostic pop

enum { header_bytes = 80, chunk = 2 * SCRYPT_BLOCK_BYTES, align = 64 };

int pow_scrypt_jane(const uint8_t header[header_bytes], uint32_t nFactor, uint8_t out[32]) {
  if (nFactor > 30) return -1;
  const uint64_t N = (uint64_t)2 << nFactor;
  const uint64_t size = (N + 2) * chunk + align;
  if (size > SIZE_MAX) return -1;
  uint8_t *memory = malloc((size_t)size);
  if (memory == NULL) return -1;
  uint8_t *x = (uint8_t *)(((uintptr_t)memory + align - 1) & ~(uintptr_t)(align - 1));
  uint8_t *y = x + chunk;
  uint8_t *table = y + chunk;
  scrypt_pbkdf2(header, header_bytes, header, header_bytes, 1, x, chunk);
  scrypt_ROMix((scrypt_mix_word_t *)x, (scrypt_mix_word_t *)y, (scrypt_mix_word_t *)table, (uint32_t)N, 1);
  scrypt_pbkdf2(header, header_bytes, x, chunk, 1, out, 32);
  free(memory);
  return 0;
}
