#include "scrypt.h"

#include <stdlib.h>
#include <string.h>

#include "sha256.h"

#if defined(__x86_64__)
#define HAVE_X86_64 1
#include <immintrin.h>
#endif

enum { header_bytes = 80, most_lanes = 8 };

typedef uint32_t vec4 __attribute__((vector_size(16)));

static inline vec4 load16(const uint8_t *at) {
  vec4 v;
  memcpy(&v, at, 16);
  return v;
}

static inline void store16(uint8_t *at, vec4 v) { memcpy(at, &v, 16); }

#if defined(__clang__)
#define SHUFFLE4(v, a, b, c, d) __builtin_shufflevector(v, v, a, b, c, d)
#else
#define SHUFFLE4(v, a, b, c, d) __builtin_shuffle(v, (vec4){a, b, c, d})
#endif

#define NAME(x) x##_one
#define TARGET
#define VEC vec4
#define PER 1
#define GROUPS 1
#define SHUFFLE SHUFFLE4
#define GATHER(lanes, offset) load16((lanes)[0] + (offset))
#define SCATTER(lanes, offset, v) store16((lanes)[0] + (offset), v)
#include "scryptLanes.h"
#undef NAME
#undef GROUPS

#define NAME(x) x##_two
#define GROUPS 2
#include "scryptLanes.h"
#undef NAME
#undef TARGET
#undef VEC
#undef PER
#undef GROUPS
#undef SHUFFLE
#undef GATHER
#undef SCATTER

#ifdef HAVE_X86_64
typedef uint32_t vec8 __attribute__((vector_size(32)));
typedef uint32_t vec16 __attribute__((vector_size(64)));

#define PIECE(lanes, l, offset) _mm_loadu_si128((const __m128i *)((lanes)[l] + (offset)))
#define PUT_PIECE(lanes, l, offset, v) _mm_storeu_si128((__m128i *)((lanes)[l] + (offset)), v)
#define ORDER(a, b, c, d) ((a) | (b) << 2 | (c) << 4 | (d) << 6)

#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2")))
#define VEC vec8
#define PER 2
#define GROUPS 2
#define SHUFFLE(v, a, b, c, d) ((vec8)_mm256_shuffle_epi32((__m256i)(v), ORDER(a, b, c, d)))
#define GATHER(lanes, offset) \
  ((vec8)_mm256_inserti128_si256(_mm256_castsi128_si256(PIECE(lanes, 0, offset)), PIECE(lanes, 1, offset), 1))
#define SCATTER(lanes, offset, v) do { \
    __m256i piece = (__m256i)(v); \
    PUT_PIECE(lanes, 0, offset, _mm256_castsi256_si128(piece)); \
    PUT_PIECE(lanes, 1, offset, _mm256_extracti128_si256(piece, 1)); \
  } while (0)
#include "scryptLanes.h"
#undef NAME
#undef TARGET
#undef VEC
#undef PER
#undef GROUPS
#undef SHUFFLE
#undef GATHER
#undef SCATTER

#define NAME(x) x##_avx512_four
#define TARGET __attribute__((target("avx512f")))
#define VEC vec16
#define PER 4
#define GROUPS 1
#define SHUFFLE(v, a, b, c, d) ((vec16)_mm512_shuffle_epi32((__m512i)(v), (_MM_PERM_ENUM)ORDER(a, b, c, d)))
#define GATHER(lanes, offset) \
  ((vec16)_mm512_inserti32x4(_mm512_inserti32x4(_mm512_inserti32x4( \
    _mm512_castsi128_si512(PIECE(lanes, 0, offset)), PIECE(lanes, 1, offset), 1), \
    PIECE(lanes, 2, offset), 2), PIECE(lanes, 3, offset), 3))
#define SCATTER(lanes, offset, v) do { \
    __m512i piece = (__m512i)(v); \
    PUT_PIECE(lanes, 0, offset, _mm512_castsi512_si128(piece)); \
    PUT_PIECE(lanes, 1, offset, _mm512_extracti32x4_epi32(piece, 1)); \
    PUT_PIECE(lanes, 2, offset, _mm512_extracti32x4_epi32(piece, 2)); \
    PUT_PIECE(lanes, 3, offset, _mm512_extracti32x4_epi32(piece, 3)); \
  } while (0)
#include "scryptLanes.h"
#undef NAME
#undef GROUPS

#define NAME(x) x##_avx512_eight
#define GROUPS 2
#include "scryptLanes.h"
#undef NAME
#undef TARGET
#undef VEC
#undef PER
#undef GROUPS
#undef SHUFFLE
#undef GATHER
#undef SCATTER

#define NAME(x) x##_avx512_one
#define TARGET __attribute__((target("avx512f,avx512vl")))
#define VEC vec4
#define PER 1
#define GROUPS 1
#define SHUFFLE SHUFFLE4
#define GATHER(lanes, offset) load16((lanes)[0] + (offset))
#define SCATTER(lanes, offset, v) store16((lanes)[0] + (offset), v)
#include "scryptLanes.h"
#endif

// HMAC-SHA-256's state after the padded key, inside and outside.
typedef struct { uint32_t inner[8], outer[8]; } hmac_key;

static void hmac_begin(hmac_key *key, const uint8_t header[header_bytes]) {
  uint8_t digest[32], inner[64], outer[64];
  pow_sha256(header, header_bytes, digest);
  memset(inner, 0x36, sizeof inner);
  memset(outer, 0x5c, sizeof outer);
  for (int i = 0; i < 32; i++) {
    inner[i] ^= digest[i];
    outer[i] ^= digest[i];
  }
  memcpy(key->inner, pow_sha256_start, sizeof key->inner);
  memcpy(key->outer, pow_sha256_start, sizeof key->outer);
  pow_sha256_blocks(key->inner, inner, 1);
  pow_sha256_blocks(key->outer, outer, 1);
}

// PBKDF2 with one iteration: block i is HMAC(salt, i) with i from 1. The salt lies in front of `counter` (4 bytes).
static void pbkdf2(const hmac_key *key, uint8_t *salt, size_t salt_length, uint8_t *out, size_t blocks) {
  for (size_t i = 0; i < blocks; i++) {
    uint32_t state[8];
    uint8_t digest[32];
    pow_store_be32(salt + salt_length, (uint32_t)i + 1);
    memcpy(state, key->inner, sizeof state);
    pow_sha256_end(state, 64, salt, salt_length + 4, digest);
    memcpy(state, key->outer, sizeof state);
    pow_sha256_end(state, 64, digest, 32, out + 32 * i);
  }
}

// Where word i of a Salsa20 block lies in the diagonal order.
static const uint8_t diagonal[16] = {0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11};

// Little-endian words to machine words on the diagonals (`back` = 0), or the other way.
static void reorder(uint8_t *mixed, size_t blocks, int back) {
  for (; blocks > 0; blocks--, mixed += 64) {
    uint8_t old[64];
    memcpy(old, mixed, 64);
    for (int i = 0; i < 16; i++) {
      uint8_t *to = mixed + 4 * (back ? diagonal[i] : i);
      const uint8_t *from = old + 4 * (back ? i : diagonal[i]);
      uint32_t word;
      if (back) {
        memcpy(&word, from, 4);
        for (int b = 0; b < 4; b++) to[b] = (uint8_t)(word >> 8 * b);
      } else {
        word = (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
        memcpy(to, &word, 4);
      }
    }
  }
}

// Each thread keeps its scratch memory between hashes: mapping it anew costs as much as a tenth of a hash.
static __thread uint8_t *kept;
static __thread size_t kept_size;
enum { most_kept = 4 << 20 };

static uint8_t *take_scratch(size_t size) {
  if (size > most_kept) return malloc(size);
  if (size > kept_size) {
    free(kept);
    kept = malloc(size);
    kept_size = kept == NULL ? 0 : size;
  }
  return kept;
}

static void give_back(uint8_t *scratch) {
  if (scratch != kept) free(scratch);
}

typedef struct {
  size_t lanes;
  void (*romix)(uint8_t *mixed, uint8_t *const *tables, void *work, uint32_t N, uint32_t r);
} width;

// How many hashes to do at once: the time for a full width is hardly more than for one, as long as the tables stay in
// the cache. Lanes without a header of their own are wasted.
static width best_width(size_t left, uint32_t N, uint32_t r) {
  const int one_at_a_time = left == 1 || (uint64_t)N * r > 4096;
#ifdef HAVE_X86_64
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    if (one_at_a_time) return (width){1, romix_avx512_one};
    return left <= 4 ? (width){4, romix_avx512_four} : (width){8, romix_avx512_eight};
  }
  if (!one_at_a_time && left >= 3 && __builtin_cpu_supports("avx2")) return (width){4, romix_avx2};
#endif
  return one_at_a_time ? (width){1, romix_one} : (width){2, romix_two};
}

int pow_scrypt(const uint8_t *headers, size_t count, uint32_t N, uint32_t r, uint8_t *out) {
  const size_t row = (size_t)128 * r;
  for (size_t done = 0; done < count;) {
    const width best = best_width(count - done, N, r);
    const size_t lanes = best.lanes;
    const size_t real = count - done < lanes ? count - done : lanes;
    // mixed (with room for a PBKDF2 counter behind it), work, then a table a lane; all aligned to 64.
    const size_t mixed_size = (row * lanes + 64 + 63) / 64 * 64;
    const size_t size = 64 + mixed_size + 2 * row * lanes + row * N * lanes;
    uint8_t *scratch = take_scratch(size);
    if (scratch == NULL) return -1;
    uint8_t *mixed = (uint8_t *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
    uint8_t *work = mixed + mixed_size;
    uint8_t *tables[most_lanes];
    hmac_key keys[most_lanes];
    for (size_t l = 0; l < lanes; l++) {
      // Lanes without a header of their own repeat the last one.
      uint8_t salt[header_bytes + 4];
      memcpy(salt, headers + header_bytes * (done + (l < real ? l : real - 1)), header_bytes);
      tables[l] = work + 2 * row * lanes + row * N * l;
      hmac_begin(&keys[l], salt);
      pbkdf2(&keys[l], salt, header_bytes, mixed + row * l, 4 * r);
    }
    reorder(mixed, 2 * r * lanes, 0);
    best.romix(mixed, tables, work, N, r);
    reorder(mixed, 2 * r * lanes, 1);
    for (size_t l = real; l-- > 0;) {
      // Backwards: the counter overwrites the first bytes of the next lane, which is done by then.
      pbkdf2(&keys[l], mixed + row * l, row, out + 32 * (done + l), 1);
    }
    give_back(scratch);
    done += real;
  }
  return 0;
}
