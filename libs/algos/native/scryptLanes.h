// One width of scrypt's ROMix; scrypt.c includes this once for each. Expects:
//   NAME(x)          x with the width's suffix
//   TARGET           function attribute that allows the instructions, or nothing
//   VEC              a vector of PER × 4 words, PER hashes side by side
//   GROUPS           independent vectors in flight: they hide each other's latency
//   SHUFFLE(v, a, b, c, d)   word 0 of each hash becomes its word a, and so on
//   GATHER(lanes, offset)    the 16 bytes at lanes[i] + offset of PER hashes as one VEC
//   SCATTER(lanes, offset, v)
#define LANES (PER * GROUPS)
#define INLINE static inline __attribute__((always_inline)) TARGET

#define EACH_GROUP _Pragma("GCC unroll 4") for (int g = 0; g < GROUPS; g++)

INLINE VEC NAME(rotl)(VEC x, int by) { return (x << by) | (x >> (32 - by)); }

// Salsa20/8 on the diagonals: x[0] = (0 5 10 15), x[1] = (4 9 14 3), x[2] = (8 13 2 7), x[3] = (12 1 6 11).
INLINE void NAME(salsa20_8)(VEC block[GROUPS][4]) {
  VEC a[GROUPS], b[GROUPS], c[GROUPS], d[GROUPS];
  EACH_GROUP { a[g] = block[g][0]; b[g] = block[g][1]; c[g] = block[g][2]; d[g] = block[g][3]; }
#pragma GCC unroll 4
  for (int round = 0; round < 4; round++) {
    EACH_GROUP b[g] ^= NAME(rotl)(a[g] + d[g], 7);
    EACH_GROUP c[g] ^= NAME(rotl)(b[g] + a[g], 9);
    EACH_GROUP d[g] ^= NAME(rotl)(c[g] + b[g], 13);
    EACH_GROUP a[g] ^= NAME(rotl)(d[g] + c[g], 18);
    EACH_GROUP { b[g] = SHUFFLE(b[g], 3, 0, 1, 2); c[g] = SHUFFLE(c[g], 2, 3, 0, 1); d[g] = SHUFFLE(d[g], 1, 2, 3, 0); }
    EACH_GROUP d[g] ^= NAME(rotl)(a[g] + b[g], 7);
    EACH_GROUP c[g] ^= NAME(rotl)(d[g] + a[g], 9);
    EACH_GROUP b[g] ^= NAME(rotl)(c[g] + d[g], 13);
    EACH_GROUP a[g] ^= NAME(rotl)(b[g] + c[g], 18);
    EACH_GROUP { b[g] = SHUFFLE(b[g], 1, 2, 3, 0); c[g] = SHUFFLE(c[g], 2, 3, 0, 1); d[g] = SHUFFLE(d[g], 3, 0, 1, 2); }
  }
  EACH_GROUP { block[g][0] += a[g]; block[g][1] += b[g]; block[g][2] += c[g]; block[g][3] += d[g]; }
}

// BlockMix: from `in` to `out`, both 2r blocks.
INLINE void NAME(block_mix)(VEC in[][GROUPS][4], VEC out[][GROUPS][4], uint32_t r) {
  VEC x[GROUPS][4];
  EACH_GROUP { for (int k = 0; k < 4; k++) x[g][k] = in[2 * r - 1][g][k]; }
  for (uint32_t i = 0; i < 2 * r; i++) {
    EACH_GROUP { for (int k = 0; k < 4; k++) x[g][k] ^= in[i][g][k]; }
    NAME(salsa20_8)(x);
    uint32_t to = i / 2 + (i & 1) * r;
    EACH_GROUP { for (int k = 0; k < 4; k++) out[to][g][k] = x[g][k]; }
  }
}

INLINE void NAME(rounds)(uint8_t *const lanes[LANES], VEC x[][GROUPS][4], VEC y[][GROUPS][4], uint32_t N, uint32_t r) {
  const size_t row = (size_t)128 * r;
  for (uint32_t i = 0; i < N; i++) {
    VEC(*from)[GROUPS][4] = i & 1 ? y : x;
    for (uint32_t b = 0; b < 2 * r; b++) {
      EACH_GROUP { for (int k = 0; k < 4; k++) SCATTER(lanes + PER * g, i * row + 64 * b + 16 * k, from[b][g][k]); }
    }
    NAME(block_mix)(from, i & 1 ? x : y, r);
  }
  for (uint32_t i = 0; i < N; i++) {
    VEC(*from)[GROUPS][4] = i & 1 ? y : x;
    uint8_t *at[LANES];
    EACH_GROUP {
      for (int l = 0; l < PER; l++) {
        at[PER * g + l] = lanes[PER * g + l] + row * (from[2 * r - 1][g][0][4 * l] & (N - 1));
      }
    }
    for (uint32_t b = 0; b < 2 * r; b++) {
      EACH_GROUP { for (int k = 0; k < 4; k++) from[b][g][k] ^= GATHER(at + PER * g, 64 * b + 16 * k); }
    }
    NAME(block_mix)(from, i & 1 ? x : y, r);
  }
}

// ROMix of LANES hashes. `mixed`: 128r bytes a lane, in and out, words on the diagonals. `lanes`: 128rN bytes each.
// `work`: 2 × 128r × LANES bytes, aligned to 64.
TARGET static void NAME(romix)(uint8_t *mixed, uint8_t *const lanes[LANES], void *work, uint32_t N, uint32_t r) {
  VEC(*x)[GROUPS][4] = work;
  VEC(*y)[GROUPS][4] = x + 2 * r;
  uint8_t *at[LANES];
  for (int l = 0; l < LANES; l++) at[l] = mixed + (size_t)128 * r * l;
  for (uint32_t b = 0; b < 2 * r; b++) {
    EACH_GROUP { for (int k = 0; k < 4; k++) x[b][g][k] = GATHER(at + PER * g, 64 * b + 16 * k); }
  }
  if (r == 1) NAME(rounds)(lanes, x, y, N, 1);
  else NAME(rounds)(lanes, x, y, N, r);
  for (uint32_t b = 0; b < 2 * r; b++) {
    EACH_GROUP { for (int k = 0; k < 4; k++) SCATTER(at + PER * g, 64 * b + 16 * k, x[b][g][k]); }
  }
}

#undef EACH_GROUP
#undef INLINE
#undef LANES
