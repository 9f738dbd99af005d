/*
 * tally_count.c: changes to counts, gathered per row so that a turn reads and writes each row once. See tally.h.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "core/calendar.h"
#include "core/silence.h"
#include "id.h"
#include "tally_own.h"

#define INDEX_MIN 1024
#define REGIONS_MAX 2

/* A count while it is gathered: below zero where a row is subtracted before what it counts is added. */
struct cell {
    uint32_t number;
    int64_t count;
};

/* All cells of one thing, over all its rows; ascending. */
struct entry {
    struct sch_record_key key;          /* of its first row */
    struct cell *cell;
    size_t count, room;
    uint16_t parts;                     /* rows that the store has of it */
    bool dirty;
};

struct sch_tally {
    struct sch_store *store;
    struct entry *entry;
    size_t count, room;                 /* entries behind count keep their cells' memory */
    uint32_t *index;                    /* entry + 1 by hash of its key; 0: none */
    size_t index_size;                  /* a power of two */
};

/* ---- memory ------------------------------------------------------------------------------------ */

struct sch_tally *sch_tally_new(struct sch_store *store)
{
    struct sch_tally *tally = calloc(1, sizeof(*tally));

    if (tally == NULL)
        return NULL;
    tally->store = store;
    tally->index_size = INDEX_MIN;
    tally->index = calloc(INDEX_MIN, sizeof(*tally->index));
    if (tally->index != NULL)
        return tally;
    free(tally);
    return NULL;
}

void sch_tally_free(struct sch_tally *tally)
{
    if (tally == NULL)
        return;
    for (size_t i = 0; i < tally->room; i++)
        free(tally->entry[i].cell);
    free(tally->entry);
    free(tally->index);
    free(tally);
}

void sch_tally_reset(struct sch_tally *tally)
{
    if (tally->count > 0)
        memset(tally->index, 0, tally->index_size * sizeof(*tally->index));
    tally->count = 0;
}

/* ---- entries ----------------------------------------------------------------------------------- */

static size_t hash_of(const struct sch_record_key *key)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < key->size; i++)
        h = (h ^ key->bytes[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 32));
}

/* Where the index has this key, or would. */
static size_t place_of(const struct sch_tally *tally, const struct sch_record_key *key)
{
    size_t at = hash_of(key) & (tally->index_size - 1);

    for (; tally->index[at] != 0; at = (at + 1) & (tally->index_size - 1)) {
        const struct sch_record_key *other = &tally->entry[tally->index[at] - 1].key;

        if (other->size == key->size && memcmp(other->bytes, key->bytes, key->size) == 0)
            break;
    }
    return at;
}

static bool grow_index(struct sch_tally *tally)
{
    uint32_t *wider = calloc(2 * tally->index_size, sizeof(*wider));

    if (wider == NULL)
        return false;
    free(tally->index);
    tally->index = wider;
    tally->index_size *= 2;
    for (size_t i = 0; i < tally->count; i++)
        tally->index[place_of(tally, &tally->entry[i].key)] = (uint32_t)i + 1;
    return true;
}

static bool grow_entries(struct sch_tally *tally)
{
    size_t room = tally->room > 0 ? 2 * tally->room : 64;
    struct entry *wider = realloc(tally->entry, room * sizeof(*wider));

    if (wider == NULL)
        return false;
    memset(wider + tally->room, 0, (room - tally->room) * sizeof(*wider));
    tally->entry = wider;
    tally->room = room;
    return true;
}

static bool grow_cells(struct entry *entry, size_t more)
{
    size_t room = 2 * (entry->count + more) + 8;
    struct cell *wider;

    if (entry->count + more <= entry->room)
        return true;
    wider = realloc(entry->cell, room * sizeof(*wider));
    if (wider == NULL)
        return false;
    entry->cell = wider;
    entry->room = room;
    return true;
}

/* The last two bytes of a key say which row of the thing it is. */
static struct sch_bytes part_key(struct sch_record_key *key, uint16_t part)
{
    key->bytes[key->size - 2] = (uint8_t)(part >> 8);
    key->bytes[key->size - 1] = (uint8_t)part;
    return sch_record_key_bytes(key);
}

/* Reads the rows of a new entry: the next only when the one before is full. */
static int load(const struct sch_tally *tally, struct entry *entry)
{
    struct sch_record_key key = entry->key;
    struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX];
    size_t count = SCH_TALLY_CELLS_MAX;

    while (tally->store != NULL && count == SCH_TALLY_CELLS_MAX) {
        uint8_t value[SCH_RECORD_TALLY_MAX];
        size_t size = 0;
        enum sch_store_result result = sch_store_get(tally->store, SCH_TABLE_TALLY, part_key(&key, entry->parts),
                                                     value, sizeof(value), &size);

        if (result == SCH_STORE_NONE)
            return SCH_OK;
        if (result != SCH_STORE_OK)
            return SCH_E_IO;
        if (entry->parts == UINT16_MAX ||
            sch_record_tally_decode((struct sch_bytes){ value, size }, cell, &count) != SCH_OK ||
            (entry->count > 0 && cell[0].number <= entry->cell[entry->count - 1].number))
            return SCH_E_STORE_DAMAGED;
        if (!grow_cells(entry, count))
            return SCH_E_NO_MEMORY;
        for (size_t i = 0; i < count; i++)
            entry->cell[entry->count++] = (struct cell){ cell[i].number, cell[i].count };
        entry->parts++;
    }
    return SCH_OK;
}

static int entry_of(struct sch_tally *tally, const struct sch_tally_key *whose, struct entry **out)
{
    struct sch_record_key key = sch_record_key_tally(whose);
    size_t at = place_of(tally, &key);
    struct entry *entry;
    int code;

    if (tally->index[at] != 0) {
        *out = &tally->entry[tally->index[at] - 1];
        return SCH_OK;
    }
    if (2 * (tally->count + 1) > tally->index_size) {
        if (!grow_index(tally))
            return SCH_E_NO_MEMORY;
        at = place_of(tally, &key);
    }
    if (tally->count == tally->room && !grow_entries(tally))
        return SCH_E_NO_MEMORY;
    entry = &tally->entry[tally->count];
    entry->key = key;
    entry->count = 0;
    entry->parts = 0;
    entry->dirty = false;
    code = load(tally, entry);
    if (code != SCH_OK)
        return code;
    tally->index[at] = (uint32_t)++tally->count;
    *out = entry;
    return SCH_OK;
}

static int add(struct sch_tally *tally, const struct sch_tally_key *whose, uint32_t number, int64_t by)
{
    struct entry *entry;
    size_t low = 0, high;
    int code = entry_of(tally, whose, &entry);

    if (code != SCH_OK)
        return code;
    for (high = entry->count; low < high;) {
        size_t middle = low + (high - low) / 2;

        if (entry->cell[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == entry->count || entry->cell[low].number != number) {
        if (!grow_cells(entry, 1))
            return SCH_E_NO_MEMORY;
        memmove(entry->cell + low + 1, entry->cell + low, (entry->count - low) * sizeof(entry->cell[0]));
        entry->cell[low] = (struct cell){ number, 0 };
        entry->count++;
    }
    entry->cell[low].count += by;
    entry->dirty = true;
    return SCH_OK;
}

/* ---- what is counted --------------------------------------------------------------------------- */

/* The regions that own a dossier, each once. */
static size_t regions_of(const struct sch_dossier *dossier, const char *region[REGIONS_MAX])
{
    size_t count = 0;

    for (size_t i = SCH_MEMBER_REFERRER; i <= SCH_MEMBER_RECEIVER && i < dossier->member_count; i++) {
        const char *name = dossier->member[i].region;

        if (name[0] != '\0' && (count == 0 || strcmp(region[0], name) != 0))
            region[count++] = name;
    }
    return count;
}

static void set_region(struct sch_tally_key *key, const char *region)
{
    memcpy(key->region, region, strlen(region) + 1);
}

/* A day within those that the calendar knows. */
static int32_t known_day(int64_t at_ms)
{
    int32_t day = sch_day_of_ms(at_ms), first = 0, last = 0;

    (void)sch_day_from_date(20000101, &first);
    (void)sch_day_from_date(20991231, &last);
    return day < first ? first : day > last ? last : day;
}

int sch_tally_count_age(struct sch_tally *tally, const struct sch_dossier *dossier, enum sch_silence silence, int by)
{
    int32_t day = known_day(dossier->chain_ms != 0 ? dossier->chain_ms : dossier->opened_ms);
    struct sch_tally_key key = { .period = (uint16_t)(day / SCH_TALLY_PERIOD_DAYS) };
    uint32_t number = (uint32_t)(day % SCH_TALLY_PERIOD_DAYS);
    const char *region[REGIONS_MAX];
    size_t regions = regions_of(dossier, region);
    int code = SCH_OK;

    if (silence == SCH_SILENCE_NONE)
        return SCH_OK;
    for (size_t i = 0; i < regions && code == SCH_OK; i++) {
        set_region(&key, region[i]);
        key.sort = SCH_TALLY_BY_RECEIVER;
        sch_address_organisation(&dossier->member[SCH_MEMBER_RECEIVER].address, &key.name);
        code = add(tally, &key, number, by);
        key.sort = SCH_TALLY_BY_REFERRER;
        sch_address_organisation(&dossier->member[SCH_MEMBER_REFERRER].address, &key.name);
        code = code != SCH_OK ? code : add(tally, &key, number, by);
        key.sort = SCH_TALLY_BY_SILENCE;
        key.silence = silence;
        code = code != SCH_OK ? code : add(tally, &key, number, by);
    }
    return code;
}

static uint32_t days_between(int32_t from, int32_t to)
{
    if (to <= from)
        return 0;
    return to - from > SCH_TALLY_DAYS_MAX ? SCH_TALLY_DAYS_MAX : (uint32_t)(to - from);
}

static enum sch_tally_outcome outcome_of(const struct sch_instance *instance)
{
    switch (instance->standing) {
    case SCH_STANDING_OPEN:
    case SCH_STANDING_INCOMPLETE: break;
    case SCH_STANDING_CLOSED: return sch_instance_is_late(instance) ? SCH_TALLY_LATE : SCH_TALLY_WITHIN;
    case SCH_STANDING_WITHHELD: return SCH_TALLY_WITHHELD;
    case SCH_STANDING_WAIVED: return SCH_TALLY_WAIVED;
    case SCH_STANDING_CANCELLED: return SCH_TALLY_CANCELLED;
    }
    return SCH_TALLY_OPEN;
}

static uint32_t number_of(const struct sch_instance *instance, int64_t now_ms)
{
    int64_t ended_ms = instance->closed_ms != 0 ? instance->closed_ms : now_ms;
    enum sch_tally_outcome outcome = outcome_of(instance);
    int32_t from_day = known_day(instance->from_ms), first_day = from_day;
    uint32_t number = (uint32_t)outcome << SCH_TALLY_OUTCOME_SHIFT;

    if (instance->announced)
        number |= SCH_TALLY_ANNOUNCED;
    if (instance->incomplete)
        number |= SCH_TALLY_INCOMPLETE;
    if (outcome != SCH_TALLY_OPEN)
        return number | days_between(from_day, known_day(ended_ms));
    (void)sch_day_from_date(sch_date_from_day(from_day) / 100 * 100 + 1, &first_day);
    number |= (uint32_t)(from_day - first_day) << SCH_TALLY_FROM_SHIFT;
    /* The due is exclusive: the last day of the term is the one of the moment before. */
    return number | days_between(from_day, known_day(instance->due_ms - 1));
}

int sch_tally_count_term(struct sch_tally *tally, const struct sch_dossier *dossier,
                         const struct sch_instance *instance, int64_t now_ms, int by)
{
    struct sch_tally_key key = { .sort = SCH_TALLY_TERMS, .expectation = instance->expectation };
    uint32_t number = number_of(instance, now_ms);
    const char *region[REGIONS_MAX];
    size_t regions = regions_of(dossier, region);
    int code = SCH_OK;

    key.month = (uint32_t)(sch_date_from_day(known_day(instance->from_ms)) / 100);
    sch_address_organisation(&dossier->member[instance->member].address, &key.name);
    for (size_t i = 0; i < regions && code == SCH_OK; i++) {
        set_region(&key, region[i]);
        code = add(tally, &key, number, by);
    }
    return code;
}

int sch_tally_count_dossier(struct sch_tally *tally, const struct sch_dossier *dossier, int by)
{
    int code = sch_tally_count_age(tally, dossier, sch_silence_of_dossier(dossier), by);

    for (size_t i = 0; i < dossier->instance_count && code == SCH_OK; i++)
        if (sch_instance_is_open(&dossier->instance[i]))
            code = sch_tally_count_term(tally, dossier, &dossier->instance[i], 0, by);
    return code;
}

int sch_tally_count_row(struct sch_tally *tally, struct sch_bytes key, struct sch_bytes value, int by)
{
    struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX];
    struct sch_tally_key whose;
    size_t count;
    int code = sch_record_read_tally(key, &whose);

    if (code == SCH_OK)
        code = sch_record_tally_decode(value, cell, &count);
    if (code != SCH_OK)
        return code;
    whose.part = 0;
    for (size_t i = 0; i < count && code == SCH_OK; i++)
        if (whose.sort != SCH_TALLY_TERMS || cell[i].number >> SCH_TALLY_OUTCOME_SHIFT == SCH_TALLY_OPEN)
            code = add(tally, &whose, cell[i].number, (int64_t)by * cell[i].count);
    return code;
}

bool sch_tally_is_zero(const struct sch_tally *tally)
{
    for (size_t i = 0; i < tally->count; i++)
        for (size_t k = 0; k < tally->entry[i].count; k++)
            if (tally->entry[i].cell[k].count != 0)
                return false;
    return true;
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* Takes out the cells that count nothing. */
static void tidy(struct entry *entry, uint64_t *missed)
{
    size_t kept = 0;

    for (size_t i = 0; i < entry->count; i++) {
        assert(entry->cell[i].count <= UINT32_MAX);
        if (entry->cell[i].count < 0)
            *missed += (uint64_t)-entry->cell[i].count;
        if (entry->cell[i].count > 0)
            entry->cell[kept++] = entry->cell[i];
    }
    entry->count = kept;
}

static int put_part(struct sch_batch *batch, struct entry *entry, struct sch_bytes key, size_t first)
{
    struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX];
    uint8_t value[SCH_RECORD_TALLY_MAX];
    size_t count = entry->count - first < SCH_TALLY_CELLS_MAX ? entry->count - first : SCH_TALLY_CELLS_MAX;
    size_t size;

    for (size_t i = 0; i < count; i++)
        cell[i] = (struct sch_tally_cell){ entry->cell[first + i].number, (uint32_t)entry->cell[first + i].count };
    size = sch_record_tally_encode(cell, count, value, sizeof(value));
    assert(size > 0);
    return sch_batch_put(batch, SCH_TABLE_TALLY, key, (struct sch_bytes){ value, size }, SCH_STORE_ANY);
}

static int flush_entry(struct sch_batch *batch, struct entry *entry)
{
    struct sch_record_key key = entry->key;
    size_t parts = (entry->count + SCH_TALLY_CELLS_MAX - 1) / SCH_TALLY_CELLS_MAX;
    int code = SCH_OK;

    assert(parts < UINT16_MAX);
    for (size_t i = 0; i < parts && code == SCH_OK; i++)
        code = put_part(batch, entry, part_key(&key, (uint16_t)i), i * SCH_TALLY_CELLS_MAX);
    for (size_t i = parts; i < entry->parts && code == SCH_OK; i++)
        code = sch_batch_erase(batch, SCH_TABLE_TALLY, part_key(&key, (uint16_t)i), SCH_STORE_ANY);
    entry->parts = (uint16_t)parts;
    entry->dirty = false;
    return code;
}

int sch_tally_flush(struct sch_tally *tally, struct sch_batch *batch, uint64_t *missed)
{
    int code = SCH_OK;

    for (size_t i = 0; i < tally->count && code == SCH_OK; i++) {
        if (!tally->entry[i].dirty)
            continue;
        tidy(&tally->entry[i], missed);
        code = flush_entry(batch, &tally->entry[i]);
    }
    return code;
}
