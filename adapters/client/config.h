/*
 * config.h: a client's configuration file and the keys that it names.
 *
 * adapters/examples/client.conf shows every key. Paths are relative to the file. Must not know: sockets.
 */
#ifndef SCH_CLIENT_CONFIG_H
#define SCH_CLIENT_CONFIG_H

#include <limits.h>

#include <scharnier/client.h>

#include "codec.h"
#include "seal.h"

#define SCH_CLIENT_REGIONS_MAX 32
#define SCH_CLIENT_SEAL_KEYS_MAX 8
#define SCH_CLIENT_ENDPOINT_MAX 255

struct sch_client_mailbox {
    struct sch_address address;
    bool has_sign_key;
    struct sch_key_pair sign_key;
    char sign_key_id[SCH_KEY_ID_MAX + 1];
    struct sch_key_pair seal_key[SCH_CLIENT_SEAL_KEYS_MAX];     /* the newest first, old ones kept */
    size_t seal_key_count;
    bool attach;                        /* collected from by sch_attach() without a list */
};

struct sch_client_region {
    char name[SCH_REGION_MAX + 1];
    uint8_t key[32];
    bool has_key;
};

struct sch_client_config {
    char endpoint[SCH_CLIENT_ENDPOINT_MAX + 1];
    uint8_t server_key[32];
    bool has_server_key;
    struct sch_key_pair transport_key;
    bool has_transport_key;
    char state[PATH_MAX];               /* directory */
    char software[SCH_SOFTWARE_MAX + 1];
    struct sch_client_region region[SCH_CLIENT_REGIONS_MAX];
    size_t region_count;
    struct sch_client_mailbox *mailbox; /* on the heap: it holds secrets and is large */
    struct sch_address *address;        /* the same mailboxes' addresses, for sch_mailboxes() */
    size_t mailbox_count;
};

/* Reads path and all key files. report (may be NULL) gets every fault. Gives a filled *config; on an error
 * it is closed. Errors: CONFIG, KEY_FILE, IO, NO_MEMORY. */
int sch_client_config_load(struct sch_client_config *config, const char *path,
                           void (*report)(void *context, const char *line), void *context, sch_error *error);
/* Wipes the secrets. Harmless on a zeroed one. */
void sch_client_config_close(struct sch_client_config *config);

/* The mailbox with this address; NULL. */
const struct sch_client_mailbox *sch_client_config_mailbox(const struct sch_client_config *config,
                                                           const char *address);

#endif
