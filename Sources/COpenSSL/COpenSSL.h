// SPDX-License-Identifier: Apache-2.0
// A server's side of TLS by OpenSSL 3, on buffers in memory: no descriptor, no signal, nothing that blocks.
// And SHA-256, which OpenSSL computes with what the processor has for it.
#pragma once
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

/// Writes the reason of the newest error as text.
static inline void copenssl_reason(char *_Nonnull reason, size_t size) {
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    strncpy(reason, text ? text : "unknown error", size - 1);
    reason[size - 1] = 0;
    ERR_clear_error();
}

/// A key with a passphrase cannot be used by a daemon; without this, OpenSSL would ask at the terminal.
static inline int copenssl_no_passphrase(char *_Nullable buffer, int size, int writing, void *_Nullable context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

/// A context for TLS 1.2 and later with a certificate chain and its key; NULL with the step that failed (1: the
/// certificate, 2: the key, 3: they do not belong together) and why.
static inline SSL_CTX *_Nullable copenssl_context(const char *_Nonnull certificate, const char *_Nonnull key,
                                                  int *_Nonnull step, char *_Nonnull reason, size_t size) {
    ERR_clear_error();
    *step = 0;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) goto failed;
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context, copenssl_no_passphrase);
    *step = 1;
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) goto failed;
    *step = 2;
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) *step = 3;
        goto failed;
    }
    *step = 3;
    if (SSL_CTX_check_private_key(context) != 1) goto failed;
    return context;
failed:
    copenssl_reason(reason, size);
    SSL_CTX_free(context);
    return NULL;
}

/// In how many seconds the certificate ends; negative when it has ended.
static inline long copenssl_seconds_left(SSL_CTX *_Nonnull context) {
    int days = 0, seconds = 0;
    X509 *certificate = SSL_CTX_get0_certificate(context);
    if (!certificate || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1) return 0;
    return days * 86400L + seconds;
}

/// Writes the host names and addresses that the certificate is for, one a line.
static inline void copenssl_hosts(SSL_CTX *_Nonnull context, char *_Nonnull hosts, size_t size) {
    hosts[0] = 0;
    X509 *certificate = SSL_CTX_get0_certificate(context);
    GENERAL_NAMES *names = certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL) : NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[256] = {0};
        if (name->type == GEN_DNS) {
            int count = ASN1_STRING_length(name->d.dNSName);
            if (count <= 0 || (size_t)count >= sizeof text) continue;
            memcpy(text, ASN1_STRING_get0_data(name->d.dNSName), (size_t)count);
            if (strlen(text) != (size_t)count || strchr(text, '\n')) continue;
        } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
            const unsigned char *bytes = ASN1_STRING_get0_data(name->d.iPAddress);
            snprintf(text, sizeof text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
        } else {
            continue;
        }
        if (strlen(hosts) + strlen(text) + 2 > size) break;
        strcat(hosts, text);
        strcat(hosts, "\n");
    }
    GENERAL_NAMES_free(names);
}

/// A connection that reads and writes memory; NULL without memory. It keeps its context alive.
static inline SSL *_Nullable copenssl_session(SSL_CTX *_Nonnull context) {
    SSL *session = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!session || !in || !out) {
        SSL_free(session);
        BIO_free(in);
        BIO_free(out);
        return NULL;
    }
    SSL_set_bio(session, in, out);
    SSL_set_accept_state(session);
    return session;
}

/// Hands over what has arrived; false without memory.
static inline int copenssl_feed(SSL *_Nonnull session, const void *_Nonnull bytes, int count) {
    return BIO_write(SSL_get_rbio(session), bytes, count) == count;
}

/// Takes what is to be sent; 0 when there is nothing.
static inline int copenssl_take(SSL *_Nonnull session, void *_Nonnull buffer, int size) {
    int count = BIO_read(SSL_get_wbio(session), buffer, size);
    return count > 0 ? count : 0;
}

/// What became of reading or writing: a count, 0 for later, -1 for the end, -2 for a failure.
static inline int copenssl_result(SSL *_Nonnull session, int result) {
    if (result > 0) return result;
    switch (SSL_get_error(session, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return 0;
    case SSL_ERROR_ZERO_RETURN: return -1;
    default: ERR_clear_error(); return -2;
    }
}

/// Reads what has arrived, without the encryption.
static inline int copenssl_read(SSL *_Nonnull session, void *_Nonnull buffer, int size) {
    ERR_clear_error();
    return copenssl_result(session, SSL_read(session, buffer, size));
}

/// Encrypts something; it is to be sent then.
static inline int copenssl_write(SSL *_Nonnull session, const void *_Nonnull bytes, int count) {
    ERR_clear_error();
    return copenssl_result(session, SSL_write(session, bytes, count));
}

/// Says that nothing more will be sent.
static inline void copenssl_finish(SSL *_Nonnull session) {
    ERR_clear_error();
    SSL_shutdown(session);
    ERR_clear_error();
}

/// Writes the digest of some bytes, 32 bytes long.
///
/// These functions are deprecated, not gone: the newer ones look up an implementation by its name for every digest,
/// and read the configuration of OpenSSL for the first, which a daemon would keep in memory.
static inline void copenssl_sha256(const void *_Nonnull bytes, size_t count, unsigned char *_Nonnull digest) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(digest, &context);
#pragma clang diagnostic pop
}
