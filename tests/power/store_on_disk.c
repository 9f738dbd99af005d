/*
 * store_on_disk.c: the stage's store, on the real LMDB: the same symbols as store_sim.h's, so that the stage
 * plays on a file. Only what the stage calls.
 */
#include <assert.h>
#include <stdio.h>

#include "power.h"
#include "shell/store_lmdb.h"
#include "store_sim.h"

const char *power_directory;

struct sch_store *sch_store_sim_new(void)
{
    struct sch_store_options options = { .path = power_directory, .map_size = 64 << 20, .create = true };
    struct sch_store *store = NULL;
    sch_error error = SCH_ERROR_INIT;
    int code = sch_store_open(&store, &options, &error);
    if (code != SCH_OK)
        (void)sch_perror(&error);
    assert(code == SCH_OK);
    return store;
}

void sch_store_sim_free(struct sch_store *store)
{
    sch_store_close(store);
}
