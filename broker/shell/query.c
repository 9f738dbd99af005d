/*
 * query.c: keys are gathered in one short scan, records are then read one by one: no scan calls the store.
 *
 * A cursor is the key of the last row that was looked at; it is opaque to clients and authorised again on
 * each page, for it is only used under the prefix that the asking party may see.
 */
#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "id.h"

#define KEYS_MAX SCH_PAGE_ROWS_MAX

/* Keys and, where they are small, values of one scan. */
struct found {
    struct sch_record_key key[KEYS_MAX];
    uint8_t value[KEYS_MAX][SCH_RECORD_MAILBOX_MAX];
    size_t value_size[KEYS_MAX];
    size_t count, wanted;
    struct sch_bytes after;             /* skip the row with this key: the cursor itself */
};

struct run {
    struct sch_store *store;
    const struct sch_query_permit *permit;
    int64_t now_ms;
    struct sch_arena *arena;
    struct sch_page *page;
    struct found *found;
    struct sch_bytes after;             /* scans begin behind it: the query's cursor */
    struct sch_dossier *dossier;        /* the one that is being looked at */
    uint8_t *buffer;                    /* SCH_RECORD_DOSSIER_MAX */
};

static int refuse(struct sch_fault *fault, enum sch_error_code code, const char *field)
{
    fault->code = code;
    fault->field = field;
    return (int)code;
}

/* ---- permission --------------------------------------------------------------------------------- */

static bool may_see(const struct sch_query_permit *permit, const struct sch_dossier *dossier)
{
    if (dossier->phase == SCH_PHASE_NONE)
        return false;
    if (!permit->coordinator)
        return sch_dossier_member(dossier, permit->party->address.text) != SCH_MEMBER_NONE;
    return strcmp(dossier->member[SCH_MEMBER_REFERRER].region, permit->party->region) == 0 ||
           strcmp(dossier->member[SCH_MEMBER_RECEIVER].region, permit->party->region) == 0;
}

static bool dossier_named(struct sch_store *store, const struct sch_query *query, struct sch_id *id)
{
    struct sch_record_key key;
    uint8_t value[sizeof id->bytes];
    uint64_t number;
    size_t size = 0;

    *id = query->dossier;
    if (!sch_id_is_none(id))
        return true;
    if (!sch_kenmerk_parse(query->kenmerk, &number))
        return false;
    key = sch_record_key_kenmerk(number);
    return sch_store_get(store, SCH_TABLE_KENMERK, sch_record_key_bytes(&key), value, sizeof value, &size) ==
               SCH_STORE_OK &&
           sch_record_kenmerk_decode((struct sch_bytes){ value, size }, id) == SCH_OK;
}

/* A cursor is what follows the prefix in the keys of the query's table. */
static size_t cursor_size(enum sch_query_type type)
{
    switch (type) {
    case SCH_QUERY_DOSSIER: return 0;
    case SCH_QUERY_TRACE:
    case SCH_QUERY_MAILBOX: return sizeof(uint64_t);
    case SCH_QUERY_DOSSIERS: return SCH_ID_SIZE;
    case SCH_QUERY_UNANSWERED: return sizeof(int64_t) + SCH_ID_SIZE;
    case SCH_QUERY_CHAIN:
    case SCH_QUERY_AGE:
    case SCH_QUERY_STATISTICS:
    case SCH_QUERY_PASSED: return 0;
    }
    return 0;
}

int sch_query_permit(struct sch_work *work, struct sch_store *store, const struct sch_book *book,
                     const struct sch_key *key, const struct sch_query *query, struct sch_query_permit *permit,
                     struct sch_fault *fault)
{
    /* The field is the one that was asked by, so that a foreign dossier and no dossier look the same. */
    const char *asked_by = sch_id_is_none(&query->dossier) ? "query.kenmerk" : "query.dossier";
    const struct sch_dossier *dossier;

    memset(permit, 0, sizeof *permit);
    permit->query = *query;
    if (sch_door_acts_for(key, query->party.text) != SCH_OK)
        return refuse(fault, SCH_E_NOT_YOURS, "query.party");
    permit->party = sch_book_party(book, query->party.text);
    if (permit->party == NULL)
        return refuse(fault, SCH_E_NOT_YOURS, "query.party");
    permit->coordinator = permit->party->kind == SCH_PARTY_COORDINATOR;
    if (query->type == SCH_QUERY_MAILBOX && permit->coordinator)
        return refuse(fault, SCH_E_NOT_ALLOWED, "query.type");
    if (query->cursor_size > 0 && query->cursor_size != cursor_size(query->type))
        return refuse(fault, SCH_E_CURSOR, "query.cursor");
    if (query->type != SCH_QUERY_DOSSIER && query->type != SCH_QUERY_TRACE)
        return SCH_OK;
    if (!dossier_named(store, query, &permit->dossier))
        return refuse(fault, SCH_E_UNKNOWN_DOSSIER, asked_by);
    dossier = sch_work_dossier(work, &permit->dossier);
    if (dossier == NULL || !may_see(permit, dossier))
        return refuse(fault, SCH_E_UNKNOWN_DOSSIER, asked_by);
    return SCH_OK;
}

/* ---- scanning ----------------------------------------------------------------------------------- */

static bool gather(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct found *found = context;

    if (found->after.len == key.len && memcmp(found->after.ptr, key.ptr, key.len) == 0)
        return true;
    memcpy(found->key[found->count].bytes, key.ptr, key.len);
    found->key[found->count].size = key.len;
    found->value_size[found->count] = value.len <= sizeof found->value[0] ? value.len : 0;
    memcpy(found->value[found->count], value.ptr, found->value_size[found->count]);
    return ++found->count < found->wanted;
}

/* Gathers at most `wanted` rows of a table under a prefix, after the cursor. The cursor holds what follows the
 * prefix. */
static int scan(struct run *run, enum sch_table table, const struct sch_record_key *prefix, bool backwards,
                size_t wanted)
{
    struct sch_record_key from = *prefix;
    struct sch_bytes start = { 0 };
    enum sch_store_result result;

    if (run->after.len > 0 && prefix->size + run->after.len <= sizeof from.bytes) {
        memcpy(from.bytes + prefix->size, run->after.ptr, run->after.len);
        from.size += run->after.len;
        start = sch_record_key_bytes(&from);
    }
    run->found->count = 0;
    run->found->wanted = wanted < KEYS_MAX ? wanted : KEYS_MAX;
    run->found->after = start;
    result = sch_store_scan(run->store, table, sch_record_key_bytes(prefix), start, backwards,
                            run->found->wanted + 1, gather, run->found);
    return result == SCH_STORE_OK ? SCH_OK : SCH_E_STORE_DAMAGED;
}

/* The page ends with this row: the next begins after it. */
static void set_cursor(struct run *run, const struct sch_record_key *prefix, const struct sch_record_key *key)
{
    run->page->cursor_size = key->size - prefix->size;
    memcpy(run->page->cursor, key->bytes + prefix->size, run->page->cursor_size);
}

static int load(struct run *run, const struct sch_id *id)
{
    struct sch_record_key key = sch_record_key_id(id);
    size_t size = 0;

    if (sch_store_get(run->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), run->buffer,
                      SCH_RECORD_DOSSIER_MAX, &size) != SCH_STORE_OK)
        return SCH_E_STORE_DAMAGED;
    return sch_record_dossier_decode((struct sch_bytes){ run->buffer, size }, run->dossier);
}

/* ---- what is shown ------------------------------------------------------------------------------ */

/* A coordinator sees the organisation, not the department. */
static struct sch_address shown(const struct run *run, const struct sch_address *address)
{
    struct sch_address organisation;

    if (!run->permit->coordinator)
        return *address;
    sch_address_organisation(address, &organisation);
    return organisation;
}

/* A no-show is the patient's: a coordinator sees E5 as what it also is, an appointment that is awaited. */
static uint8_t shown_expectation(const struct run *run, uint8_t expectation)
{
    return run->permit->coordinator && expectation == 5 ? 4 : expectation;
}

static void dossier_row(struct run *run, struct sch_dossier_row *row)
{
    const struct sch_dossier *dossier = run->dossier;

    memset(row, 0, sizeof *row);
    row->dossier = dossier->id;
    sch_kenmerk_text(dossier->kenmerk, row->kenmerk);
    row->phase = dossier->phase;
    row->received = dossier->received;
    row->referrer = shown(run, &dossier->member[SCH_MEMBER_REFERRER].address);
    row->receiver = shown(run, &dossier->member[SCH_MEMBER_RECEIVER].address);
    row->creditor = shown(run, &dossier->member[SCH_MEMBER_CREDITOR].address);
    for (size_t i = SCH_MEMBER_COPY; i < dossier->member_count; i++)
        row->copies[row->copy_count++] = shown(run, &dossier->member[i].address);
    memcpy(row->region, dossier->region, sizeof row->region);
    row->echelon = dossier->echelon;
    row->urgency = dossier->urgency;
    row->opened_ms = dossier->opened_ms;
    row->changed_ms = dossier->changed_ms;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];

        if (!sch_instance_is_open(instance))
            continue;
        row->open_count++;
        row->overdue_count += instance->due_ms <= run->now_ms;
        if (row->next_due_ms == 0 || instance->due_ms < row->next_due_ms)
            row->next_due_ms = instance->due_ms;
    }
}

static void unanswered_row(const struct run *run, const struct sch_instance *instance,
                           struct sch_unanswered_row *row)
{
    const struct sch_dossier *dossier = run->dossier;

    memset(row, 0, sizeof *row);
    row->dossier = dossier->id;
    sch_kenmerk_text(dossier->kenmerk, row->kenmerk);
    row->expectation = shown_expectation(run, instance->expectation);
    row->debtor = shown(run, &dossier->member[instance->member].address);
    row->creditor = shown(run, &dossier->member[SCH_MEMBER_CREDITOR].address);
    row->referrer = shown(run, &dossier->member[SCH_MEMBER_REFERRER].address);
    row->receiver = shown(run, &dossier->member[SCH_MEMBER_RECEIVER].address);
    row->phase = dossier->phase;
    row->standing = instance->standing;
    row->opened_ms = instance->opened_ms;
    row->norm_due_ms = instance->norm_due_ms;
    row->due_ms = instance->due_ms;
    row->step = instance->step;
    row->referred_ms = dossier->opened_ms;
    memcpy(row->region, dossier->region, sizeof row->region);
    row->echelon = dossier->echelon;
    row->overdue = instance->due_ms <= run->now_ms;
}

/* The kind of the message that a record is about; promises name only the message that opened them. */
static enum sch_kind kind_of(const struct run *run, const struct sch_audit_record *record)
{
    struct sch_record_key key = sch_record_key_id(&record->message);
    uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_message_row row;
    size_t size = 0;

    if (record->kind != SCH_KIND_UNSPECIFIED || sch_id_is_none(&record->message))
        return record->kind;
    if (sch_store_get(run->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, sizeof value, &size) !=
            SCH_STORE_OK ||
        sch_record_message_decode((struct sch_bytes){ value, size }, &row) != SCH_OK)
        return SCH_KIND_UNSPECIFIED;
    return row.kind;
}

/* What tells of a no-show, itself or by what follows from it: an intake that is no longer presumed or owed a
 * report, a due that moves back. The worklist has the dues as they stand. */
static bool tells_of_a_no_show(const struct run *run, const struct sch_audit_record *record)
{
    return record->expectation == 5 || record->event == SCH_TRACE_MOVED ||
           (record->expectation == 6 && record->standing == SCH_STANDING_CANCELLED) ||
           (record->event == SCH_TRACE_PHASE && (record->phase == SCH_PHASE_INTAKE_PLANNED ||
                                                 record->phase == SCH_PHASE_INTAKE_PRESUMED)) ||
           kind_of(run, record) == SCH_KIND_NO_SHOW;
}

static bool trace_row(const struct run *run, const struct sch_audit_record *record, struct sch_trace_row *row)
{
    if (record->event == SCH_TRACE_READ || (run->permit->coordinator && tells_of_a_no_show(run, record)))
        return false;
    memset(row, 0, sizeof *row);
    row->sequence = record->sequence;
    row->at_ms = record->at_ms;
    row->event = record->event;
    row->party = shown(run, record->concerned.text[0] != '\0' ? &record->concerned : &record->actor);
    row->message = record->message;
    row->kind = record->kind;
    row->expectation = record->expectation;
    row->standing = record->standing;
    row->step = record->step;
    row->phase = record->phase;
    row->due_ms = record->due_ms;
    row->code = record->code;
    return true;
}

/* ---- the five queries --------------------------------------------------------------------------- */

static int run_dossier(struct run *run)
{
    struct sch_dossier_row *row = sch_arena_take(run->arena, sizeof *row);

    if (row == NULL)
        return SCH_E_NO_MEMORY;
    if (load(run, &run->permit->dossier) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    dossier_row(run, row);
    run->page->dossiers = row;
    run->page->dossier_count = 1;
    return SCH_OK;
}

/* The row of one event; false when it is not for this party's eyes. */
static int read_event(struct run *run, const struct sch_record_key *trail, struct sch_trace_row *row, bool *is_shown)
{
    uint8_t value[SCH_RECORD_AUDIT_MAX];
    struct sch_audit_record record;
    struct sch_record_key key;
    uint64_t sequence = 0;
    size_t size = 0;

    if (sch_record_read_trail(sch_record_key_bytes(trail), NULL, &sequence) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    key = sch_record_key_audit(sequence);
    if (sch_store_get(run->store, SCH_TABLE_AUDIT, sch_record_key_bytes(&key), value, sizeof value, &size) !=
            SCH_STORE_OK ||
        sch_record_audit_decode(sch_record_key_bytes(&key), (struct sch_bytes){ value, size }, &record) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    *is_shown = trace_row(run, &record, row);
    return SCH_OK;
}

/* Readings stand in the trail too and are not shown: each page makes one, so a page looks on until it is full
 * or the trail ends, or small pages would never reach the end. */
static int run_trace(struct run *run)
{
    struct sch_record_key prefix = sch_record_prefix_id(&run->permit->dossier);
    size_t limit = run->permit->query.limit, looked = 0;
    struct sch_trace_row *rows = sch_arena_take(run->arena, limit * sizeof *rows);

    if (rows == NULL)
        return SCH_E_NO_MEMORY;
    run->page->trace = rows;
    while (run->page->trace_count < limit && looked < SCH_SCAN_ROWS_MAX) {
        size_t wanted = limit - run->page->trace_count;
        int code = scan(run, SCH_TABLE_TRAIL, &prefix, false, wanted);

        for (size_t i = 0; code == SCH_OK && i < run->found->count; i++) {
            bool is_shown = false;

            code = read_event(run, &run->found->key[i], &rows[run->page->trace_count], &is_shown);
            run->page->trace_count += is_shown;
        }
        if (code != SCH_OK)
            return code;
        if (run->found->count < wanted) {
            run->page->cursor_size = 0;
            return SCH_OK;
        }
        looked += run->found->count;
        set_cursor(run, &prefix, &run->found->key[run->found->count - 1]);
        run->after = (struct sch_bytes){ run->page->cursor, run->page->cursor_size };
    }
    return SCH_OK;
}

/* Parties are listed under their address, coordinators' dossiers under their region. */
static struct sch_record_key owner_prefix(const struct run *run)
{
    const struct sch_party *party = run->permit->party;

    return sch_record_prefix_text(run->permit->coordinator ? party->region : party->address.text);
}

static int run_dossiers(struct run *run)
{
    struct sch_record_key prefix = owner_prefix(run);
    struct sch_dossier_row *rows = sch_arena_take(run->arena, run->permit->query.limit * sizeof *rows);
    int code = scan(run, SCH_TABLE_PARTY, &prefix, true, run->permit->query.limit);

    if (rows == NULL || code != SCH_OK)
        return rows == NULL ? SCH_E_NO_MEMORY : code;
    run->page->dossiers = rows;
    for (size_t i = 0; i < run->found->count; i++) {
        struct sch_id id;

        if (sch_record_read_party(sch_record_key_bytes(&run->found->key[i]), &id) != SCH_OK || load(run, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        dossier_row(run, &rows[run->page->dossier_count++]);
    }
    if (run->found->count == run->permit->query.limit)
        set_cursor(run, &prefix, &run->found->key[run->found->count - 1]);
    return SCH_OK;
}

static int run_unanswered(struct run *run)
{
    const struct sch_query *query = &run->permit->query;
    struct sch_record_key prefix = owner_prefix(run);
    size_t room = query->limit + SCH_INSTANCES_MAX;     /* a dossier is never split over two pages */
    struct sch_unanswered_row *rows = sch_arena_take(run->arena, room * sizeof *rows);
    int code = scan(run, SCH_TABLE_OPEN, &prefix, false, query->limit);
    size_t looked = 0;
    bool more = run->found->count == query->limit;

    if (rows == NULL || code != SCH_OK)
        return rows == NULL ? SCH_E_NO_MEMORY : code;
    run->page->unanswered = rows;
    for (; looked < run->found->count && run->page->unanswered_count < query->limit; looked++) {
        struct sch_bytes key = sch_record_key_bytes(&run->found->key[looked]);
        struct sch_id id;
        int64_t due_ms;

        if (sch_record_read_open(key, &due_ms, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        if (query->overdue_only && due_ms > run->now_ms) {
            more = false;               /* rows stand in the order of due: no later one is overdue */
            break;
        }
        if (load(run, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        if (run->page->unanswered_count + run->dossier->instance_count > SCH_PAGE_ROWS_MAX)
            break;                      /* it may not fit whole: it begins the next page */
        for (size_t i = 0; i < run->dossier->instance_count; i++) {
            const struct sch_instance *instance = &run->dossier->instance[i];

            if (sch_instance_is_open(instance) && (!query->overdue_only || instance->due_ms <= run->now_ms))
                unanswered_row(run, instance, &rows[run->page->unanswered_count++]);
        }
    }
    if (looked > 0 && (more || looked < run->found->count) && run->page->unanswered_count > 0)
        set_cursor(run, &prefix, &run->found->key[looked - 1]);
    return SCH_OK;
}

static int run_mailbox(struct run *run, sch_query_leased_fn *leased, void *context)
{
    const struct sch_address *address = &run->permit->party->address;
    struct sch_record_key prefix = sch_record_prefix_text(address->text);
    struct sch_mailbox_row *rows = sch_arena_take(run->arena, run->permit->query.limit * sizeof *rows);
    int code = scan(run, SCH_TABLE_MAILBOX, &prefix, false, run->permit->query.limit);

    if (rows == NULL || code != SCH_OK)
        return rows == NULL ? SCH_E_NO_MEMORY : code;
    run->page->mailbox = rows;
    for (size_t i = 0; i < run->found->count; i++) {
        struct sch_mailbox_row *row = &rows[run->page->mailbox_count++];
        struct sch_mailbox_entry entry;

        memset(row, 0, sizeof *row);
        if (sch_record_mailbox_decode((struct sch_bytes){ run->found->value[i], run->found->value_size[i] }, &entry) !=
                SCH_OK ||
            sch_record_read_mailbox(sch_record_key_bytes(&run->found->key[i]), NULL, &row->sequence) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        row->message = entry.message;
        row->dossier = entry.dossier;
        sch_kenmerk_text(entry.kenmerk, row->kenmerk);
        row->kind = entry.kind;
        row->sender = entry.sender;
        row->stored_ms = entry.stored_ms;
        row->body_size = entry.body_size;
        row->leased = leased(context, address, &entry.dossier, &entry.message);
    }
    if (run->found->count == run->permit->query.limit)
        set_cursor(run, &prefix, &run->found->key[run->found->count - 1]);
    return SCH_OK;
}

static int run_any(struct run *run, sch_query_leased_fn *leased, void *context)
{
    switch (run->permit->query.type) {
    case SCH_QUERY_DOSSIER: return run_dossier(run);
    case SCH_QUERY_TRACE: return run_trace(run);
    case SCH_QUERY_DOSSIERS: return run_dossiers(run);
    case SCH_QUERY_UNANSWERED: return run_unanswered(run);
    case SCH_QUERY_MAILBOX: return run_mailbox(run, leased, context);
    case SCH_QUERY_CHAIN:
    case SCH_QUERY_AGE:
    case SCH_QUERY_STATISTICS:
    case SCH_QUERY_PASSED: break;
    }
    return SCH_E_FIELD_INVALID;
}

int sch_query_run(struct sch_store *store, const struct sch_query_permit *permit, int64_t now_ms,
                  sch_query_leased_fn *leased, void *context, struct sch_arena *arena, struct sch_page *page)
{
    struct run run = { .store = store, .permit = permit, .now_ms = now_ms, .arena = arena, .page = page };
    int code = SCH_E_NO_MEMORY;

    memset(page, 0, sizeof *page);
    run.after = (struct sch_bytes){ permit->query.cursor, permit->query.cursor_size };
    run.found = malloc(sizeof *run.found);
    run.dossier = malloc(sizeof *run.dossier);
    run.buffer = malloc(SCH_RECORD_DOSSIER_MAX);
    if (run.found != NULL && run.dossier != NULL && run.buffer != NULL)
        code = run_any(&run, leased, context);
    free(run.buffer);
    free(run.dossier);
    free(run.found);
    return code;
}
