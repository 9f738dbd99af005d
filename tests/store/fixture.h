/*
 * fixture.h: what the conformance suite needs of a store beside the port: to be made, closed and filled.
 *
 * One implementation per store (fixture_sim.c, fixture_lmdb.c); the linker chooses.
 */
#ifndef SCH_TEST_STORE_FIXTURE_H
#define SCH_TEST_STORE_FIXTURE_H

#include "ports.h"

/* The name of the store, for messages. */
extern const char *const fixture_name;

/* An empty store with room for small_bytes or so (0: as much as there is). */
struct sch_store *fixture_new(uint64_t small_bytes);

/* Closes the store and opens it again, as a broker that was stopped and started. */
struct sch_store *fixture_again(struct sch_store *store);

/* Closes it and removes all traces. */
void fixture_free(struct sch_store *store);

#endif
