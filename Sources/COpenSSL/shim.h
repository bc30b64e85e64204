#pragma once
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/md5.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>


// What OpenSSL offers only as macros or variadic functions, which Swift cannot call. The names are
// OpenSSL's with a prefix; nothing is decided here.

static inline long ocean_SSL_CTX_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }

static inline int ocean_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_min_proto_version(ctx, version);
}

static inline int ocean_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_max_proto_version(ctx, version);
}

static inline int ocean_SSL_set_min_proto_version(SSL *ssl, int version) {
  return (int)SSL_set_min_proto_version(ssl, version);
}

static inline int ocean_SSL_set_max_proto_version(SSL *ssl, int version) {
  return (int)SSL_set_max_proto_version(ssl, version);
}

static inline int ocean_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *list) {
  return (int)SSL_CTX_set1_groups_list(ctx, list);
}

static inline long ocean_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode) {
  return SSL_CTX_set_session_cache_mode(ctx, mode);
}

static inline long ocean_SSL_CTX_set_tlsext_servername_callback(SSL_CTX *ctx, int (*cb)(SSL *, int *, void *)) {
  return SSL_CTX_set_tlsext_servername_callback(ctx, cb);
}

static inline long ocean_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name);
}

static inline int ocean_SSL_get_extms_support(SSL *ssl) { return (int)SSL_get_extms_support(ssl); }

static inline long ocean_BIO_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline EVP_PKEY *ocean_EVP_RSA_gen(unsigned int bits) { return EVP_RSA_gen(bits); }

static inline EVP_PKEY *ocean_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }

// An OSSL_PARAM keeps pointers to its names, and those of a Swift string die with the call.
static inline int ocean_EVP_MAC_CTX_set_hmac_sha256(EVP_MAC_CTX *mac, const unsigned char *key, size_t length) {
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, length),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters);
}

// HKDF with SHA-256 and without a salt (RFC 5869). Returns 1, or 0 if libcrypto cannot do that.
static inline int ocean_HKDF_sha256(
    const void *secret, size_t secret_length, const void *info, size_t info_length, unsigned char *key,
    size_t length) {
  EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
  EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  if (context == NULL) return 0;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, secret_length),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_length),
      OSSL_PARAM_construct_end(),
  };
  int done = EVP_KDF_derive(context, key, length, parameters) == 1;
  EVP_KDF_CTX_free(context);
  return done;
}

static inline void ocean_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline void ocean_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

// Option bits are casts of shifts, which Swift does not import.
static const uint64_t ocean_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t ocean_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t ocean_SSL_OP_CLEANSE_PLAINTEXT = SSL_OP_CLEANSE_PLAINTEXT;
static const uint64_t ocean_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t ocean_SSL_OP_PRIORITIZE_CHACHA = SSL_OP_PRIORITIZE_CHACHA;
static const uint64_t ocean_SSL_OP_NO_SSL_MASK = SSL_OP_NO_SSL_MASK;

// Names print as RFC 2253 has it, but UTF-8 stays readable.
static const unsigned long ocean_XN_FLAG_RFC2253_UTF8 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

// The four words of MD5's state after one block of MD5_CBLOCK octets, each with its lowest octet first. Only
// OpenSSL's older interface has it.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline int ocean_MD5_state(const void *block, void *state) {
  MD5_CTX context;
  int done = MD5_Init(&context) == 1 && MD5_Update(&context, block, MD5_CBLOCK) == 1;
  const MD5_LONG words[] = {context.A, context.B, context.C, context.D};
  for (int index = 0; done && index < MD5_DIGEST_LENGTH; index++) {
    ((unsigned char *)state)[index] = (unsigned char)(words[index / 4] >> 8 * (index % 4));
  }
  OPENSSL_cleanse(&context, sizeof context);
  return done;
}
#pragma clang diagnostic pop
