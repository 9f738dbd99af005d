/*
 * directory.h: who takes part in a region, with which keys: a signed, numbered list.
 *
 * The file is INI text with a detached Ed25519 signature by the region's offline key (PROTOCOL.md,
 * "Directory"). A parsed directory is immutable; parties and keys are sorted by address and by key id.
 */
#ifndef SCHARNIER_DIRECTORY_H
#define SCHARNIER_DIRECTORY_H

#include <scharnier/api.h>
#include <scharnier/error.h>
#include <scharnier/types.h>

/* An organisation, or a mailbox of one ("agb:06290713/poh-ggz"). */
struct sch_party {
    struct sch_address address;
    enum sch_party_kind kind;
    char region[SCH_REGION_MAX + 1];
    char name[SCH_NAME_MAX + 1];
};

enum sch_key_use { SCH_KEY_TRANSPORT = 1, SCH_KEY_SIGN, SCH_KEY_SEAL };

/*
 * A public key. Transport: a CURVE key, acting for addresses. Sign: Ed25519, of one party; `gp` marks
 * that a GP holds it. Seal: X25519, of one party and of its sub-mailboxes that have none.
 */
struct sch_key {
    char id[SCH_KEY_ID_MAX + 1];
    enum sch_key_use use;
    uint8_t public_key[32];
    struct sch_address party;                           /* sign, seal */
    struct sch_address acts_for[SCH_ACTS_FOR_MAX];      /* transport */
    size_t acts_for_count;
    int64_t valid_from_ms;                              /* UTC, inclusive */
    int64_t valid_until_ms;                             /* UTC, exclusive */
    bool revoked;
    bool gp;
};

struct sch_directory {
    char region[SCH_REGION_MAX + 1];
    uint64_t serial;
    int64_t not_after_ms;                               /* UTC, exclusive */
    struct sch_party *parties;
    size_t party_count;
    struct sch_key *keys;
    size_t key_count;
    uint8_t *content;                                   /* the signed bytes */
    size_t content_size;
    uint8_t signature[64];
};

/*
 * Parses content (copied) and checks its form; `name` is used in messages ("regio.ini:14: …"). Gives a
 * directory to free with sch_directory_free, or NULL with *error (DIRECTORY_FORMAT, NO_MEMORY). Does not
 * check the signature.
 */
SCH_API struct sch_directory *sch_directory_parse(const char *name, const uint8_t *content, size_t size,
                                                  sch_error *error);

/* Reads path, and path with ".sig" appended (128 hex digits), then parses and verifies against the
 * region's key. Errors: IO, DIRECTORY_FORMAT, DIRECTORY_FALSE, DIRECTORY_OLD when now_ms is past not_after
 * (0: not checked). */
SCH_API struct sch_directory *sch_directory_load(const char *path, const uint8_t region_key[32],
                                                 int64_t now_ms, sch_error *error);

/* Checks the signature in place. Returns SCH_OK or SCH_E_DIRECTORY_FALSE. */
SCH_API int sch_directory_verify(const struct sch_directory *directory, const uint8_t region_key[32]);

/* The signature of content by the region's secret key (64 bytes, Ed25519). */
SCH_API void sch_directory_sign(const uint8_t *content, size_t size, const uint8_t secret_key[64],
                                uint8_t signature[64]);

/* NULL-safe. */
SCH_API void sch_directory_free(struct sch_directory *directory);

/* Look-ups, NULL when absent; borrowed from the directory. */
SCH_API const struct sch_party *sch_directory_party(const struct sch_directory *directory,
                                                    const char *address);
SCH_API const struct sch_key *sch_directory_key(const struct sch_directory *directory, const char *id);

/* The transport key with these public bytes. */
SCH_API const struct sch_key *sch_directory_transport(const struct sch_directory *directory,
                                                      const uint8_t public_key[32]);

/* The seal key that is valid at now_ms and newest for a party, its own or its organisation's (the address
 * up to "/"). */
SCH_API const struct sch_key *sch_directory_seal_key(const struct sch_directory *directory,
                                                     const char *address, int64_t now_ms);

/* May this key be used at now_ms: not revoked, within its validity. */
SCH_API bool sch_key_valid(const struct sch_key *key, int64_t now_ms);

/* Is address among the key's acts_for (transport) or the key's party (sign, seal)? */
SCH_API bool sch_key_acts_for(const struct sch_key *key, const char *address);

#endif
