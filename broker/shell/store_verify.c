/*
 * store_verify.c: the check of a store that lies in a directory: `backup verify`. See store_lmdb.h.
 */
#include "shell/store_lmdb.h"

int sch_store_verify(const char *path, struct sch_store_counts *counts, sch_error *error)
{
    struct sch_store_options options = { .path = path, .read_only = true };
    struct sch_store *store;
    int code = sch_store_open(&store, &options, error);

    if (code != SCH_OK)
        return code;
    code = sch_store_check(store, counts, error);
    sch_store_close(store);
    return code;
}
