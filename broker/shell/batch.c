/*
 * batch.c: see batch.h.
 */
#include "shell/batch.h"

#include <string.h>

/* Room for one more op, or NULL. */
static struct sch_op *next(const struct sch_batch *batch)
{
    return batch->count < batch->capacity ? &batch->op[batch->count] : NULL;
}

static bool copy(struct sch_arena *arena, struct sch_bytes from, struct sch_bytes *to)
{
    uint8_t *bytes = sch_arena_take(arena, from.len > 0 ? from.len : 1);

    if (bytes == NULL)
        return false;
    if (from.len > 0)
        memcpy(bytes, from.ptr, from.len);
    *to = (struct sch_bytes){ bytes, from.len };
    return true;
}

int sch_batch_lend(struct sch_batch *batch, enum sch_table table, struct sch_bytes key,
                   struct sch_bytes value, uint64_t expected)
{
    struct sch_op *op = next(batch);
    struct sch_bytes own_key;

    if (op == NULL || !copy(batch->arena, key, &own_key))
        return SCH_E_NO_MEMORY;
    *op = (struct sch_op){ .table = table, .key = own_key, .value = value, .expected = expected };
    batch->count++;
    return SCH_OK;
}

int sch_batch_put(struct sch_batch *batch, enum sch_table table, struct sch_bytes key, struct sch_bytes value,
                  uint64_t expected)
{
    struct sch_bytes own_value;

    if (next(batch) == NULL || !copy(batch->arena, value, &own_value))
        return SCH_E_NO_MEMORY;
    return sch_batch_lend(batch, table, key, own_value, expected);
}

int sch_batch_erase(struct sch_batch *batch, enum sch_table table, struct sch_bytes key, uint64_t expected)
{
    int code = sch_batch_lend(batch, table, key, (struct sch_bytes){ NULL, 0 }, expected);

    if (code == SCH_OK)
        batch->op[batch->count - 1].erase = true;
    return code;
}
