/*
 * client_world.h: a small region on disk for tests of the client library: keys, a signed directory, and
 * configurations of a practice and a ggz provider, in a temporary directory.
 */
#ifndef SCH_TEST_CLIENT_WORLD_H
#define SCH_TEST_CLIENT_WORLD_H

#include "seal.h"

#define WORLD_PRACTICE "agb:01054321"
#define WORLD_POH "agb:01054321/poh-ggz"
#define WORLD_GGZ "agb:06290713"

struct sch_client_world {
    char folder[64];
    struct sch_key_pair region, server;
    struct sch_key_pair practice_transport, practice_sign, practice_seal, poh_sign;
    struct sch_key_pair ggz_transport, ggz_sign, ggz_seal, ggz_new_sign;
    uint64_t serial;
    bool with_new_sign;                 /* the directory has ggz_new_sign too */
    char directory[8192];
    size_t directory_size;
    uint8_t signature[64];
};

/* Makes everything afresh; asserts that it works. */
void sch_client_world_init(struct sch_client_world *world);
/* Removes the temporary directory. */
void sch_client_world_close(struct sch_client_world *world);

/* Writes the directory text anew with this serial, and signs it. */
void sch_client_world_publish(struct sch_client_world *world, uint64_t serial, bool with_new_sign);

/* Writes "<folder>/<name>.conf" for the practice or the ggz provider, with its state in "<folder>/<name>".
 * server_key NULL: the world's. Returns the path, valid until the next call. */
const char *sch_client_world_config(struct sch_client_world *world, const char *name, const char *endpoint,
                                    const uint8_t *server_key);

#endif
