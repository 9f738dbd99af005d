/*
 * registry.h: the directories of the configured regions: verified, pinned, cached in the state directory.
 *
 * A directory is taken only when its region's key signed it, and never one with a lower serial than the one
 * before, also over a restart: so the broker can withhold a directory but neither change nor roll back one.
 * Must not know: sockets.
 */
#ifndef SCH_CLIENT_REGISTRY_H
#define SCH_CLIENT_REGISTRY_H

#include <scharnier/directory.h>

#include "config.h"

struct sch_registry_region {
    struct sch_directory *directory;    /* NULL: none yet */
    uint64_t offered;                   /* the newest serial that the broker named */
    uint64_t request;                   /* outstanding; 0: none */
    int64_t asked_at;                   /* monotonic ms */
};

struct sch_registry {
    const struct sch_client_config *config;     /* borrowed; regions in its order */
    struct sch_registry_region region[SCH_CLIENT_REGIONS_MAX];
    struct sch_directory *retired[SCH_CLIENT_REGIONS_MAX];      /* replaced, perhaps still lent out */
    size_t retired_count;
    unsigned version;                   /* grows with every answer to a request for one */
};

/* Reads what is cached; what does not verify is as if it were not there. */
void sch_registry_init(struct sch_registry *registry, const struct sch_client_config *config);
void sch_registry_close(struct sch_registry *registry);

/* The position of a region in the configuration; -1: not configured. */
int sch_registry_find(const struct sch_registry *registry, const char *region);

/*
 * Takes a directory that the broker sent. SCH_OK: it is the newest now, or the same as before (content of
 * size 0 says so too). Errors: DIRECTORY_FALSE, DIRECTORY_OLD, DIRECTORY_FORMAT, IO (not cached, but taken).
 */
int sch_registry_take(struct sch_registry *registry, const char *region, struct sch_bytes content,
                      struct sch_bytes signature, int64_t now_ms, sch_error *error);

/* Frees what was replaced: nobody may hold on to a directory, party or key across this. */
void sch_registry_release(struct sch_registry *registry);

/* Look-ups over all regions, borrowed; NULL when absent. A party counts in its own region's directory, and an
 * address that stands in two of them is nobody's. */
const struct sch_party *sch_registry_party(const struct sch_registry *registry, const char *address);
const struct sch_key *sch_registry_key(const struct sch_registry *registry, const char *key_id);

/* The key with this id out of the sender's own region: no other region can vouch for it. */
const struct sch_key *sch_registry_signer(const struct sch_registry *registry, const char *key_id,
                                          const char *sender);

/* The seal key for an address at now_ms. NULL with *error: UNKNOWN_RECEIVER, NO_SEAL_KEY, DIRECTORY_OLD. */
const struct sch_key *sch_registry_seal_key(const struct sch_registry *registry, const char *address,
                                            int64_t now_ms, sch_error *error);

#endif
