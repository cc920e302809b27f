// The addon's face to Node: one JavaScript function for each hash (see the table at the end), and two helpers.
// Wrong arguments throw a TypeError or RangeError; nothing here ends the process.
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

#include "scrypt.h"
#include "scryptJane.h"
#include "sha256.h"
#include "sph_keccak.h"

enum { header_bytes = 80, hash_bytes = 32, most_params = 2, most_headers = 64 };

// ---- the hashes ----

/** Hashes `count` headers into `count` × 32 bytes. 0, or anything else when memory is short. */
typedef int (*hash_function)(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out);

/** The shape of the package's functions. They get aligned memory of their own, and room for a 64-byte result. */
typedef void (*package_function)(const char *input, char *output, uint32_t length);

static int each(package_function hash, const uint8_t *headers, size_t count, uint8_t *out) {
  for (size_t i = 0; i < count; i++) {
    uint64_t header[header_bytes / 8], result[8] = {0};
    memcpy(header, headers + header_bytes * i, header_bytes);
    hash((const char *)header, (char *)result, header_bytes);
    memcpy(out + hash_bytes * i, result, hash_bytes);
  }
  return 0;
}

#define PACKAGE_HASH(name, function) \
  void function(const char *input, char *output, uint32_t length); \
  static int hash_##name(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out) { \
    (void)params; \
    return each(function, headers, count, out); \
  }

PACKAGE_HASH(blake, blake_hash)
PACKAGE_HASH(c11, c11_hash)
PACKAGE_HASH(fugue, fugue_hash)
PACKAGE_HASH(groestl, groestl_hash)
PACKAGE_HASH(groestlmyriad, groestlmyriad_hash)
PACKAGE_HASH(keccak, keccak_hash)
PACKAGE_HASH(lyra2rev2, lyra2rev2_hash)
PACKAGE_HASH(nist5, nist5_hash)
PACKAGE_HASH(quark, quark_hash)
PACKAGE_HASH(qubit, qubit_hash)
PACKAGE_HASH(sha1, sha1_hash)
PACKAGE_HASH(shavite3, shavite3_hash)
PACKAGE_HASH(skein, skein_hash)
PACKAGE_HASH(x11, x11_hash)
PACKAGE_HASH(x13, x13_hash)
PACKAGE_HASH(x15, x15_hash)
PACKAGE_HASH(x16r, x16r_hash)
PACKAGE_HASH(x16rv2, x16rv2_hash)
PACKAGE_HASH(yescrypt, yescrypt_hash)

void neoscrypt(const char *input, char *output, int profile);

// The last argument is a profile, not a time: 0 is NeoScrypt(128, 2, 1) with Salsa20 and ChaCha20.
static void neoscrypt_profile_0(const char *input, char *output, uint32_t length) {
  (void)length;
  neoscrypt(input, output, 0);
}

static int hash_neoscrypt(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out) {
  (void)params;
  return each(neoscrypt_profile_0, headers, count, out);
}

static void keccak256(const void *input, size_t length, void *output) {
  sph_keccak256_context context;
  sph_keccak256_init(&context);
  sph_keccak256(&context, input, length);
  sph_keccak256_close(&context, output);
}

// Keccak-256 twice over the header with its time repeated behind it, big endian.
static void keccak_normal(const char *input, char *output, uint32_t length) {
  uint8_t longer[header_bytes + 4], once[hash_bytes];
  memcpy(longer, input, length);
  for (int i = 0; i < 4; i++) longer[header_bytes + i] = (uint8_t)input[68 + 3 - i];
  keccak256(longer, sizeof longer, once);
  keccak256(once, sizeof once, output);
}

static int hash_keccakNormal(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out) {
  (void)params;
  return each(keccak_normal, headers, count, out);
}

static int hash_sha256(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out) {
  (void)params;
  for (size_t i = 0; i < count; i++) pow_sha256d(headers + header_bytes * i, header_bytes, out + hash_bytes * i);
  return 0;
}

static int hash_scrypt(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out) {
  return pow_scrypt(headers, count, params[0], params[1], out);
}

static int hash_scryptJane(const uint8_t *headers, size_t count, const uint32_t *params, uint8_t *out) {
  for (size_t i = 0; i < count; i++) {
    int failed = pow_scrypt_jane(headers + header_bytes * i, params[0], out + hash_bytes * i);
    if (failed) return failed;
  }
  return 0;
}

static const char *scrypt_fault(const uint32_t *params) {
  const uint32_t N = params[0], r = params[1];
  if (N < 2 || (N & (N - 1)) != 0) return "N must be a power of two, at least 2.";
  if (r < 1 || r > 64 || (uint64_t)N * r > (1u << 22)) return "r must be 1 to 64, and N times r at most 4194304.";
  return NULL;
}

static const char *scrypt_jane_fault(const uint32_t *params) {
  return params[0] > 21 ? "nFactor must be at most 21." : NULL;
}

typedef struct {
  const char *name;
  hash_function hash;
  size_t params;
  /** The sentence for parameters out of range, or NULL. */
  const char *(*fault)(const uint32_t *params);
  /** The name of the function that works on another thread: only for hashes without global state. */
  const char *async_name;
} algorithm;

// blake and lyra2rev2 share a global round count, so they have no asynchronous form.
static const algorithm algorithms[] = {
  {"blake", hash_blake, 0, NULL, NULL},
  {"c11", hash_c11, 0, NULL, NULL},
  {"fugue", hash_fugue, 0, NULL, NULL},
  {"groestl", hash_groestl, 0, NULL, NULL},
  {"groestlmyriad", hash_groestlmyriad, 0, NULL, NULL},
  {"keccak", hash_keccak, 0, NULL, NULL},
  {"keccakNormal", hash_keccakNormal, 0, NULL, NULL},
  {"lyra2rev2", hash_lyra2rev2, 0, NULL, NULL},
  {"neoscrypt", hash_neoscrypt, 0, NULL, "neoscryptAsync"},
  {"nist5", hash_nist5, 0, NULL, NULL},
  {"quark", hash_quark, 0, NULL, NULL},
  {"qubit", hash_qubit, 0, NULL, NULL},
  {"scrypt", hash_scrypt, 2, scrypt_fault, "scryptAsync"},
  {"scryptJane", hash_scryptJane, 1, scrypt_jane_fault, "scryptJaneAsync"},
  {"sha1", hash_sha1, 0, NULL, NULL},
  {"sha256", hash_sha256, 0, NULL, NULL},
  {"shavite3", hash_shavite3, 0, NULL, NULL},
  {"skein", hash_skein, 0, NULL, NULL},
  {"x11", hash_x11, 0, NULL, NULL},
  {"x13", hash_x13, 0, NULL, NULL},
  {"x15", hash_x15, 0, NULL, NULL},
  {"x16r", hash_x16r, 0, NULL, NULL},
  {"x16rv2", hash_x16rv2, 0, NULL, NULL},
  {"yescrypt", hash_yescrypt, 0, NULL, "yescryptAsync"},
};

// ---- arguments ----

typedef struct { uint8_t *data; size_t length; } bytes;

static int take_bytes(napi_env env, napi_value value, const char *what, bytes *out) {
  bool is_buffer = false;
  void *data = NULL;
  // napi_get_buffer_info ends the process on some Node versions when the value is no buffer.
  if (napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer ||
      napi_get_buffer_info(env, value, &data, &out->length) != napi_ok) {
    napi_throw_type_error(env, NULL, what);
    return 0;
  }
  out->data = data;
  return 1;
}

static int take_params(napi_env env, const algorithm *algo, const napi_value *values, uint32_t params[most_params]) {
  for (size_t i = 0; i < algo->params; i++) {
    double number = 0;
    if (napi_get_value_double(env, values[i], &number) != napi_ok) {
      napi_throw_type_error(env, NULL, "The parameters of the hash must be numbers.");
      return 0;
    }
    if (!(number >= 0 && number <= UINT32_MAX) || number != (uint32_t)number) {
      napi_throw_range_error(env, NULL, "The parameters of the hash must be whole numbers of 32 bits.");
      return 0;
    }
    params[i] = (uint32_t)number;
  }
  const char *fault = algo->fault == NULL ? NULL : algo->fault(params);
  if (fault != NULL) napi_throw_range_error(env, NULL, fault);
  return fault == NULL;
}

static size_t count_headers(napi_env env, bytes headers) {
  const size_t count = headers.length / header_bytes;
  if (count >= 1 && count <= most_headers && count * header_bytes == headers.length) return count;
  napi_throw_range_error(env, NULL, "Headers must be 80 bytes each, 64 of them at most.");
  return 0;
}

static const char headers_wanted[] = "The headers must be a Buffer.";
static const char out_wanted[] = "The result must be a Buffer to write into.";
static const char no_memory[] = "There is not enough memory for this hash.";

// ---- hash(headers, out, …params): writes 32 bytes a header into `out` ----

static napi_value js_hash(napi_env env, napi_callback_info info) {
  napi_value argv[2 + most_params];
  size_t argc = 2 + most_params;
  void *data = NULL;
  bytes headers, out;
  uint32_t params[most_params];
  if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok) return NULL;
  const algorithm *algo = data;
  if (!take_bytes(env, argv[0], headers_wanted, &headers) || !take_bytes(env, argv[1], out_wanted, &out)) return NULL;
  const size_t count = count_headers(env, headers);
  if (count == 0) return NULL;
  if (out.length < count * hash_bytes) {
    napi_throw_range_error(env, NULL, "The result needs 32 bytes for each header.");
    return NULL;
  }
  if (!take_params(env, algo, argv + 2, params)) return NULL;
  if (algo->hash(headers.data, count, params, out.data) != 0) napi_throw_error(env, "ENOMEM", no_memory);
  return NULL;
}

// ---- hashAsync(headers, …params): a promise of a new Buffer, worked out on libuv's thread pool ----

typedef struct {
  napi_async_work work;
  napi_deferred deferred;
  const algorithm *algo;
  uint32_t params[most_params];
  int failed;
  size_t count;
  uint8_t headers[header_bytes * most_headers];
  uint8_t out[hash_bytes * most_headers];
} async_hash;

static void execute(napi_env env, void *data) {
  (void)env;
  async_hash *job = data;
  job->failed = job->algo->hash(job->headers, job->count, job->params, job->out);
}

static void complete(napi_env env, napi_status status, void *data) {
  async_hash *job = data;
  napi_value result = NULL, message = NULL;
  if (status == napi_ok && !job->failed &&
      napi_create_buffer_copy(env, job->count * hash_bytes, job->out, NULL, &result) == napi_ok) {
    napi_resolve_deferred(env, job->deferred, result);
  } else if (napi_create_string_utf8(env, no_memory, NAPI_AUTO_LENGTH, &message) == napi_ok &&
             napi_create_error(env, NULL, message, &result) == napi_ok) {
    napi_reject_deferred(env, job->deferred, result);
  }
  napi_delete_async_work(env, job->work);
  free(job);
}

static napi_value js_hash_async(napi_env env, napi_callback_info info) {
  napi_value argv[1 + most_params], name, promise;
  size_t argc = 1 + most_params;
  void *data = NULL;
  bytes headers;
  uint32_t params[most_params] = {0};
  if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok) return NULL;
  const algorithm *algo = data;
  if (!take_bytes(env, argv[0], headers_wanted, &headers)) return NULL;
  const size_t count = count_headers(env, headers);
  if (count == 0 || !take_params(env, algo, argv + 1, params)) return NULL;

  async_hash *job = malloc(sizeof *job);
  if (job == NULL) {
    napi_throw_error(env, "ENOMEM", no_memory);
    return NULL;
  }
  job->algo = algo;
  job->failed = 0;
  job->count = count;
  memcpy(job->params, params, sizeof params);
  memcpy(job->headers, headers.data, headers.length);
  if (napi_create_string_utf8(env, algo->async_name, NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) != napi_ok) {
    free(job);
    napi_throw_error(env, NULL, "The hash could not be started.");
    return NULL;
  }
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
      napi_queue_async_work(env, job->work) != napi_ok) {
    napi_delete_async_work(env, job->work);
    free(job);
    napi_throw_error(env, NULL, "The hash could not be started.");
    return NULL;
  }
  return promise;
}

// ---- sha256d(data, out) and foldMerkle(first, branch, out) ----

static napi_value js_sha256d(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t argc = 2;
  bytes data, out;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok) return NULL;
  if (!take_bytes(env, argv[0], "The data must be a Buffer.", &data)) return NULL;
  if (!take_bytes(env, argv[1], out_wanted, &out)) return NULL;
  if (out.length < hash_bytes) {
    napi_throw_range_error(env, NULL, "The result needs 32 bytes.");
    return NULL;
  }
  pow_sha256d(data.data, data.length, out.data);
  return NULL;
}

static napi_value js_fold_merkle(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  size_t argc = 3;
  bytes first, branch, out;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok) return NULL;
  if (!take_bytes(env, argv[0], "The first hash must be a Buffer.", &first)) return NULL;
  if (!take_bytes(env, argv[1], "The branch must be a Buffer.", &branch)) return NULL;
  if (!take_bytes(env, argv[2], out_wanted, &out)) return NULL;
  if (first.length != hash_bytes || branch.length % hash_bytes != 0 || out.length < hash_bytes) {
    napi_throw_range_error(env, NULL, "The first hash and the result must be 32 bytes, the branch a multiple of 32.");
    return NULL;
  }
  uint8_t pair[2 * hash_bytes];
  memcpy(pair, first.data, hash_bytes);
  for (size_t at = 0; at < branch.length; at += hash_bytes) {
    memcpy(pair + hash_bytes, branch.data + at, hash_bytes);
    pow_sha256d(pair, sizeof pair, pair);
  }
  memcpy(out.data, pair, hash_bytes);
  return NULL;
}

// ---- the module ----

static int add(napi_env env, napi_value exports, const char *name, napi_callback callback, const void *data) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, (void *)data, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  int fine = add(env, exports, "sha256d", js_sha256d, NULL) && add(env, exports, "foldMerkle", js_fold_merkle, NULL);
  for (size_t i = 0; fine && i < sizeof algorithms / sizeof algorithms[0]; i++) {
    const algorithm *algo = &algorithms[i];
    fine = add(env, exports, algo->name, js_hash, algo);
    if (fine && algo->async_name != NULL) fine = add(env, exports, algo->async_name, js_hash_async, algo);
  }
  if (!fine) napi_throw_error(env, NULL, "The native hashes could not be set up.");
  return exports;
}
