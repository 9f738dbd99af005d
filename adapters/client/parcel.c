/* parcel.c: see parcel.h. */
#include "parcel.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"

#define INDEX_SIZE 4
#define TAIL_MAX ((size_t)2 << 20)      /* bytes that wait in memory for a sync */

static int visit(void *context, uint64_t offset, struct sch_bytes record)
{
    struct sch_parcel *parcel = context;
    if (record.len <= INDEX_SIZE || record.len > INDEX_SIZE + SCH_PART_SIZE)
        return SCH_E_STORE_DAMAGED;
    size_t index = sch_get_u32(record.ptr);
    if (index >= parcel->count)
        return SCH_OK;
    parcel->have += parcel->at[index] == 0;
    parcel->at[index] = offset + INDEX_SIZE;
    parcel->size[index] = (uint32_t)(record.len - INDEX_SIZE);
    return SCH_OK;
}

int sch_parcel_open(struct sch_parcel *parcel, const char *path, size_t count, sch_error *error)
{
    assert(count <= SCH_PARTS_MAX);
    memset(parcel, 0, sizeof *parcel);
    parcel->count = count;
    return sch_reel_open(&parcel->reel, path, visit, parcel, NULL, error);
}

void sch_parcel_close(struct sch_parcel *parcel)
{
    sch_reel_close(&parcel->reel);
    parcel->count = parcel->have = 0;
}

bool sch_parcel_has(const struct sch_parcel *parcel, size_t index)
{
    return index < parcel->count && parcel->at[index] != 0;
}

int sch_parcel_put(struct sch_parcel *parcel, size_t index, struct sch_bytes part, sch_error *error)
{
    assert(index < parcel->count && !sch_parcel_has(parcel, index));
    assert(part.len > 0 && part.len <= SCH_PART_SIZE);
    uint8_t number[INDEX_SIZE];
    sch_put_u32(number, (uint32_t)index);
    struct sch_bytes record[] = { { number, sizeof number }, part };
    uint64_t end = sch_reel_end(&parcel->reel), offset = 0;
    int code = sch_reel_append(&parcel->reel, record, 2, &offset, error);
    if (code == SCH_OK && parcel->reel.tail_size > TAIL_MAX)
        code = sch_reel_sync(&parcel->reel, error);
    if (code != SCH_OK) {
        if (sch_reel_end(&parcel->reel) > end)
            sch_reel_undo(&parcel->reel, end);
        return code;
    }
    parcel->at[index] = offset + INDEX_SIZE;
    parcel->size[index] = (uint32_t)part.len;
    parcel->have++;
    return SCH_OK;
}

int sch_parcel_sync(struct sch_parcel *parcel, sch_error *error)
{
    return sch_reel_sync(&parcel->reel, error);
}

int sch_parcel_get(const struct sch_parcel *parcel, size_t index, uint8_t *buffer, size_t *size,
                   sch_error *error)
{
    assert(sch_parcel_has(parcel, index));
    *size = parcel->size[index];
    return sch_reel_read(&parcel->reel, parcel->at[index], buffer, *size, error);
}
