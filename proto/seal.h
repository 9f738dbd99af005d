/*
 * seal.h: signing and sealing: PROTOCOL.md "Sealing", suite 1. libsodium only.
 *
 *   H  = BLAKE2b-256("scharnier.v1.header" ‖ suite ‖ header bytes ‖ recipients with key ids ‖ padded size)
 *   k  = a random content key; encryption key and commitment are keyed BLAKE2b of it over a label and H
 *   body = XChaCha20-Poly1305(encryption key, nonce, padded letter, associated data H)
 *   stanza = crypto_box_seal(k) per recipient
 *   signature = Ed25519("scharnier.v1.signature" ‖ H ‖ signing key id ‖ stanzas ‖ commitment
 *                       ‖ BLAKE2b-256(body))
 *
 * PROTOCOL.md fixes every byte; proto/vectors/ holds known answers. Must not know: sockets, stores.
 */
#ifndef SCH_PROTO_SEAL_H
#define SCH_PROTO_SEAL_H

#include <scharnier/directory.h>
#include <scharnier/error.h>

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

/* Does the signature fit header, seal and body? SCH_OK or SCH_E_SIGNATURE. */
int sch_seal_verify(const struct sch_seal *seal, struct sch_bytes header, struct sch_bytes body,
                    const uint8_t signing_public[32]);

/*
 * Opens a letter whose signature was verified: finds the stanza for address, opens it, checks the
 * commitment, decrypts, unpads. letter must hold seal->padded_size bytes. Errors: LETTER_OPEN (no stanza or
 * not our key), LETTER_FALSE (commitment or ciphertext).
 */
int sch_seal_open(const struct sch_seal *seal, struct sch_bytes header, struct sch_bytes body,
                  const char *address, const uint8_t seal_public[32], const uint8_t seal_secret[32],
                  uint8_t *letter, size_t *letter_size, sch_error *error);

/* What resend detection compares: BLAKE2b-256 over header, seal and body, each with its length. */
void sch_seal_hash(struct sch_bytes header, struct sch_bytes seal, struct sch_bytes body, uint8_t hash[32]);

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
