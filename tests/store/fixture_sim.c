/*
 * fixture_sim.c: the store in memory for the conformance suite.
 */
#include "fixture.h"

#include "store_sim.h"

const char *const fixture_name = "store_sim";

struct sch_store *fixture_new(uint64_t small_bytes)
{
    struct sch_store *store = sch_store_sim_new();

    if (small_bytes > 0)
        sch_store_sim_limit(store, small_bytes);
    return store;
}

struct sch_store *fixture_again(struct sch_store *store)
{
    return store;
}

void fixture_free(struct sch_store *store)
{
    sch_store_sim_free(store);
}
