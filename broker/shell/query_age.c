/*
 * query_age.c: AGE: how long what is open has been open. Part of query.h.
 *
 * A coordinator's table comes from the counts that the turn keeps for its region. Those of a party would tell
 * of others too, so its table is made from its own dossiers, some at a time: it takes as long as its list.
 */
#include "query_own.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/silence.h"
#include "disclosure.h"
#include "id.h"
#include "tally.h"

/* Names of a region; far more than one has. */
#define NAMES_MAX 65536

struct table {
    enum sch_age_by by;
    int32_t today;
    struct sch_age_row all;
    struct sch_age_row *row;            /* in the order of their names, or silences */
    size_t count, capacity;
    bool failed;                        /* no memory */
};

/* ---- adding up ---------------------------------------------------------------------------------- */

static int compare(const struct sch_age_row *a, const struct sch_age_row *b)
{
    int order = (a->silence > b->silence) - (a->silence < b->silence);

    return order != 0 ? order : strcmp(a->name, b->name);
}

/* Where a row stands, or would. */
static size_t place_of(const struct table *table, const struct sch_age_row *row)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&table->row[middle], row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The row of this name or silence, made when there is none; NULL: no memory. */
static struct sch_age_row *row_of(struct table *table, const char *name, enum sch_silence silence)
{
    struct sch_age_row row = { .silence = silence };
    size_t at;

    memcpy(row.name, name, strlen(name) + 1);
    at = place_of(table, &row);
    if (at < table->count && compare(&table->row[at], &row) == 0)
        return &table->row[at];
    if (table->count == table->capacity) {
        size_t capacity = table->capacity > 0 ? 2 * table->capacity : 64;
        struct sch_age_row *more = capacity > NAMES_MAX ? NULL : realloc(table->row, capacity * sizeof *more);

        if (more == NULL)
            return NULL;
        table->row = more;
        table->capacity = capacity;
    }
    memmove(&table->row[at + 1], &table->row[at], (table->count - at) * sizeof table->row[0]);
    table->row[at] = row;
    table->count++;
    return &table->row[at];
}

static bool add(struct table *table, const char *name, enum sch_silence silence, int32_t day, uint32_t count)
{
    size_t bucket = sch_tally_bucket(day, table->today);
    struct sch_age_row *row = row_of(table, name, silence);

    assert(bucket < SCH_AGE_BUCKETS);
    table->failed = row == NULL;
    if (table->failed)
        return false;
    row->total += count;
    row->bucket[bucket] += count;
    table->all.total += count;
    table->all.bucket[bucket] += count;
    return true;
}

static bool visit_age(void *context, const struct sch_tally_age *age)
{
    return add(context, age->name.text, age->silence, age->day, age->count);
}

static bool add_dossier(struct table *table, const struct sch_dossier *dossier)
{
    int32_t day = sch_day_of_ms(dossier->chain_ms);
    enum sch_silence silence = sch_silence_of_dossier(dossier);
    enum sch_member_role role = table->by == SCH_AGE_BY_RECEIVER ? SCH_MEMBER_RECEIVER : SCH_MEMBER_REFERRER;
    struct sch_address name;

    if (silence == SCH_SILENCE_NONE)
        return true;
    if (table->by == SCH_AGE_BY_SILENCE)
        return add(table, "", silence, day, 1);
    sch_address_organisation(&dossier->member[role].address, &name);
    return add(table, name.text, SCH_SILENCE_NONE, day, 1);
}

/* One step of a party's own list: keys and dossiers of one moment. The next one begins behind *after. */
static int add_step(struct sch_reading *reading, struct table *table, struct sch_record_key *after)
{
    struct sch_record_key prefix = sch_record_prefix_text(sch_query_owner(reading->permit));
    int code = sch_query_scan(reading, SCH_TABLE_OPEN, &prefix, false, SCH_QUERY_KEYS_MAX);

    for (size_t i = 0; code == SCH_OK && i < reading->found->count; i++) {
        const struct sch_record_key *key = &reading->found->key[i];
        struct sch_id id;

        if (sch_record_read_open(sch_record_key_bytes(key), NULL, &id) != SCH_OK ||
            sch_query_load(reading, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        if (!add_dossier(table, reading->dossier))
            return SCH_E_NO_MEMORY;
        *after = *key;
        reading->after = (struct sch_bytes){ after->bytes + prefix.size, after->size - prefix.size };
    }
    return code;
}

/* A dossier whose due moves between two steps may be counted in both or in neither. */
static int add_own(struct sch_reading *reading, struct table *table)
{
    struct sch_store *store = reading->store;
    struct sch_record_key after = { .size = 0 };
    int code = SCH_OK;

    reading->after = (struct sch_bytes){ 0 };
    do {
        if (sch_query_is_stopped(reading))
            return SCH_E_STOPPING;
        reading->store = sch_store_snapshot(store);
        if (reading->store == NULL)
            return SCH_E_STORE_DAMAGED;
        code = add_step(reading, table, &after);
        sch_store_release(reading->store);
        reading->store = store;
    } while (code == SCH_OK && reading->found->count == SCH_QUERY_KEYS_MAX);
    return code;
}

/* ---- publishing --------------------------------------------------------------------------------- */

static bool has_small_bucket(const struct sch_age_row *row)
{
    bool small = false;

    for (size_t i = 0; i < SCH_AGE_BUCKETS; i++)
        small = small || sch_disclosure_is_small(row->bucket[i]);
    return small;
}

/* Whole rows are left out by their totals, and of those that stay the buckets where one of them is small. */
static int publish(struct table *table)
{
    size_t rows = table->count + 1;
    uint32_t *count = malloc(rows * sizeof *count);
    bool *hidden = calloc(rows, sizeof *hidden), *parts = calloc(rows, sizeof *parts);
    const struct sch_disclosure whole = { count, hidden, rows, 1 };
    int code = SCH_E_NO_MEMORY;

    if (count == NULL || hidden == NULL || parts == NULL)
        goto end;
    for (size_t i = 0; i < rows; i++) {
        const struct sch_age_row *row = i == 0 ? &table->all : &table->row[i - 1];

        count[i] = row->total;
        parts[i] = has_small_bucket(row);
    }
    code = sch_disclosure_publish(&whole, parts);
    for (size_t i = 0; code == SCH_OK && i < rows; i++) {
        struct sch_age_row *row = i == 0 ? &table->all : &table->row[i - 1];

        row->suppressed = parts[i];
        if (hidden[i])
            row->total = 0;
        if (parts[i])
            memset(row->bucket, 0, sizeof row->bucket);
    }
end:
    free(parts);
    free(hidden);
    free(count);
    return code;
}

/* ---- a page ------------------------------------------------------------------------------------- */

/* The last row's silence or name; a zero when the table's first row was the last. */
static void set_cursor(struct sch_page *page, const struct sch_age_row *last)
{
    struct sch_address name = { "" };

    if (last == NULL || last->silence != SCH_SILENCE_NONE) {
        page->cursor[0] = last == NULL ? 0 : (uint8_t)last->silence;
        page->cursor_size = 1;
        return;
    }
    memcpy(name.text, last->name, sizeof name.text);
    page->cursor_size = sch_query_put_name(&name, page->cursor);
}

/* Where the page begins: behind the cursor's row, whether that still stands or not. */
static size_t begin_at(const struct sch_reading *reading, const struct table *table)
{
    const struct sch_query *query = &reading->permit->query;
    struct sch_age_row row = { .silence = SCH_SILENCE_NONE };
    struct sch_address name = { "" };
    size_t at;

    if (query->by == SCH_AGE_BY_SILENCE)
        row.silence = (enum sch_silence)query->cursor[0];
    else
        (void)sch_query_get_name(query->cursor, query->cursor_size, &name);
    memcpy(row.name, name.text, sizeof name.text);
    at = place_of(table, &row);
    return at + (at < table->count && compare(&table->row[at], &row) == 0);
}

static int show(struct sch_reading *reading, const struct table *table)
{
    size_t limit = reading->permit->query.limit, at = 0;
    struct sch_age_row *rows = sch_arena_take(reading->arena, limit * sizeof *rows);
    struct sch_page *page = reading->page;

    if (rows == NULL)
        return SCH_E_NO_MEMORY;
    page->age = rows;
    if (reading->permit->query.cursor_size == 0)
        rows[page->age_count++] = table->all;
    else
        at = begin_at(reading, table);
    while (page->age_count < limit && at < table->count)
        rows[page->age_count++] = table->row[at++];
    if (at < table->count)
        set_cursor(page, at == 0 ? NULL : &table->row[at - 1]);
    return SCH_OK;
}

int sch_query_age(struct sch_reading *reading)
{
    const struct sch_query_permit *permit = reading->permit;
    struct table table = { .by = permit->query.by, .today = sch_day_of_ms(reading->now_ms) };
    int code = permit->coordinator
                   ? sch_tally_ages(reading->store, permit->party.region, permit->query.by, visit_age, &table)
                   : add_own(reading, &table);

    if (code == SCH_OK && table.failed)
        code = SCH_E_NO_MEMORY;
    if (code == SCH_OK && permit->query.published)
        code = publish(&table);
    if (code == SCH_OK)
        code = show(reading, &table);
    free(table.row);
    return code;
}
