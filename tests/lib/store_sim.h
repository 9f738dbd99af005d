/*
 * store_sim.h: the store port in memory, with the levers that a simulation pulls.
 *
 * Same symbols as shell/store_lmdb.c, deterministic, one thread. What sch_store_apply() answered with OK is
 * there for good: a crash of the broker is a new turn on the same store.
 */
#ifndef SCH_TEST_STORE_SIM_H
#define SCH_TEST_STORE_SIM_H

#include "ports.h"

/* An empty store with its schema row. Never NULL (asserted). */
struct sch_store *sch_store_sim_new(void);
void sch_store_sim_free(struct sch_store *store);

/* What becomes of a later sch_store_apply(). */
enum sch_store_sim_fault {
    SCH_SIM_NONE = 0,
    SCH_SIM_UNKNOWN_KEPT,               /* answers UNKNOWN, but it happened */
    SCH_SIM_UNKNOWN_LOST,               /* answers UNKNOWN, and nothing happened */
    SCH_SIM_FULL,                       /* answers FULL */
    SCH_SIM_CONFLICT,                   /* answers CONFLICT, as if another writer had been first */
    SCH_SIM_FATAL
};

/* The apply after `skip` more ones fails so, once. NONE takes a fault back. */
void sch_store_sim_fail(struct sch_store *store, enum sch_store_sim_fault fault, size_t skip);

/* The room there is, in bytes of keys and values; UINT64_MAX (the default): no end. */
void sch_store_sim_limit(struct sch_store *store, uint64_t bytes);

/* A batch that writes this row can never be applied: REJECTED, whenever it is tried. */
void sch_store_sim_poison(struct sch_store *store, enum sch_table table, const uint8_t *key, size_t size);

struct sch_store_sim_counters {
    uint64_t gets, scans, scanned, applies, ops;
    uint64_t failed;                    /* applies that did not answer OK */
    uint64_t rows[SCH_TABLE_COUNT];
    uint64_t bytes;
};
void sch_store_sim_counters(const struct sch_store *store, struct sch_store_sim_counters *counters);

#endif
