/*
 * record_upload.c: uploads and parts as bytes. See record.h; STORE.md, "UPLOAD" and "PART".
 */
#include <assert.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

#define HEAD_MAX (10 + 2 + 10 + 3)
static_assert(HEAD_MAX + SCH_UPLOAD_BITS + SCH_PARTS_MAX * 32 <= SCH_RECORD_UPLOAD_MAX, "every upload fits");
static_assert(SCH_PARTS_MAX == 8 * SCH_UPLOAD_BITS, "a bit for each part");
static_assert(SCH_PART_SIZE < 1 << 21, "a size takes three bytes");

/* ---- keys -------------------------------------------------------------------------------------- */

struct sch_record_key sch_record_key_upload(const struct sch_address *party, const struct sch_id *upload)
{
    return sch_record_key_party(party, upload);
}

int sch_record_read_upload(struct sch_bytes key, struct sch_address *party, struct sch_id *upload)
{
    const uint8_t *end = key.len > 0 ? memchr(key.ptr, 0, key.len) : NULL;
    size_t size = end == NULL ? 0 : (size_t)(end - key.ptr);

    if (size == 0 || size > SCH_ADDRESS_MAX || key.len != size + 1 + SCH_ID_SIZE)
        return SCH_E_STORE_DAMAGED;
    if (party != NULL) {
        memset(party, 0, sizeof *party);
        memcpy(party->text, key.ptr, size);
    }
    if (upload != NULL)
        memcpy(upload->bytes, end + 1, SCH_ID_SIZE);
    return SCH_OK;
}

struct sch_record_key sch_record_key_part(uint64_t number, uint32_t index)
{
    struct sch_record_key key = { .size = 8 + 4 };

    sch_pack_be64(key.bytes, number);
    for (unsigned i = 0; i < 4; i++)
        key.bytes[8 + i] = (uint8_t)(index >> (24 - 8 * i));
    return key;
}

int sch_record_read_part(struct sch_bytes key, uint64_t *number, uint32_t *index)
{
    uint32_t at = 0;

    if (key.len != 8 + 4)
        return SCH_E_STORE_DAMAGED;
    for (unsigned i = 0; i < 4; i++)
        at = at << 8 | key.ptr[8 + i];
    if (at >= SCH_PARTS_MAX)
        return SCH_E_STORE_DAMAGED;
    if (number != NULL)
        *number = sch_unpack_be64(key.ptr);
    if (index != NULL)
        *index = at;
    return SCH_OK;
}

/* ---- UPLOAD ------------------------------------------------------------------------------------- */

bool sch_upload_has(const struct sch_upload_row *row, uint32_t index)
{
    return (row->there[index / 8] >> (index % 8) & 1) != 0;
}

size_t sch_record_upload_encode(const struct sch_upload_row *row, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    assert(row->count >= 2 && row->count <= SCH_PARTS_MAX);
    assert((row->last_size > 0) == sch_upload_has(row, row->count - 1));
    sch_pack_uint(&pack, row->number);
    sch_pack_uint(&pack, row->count);
    sch_pack_int(&pack, row->since_ms);
    sch_pack_uint(&pack, row->last_size);
    sch_pack_raw(&pack, row->there, (row->count + 7) / 8);
    for (uint32_t i = 0; i < row->count; i++)
        if (sch_upload_has(row, i))
            sch_pack_raw(&pack, row->hash[i], sizeof row->hash[i]);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

/* At least one part is there, none beyond the last, and the last has a size exactly when it is there. */
static bool is_sound(const struct sch_upload_row *row)
{
    uint32_t there = 0;

    if (row->number == 0 || row->count < 2)
        return false;
    for (uint32_t i = 0; i < SCH_PARTS_MAX; i++) {
        if (i >= row->count && sch_upload_has(row, i))
            return false;
        there += sch_upload_has(row, i);
    }
    return there > 0 && (row->last_size > 0) == sch_upload_has(row, row->count - 1);
}

int sch_record_upload_decode(struct sch_bytes value, struct sch_upload_row *row)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(row, 0, sizeof *row);
    row->number = sch_unpack_uint(&unpack, UINT64_MAX);
    row->count = (uint32_t)sch_unpack_uint(&unpack, SCH_PARTS_MAX);
    row->since_ms = sch_unpack_int(&unpack);
    row->last_size = (uint32_t)sch_unpack_uint(&unpack, SCH_PART_SIZE);
    sch_unpack_raw(&unpack, row->there, (row->count + 7) / 8);
    for (uint32_t i = 0; i < row->count && !unpack.bad; i++)
        if (sch_upload_has(row, i))
            sch_unpack_raw(&unpack, row->hash[i], sizeof row->hash[i]);
    if (sch_unpack_done(&unpack) && is_sound(row))
        return SCH_OK;
    memset(row, 0, sizeof *row);
    return SCH_E_STORE_DAMAGED;
}
