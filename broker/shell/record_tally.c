/*
 * record_tally.c: counts as bytes. See record.h; STORE.md, "TALLY". What a cell's number means is tally.c's.
 */
#include <assert.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

/* A number takes at most three bytes, so does a distance of two; a count at most five. */
static_assert(SCH_TALLY_NUMBER_MAX < 1 << 21, "a number takes at most three bytes");
static_assert(SCH_TALLY_CELLS_MAX * (3 + 5) <= SCH_RECORD_TALLY_MAX, "every row fits");
static_assert(SCH_REGION_MAX + 1 + 1 + 4 + 1 + SCH_ADDRESS_MAX + 1 + 2 <= SCH_STORE_KEY_MAX, "the longest key fits");

/* ---- keys -------------------------------------------------------------------------------------- */

static void append(struct sch_record_key *key, const void *bytes, size_t size)
{
    assert(size <= sizeof(key->bytes) - key->size);
    memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
}

/* Big-endian. */
static void append_number(struct sch_record_key *key, uint32_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(number >> (8 * (size - 1 - i)));

        append(key, &byte, 1);
    }
}

static void append_name(struct sch_record_key *key, const struct sch_address *name)
{
    append(key, name->text, strlen(name->text) + 1);
}

struct sch_record_key sch_record_prefix_tally(const char *region, enum sch_tally_sort sort)
{
    struct sch_record_key key = sch_record_prefix_text(region);

    append_number(&key, (uint32_t)sort, 1);
    return key;
}

struct sch_record_key sch_record_key_tally(const struct sch_tally_key *tally)
{
    struct sch_record_key key = sch_record_prefix_tally(tally->region, tally->sort);

    switch (tally->sort) {
    case SCH_TALLY_BY_RECEIVER:
    case SCH_TALLY_BY_REFERRER:
        append_name(&key, &tally->name);
        append_number(&key, tally->period, 2);
        break;
    case SCH_TALLY_BY_SILENCE:
        append_number(&key, (uint32_t)tally->silence, 1);
        append_number(&key, tally->period, 2);
        break;
    case SCH_TALLY_TERMS:
        append_number(&key, tally->month, 4);
        append_number(&key, tally->expectation, 1);
        append_name(&key, &tally->name);
        break;
    }
    append_number(&key, tally->part, 2);
    return key;
}

/* Takes a text and its NUL off the front; at most max bytes, not empty. */
static bool take_text(struct sch_bytes *key, char *text, size_t max)
{
    const uint8_t *end = key->len > 0 ? memchr(key->ptr, 0, key->len) : NULL;
    size_t size = end == NULL ? 0 : (size_t)(end - key->ptr);

    if (size == 0 || size > max)
        return false;
    memcpy(text, key->ptr, size);
    key->ptr += size + 1;
    key->len -= size + 1;
    return true;
}

static bool take_number(struct sch_bytes *key, size_t size, uint32_t *number)
{
    *number = 0;
    if (key->len < size)
        return false;
    for (size_t i = 0; i < size; i++)
        *number = *number << 8 | key->ptr[i];
    key->ptr += size;
    key->len -= size;
    return true;
}

static bool take_whose(struct sch_bytes *key, struct sch_tally_key *tally)
{
    uint32_t expectation = 0, silence = 0, period = 0;
    bool well = true;

    switch (tally->sort) {
    case SCH_TALLY_BY_RECEIVER:
    case SCH_TALLY_BY_REFERRER:
        well = take_text(key, tally->name.text, SCH_ADDRESS_MAX) && take_number(key, 2, &period);
        break;
    case SCH_TALLY_BY_SILENCE:
        well = take_number(key, 1, &silence) && take_number(key, 2, &period) && silence < SCH_SILENCE_COUNT;
        break;
    case SCH_TALLY_TERMS:
        well = take_number(key, 4, &tally->month) && take_number(key, 1, &expectation) &&
               take_text(key, tally->name.text, SCH_ADDRESS_MAX) && expectation < SCH_EXPECTATION_COUNT;
        break;
    }
    tally->silence = (enum sch_silence)silence;
    tally->period = (uint16_t)period;
    tally->expectation = (uint8_t)expectation;
    return well;
}

int sch_record_read_tally(struct sch_bytes key, struct sch_tally_key *tally)
{
    uint32_t sort = 0, part = 0;

    memset(tally, 0, sizeof(*tally));
    if (!take_text(&key, tally->region, SCH_REGION_MAX) || !take_number(&key, 1, &sort) || sort == 0 ||
        sort > SCH_TALLY_TERMS)
        goto damaged;
    tally->sort = (enum sch_tally_sort)sort;
    if (!take_whose(&key, tally) || !take_number(&key, 2, &part) || key.len > 0)
        goto damaged;
    tally->part = (uint16_t)part;
    return SCH_OK;
damaged:
    memset(tally, 0, sizeof(*tally));
    return SCH_E_STORE_DAMAGED;
}

/* ---- values ------------------------------------------------------------------------------------ */

size_t sch_record_tally_encode(const struct sch_tally_cell *cell, size_t count, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };
    uint32_t before = 0;

    assert(count > 0 && count <= SCH_TALLY_CELLS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(cell[i].number <= SCH_TALLY_NUMBER_MAX && (i == 0 || cell[i].number > before) && cell[i].count > 0);
        sch_pack_uint(&pack, cell[i].number - before);
        sch_pack_uint(&pack, cell[i].count);
        before = cell[i].number;
    }
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

int sch_record_tally_decode(struct sch_bytes value, struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX], size_t *count)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };
    uint32_t before = 0;

    for (*count = 0; unpack.at < unpack.end && *count < SCH_TALLY_CELLS_MAX && !unpack.bad; (*count)++) {
        uint32_t step = (uint32_t)sch_unpack_uint(&unpack, SCH_TALLY_NUMBER_MAX);

        cell[*count].number = before + step;
        cell[*count].count = (uint32_t)sch_unpack_uint(&unpack, UINT32_MAX);
        if ((step == 0 && *count > 0) || cell[*count].number > SCH_TALLY_NUMBER_MAX || cell[*count].count == 0)
            unpack.bad = true;
        before = cell[*count].number;
    }
    if (sch_unpack_done(&unpack))
        return SCH_OK;
    *count = 0;
    return SCH_E_STORE_DAMAGED;
}
