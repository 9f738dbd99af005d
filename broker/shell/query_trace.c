/*
 * query_trace.c: TRACE: what was written down about a dossier, for those who may know it. Part of query.h.
 */
#include "query_own.h"

#include <string.h>

#include "id.h"

/* The kind of the message that a record is about; promises name only the message that opened them. One that went by
 * time has none; one that cannot be read is an error, for its kind decides who may see the record. */
static int kind_of(const struct sch_reading *reading, const struct sch_audit_record *record, enum sch_kind *kind)
{
    struct sch_record_key key = sch_record_key_id(&record->message);
    uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_message_row row;
    size_t size = 0;

    *kind = record->kind;
    if (record->kind != SCH_KIND_UNSPECIFIED || sch_id_is_none(&record->message))
        return SCH_OK;
    switch (sch_store_get(reading->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, sizeof value, &size)) {
    case SCH_STORE_OK: break;
    case SCH_STORE_NONE: return SCH_OK;
    default: return SCH_E_STORE_DAMAGED;
    }
    if (sch_record_message_decode((struct sch_bytes){ value, size }, &row) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    *kind = row.kind;
    return SCH_OK;
}

/* Was there a no-show, as far as the record still knows? */
static bool had_a_no_show(const struct sch_dossier *dossier)
{
    for (size_t i = 0; i < dossier->instance_count; i++)
        if (dossier->instance[i].expectation == 5)
            return true;
    return false;
}

/* That an appointment was told, where the worklist shows one that is awaited (E5 looks like E4): the two together
 * would tell why. */
static bool tells_of_an_appointment(const struct sch_audit_record *record, enum sch_kind kind)
{
    return kind == SCH_KIND_APPOINTMENT ||
           (record->expectation == 4 && record->event == SCH_TRACE_CLOSED) ||
           (record->expectation == 6 && record->event == SCH_TRACE_OPENED);
}

/* What tells of a no-show, itself or by what follows from it: an intake that is no longer presumed or owed a
 * report, a due that moves back. The worklist has the dues as they stand. */
static bool tells_of_a_no_show(const struct sch_reading *reading, const struct sch_audit_record *record,
                               enum sch_kind kind)
{
    return record->expectation == 5 || kind == SCH_KIND_NO_SHOW ||
           (had_a_no_show(reading->dossier) && tells_of_an_appointment(record, kind)) ||
           record->event == SCH_TRACE_MOVED ||
           (record->expectation == 6 && record->standing == SCH_STANDING_CANCELLED) ||
           (record->event == SCH_TRACE_PHASE && (record->phase == SCH_PHASE_INTAKE_PLANNED ||
                                                 record->phase == SCH_PHASE_INTAKE_PRESUMED));
}

/* The reason of an act may be the patient's (declines, not insured, gone): a coordinator reads those only of
 * the kinds whose reasons never are. Left out by kind, for a reason that is missing here and there would
 * tell. */
static uint32_t shown_code(const struct sch_reading *reading, const struct sch_audit_record *record)
{
    if (reading->permit->coordinator && record->event == SCH_TRACE_STORED && record->kind != SCH_KIND_NOTE &&
        record->kind != SCH_KIND_SNOOZE)
        return 0;
    return record->code;
}

/* *is_shown: is it for these eyes? */
static int write_row(const struct sch_reading *reading, const struct sch_audit_record *record,
                     struct sch_trace_row *row, bool *is_shown)
{
    const struct sch_address *party = record->concerned.text[0] != '\0' ? &record->concerned : &record->actor;
    enum sch_kind kind;
    int code = kind_of(reading, record, &kind);

    *is_shown = code == SCH_OK && record->event != SCH_TRACE_READ &&
                !(reading->permit->coordinator && tells_of_a_no_show(reading, record, kind));
    if (!*is_shown)
        return code;
    memset(row, 0, sizeof *row);
    row->sequence = record->sequence;
    row->at_ms = record->at_ms;
    row->event = record->event;
    row->party = sch_query_shown(reading->permit, party);
    row->message = record->message;
    row->kind = record->kind;
    row->expectation = record->expectation;
    row->standing = record->standing;
    row->step = record->step;
    row->phase = record->phase;
    row->due_ms = record->due_ms;
    row->code = shown_code(reading, record);
    return SCH_OK;
}

/* The row of one event; *is_shown: is it for this party's eyes? Records that went by time are skipped. */
static int read_event(struct sch_reading *reading, uint64_t sequence, struct sch_trace_row *row,
                      bool *is_shown)
{
    struct sch_record_key key = sch_record_key_audit(sequence);
    uint8_t value[SCH_RECORD_AUDIT_MAX];
    struct sch_audit_record record;
    size_t size = 0;

    *is_shown = false;
    switch (sch_store_get(reading->store, SCH_TABLE_AUDIT, sch_record_key_bytes(&key), value, sizeof value,
                          &size)) {
    case SCH_STORE_OK: break;
    case SCH_STORE_NONE: return SCH_OK;
    default: return SCH_E_STORE_DAMAGED;
    }
    if (sch_record_audit_decode(sch_record_key_bytes(&key), (struct sch_bytes){ value, size }, &record) !=
        SCH_OK)
        return SCH_E_STORE_DAMAGED;
    return write_row(reading, &record, row, is_shown);
}

/* ---- the trail ---------------------------------------------------------------------------------- */

/* Sequences of a dossier's records, gathered from the rows of its trail: each row has those of one turn. */
struct trail {
    uint64_t after;                     /* only those above */
    uint64_t sequence[SCH_PAGE_ROWS_MAX];
    size_t count, wanted;
    bool damaged;
};

static bool visit_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct trail *trail = context;
    uint64_t sequence[SCH_TRAIL_ROW_MAX];
    size_t count = 0;

    trail->damaged = sch_record_trail_decode(key, value, sequence, &count) != SCH_OK;
    for (size_t i = 0; i < count && trail->count < trail->wanted; i++)
        if (sequence[i] > trail->after)
            trail->sequence[trail->count++] = sequence[i];
    return !trail->damaged && trail->count < trail->wanted;
}

static bool keep_key(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_record_key *kept = context;

    (void)value;
    memcpy(kept->bytes, key.ptr, key.len);
    kept->size = key.len;
    return false;
}

/* The row that holds the record after which to go on begins at it or before. */
static int gather(struct sch_reading *reading, struct trail *trail)
{
    const struct sch_id *dossier = &reading->permit->dossier;
    struct sch_record_key prefix = sch_record_prefix_id(dossier);
    struct sch_record_key at = sch_record_key_trail(dossier, trail->after);
    struct sch_record_key from = { .size = 0 };

    trail->count = 0;
    if (sch_store_scan(reading->store, SCH_TABLE_TRAIL, sch_record_key_bytes(&prefix),
                       sch_record_key_bytes(&at), true, 1, keep_key, &from) != SCH_STORE_OK ||
        sch_store_scan(reading->store, SCH_TABLE_TRAIL, sch_record_key_bytes(&prefix),
                       sch_record_key_bytes(&from), false, SCH_SCAN_ROWS_MAX, visit_row,
                       trail) != SCH_STORE_OK)
        return SCH_E_STORE_DAMAGED;
    return trail->damaged ? SCH_E_STORE_DAMAGED : SCH_OK;
}

/* ---- a page ------------------------------------------------------------------------------------- */

static void set_cursor(struct sch_reading *reading, uint64_t sequence)
{
    struct sch_record_key key = sch_record_key_trail(&reading->permit->dossier, sequence);
    struct sch_record_key prefix = sch_record_prefix_id(&reading->permit->dossier);

    sch_query_set_cursor(reading, &prefix, &key);
}

/* The sequence in the query's cursor; 0 without one. */
static uint64_t begin_after(const struct sch_reading *reading)
{
    struct sch_record_key key = sch_record_prefix_id(&reading->permit->dossier);
    uint64_t sequence = 0;

    if (reading->after.len == 0)
        return 0;
    memcpy(key.bytes + key.size, reading->after.ptr, reading->after.len);
    key.size += reading->after.len;
    return sch_record_read_trail(sch_record_key_bytes(&key), NULL, &sequence) == SCH_OK ? sequence : 0;
}

/* Readings stand in the trail too and are not shown: each page makes one, so a page looks on until it is full
 * or the trail ends, or small pages would never reach the end. */
int sch_query_trace(struct sch_reading *reading)
{
    size_t limit = reading->permit->query.limit, looked = 0;
    struct sch_trace_row *rows = sch_arena_take(reading->arena, limit * sizeof *rows);
    struct trail trail = { .after = begin_after(reading) };
    struct sch_page *page = reading->page;
    int code;

    if (rows == NULL)
        return SCH_E_NO_MEMORY;
    code = sch_query_load(reading, &reading->permit->dossier);
    if (code != SCH_OK)                 /* purged since it was asked: there is no trace any more */
        return code == SCH_E_UNKNOWN_DOSSIER ? SCH_OK : code;
    page->trace = rows;
    while (page->trace_count < limit && looked < SCH_SCAN_ROWS_MAX) {
        trail.wanted = limit - page->trace_count;
        code = gather(reading, &trail);
        for (size_t i = 0; code == SCH_OK && i < trail.count; i++) {
            bool is_shown = false;

            code = read_event(reading, trail.sequence[i], &rows[page->trace_count], &is_shown);
            page->trace_count += is_shown;
        }
        if (code != SCH_OK)
            return code;
        if (trail.count < trail.wanted) {
            page->cursor_size = 0;
            return SCH_OK;
        }
        looked += trail.count;
        trail.after = trail.sequence[trail.count - 1];
        set_cursor(reading, trail.after);
    }
    return SCH_OK;
}
