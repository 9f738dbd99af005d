/*
 * seal.c: suites 1 and 2 of signing and sealing, byte by byte as PROTOCOL.md "Sealing" fixes it.
 *
 * Every variable part is hashed behind its length (four bytes, big-endian), so that no two different
 * messages give the same bytes to a hash. Must not know: sockets, stores, protobuf.
 */
#include "seal.h"

#include <assert.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

#define HASH_SIZE SCH_HASH_SIZE
#define PAD_BLOCK 512
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define CONTENT_KEY_SIZE 32
#define START_SIZE crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define CHUNK_OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES

static_assert(SCH_STANZA_SIZE == CONTENT_KEY_SIZE + crypto_box_SEALBYTES, "a stanza is a sealed content key");
static_assert(NONCE_SIZE == 24 && TAG_SIZE == 16, "the sizes that PROTOCOL.md prints");
static_assert(START_SIZE == 24 && CHUNK_OVERHEAD == 17, "the sizes that PROTOCOL.md prints");

static const char tag_header[] = "scharnier.v1.header";
static const char tag_encrypt[] = "scharnier.v1.encrypt";
static const char tag_commit[] = "scharnier.v1.commit";
static const char tag_encrypt_parts[] = "scharnier.v1.encrypt-parts";
static const char tag_commit_parts[] = "scharnier.v1.commit-parts";
static const char tag_signature[] = "scharnier.v1.signature";
static const char tag_message[] = "scharnier.v1.message";

/* The most that a signature covers: tag, H, key id, stanzas, commitment, body hash. */
#define STANZA_SIGNED_MAX (4 + SCH_ADDRESS_MAX + 4 + SCH_KEY_ID_MAX + SCH_STANZA_SIZE)
#define SIGNED_MAX \
    (64 + HASH_SIZE + 4 + SCH_KEY_ID_MAX + 4 + SCH_RECIPIENTS_MAX * STANZA_SIGNED_MAX + 4 + 2 * HASH_SIZE)

size_t sch_seal_padded_size(size_t letter_size)
{
    return (letter_size / PAD_BLOCK + 1) * PAD_BLOCK;
}

size_t sch_seal_body_size(size_t padded_size)
{
    return NONCE_SIZE + padded_size + TAG_SIZE;
}

static void put_u32(uint8_t out[4], size_t value)
{
    assert(value <= UINT32_MAX);
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

/* ---- hashing ----------------------------------------------------------------------------------- */

static void hash_number(crypto_generichash_state *state, size_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    crypto_generichash_update(state, bytes, sizeof bytes);
}

static void hash_bytes(crypto_generichash_state *state, const void *bytes, size_t size)
{
    hash_number(state, size);
    crypto_generichash_update(state, bytes, size);
}

static void hash_begin(crypto_generichash_state *state, const char *tag)
{
    crypto_generichash_init(state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(state, (const uint8_t *)tag, strlen(tag));
}

/* H: what is said, to whom, under which keys, and how long the letter is. */
static void header_hash(const struct sch_seal *seal, struct sch_bytes header, uint8_t hash[HASH_SIZE])
{
    crypto_generichash_state state;
    hash_begin(&state, tag_header);
    hash_number(&state, seal->suite);
    hash_bytes(&state, header.ptr, header.len);
    hash_number(&state, seal->stanza_count);
    for (size_t i = 0; i < seal->stanza_count; i++) {
        hash_bytes(&state, seal->stanza[i].address.text, strlen(seal->stanza[i].address.text));
        hash_bytes(&state, seal->stanza[i].key, strlen(seal->stanza[i].key));
    }
    hash_number(&state, seal->padded_size);
    crypto_generichash_final(&state, hash, HASH_SIZE);
}

void sch_seal_hash(struct sch_bytes header, struct sch_bytes seal, struct sch_bytes body, uint8_t hash[32])
{
    crypto_generichash_state state;
    hash_begin(&state, tag_message);
    hash_bytes(&state, header.ptr, header.len);
    hash_bytes(&state, seal.ptr, seal.len);
    hash_bytes(&state, body.ptr, body.len);
    crypto_generichash_final(&state, hash, HASH_SIZE);
}

/* A key that is bound to this header: keyed BLAKE2b over a label and H. */
static void derive(const uint8_t content_key[CONTENT_KEY_SIZE], const char *label,
                   const uint8_t hash[HASH_SIZE], uint8_t out[HASH_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, content_key, CONTENT_KEY_SIZE, HASH_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label));
    crypto_generichash_update(&state, hash, HASH_SIZE);
    crypto_generichash_final(&state, out, HASH_SIZE);
    sodium_memzero(&state, sizeof state);
}

static void derive_commitment(const struct sch_seal *seal, const uint8_t content_key[CONTENT_KEY_SIZE],
                              const uint8_t hash[HASH_SIZE], uint8_t out[HASH_SIZE])
{
    derive(content_key, seal->suite == SCH_SUITE_PARTS ? tag_commit_parts : tag_commit, hash, out);
}

static void derive_key(const struct sch_seal *seal, const uint8_t content_key[CONTENT_KEY_SIZE],
                       const uint8_t hash[HASH_SIZE], uint8_t out[HASH_SIZE])
{
    derive(content_key, seal->suite == SCH_SUITE_PARTS ? tag_encrypt_parts : tag_encrypt, hash, out);
}

/* ---- what is signed ------------------------------------------------------------------------------ */

struct signed_text {
    uint8_t bytes[SIGNED_MAX];
    size_t size;
};

static void add(struct signed_text *text, const void *bytes, size_t size)
{
    assert(size <= sizeof text->bytes - text->size);
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void add_number(struct signed_text *text, size_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    add(text, bytes, sizeof bytes);
}

static void add_string(struct signed_text *text, const char *string)
{
    add_number(text, strlen(string));
    add(text, string, strlen(string));
}

static void signed_text(const struct sch_seal *seal, const uint8_t hash[HASH_SIZE], struct sch_bytes body,
                        struct signed_text *text)
{
    uint8_t body_hash[HASH_SIZE];
    crypto_generichash(body_hash, sizeof body_hash, body.ptr, body.len, NULL, 0);

    text->size = 0;
    add(text, tag_signature, strlen(tag_signature));
    add(text, hash, HASH_SIZE);
    add_string(text, seal->signing_key);
    add_number(text, seal->stanza_count);
    for (size_t i = 0; i < seal->stanza_count; i++) {
        add_string(text, seal->stanza[i].address.text);
        add_string(text, seal->stanza[i].key);
        add(text, seal->stanza[i].sealed_key, SCH_STANZA_SIZE);
    }
    add_number(text, seal->has_letter ? sizeof seal->commitment : 0);
    add(text, seal->commitment, seal->has_letter ? sizeof seal->commitment : 0);
    add(text, body_hash, sizeof body_hash);
}

/* ---- making -------------------------------------------------------------------------------------- */

/* All of a seal that H covers; to_count 0: no letter. */
static void fill_seal(struct sch_seal *seal, uint32_t suite, size_t padded_size, const struct sch_seal_to *to,
                      size_t to_count, const char *signing_key_id)
{
    assert(to_count <= SCH_RECIPIENTS_MAX);
    assert(strlen(signing_key_id) <= SCH_KEY_ID_MAX);
    memset(seal, 0, sizeof *seal);
    seal->suite = suite;
    memcpy(seal->signing_key, signing_key_id, strlen(signing_key_id));
    seal->has_letter = to_count > 0;
    seal->padded_size = (uint32_t)padded_size;
    seal->stanza_count = to_count;
    for (size_t i = 0; i < to_count; i++) {
        seal->stanza[i].address = to[i].address;
        memcpy(seal->stanza[i].key, to[i].key->id, sizeof seal->stanza[i].key);
    }
}

/* Stanzas and commitment. False when a recipient's public key is none that anything can be sealed for (a
 * point of low order). */
static bool seal_content_key(struct sch_seal *seal, const struct sch_seal_to *to,
                             const uint8_t hash[HASH_SIZE], const uint8_t content_key[CONTENT_KEY_SIZE])
{
    for (size_t i = 0; i < seal->stanza_count; i++)
        if (crypto_box_seal(seal->stanza[i].sealed_key, content_key, CONTENT_KEY_SIZE,
                            to[i].key->public_key) != 0)
            return false;
    derive_commitment(seal, content_key, hash, seal->commitment);
    return true;
}

static void pad(uint8_t *letter, size_t letter_size, size_t padded_size)
{
    size_t size = 0;
    int failed = sodium_pad(&size, letter, letter_size, PAD_BLOCK, padded_size);
    assert(failed == 0 && size == padded_size);
    (void)failed;
}

static void seal_letter(const struct sch_seal *seal, uint8_t *body, struct sch_bytes letter,
                        const uint8_t hash[HASH_SIZE], const uint8_t content_key[CONTENT_KEY_SIZE],
                        const uint8_t nonce[NONCE_SIZE])
{
    uint8_t key[HASH_SIZE];
    derive_key(seal, content_key, hash, key);
    uint8_t *padded = body + NONCE_SIZE;
    memcpy(body, nonce, NONCE_SIZE);
    memcpy(padded, letter.ptr, letter.len);
    pad(padded, letter.len, seal->padded_size);
    crypto_aead_xchacha20poly1305_ietf_encrypt(padded, NULL, padded, seal->padded_size, hash, HASH_SIZE, NULL,
                                               nonce, key);
    sodium_memzero(key, sizeof key);
}

static void sign(struct sch_seal *seal, const uint8_t hash[HASH_SIZE], struct sch_bytes body,
                 const uint8_t signing_key[64])
{
    struct signed_text text;
    signed_text(seal, hash, body, &text);
    crypto_sign_detached(seal->signature, NULL, text.bytes, text.size, signing_key);
}

int sch_seal_make_fixed(struct sch_seal *seal, uint8_t *body, size_t *body_size, struct sch_bytes header,
                        struct sch_bytes letter, const struct sch_seal_to *to, size_t to_count,
                        const char *signing_key_id, const uint8_t signing_key[64],
                        const uint8_t content_key[32], const uint8_t nonce[24])
{
    assert(letter.len == 0 || (body != NULL && to_count > 0));
    if (sch_seal_is_large(letter.len))
        return SCH_E_TOO_LARGE;
    size_t padded_size = letter.len > 0 ? sch_seal_padded_size(letter.len) : 0;
    size_t size = letter.len > 0 ? sch_seal_body_size(padded_size) : 0;
    uint8_t hash[HASH_SIZE];
    fill_seal(seal, SCH_SUITE, padded_size, to, letter.len > 0 ? to_count : 0, signing_key_id);
    header_hash(seal, header, hash);
    if (letter.len > 0 && !seal_content_key(seal, to, hash, content_key))
        return SCH_E_NO_SEAL_KEY;
    if (letter.len > 0)
        seal_letter(seal, body, letter, hash, content_key, nonce);
    sign(seal, hash, (struct sch_bytes){ body, size }, signing_key);
    *body_size = size;
    return SCH_OK;
}

static int report_making(int rc, size_t letter_size, int size_max, sch_error *error)
{
    if (rc == SCH_E_NO_SEAL_KEY)
        return sch_fail(error, SCH_E_NO_SEAL_KEY, "the seal key of a recipient is no usable key");
    if (rc != SCH_OK)
        return sch_fail(error, (enum sch_error_code)rc, "a letter of %zu bytes; a body takes at most %d",
                        letter_size, size_max);
    return SCH_OK;
}

int sch_seal_make(struct sch_seal *seal, uint8_t *body, size_t *body_size, struct sch_bytes header,
                  struct sch_bytes letter, const struct sch_seal_to *to, size_t to_count,
                  const char *signing_key_id, const uint8_t signing_key[64], sch_error *error)
{
    if (sodium_init() < 0)
        return sch_fail(error, SCH_E_INTERNAL, "libsodium cannot be initialised");
    uint8_t content_key[CONTENT_KEY_SIZE];
    uint8_t nonce[NONCE_SIZE];
    randombytes_buf(content_key, sizeof content_key);
    randombytes_buf(nonce, sizeof nonce);
    int rc = sch_seal_make_fixed(seal, body, body_size, header, letter, to, to_count, signing_key_id,
                                 signing_key, content_key, nonce);
    sodium_memzero(content_key, sizeof content_key);
    return report_making(rc, letter.len, SCH_BODY_SIZE_MAX, error);
}

/* ---- checking and opening -------------------------------------------------------------------------- */

/* Do letter, stanzas, padded size and body agree with one another? The signature covers them all, but only
 * a seal of this form has one meaning. */
static bool form_fits(const struct sch_seal *seal, struct sch_bytes body)
{
    if (seal->stanza_count > SCH_RECIPIENTS_MAX)
        return false;
    if (seal->suite == SCH_SUITE && !seal->has_letter)
        return seal->stanza_count == 0 && seal->padded_size == 0 && body.len == 0;
    if (!seal->has_letter || seal->stanza_count == 0 || seal->padded_size == 0 ||
        seal->padded_size % PAD_BLOCK != 0)
        return false;
    if (seal->suite == SCH_SUITE)
        return body.len == sch_seal_body_size(seal->padded_size);
    size_t count = sch_seal_part_count(seal->padded_size);
    return seal->suite == SCH_SUITE_PARTS && count >= 2 && count <= SCH_PARTS_MAX &&
           body.len == count * HASH_SIZE;
}

int sch_seal_verify(const struct sch_seal *seal, struct sch_bytes header, struct sch_bytes body,
                    const uint8_t signing_public[32])
{
    if (!form_fits(seal, body))
        return SCH_E_SIGNATURE;
    uint8_t hash[HASH_SIZE];
    struct signed_text text;
    header_hash(seal, header, hash);
    signed_text(seal, hash, body, &text);
    if (crypto_sign_verify_detached(seal->signature, text.bytes, text.size, signing_public) != 0)
        return SCH_E_SIGNATURE;
    return SCH_OK;
}

static const struct sch_stanza *stanza_for(const struct sch_seal *seal, const char *address)
{
    for (size_t i = 0; i < seal->stanza_count; i++)
        if (strcmp(seal->stanza[i].address.text, address) == 0)
            return &seal->stanza[i];
    return NULL;
}

/* Finds and opens the stanza for address, and compares the commitment: a content key that was not committed
 * to must not decrypt anything. Fills H and the key of the letter. */
static int open_key(const struct sch_seal *seal, struct sch_bytes header, const char *address,
                    const uint8_t seal_public[32], const uint8_t seal_secret[32], uint8_t hash[HASH_SIZE],
                    uint8_t key[HASH_SIZE], sch_error *error)
{
    const struct sch_stanza *stanza = stanza_for(seal, address);
    uint8_t content_key[CONTENT_KEY_SIZE];
    if (crypto_box_seal_open(content_key, stanza->sealed_key, SCH_STANZA_SIZE, seal_public, seal_secret) != 0)
        return sch_fail(error, SCH_E_LETTER_OPEN, "sealed with key %s, which is not this one", stanza->key);
    uint8_t commitment[HASH_SIZE];
    header_hash(seal, header, hash);
    derive_commitment(seal, content_key, hash, commitment);
    derive_key(seal, content_key, hash, key);
    sodium_memzero(content_key, sizeof content_key);
    if (sodium_memcmp(commitment, seal->commitment, HASH_SIZE) == 0)
        return SCH_OK;
    sodium_memzero(key, HASH_SIZE);
    return sch_fail(error, SCH_E_LETTER_FALSE, "the content key is not the one that was committed to");
}

static int unpad(const uint8_t *letter, size_t padded_size, size_t *letter_size, sch_error *error)
{
    if (sodium_unpad(letter_size, letter, padded_size, PAD_BLOCK) != 0)
        return sch_fail(error, SCH_E_LETTER_FALSE, "the padding is wrong");
    return SCH_OK;
}

int sch_seal_open(const struct sch_seal *seal, struct sch_bytes header, struct sch_bytes body,
                  const char *address, const uint8_t seal_public[32], const uint8_t seal_secret[32],
                  uint8_t *letter, size_t *letter_size, sch_error *error)
{
    if (stanza_for(seal, address) == NULL)
        return sch_fail(error, SCH_E_LETTER_OPEN, "the letter is not sealed for %s", address);
    if (seal->suite != SCH_SUITE || !form_fits(seal, body))
        return sch_fail(error, SCH_E_LETTER_FALSE, "seal and body do not fit together");
    uint8_t hash[HASH_SIZE], key[HASH_SIZE];
    int rc = open_key(seal, header, address, seal_public, seal_secret, hash, key, error);
    if (rc != SCH_OK)
        return rc;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(letter, NULL, NULL, body.ptr + NONCE_SIZE,
                                                            body.len - NONCE_SIZE, hash, HASH_SIZE, body.ptr,
                                                            key);
    sodium_memzero(key, sizeof key);
    if (failed)
        return sch_fail(error, SCH_E_LETTER_FALSE, "the body does not decrypt");
    return unpad(letter, seal->padded_size, letter_size, error);
}

/* ---- suite 2 -------------------------------------------------------------------------------------- */

bool sch_seal_is_large(size_t letter_size)
{
    return letter_size > SCH_BODY_SIZE_MAX ||
           sch_seal_body_size(sch_seal_padded_size(letter_size)) > SCH_BODY_SIZE_MAX;
}

/* Each part costs its overhead, and the first the stream's header too. */
size_t sch_seal_part_count(size_t padded_size)
{
    size_t room = SCH_PART_SIZE - CHUNK_OVERHEAD;
    return (padded_size + START_SIZE + room - 1) / room;
}

size_t sch_seal_parts_size(size_t padded_size)
{
    return START_SIZE + padded_size + CHUNK_OVERHEAD * sch_seal_part_count(padded_size);
}

size_t sch_seal_part_size(size_t padded_size, size_t index)
{
    size_t count = sch_seal_part_count(padded_size);
    assert(index < count);
    return index + 1 < count ? SCH_PART_SIZE : sch_seal_parts_size(padded_size) - index * SCH_PART_SIZE;
}

void sch_seal_part_hash(struct sch_bytes part, uint8_t hash[SCH_HASH_SIZE])
{
    crypto_generichash(hash, SCH_HASH_SIZE, part.ptr, part.len, NULL, 0);
}

int sch_seal_begin_fixed(struct sch_seal_stream *stream, struct sch_seal *seal, struct sch_bytes header,
                         uint8_t *letter, size_t letter_size, const struct sch_seal_to *to, size_t to_count,
                         const char *signing_key_id, const uint8_t content_key[32], const uint8_t start[24])
{
    assert(to_count > 0);
    if (letter_size >= SCH_LARGE_SIZE_MAX)
        return SCH_E_TOO_LARGE;
    size_t padded_size = sch_seal_padded_size(letter_size);
    memset(stream, 0, sizeof *stream);
    stream->count = sch_seal_part_count(padded_size);
    if (stream->count < 2)
        return SCH_E_TOO_SMALL;
    if (sch_seal_parts_size(padded_size) > SCH_LARGE_SIZE_MAX)
        return SCH_E_TOO_LARGE;
    fill_seal(seal, SCH_SUITE_PARTS, padded_size, to, to_count, signing_key_id);
    header_hash(seal, header, stream->hash);
    if (!seal_content_key(seal, to, stream->hash, content_key))
        return SCH_E_NO_SEAL_KEY;
    pad(letter, letter_size, padded_size);
    stream->seal = seal;
    stream->letter = letter;
    memcpy(stream->start, start, START_SIZE);
    uint8_t key[HASH_SIZE];
    derive_key(seal, content_key, stream->hash, key);
    /* Sender and recipient derive the same state from the stream's header; this one takes it as given. */
    int failed = crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, start, key);
    assert(failed == 0);
    (void)failed;
    sodium_memzero(key, sizeof key);
    return SCH_OK;
}

int sch_seal_begin(struct sch_seal_stream *stream, struct sch_seal *seal, struct sch_bytes header,
                   uint8_t *letter, size_t letter_size, const struct sch_seal_to *to, size_t to_count,
                   const char *signing_key_id, sch_error *error)
{
    if (sodium_init() < 0)
        return sch_fail(error, SCH_E_INTERNAL, "libsodium cannot be initialised");
    uint8_t content_key[CONTENT_KEY_SIZE];
    uint8_t start[START_SIZE];
    randombytes_buf(content_key, sizeof content_key);
    randombytes_buf(start, sizeof start);
    int rc = sch_seal_begin_fixed(stream, seal, header, letter, letter_size, to, to_count, signing_key_id,
                                  content_key, start);
    sodium_memzero(content_key, sizeof content_key);
    return report_making(rc, letter_size, SCH_LARGE_SIZE_MAX, error);
}

size_t sch_seal_next(struct sch_seal_stream *stream, uint8_t *part)
{
    if (stream->index == stream->count)
        return 0;
    size_t size = sch_seal_part_size(stream->seal->padded_size, stream->index);
    size_t lead = stream->index == 0 ? START_SIZE : 0;
    size_t chunk = size - lead - CHUNK_OVERHEAD;
    bool last = stream->index + 1 == stream->count;
    memcpy(part, stream->start, lead);
    crypto_secretstream_xchacha20poly1305_push(&stream->state, part + lead, NULL, stream->letter, chunk,
                                               stream->hash, HASH_SIZE,
                                               last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL :
                                                      crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    sch_seal_part_hash((struct sch_bytes){ part, size }, stream->part_hash + stream->index * HASH_SIZE);
    stream->letter += chunk;
    stream->index++;
    return size;
}

void sch_seal_end(struct sch_seal_stream *stream, const uint8_t signing_key[64])
{
    if (signing_key) {
        assert(stream->count > 0 && stream->index == stream->count);
        sign(stream->seal, stream->hash, (struct sch_bytes){ stream->part_hash, stream->count * HASH_SIZE },
             signing_key);
    }
    sodium_memzero(stream, sizeof *stream);
}

int sch_seal_open_begin(struct sch_open_stream *stream, const struct sch_seal *seal, struct sch_bytes header,
                        const char *address, const uint8_t seal_public[32], const uint8_t seal_secret[32],
                        uint8_t *letter, sch_error *error)
{
    memset(stream, 0, sizeof *stream);
    stream->padded_size = seal->padded_size;
    stream->count = sch_seal_part_count(seal->padded_size);
    stream->letter = letter;
    if (stanza_for(seal, address) == NULL)
        return sch_fail(error, SCH_E_LETTER_OPEN, "the letter is not sealed for %s", address);
    struct sch_bytes digest = { NULL, stream->count * HASH_SIZE };
    if (seal->suite != SCH_SUITE_PARTS || !form_fits(seal, digest))
        return sch_fail(error, SCH_E_LETTER_FALSE, "the seal is not of a letter in parts");
    return open_key(seal, header, address, seal_public, seal_secret, stream->hash, stream->key, error);
}

int sch_seal_open_next(struct sch_open_stream *stream, struct sch_bytes part, sch_error *error)
{
    if (stream->index == stream->count ||
        part.len != sch_seal_part_size(stream->padded_size, stream->index))
        return sch_fail(error, SCH_E_LETTER_FALSE, "a part does not have its size");
    if (stream->index == 0 &&
        crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, part.ptr, stream->key) != 0)
        return sch_fail(error, SCH_E_LETTER_FALSE, "the parts have no beginning");
    size_t lead = stream->index == 0 ? START_SIZE : 0;
    bool last = stream->index + 1 == stream->count;
    unsigned char tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(&stream->state, stream->letter + stream->opened, NULL,
                                                   &tag, part.ptr + lead, part.len - lead, stream->hash,
                                                   HASH_SIZE) != 0)
        return sch_fail(error, SCH_E_LETTER_FALSE, "a part does not decrypt");
    if (tag != (last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL :
                       crypto_secretstream_xchacha20poly1305_TAG_MESSAGE))
        return sch_fail(error, SCH_E_LETTER_FALSE, "a part does not stand where it belongs");
    stream->opened += part.len - lead - CHUNK_OVERHEAD;
    stream->index++;
    return SCH_OK;
}

int sch_seal_open_end(struct sch_open_stream *stream, size_t *letter_size, sch_error *error)
{
    bool whole = stream->count > 0 && stream->index == stream->count;
    int rc = whole ? unpad(stream->letter, stream->padded_size, letter_size, error) :
                     sch_fail(error, SCH_E_LETTER_FALSE, "parts are missing");
    sodium_memzero(stream, sizeof *stream);
    return rc;
}
