/*
 * migrate.c: see migrate.h.
 *
 * The order: counters; DUE and OPEN are emptied, for they are indexes and are written anew; dossiers, oldest key
 * first, each with its rows in DUE, OPEN, CHAIN and TALLY; messages, each with its rows in PASSED; the schema row.
 * A row of TRAIL of schema 1 names one record, and is a row of schema 2 as it is.
 *
 * What schema 1 did not keep: the messages that proved a phase (the present phase stands as proven by the opening
 * message), and when a promise was answered that has left the record, so that such promises are in no statistics.
 */
#include "migrate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "id.h"
#include "record_v1.h"
#include "tally.h"
#include "work_own.h"

#define ROWS_MAX 64                     /* rewritten in one transaction */
#define ERASED_MAX 4096
#define HOPS_MAX 64                     /* of a chain; a longer one is cut */
#define ARENA_SIZE (8u << 20)
#define PROGRESS "migrate"

enum stage { COUNTERS = 0, EMPTY_DUE, EMPTY_OPEN, DOSSIERS, MESSAGES, SCHEMA };

struct migration {
    struct sch_store *store;
    struct sch_migrate_report *report;
    enum stage stage;
    struct sch_record_key done;         /* the last row of this stage that was rewritten; size 0: none */
    struct sch_arena arena;
    struct sch_op *op;
    struct sch_batch batch;
    struct sch_tally *tally;
    struct sch_dossier *dossier, *other;
    uint8_t *buffer;                    /* SCH_RECORD_DOSSIER_MAX */
};

/* ---- batches ------------------------------------------------------------------------------------ */

static bool put(struct migration *m, enum sch_table table, struct sch_record_key key, struct sch_bytes value)
{
    return sch_batch_put(&m->batch, table, sch_record_key_bytes(&key), value, SCH_STORE_ANY) == SCH_OK;
}

static void begin(struct migration *m)
{
    sch_arena_reset(&m->arena);
    sch_tally_reset(m->tally);
    m->batch.count = 0;
}

/* Makes the batch durable, with how far it goes. */
static int commit(struct migration *m)
{
    uint8_t progress[1 + SCH_STORE_KEY_MAX];
    uint64_t missed = 0;

    progress[0] = (uint8_t)m->stage;
    memcpy(progress + 1, m->done.bytes, m->done.size);
    if (sch_tally_flush(m->tally, &m->batch, &missed) != SCH_OK ||
        !put(m, SCH_TABLE_META, sch_record_key_meta(PROGRESS), (struct sch_bytes){ progress, 1 + m->done.size }))
        return SCH_E_NO_MEMORY;
    return sch_store_apply(m->store, m->batch.op, m->batch.count) == SCH_STORE_OK ? SCH_OK : SCH_E_IO;
}

static int next_stage(struct migration *m, enum stage stage)
{
    m->stage = stage;
    m->done.size = 0;
    return commit(m);
}

static int read_progress(struct migration *m)
{
    struct sch_record_key key = sch_record_key_meta(PROGRESS);
    uint8_t value[1 + SCH_STORE_KEY_MAX];
    size_t size = 0;

    switch (sch_store_get(m->store, SCH_TABLE_META, sch_record_key_bytes(&key), value, sizeof value, &size)) {
    case SCH_STORE_NONE: return SCH_OK;
    case SCH_STORE_OK: break;
    default: return SCH_E_IO;
    }
    if (size == 0 || value[0] > SCHEMA)
        return SCH_E_STORE_DAMAGED;
    m->stage = (enum stage)value[0];
    m->done.size = size - 1;
    memcpy(m->done.bytes, value + 1, size - 1);
    return SCH_OK;
}

/* Keys of the rows behind the last one that was done. */
struct page {
    struct sch_record_key *key;
    size_t count, wanted;
};

static bool keep_key(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct page *page = context;

    (void)value;
    memcpy(page->key[page->count].bytes, key.ptr, key.len);
    page->key[page->count].size = key.len;
    return ++page->count < page->wanted;
}

static int next_keys(struct migration *m, enum sch_table table, size_t wanted, struct page *page)
{
    struct sch_record_key from = m->done;

    begin(m);
    *page = (struct page){ .key = sch_arena_take(&m->arena, wanted * sizeof *page->key), .wanted = wanted };
    if (page->key == NULL)
        return SCH_E_NO_MEMORY;
    if (from.size > 0)
        from.bytes[from.size++] = 0;    /* nothing sorts between a key and this one */
    return sch_store_scan(m->store, table, (struct sch_bytes){ 0 }, sch_record_key_bytes(&from), false, wanted, keep_key,
                          page) == SCH_STORE_OK ? SCH_OK : SCH_E_IO;
}

/* ---- stages ------------------------------------------------------------------------------------- */

static int do_counters(struct migration *m)
{
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    struct sch_bytes value = { m->buffer, 0 };
    struct sch_meta meta;
    enum sch_store_result result = sch_store_get(m->store, SCH_TABLE_META, sch_record_key_bytes(&key), m->buffer,
                                                 SCH_RECORD_DOSSIER_MAX, &value.len);

    begin(m);
    if (result == SCH_STORE_NONE)
        return next_stage(m, EMPTY_DUE);
    if (result != SCH_STORE_OK || sch_record_v1_meta(value, &meta) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    value.len = sch_record_meta_encode(&meta, m->buffer, SCH_RECORD_DOSSIER_MAX);
    return put(m, SCH_TABLE_META, key, value) ? next_stage(m, EMPTY_DUE) : SCH_E_NO_MEMORY;
}

static int do_empty(struct migration *m, enum sch_table table, enum stage then)
{
    struct page page;
    int code = next_keys(m, table, ERASED_MAX, &page);

    for (size_t i = 0; i < page.count && code == SCH_OK; i++)
        code = sch_batch_erase(&m->batch, table, sch_record_key_bytes(&page.key[i]), SCH_STORE_ANY);
    if (code != SCH_OK)
        return code;
    return page.count < ERASED_MAX ? next_stage(m, then) : commit(m);
}

/* A dossier in either form: those up to `done` have the new one. *there false: there is none. */
static int read_dossier(struct migration *m, const struct sch_id *id, struct sch_dossier *dossier, bool *there)
{
    struct sch_record_key key = sch_record_key_id(id);
    struct sch_bytes value = { m->buffer, 0 };
    enum sch_store_result result = sch_store_get(m->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), m->buffer,
                                                 SCH_RECORD_DOSSIER_MAX, &value.len);

    *there = result == SCH_STORE_OK;
    if (result == SCH_STORE_NONE)
        return SCH_OK;
    if (result != SCH_STORE_OK)
        return SCH_E_IO;
    if (m->done.size > 0 && memcmp(id->bytes, m->done.bytes, SCH_ID_SIZE) <= 0)
        return sch_record_dossier_decode(value, dossier);
    return sch_record_v1_dossier(value, dossier);
}

static bool ended_without_care(const struct sch_dossier *dossier)
{
    return dossier->phase == SCH_PHASE_REFUSED || dossier->phase == SCH_PHASE_REDIRECTED ||
           dossier->phase == SCH_PHASE_BACK_REFERRED || dossier->phase == SCH_PHASE_UNDELIVERED;
}

/* Schema 1 named the dossier before as the root. Up to the first one, whose beginning is the chain's; a link that
 * the referrer had no part in is none. */
static int find_root(struct migration *m, struct sch_dossier *dossier)
{
    struct sch_address referrer = dossier->member[SCH_MEMBER_REFERRER].address;
    struct sch_id before = sch_id_is_none(&dossier->parent) ? dossier->follows : dossier->parent;

    dossier->root = dossier->id;
    dossier->chain_ms = dossier->opened_ms;
    dossier->refusals = ended_without_care(dossier);
    for (int hop = 0; hop < HOPS_MAX && !sch_id_is_none(&before); hop++) {
        bool there;
        int code = read_dossier(m, &before, m->other, &there);

        if (code != SCH_OK || !there || sch_dossier_member(m->other, referrer.text) == SCH_MEMBER_NONE)
            return code;
        dossier->root = m->other->id;
        dossier->chain_ms = m->other->opened_ms;
        dossier->refusals = (uint8_t)(dossier->refusals + ended_without_care(m->other));
        referrer = m->other->member[SCH_MEMBER_REFERRER].address;
        before = sch_id_is_none(&m->other->parent) ? m->other->follows : m->other->parent;
    }
    return SCH_OK;
}

static void add_proof(struct sch_dossier *dossier)
{
    enum sch_phase phase = dossier->phase;

    if (phase == SCH_PHASE_SENT)
        return;
    /* These two are proven by no message: they follow from what is owed, and from time. */
    if (phase == SCH_PHASE_CLOSED)
        phase = SCH_PHASE_ENDED;
    if (phase == SCH_PHASE_INTAKE_PRESUMED)
        phase = SCH_PHASE_INTAKE_PLANNED;
    dossier->proof[dossier->proof_count++] = (struct sch_proof){ .phase = phase, .by = dossier->id };
}

static int convert(struct migration *m, struct sch_dossier *dossier)
{
    bool done = dossier->phase >= SCH_PHASE_CLOSED;

    dossier->kind = SCH_KIND_REFERRAL;
    add_proof(dossier);
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];

        instance->incomplete = instance->standing == SCH_STANDING_INCOMPLETE;
        if (!sch_instance_is_open(instance))
            instance->closed_ms = dossier->changed_ms;
        else if (instance->expectation != 1 && instance->expectation != 11)
            done = false;
    }
    if (!done)
        dossier->closed_ms = 0;
    else if (dossier->closed_ms == 0)
        dossier->closed_ms = dossier->changed_ms;
    return find_root(m, dossier);
}

static int put_indexes(struct migration *m, const struct sch_dossier *dossier)
{
    const char *owner[SCH_MEMBERS_MAX + 2];
    size_t owner_count = sch_work_owners(dossier, owner);
    int64_t due_ms = sch_dossier_next_due(dossier), owed_ms = sch_dossier_next_owed(dossier);
    bool well = due_ms == INT64_MAX ||
                put(m, SCH_TABLE_DUE, sch_record_key_due(due_ms, &dossier->id), (struct sch_bytes){ 0 });

    for (size_t i = 0; i < owner_count && owed_ms != INT64_MAX; i++)
        well = well && put(m, SCH_TABLE_OPEN, sch_record_key_open(owner[i], owed_ms, &dossier->id),
                           (struct sch_bytes){ 0 });
    return well ? SCH_OK : SCH_E_NO_MEMORY;
}

static int count(struct migration *m, const struct sch_dossier *dossier)
{
    int code = sch_tally_count_dossier(m->tally, dossier, 1);

    for (size_t i = 0; i < dossier->instance_count && code == SCH_OK; i++)
        if (!sch_instance_is_open(&dossier->instance[i]))
            code = sch_tally_count_term(m->tally, dossier, &dossier->instance[i], 0, 1);
    return code;
}

static int put_dossier(struct migration *m, const struct sch_dossier *dossier)
{
    struct sch_bytes value = { m->buffer, sch_record_dossier_encode(dossier, m->buffer, SCH_RECORD_DOSSIER_MAX) };
    int code = put(m, SCH_TABLE_DOSSIER, sch_record_key_id(&dossier->id), value) ? SCH_OK : SCH_E_NO_MEMORY;

    if (code == SCH_OK)
        code = put_indexes(m, dossier);
    for (int group = 0; group < 2 && code == SCH_OK; group++) {
        struct sch_record_key key;

        value.len = sch_work_chain_row(dossier, group != 0, &key, m->buffer, SCH_RECORD_CHAIN_MAX);
        if (value.len > 0 && !put(m, SCH_TABLE_CHAIN, key, value))
            code = SCH_E_NO_MEMORY;
    }
    return code == SCH_OK ? count(m, dossier) : code;
}

static int do_dossiers(struct migration *m)
{
    struct page page;
    int code = next_keys(m, SCH_TABLE_DOSSIER, ROWS_MAX, &page);

    for (size_t i = 0; i < page.count && code == SCH_OK; i++) {
        struct sch_id id;
        bool there;

        if (page.key[i].size != SCH_ID_SIZE)
            return SCH_E_STORE_DAMAGED;
        memcpy(id.bytes, page.key[i].bytes, SCH_ID_SIZE);
        code = read_dossier(m, &id, m->dossier, &there);
        assert(code != SCH_OK || there);        /* nobody else writes, and this key was just read */
        if (code == SCH_OK)
            code = convert(m, m->dossier);
        if (code == SCH_OK)
            code = put_dossier(m, m->dossier);
    }
    if (code != SCH_OK)
        return code;
    m->report->dossiers += page.count;
    if (page.count > 0)
        m->done = page.key[page.count - 1];
    return page.count < ROWS_MAX ? next_stage(m, MESSAGES) : commit(m);
}

static int put_passed(struct migration *m, const struct sch_message_row *row)
{
    uint8_t value[SCH_RECORD_PASSED_MAX];
    bool well;

    if (row->made)
        return SCH_OK;
    (void)sch_record_passed_encode(&row->id, SCH_PASSED_SENT, value, sizeof value);
    well = put(m, SCH_TABLE_PASSED, sch_record_key_passed(&row->sender, row->stored_ms, row->sequence),
               (struct sch_bytes){ value, sizeof value });
    (void)sch_record_passed_encode(&row->id, SCH_PASSED_RECEIVED, value, sizeof value);
    for (size_t i = 0; i < row->recipient_count; i++)
        well = well && put(m, SCH_TABLE_PASSED,
                           sch_record_key_passed(&row->recipient[i].address, row->stored_ms, row->sequence),
                           (struct sch_bytes){ value, sizeof value });
    return well ? SCH_OK : SCH_E_NO_MEMORY;
}

static int do_message(struct migration *m, const struct sch_record_key *key)
{
    uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_message_row row;
    size_t size = 0;

    if (sch_store_get(m->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(key), m->buffer, SCH_RECORD_DOSSIER_MAX, &size) !=
            SCH_STORE_OK ||
        sch_record_v1_message((struct sch_bytes){ m->buffer, size }, &row) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    size = sch_record_message_encode(&row, value, sizeof value);
    if (!put(m, SCH_TABLE_MESSAGE, *key, (struct sch_bytes){ value, size }))
        return SCH_E_NO_MEMORY;
    return put_passed(m, &row);
}

static int do_messages(struct migration *m)
{
    struct page page;
    int code = next_keys(m, SCH_TABLE_MESSAGE, ROWS_MAX, &page);

    for (size_t i = 0; i < page.count && code == SCH_OK; i++)
        code = do_message(m, &page.key[i]);
    if (code != SCH_OK)
        return code;
    m->report->messages += page.count;
    if (page.count > 0)
        m->done = page.key[page.count - 1];
    return page.count < ROWS_MAX ? next_stage(m, SCHEMA) : commit(m);
}

/* The last transaction: from here on it is a store of this schema. */
static int do_schema(struct migration *m)
{
    uint8_t value[SCH_RECORD_SCHEMA_SIZE];
    struct sch_record_key key = sch_record_key_meta(PROGRESS);

    begin(m);
    sch_record_schema_encode(value);
    if (!put(m, SCH_TABLE_META, sch_record_key_meta(SCH_RECORD_META_SCHEMA), (struct sch_bytes){ value, sizeof value }) ||
        sch_batch_erase(&m->batch, SCH_TABLE_META, sch_record_key_bytes(&key), SCH_STORE_ANY) != SCH_OK)
        return SCH_E_NO_MEMORY;
    return sch_store_apply(m->store, m->batch.op, m->batch.count) == SCH_STORE_OK ? SCH_OK : SCH_E_IO;
}

static int run(struct migration *m)
{
    int code = read_progress(m);

    while (code == SCH_OK && m->stage != SCHEMA) {
        switch (m->stage) {
        case COUNTERS: code = do_counters(m); break;
        case EMPTY_DUE: code = do_empty(m, SCH_TABLE_DUE, EMPTY_OPEN); break;
        case EMPTY_OPEN: code = do_empty(m, SCH_TABLE_OPEN, DOSSIERS); break;
        case DOSSIERS: code = do_dossiers(m); break;
        case MESSAGES: code = do_messages(m); break;
        case SCHEMA: break;
        }
    }
    return code == SCH_OK ? do_schema(m) : code;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static int check_schema(struct sch_store *store, sch_error *error)
{
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_SCHEMA);
    uint8_t value[SCH_RECORD_SCHEMA_SIZE];
    size_t size = 0;

    if (sch_store_get(store, SCH_TABLE_META, sch_record_key_bytes(&key), value, sizeof value, &size) != SCH_STORE_OK)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "the store's schema row cannot be read");
    return sch_record_schema_check((struct sch_bytes){ value, size }, error);
}

int sch_migrate(struct sch_store *store, struct sch_migrate_report *report, sch_error *error)
{
    struct migration m = { .store = store, .report = report };
    int code = check_schema(store, NULL);

    memset(report, 0, sizeof *report);
    if (code != SCH_E_SCHEMA_OLDER)
        return check_schema(store, error);
    code = SCH_E_NO_MEMORY;
    m.op = malloc(SCH_WORK_OPS_MAX * sizeof *m.op);
    m.batch = (struct sch_batch){ m.op, 0, SCH_WORK_OPS_MAX, &m.arena };
    m.tally = sch_tally_new(store);
    m.dossier = malloc(sizeof *m.dossier);
    m.other = malloc(sizeof *m.other);
    m.buffer = malloc(SCH_RECORD_DOSSIER_MAX);
    if (m.op != NULL && m.tally != NULL && m.dossier != NULL && m.other != NULL && m.buffer != NULL &&
        sch_arena_init(&m.arena, ARENA_SIZE) == SCH_OK)
        code = run(&m);
    sch_arena_close(&m.arena);
    free(m.buffer);
    free(m.other);
    free(m.dossier);
    sch_tally_free(m.tally);
    free(m.op);
    if (code != SCH_OK)
        return sch_fail(error, (enum sch_error_code)code, "the migration stopped; what it did so far holds");
    return SCH_OK;
}
