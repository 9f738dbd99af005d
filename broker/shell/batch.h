/*
 * batch.h: one transaction under construction: an array of struct sch_op whose bytes lie in an arena.
 *
 * A visible value over memory that the turn owns: op and arena are the caller's. Keys and values are copied
 * into the arena, so that they live until it is reset, that is, until the batch was applied. A batch that
 * has run out of room stays as it was before the call that failed. Must not know: what the bytes mean.
 */
#ifndef SCH_SHELL_BATCH_H
#define SCH_SHELL_BATCH_H

#include <scharnier/error.h>

#include "codec.h"
#include "ports.h"

struct sch_batch {
    struct sch_op *op;
    size_t count;
    size_t capacity;
    struct sch_arena *arena;
};

/* Each appends one op. SCH_OK or SCH_E_NO_MEMORY. expected: see ports.h; SCH_STORE_ANY but for dossiers. */
int sch_batch_put(struct sch_batch *batch, enum sch_table table, struct sch_bytes key, struct sch_bytes value,
                  uint64_t expected);
int sch_batch_erase(struct sch_batch *batch, enum sch_table table, struct sch_bytes key, uint64_t expected);

/* As sch_batch_put, but value is not copied: it must stay until the batch was applied. For bodies. */
int sch_batch_lend(struct sch_batch *batch, enum sch_table table, struct sch_bytes key,
                   struct sch_bytes value, uint64_t expected);

#endif
