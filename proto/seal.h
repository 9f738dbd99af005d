/*
 * seal.h: signing and sealing: PROTOCOL.md "Sealing", suites 1 and 2. libsodium only.
 *
 *   H  = BLAKE2b-256("scharnier.v1.header" ‖ suite ‖ header bytes ‖ recipients with key ids ‖ padded size)
 *   k  = a random content key; encryption key and commitment are keyed BLAKE2b of it over a label and H
 *   body = suite 1: XChaCha20-Poly1305(encryption key, nonce, padded letter, associated data H)
 *          suite 2: secretstream(encryption key) in parts of SCH_PART_SIZE, associated data H in each
 *   digest of body = suite 1: the body itself; suite 2: the BLAKE2b-256 of each part, one after the other
 *   stanza = crypto_box_seal(k) per recipient
 *   signature = Ed25519("scharnier.v1.signature" ‖ H ‖ signing key id ‖ stanzas ‖ commitment
 *                       ‖ BLAKE2b-256(digest of body))
 *
 * So a signature and a message's hash of suite 2 are checked from the hashes of its parts alone: wherever
 * sch_seal_verify() and sch_seal_hash() take a body, they take those hashes.
 *
 * PROTOCOL.md fixes every byte; proto/vectors/ holds known answers. Must not know: sockets, stores.
 */
#ifndef SCH_PROTO_SEAL_H
#define SCH_PROTO_SEAL_H

#include <scharnier/directory.h>
#include <scharnier/error.h>
#include <sodium.h>

#include "codec.h"

/* Bytes of a padded letter: the next multiple of 512, at least one byte of padding (ISO 7816-4, as
 * sodium_pad), and of its sealed body: nonce 24, then ciphertext, then tag 16. */
size_t sch_seal_padded_size(size_t letter_size);
size_t sch_seal_body_size(size_t padded_size);

/* A recipient: its address and the seal key of the directory. */
struct sch_seal_to {
    struct sch_address address;
    const struct sch_key *key;
};

/*
 * Signs a header and, when letter.len > 0, seals the letter for the recipients, in order. body must hold
 * sch_seal_body_size(sch_seal_padded_size(letter.len)) bytes, or may be NULL without a letter. Fills *seal.
 * Errors: TOO_LARGE (body over SCH_BODY_SIZE_MAX), NO_SEAL_KEY (a public key that cannot be sealed for).
 */
int sch_seal_make(struct sch_seal *seal, uint8_t *body, size_t *body_size, struct sch_bytes header,
                  struct sch_bytes letter, const struct sch_seal_to *to, size_t to_count,
                  const char *signing_key_id, const uint8_t signing_key[64], sch_error *error);

/* The same with content key and nonce given: for known-answer vectors only. */
int sch_seal_make_fixed(struct sch_seal *seal, uint8_t *body, size_t *body_size, struct sch_bytes header,
                        struct sch_bytes letter, const struct sch_seal_to *to, size_t to_count,
                        const char *signing_key_id, const uint8_t signing_key[64],
                        const uint8_t content_key[32], const uint8_t nonce[24]);

/*
 * Does the signature fit header, seal and body? SCH_OK or SCH_E_SIGNATURE. Suite 2: body is the concatenated
 * hashes of the parts (sch_seal_part_hash()), exactly sch_seal_part_count() of them. That the parts together
 * have sch_seal_parts_size() bytes is for whoever holds them to check.
 */
int sch_seal_verify(const struct sch_seal *seal, struct sch_bytes header, struct sch_bytes body,
                    const uint8_t signing_public[32]);

/*
 * Opens a letter of suite 1 whose signature was verified: finds the stanza for address, opens it, checks the
 * commitment, decrypts, unpads. letter must hold seal->padded_size bytes. Errors: LETTER_OPEN (no stanza or
 * not our key), LETTER_FALSE (commitment or ciphertext).
 */
int sch_seal_open(const struct sch_seal *seal, struct sch_bytes header, struct sch_bytes body,
                  const char *address, const uint8_t seal_public[32], const uint8_t seal_secret[32],
                  uint8_t *letter, size_t *letter_size, sch_error *error);

/* What resend detection and reconciliation compare: BLAKE2b-256 over header, seal and body, each with its
 * length. Suite 2: body is the concatenated hashes of the parts. */
void sch_seal_hash(struct sch_bytes header, struct sch_bytes seal, struct sch_bytes body, uint8_t hash[32]);

/* ---- large letters: suite 2 ---------------------------------------------------------------------- */

#define SCH_HASH_SIZE 32

/* Does a letter of this size take parts, because suite 1 would make its body larger than SCH_BODY_SIZE_MAX?
 * */
bool sch_seal_is_large(size_t letter_size);

/* How many parts a padded letter of suite 2 takes (2..SCH_PARTS_MAX are allowed), the bytes of all of them
 * together, and those of the index-th: SCH_PART_SIZE but for the last. */
size_t sch_seal_part_count(size_t padded_size);
size_t sch_seal_parts_size(size_t padded_size);
size_t sch_seal_part_size(size_t padded_size, size_t index);

void sch_seal_part_hash(struct sch_bytes part, uint8_t hash[SCH_HASH_SIZE]);

/*
 * Sealing: begin, next until it returns 0, end. Only the letter is in memory as a whole: the caller's buffer
 * of sch_seal_padded_size(letter_size) bytes, which begin pads in place and which stays until end. seal is
 * the caller's too; its signature is filled by end.
 */
struct sch_seal_stream {
    crypto_secretstream_xchacha20poly1305_state state;
    struct sch_seal *seal;
    const uint8_t *letter;
    uint8_t hash[SCH_HASH_SIZE];        /* H */
    uint8_t start[24];                  /* the stream's header: the first bytes of the first part */
    size_t index, count;                /* of parts */
    uint8_t part_hash[SCH_PARTS_MAX * SCH_HASH_SIZE];
};

/* Errors: TOO_LARGE (over SCH_LARGE_SIZE_MAX), TOO_SMALL (fewer than two parts), NO_SEAL_KEY. */
int sch_seal_begin(struct sch_seal_stream *stream, struct sch_seal *seal, struct sch_bytes header,
                   uint8_t *letter, size_t letter_size, const struct sch_seal_to *to, size_t to_count,
                   const char *signing_key_id, sch_error *error);
/* The same with content key and the stream's header given: for known-answer vectors only. */
int sch_seal_begin_fixed(struct sch_seal_stream *stream, struct sch_seal *seal, struct sch_bytes header,
                         uint8_t *letter, size_t letter_size, const struct sch_seal_to *to, size_t to_count,
                         const char *signing_key_id, const uint8_t content_key[32], const uint8_t start[24]);
/* Writes the next part (SCH_PART_SIZE bytes of room); returns its size, 0 when all were made. */
size_t sch_seal_next(struct sch_seal_stream *stream, uint8_t *part);
/* Signs; all parts must have been made. Wipes the stream; without a signing key it only wipes. */
void sch_seal_end(struct sch_seal_stream *stream, const uint8_t signing_key[64]);

/*
 * Opening, after sch_seal_verify(): begin, next with every part in order, end. letter has room for
 * seal->padded_size bytes and must not be read before end says SCH_OK: a letter that lacks its end is none.
 * Errors: LETTER_OPEN, LETTER_FALSE as sch_seal_open(); a part that is missing, doubled, moved, cut or of
 * another letter is LETTER_FALSE.
 */
struct sch_open_stream {
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t hash[SCH_HASH_SIZE];        /* H */
    uint8_t key[32];
    uint8_t *letter;
    size_t padded_size, opened;
    size_t index, count;                /* of parts */
};
int sch_seal_open_begin(struct sch_open_stream *stream, const struct sch_seal *seal, struct sch_bytes header,
                        const char *address, const uint8_t seal_public[32], const uint8_t seal_secret[32],
                        uint8_t *letter, sch_error *error);
int sch_seal_open_next(struct sch_open_stream *stream, struct sch_bytes part, sch_error *error);
/* Takes the padding off. Wipes the stream, also after an error of the others. */
int sch_seal_open_end(struct sch_open_stream *stream, size_t *letter_size, sch_error *error);

/*
 * Key files: one line "scharnier-transport-key HEX", "scharnier-sign-key HEX" or "scharnier-seal-key HEX",
 * mode 0600 (0640 is accepted, anything wider is not). Secret sizes: transport 32, sign 64 (seed and public
 * key), seal 32. Beside it path + ".pub": "scharnier-sign-public HEX". Errors: KEY_FILE, IO.
 */
struct sch_key_pair {
    enum sch_key_use use;
    uint8_t public_key[32];
    uint8_t secret_key[64];
};
int sch_key_pair_new(struct sch_key_pair *pair, enum sch_key_use use);
int sch_key_pair_load(struct sch_key_pair *pair, const char *path, sch_error *error);
/* Creates path (0600, never overwrites) and path + ".pub". */
int sch_key_pair_save(const struct sch_key_pair *pair, const char *path, sch_error *error);

#endif
