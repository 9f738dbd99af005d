/*
 * store_sim.c: see store_sim.h.
 *
 * A table is a sorted array of rows cut into blocks, so that an insert moves at most one block. Order and
 * answers depend on nothing but the calls made. An apply notes what it replaced, and takes all of it back
 * when one op cannot be applied.
 */
#include "store_sim.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

#define BLOCK_ROWS 256

struct row {
    uint8_t *key;                       /* one allocation: key, then value */
    size_t key_size;
    size_t value_size;
};

struct block {
    size_t count;
    struct row row[BLOCK_ROWS];
};

struct table {
    struct block **block;               /* none of them empty */
    size_t count;
    size_t capacity;
    uint64_t rows;
};

/* What an op replaced. row.key NULL: there was no such row, and `key` names the one to take out again. */
struct undo {
    enum sch_table table;
    struct sch_bytes key;
    struct row row;
};

struct sch_store {
    struct table table[SCH_TABLE_COUNT];
    uint64_t bytes;
    uint64_t limit;
    enum sch_store_sim_fault fault;
    size_t skip;
    enum sch_table poison_table;
    uint8_t poison[SCH_STORE_KEY_MAX];
    size_t poison_size;                 /* 0: none */
    size_t snapshots;                   /* taken and not released */
    struct sch_store_sim_counters counters;
};

/* A place in a table; block == table->count: past the end. */
struct place {
    size_t block;
    size_t index;
};

/* ---- rows and places --------------------------------------------------------------------------- */

static int compare(struct sch_bytes a, struct sch_bytes b)
{
    size_t size = a.len < b.len ? a.len : b.len;
    int order = size > 0 ? memcmp(a.ptr, b.ptr, size) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct sch_bytes row_key(const struct row *row)
{
    return (struct sch_bytes){ row->key, row->key_size };
}

static struct sch_bytes row_value(const struct row *row)
{
    return (struct sch_bytes){ row->key + row->key_size, row->value_size };
}

static struct row row_new(struct sch_bytes key, struct sch_bytes value)
{
    struct row row = { malloc(key.len + value.len), key.len, value.len };

    assert(row.key != NULL);
    memcpy(row.key, key.ptr, key.len);
    if (value.len > 0)
        memcpy(row.key + key.len, value.ptr, value.len);
    return row;
}

/* The first row whose key is >= key. */
static struct place lower(const struct table *table, struct sch_bytes key)
{
    size_t low = 0, high = table->count;
    struct place place;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct block *block = table->block[middle];

        if (compare(row_key(&block->row[block->count - 1]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    place = (struct place){ low, 0 };
    if (low == table->count)
        return place;
    high = table->block[low]->count;
    while (place.index < high) {
        size_t middle = place.index + (high - place.index) / 2;

        if (compare(row_key(&table->block[low]->row[middle]), key) < 0)
            place.index = middle + 1;
        else
            high = middle;
    }
    return place;
}

static const struct row *row_at(const struct table *table, struct place place)
{
    return place.block < table->count ? &table->block[place.block]->row[place.index] : NULL;
}

static const struct row *find(const struct table *table, struct sch_bytes key)
{
    const struct row *row = row_at(table, lower(table, key));

    return row != NULL && compare(row_key(row), key) == 0 ? row : NULL;
}

static void block_insert(struct table *table, size_t at)
{
    struct block *block = calloc(1, sizeof(*block));

    assert(block != NULL);
    if (table->count == table->capacity) {
        table->capacity = table->capacity > 0 ? 2 * table->capacity : 16;
        table->block = realloc(table->block, table->capacity * sizeof(struct block *));
        assert(table->block != NULL);
    }
    memmove(table->block + at + 1, table->block + at, (table->count - at) * sizeof(struct block *));
    table->block[at] = block;
    table->count++;
}

static void split(struct table *table, size_t at)
{
    struct block *left = table->block[at], *right;

    block_insert(table, at + 1);
    right = table->block[at + 1];
    right->count = left->count / 2;
    left->count -= right->count;
    memcpy(right->row, left->row + left->count, right->count * sizeof(struct row));
}

/* ---- changing ---------------------------------------------------------------------------------- */

/* Puts the row in, and gives the one that stood there (key NULL: none). Takes row. */
static struct row put(struct sch_store *store, enum sch_table number, struct row row)
{
    struct table *table = &store->table[number];
    struct place place = lower(table, row_key(&row));
    struct row old = { NULL, 0, 0 };
    struct block *block;

    store->bytes += row.key_size + row.value_size;
    if (row_at(table, place) != NULL && compare(row_key(row_at(table, place)), row_key(&row)) == 0) {
        old = table->block[place.block]->row[place.index];
        store->bytes -= old.key_size + old.value_size;
        table->block[place.block]->row[place.index] = row;
        return old;
    }
    if (table->count == 0)
        block_insert(table, 0);
    if (place.block == table->count) {
        place.block = table->count - 1;
        place.index = table->block[place.block]->count;
    }
    if (table->block[place.block]->count == BLOCK_ROWS) {
        split(table, place.block);
        if (place.index > table->block[place.block]->count) {
            place.index -= table->block[place.block]->count;
            place.block++;
        }
    }
    block = table->block[place.block];
    memmove(block->row + place.index + 1, block->row + place.index,
            (block->count - place.index) * sizeof(struct row));
    block->row[place.index] = row;
    block->count++;
    table->rows++;
    return old;
}

/* Takes the row out and gives it (key NULL: there was none). */
static struct row take(struct sch_store *store, enum sch_table number, struct sch_bytes key)
{
    struct table *table = &store->table[number];
    struct place place = lower(table, key);
    const struct row *found = row_at(table, place);
    struct row old = { NULL, 0, 0 };
    struct block *block;

    if (found == NULL || compare(row_key(found), key) != 0)
        return old;
    old = *found;
    block = table->block[place.block];
    block->count--;
    memmove(block->row + place.index, block->row + place.index + 1,
            (block->count - place.index) * sizeof(struct row));
    if (block->count == 0) {
        free(block);
        table->count--;
        memmove(table->block + place.block, table->block + place.block + 1,
                (table->count - place.block) * sizeof(struct block *));
    }
    table->rows--;
    store->bytes -= old.key_size + old.value_size;
    return old;
}

static void roll_back(struct sch_store *store, struct undo *undo, size_t count)
{
    while (count > 0) {
        struct undo *last = &undo[--count];

        if (last->row.key != NULL)
            free(put(store, last->table, last->row).key);
        else
            free(take(store, last->table, last->key).key);
    }
}

static void forget(struct undo *undo, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(undo[i].row.key);
}

static bool is_poison(const struct sch_store *store, const struct sch_op *op)
{
    return store->poison_size > 0 && op->table == store->poison_table && op->key.len == store->poison_size &&
           memcmp(op->key.ptr, store->poison, store->poison_size) == 0;
}

/* Can these ops ever be applied? */
static bool admissible(const struct sch_op *op)
{
    if ((unsigned)op->table >= SCH_TABLE_COUNT || op->key.len == 0 || op->key.len > SCH_STORE_KEY_MAX)
        return false;
    if (op->table != SCH_TABLE_DOSSIER)
        return op->expected == SCH_STORE_ANY;
    return op->erase || op->value.len >= 8;
}

static bool expected(const struct sch_store *store, const struct sch_op *op)
{
    const struct row *row = find(&store->table[op->table], op->key);

    if (op->expected == SCH_STORE_ANY)
        return true;
    return (row == NULL ? 0 : sch_unpack_be64(row_value(row).ptr)) == op->expected;
}

static enum sch_store_result apply(struct sch_store *store, const struct sch_op *ops, size_t count,
                                   struct undo *undo, size_t *done)
{
    uint64_t before = store->bytes;

    for (size_t i = 0; i < count; i++)
        if (!admissible(&ops[i]) || is_poison(store, &ops[i]))
            return SCH_STORE_REJECTED;
    for (*done = 0; *done < count; (*done)++) {
        const struct sch_op *op = &ops[*done];

        if (!expected(store, op))
            return SCH_STORE_CONFLICT;
        undo[*done] = (struct undo){ .table = op->table, .key = op->key };
        undo[*done].row = op->erase ? take(store, op->table, op->key)
                                    : put(store, op->table, row_new(op->key, op->value));
    }
    /* Growing is what there must be room for; a batch that shrinks the store passes. */
    return store->bytes > store->limit && store->bytes > before ? SCH_STORE_FULL : SCH_STORE_OK;
}

/* The fault that strikes this apply. */
static enum sch_store_sim_fault strike(struct sch_store *store)
{
    enum sch_store_sim_fault fault = store->fault;

    if (fault == SCH_SIM_NONE)
        return fault;
    if (store->skip > 0) {
        store->skip--;
        return SCH_SIM_NONE;
    }
    store->fault = SCH_SIM_NONE;
    return fault;
}

static enum sch_store_result answer(enum sch_store_sim_fault fault)
{
    switch (fault) {
    case SCH_SIM_NONE:
        return SCH_STORE_OK;
    case SCH_SIM_UNKNOWN_KEPT:
    case SCH_SIM_UNKNOWN_LOST:
        return SCH_STORE_UNKNOWN;
    case SCH_SIM_FULL:
        return SCH_STORE_FULL;
    case SCH_SIM_CONFLICT:
        return SCH_STORE_CONFLICT;
    case SCH_SIM_FATAL:
        break;
    }
    return SCH_STORE_FATAL;
}

enum sch_store_result sch_store_apply(struct sch_store *store, const struct sch_op *ops, size_t count)
{
    struct undo *undo = calloc(count > 0 ? count : 1, sizeof(*undo));
    enum sch_store_sim_fault fault = strike(store);
    enum sch_store_result result;
    size_t done = 0;
    bool fits;

    assert(undo != NULL && store->snapshots == 0);
    store->counters.applies++;
    store->counters.ops += count;
    result = apply(store, ops, count, undo, &done);
    fits = result == SCH_STORE_OK;
    if (fits)
        result = answer(fault);
    /* Nobody keeps what never fitted, whatever else goes wrong. */
    if (fits && (result == SCH_STORE_OK || fault == SCH_SIM_UNKNOWN_KEPT))
        forget(undo, done);
    else
        roll_back(store, undo, done);
    free(undo);
    if (result != SCH_STORE_OK)
        store->counters.failed++;
    return result;
}

/* ---- reading ----------------------------------------------------------------------------------- */

enum sch_store_result sch_store_get(struct sch_store *store, enum sch_table table, struct sch_bytes key,
                                    uint8_t *buffer, size_t capacity, size_t *size)
{
    const struct row *row = find(&store->table[table], key);

    store->counters.gets++;
    *size = 0;
    if (row == NULL)
        return SCH_STORE_NONE;
    *size = row->value_size;
    if (row->value_size > capacity)
        return SCH_STORE_FATAL;
    if (row->value_size > 0)
        memcpy(buffer, row_value(row).ptr, row->value_size);
    return SCH_STORE_OK;
}

static bool has_prefix(struct sch_bytes key, struct sch_bytes prefix)
{
    return key.len >= prefix.len && (prefix.len == 0 || memcmp(key.ptr, prefix.ptr, prefix.len) == 0);
}

/* The place before this one; false when there is none. */
static bool back(const struct table *table, struct place *place)
{
    if (place->index > 0) {
        place->index--;
        return true;
    }
    if (place->block == 0)
        return false;
    place->block--;
    place->index = table->block[place->block]->count - 1;
    return true;
}

/* The first place past all keys with this prefix. */
static struct place past(const struct table *table, struct sch_bytes prefix)
{
    uint8_t bytes[SCH_STORE_KEY_MAX];
    size_t size = prefix.len;

    assert(size <= sizeof(bytes));
    if (size > 0)
        memcpy(bytes, prefix.ptr, size);
    while (size > 0 && bytes[size - 1] == UINT8_MAX)
        size--;
    if (size == 0)
        return (struct place){ table->count, 0 };
    bytes[size - 1]++;
    return lower(table, (struct sch_bytes){ bytes, size });
}

static bool start_back(const struct table *table, struct sch_bytes prefix, struct sch_bytes from,
                       struct place *place)
{
    struct place end = past(table, prefix);

    *place = end;
    if (from.len > 0) {
        const struct row *row;

        *place = lower(table, from);
        row = row_at(table, *place);
        if (row != NULL && compare(row_key(row), from) == 0 && has_prefix(from, prefix))
            return true;
        if (place->block > end.block || (place->block == end.block && place->index > end.index))
            *place = end;
    }
    return back(table, place);
}

enum sch_store_result sch_store_scan(struct sch_store *store, enum sch_table number, struct sch_bytes prefix,
                                     struct sch_bytes from, bool backwards, size_t limit, sch_row_fn *visit,
                                     void *context)
{
    const struct table *table = &store->table[number];
    struct place place;

    store->counters.scans++;
    if (backwards) {
        if (!start_back(table, prefix, from, &place))
            return SCH_STORE_OK;
    } else {
        place = lower(table, compare(from, prefix) > 0 ? from : prefix);
    }
    for (size_t i = 0; i < limit; i++) {
        const struct row *row = row_at(table, place);

        if (row == NULL || !has_prefix(row_key(row), prefix))
            break;
        store->counters.scanned++;
        if (!visit(context, row_key(row), row_value(row)))
            break;
        if (backwards) {
            if (!back(table, &place))
                break;
        } else if (++place.index == table->block[place.block]->count) {
            place = (struct place){ place.block + 1, 0 };
        }
    }
    return SCH_STORE_OK;
}

/* The store itself is its snapshot: with one thread nothing is applied while somebody reads. */
struct sch_store *sch_store_snapshot(struct sch_store *store)
{
    store->snapshots++;
    return store;
}

void sch_store_release(struct sch_store *snapshot)
{
    if (snapshot != NULL) {
        assert(snapshot->snapshots > 0);
        snapshot->snapshots--;
    }
}

void sch_store_space(struct sch_store *store, struct sch_space *space)
{
    space->used = store->bytes;
    space->available = store->limit > store->bytes ? store->limit - store->bytes : 0;
    space->map = store->limit;
    for (size_t t = 0; t < SCH_TABLE_COUNT; t++)
        space->rows[t] = store->table[t].rows;
}

int sch_store_backup(struct sch_store *store, const char *path, sch_error *error)
{
    (void)store;
    return sch_fail(error, SCH_E_STATE, "a store in memory has no backup at %s", path);
}

/* ---- levers ------------------------------------------------------------------------------------ */

struct sch_store *sch_store_sim_new(void)
{
    struct sch_store *store = calloc(1, sizeof(*store));
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_SCHEMA);
    uint8_t schema[SCH_RECORD_SCHEMA_SIZE];

    assert(store != NULL);
    store->limit = UINT64_MAX;
    sch_record_schema_encode(schema);
    free(put(store, SCH_TABLE_META,
             row_new(sch_record_key_bytes(&key), (struct sch_bytes){ schema, sizeof(schema) })).key);
    return store;
}

void sch_store_sim_free(struct sch_store *store)
{
    if (store == NULL)
        return;
    for (size_t t = 0; t < SCH_TABLE_COUNT; t++) {
        struct table *table = &store->table[t];

        for (size_t b = 0; b < table->count; b++) {
            for (size_t i = 0; i < table->block[b]->count; i++)
                free(table->block[b]->row[i].key);
            free(table->block[b]);
        }
        free(table->block);
    }
    free(store);
}

void sch_store_sim_fail(struct sch_store *store, enum sch_store_sim_fault fault, size_t skip)
{
    store->fault = fault;
    store->skip = skip;
}

void sch_store_sim_limit(struct sch_store *store, uint64_t bytes)
{
    store->limit = bytes;
}

void sch_store_sim_poison(struct sch_store *store, enum sch_table table, const uint8_t *key, size_t size)
{
    assert(size <= sizeof store->poison);
    store->poison_table = table;
    store->poison_size = size;
    memcpy(store->poison, key, size);
}

void sch_store_sim_counters(const struct sch_store *store, struct sch_store_sim_counters *counters)
{
    *counters = store->counters;
    for (size_t t = 0; t < SCH_TABLE_COUNT; t++)
        counters->rows[t] = store->table[t].rows;
    counters->bytes = store->bytes;
}
