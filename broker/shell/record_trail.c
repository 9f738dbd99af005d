/*
 * record_trail.c: which audit records of one turn are a dossier's, as bytes. See record.h; STORE.md, "TRAIL".
 */
#include <assert.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

/* Two records of one turn are closer than this; a distance takes at most three bytes. */
#define DISTANCE_MAX ((UINT64_C(1) << 21) - 1)

static_assert((SCH_TRAIL_ROW_MAX - 1) * 3 <= SCH_RECORD_TRAIL_MAX, "every row fits");

size_t sch_record_trail_encode(const uint64_t *sequence, size_t count, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    assert(count > 0 && count <= SCH_TRAIL_ROW_MAX);
    for (size_t i = 1; i < count; i++) {
        assert(sequence[i] > sequence[i - 1] && sequence[i] - sequence[i - 1] <= DISTANCE_MAX);
        sch_pack_uint(&pack, sequence[i] - sequence[i - 1]);
    }
    assert(!pack.full);
    return (size_t)(pack.at - buffer);
}

int sch_record_trail_decode(struct sch_bytes key, struct sch_bytes value, uint64_t sequence[SCH_TRAIL_ROW_MAX],
                            size_t *count)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, false };

    *count = 0;
    if (sch_record_read_trail(key, NULL, &sequence[0]) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    for (*count = 1; unpack.at < unpack.end && *count < SCH_TRAIL_ROW_MAX; (*count)++) {
        uint64_t distance = sch_unpack_uint(&unpack, DISTANCE_MAX);

        if (distance == 0 || distance > UINT64_MAX - sequence[*count - 1])
            unpack.bad = true;
        if (unpack.bad)
            break;
        sequence[*count] = sequence[*count - 1] + distance;
    }
    if (!unpack.bad && unpack.at == unpack.end)
        return SCH_OK;
    *count = 0;
    return SCH_E_STORE_DAMAGED;
}
