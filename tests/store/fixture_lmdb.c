/*
 * fixture_lmdb.c: the LMDB store in a directory of its own for the conformance suite.
 */
#include "fixture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/store_lmdb.h"

const char *const fixture_name = "store_lmdb";

static char directory[64];
static uint64_t map_size;

static struct sch_store *open_store(bool create)
{
    struct sch_store_options options = { .path = directory, .map_size = map_size, .create = create };
    sch_error error = SCH_ERROR_INIT;
    struct sch_store *store = NULL;

    if (sch_store_open(&store, &options, &error) != SCH_OK) {
        (void)sch_perror(&error);
        abort();
    }
    return store;
}

struct sch_store *fixture_new(uint64_t small_bytes)
{
    char *made;

    (void)snprintf(directory, sizeof(directory), "/tmp/sch-store-XXXXXX");
    made = mkdtemp(directory);
    assert(made != NULL);
    map_size = small_bytes;
    return open_store(true);
}

struct sch_store *fixture_again(struct sch_store *store)
{
    sch_store_close(store);
    return open_store(false);
}

void fixture_free(struct sch_store *store)
{
    static const char *const file[] = { "data.mdb", "lock.mdb" };
    char path[96];

    sch_store_close(store);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory, file[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}
