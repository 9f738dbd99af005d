/*
 * query_unanswered.c: UNANSWERED: the worklist of open promises, earliest due first. Part of query.h.
 *
 * OPEN lists the dossiers of an owner by their earliest due. A page looks at a bounded number of them; a
 * dossier's promises stay together, so that a cursor, which names the last dossier looked at, is exact. The
 * totals are counted for the first page and travel on in the cursor: keys alone, some sixty nanoseconds each.
 */
#include "query_own.h"

#include <string.h>

#include "core/silence.h"
#include "id.h"
#include "pack.h"
#include "tally.h"

#define CURSOR_KEY (sizeof(int64_t) + SCH_ID_SIZE)
#define COUNT_STEP 16384                /* keys that one transaction counts */

/* ---- rows --------------------------------------------------------------------------------------- */

/* What a promise looks like to whoever asks. To a coordinator a no-show looks like the appointment that is
 * still awaited, norm and beginning of the term included, or these would tell it. */
static struct sch_instance face_of(const struct sch_reading *reading, const struct sch_instance *instance)
{
    const struct sch_dossier *dossier = reading->dossier;
    struct sch_instance face = *instance;

    face.expectation = sch_query_shown_expectation(reading->permit, instance->expectation);
    if (face.expectation == instance->expectation)
        return face;
    memset(face.norm_id, 0, sizeof face.norm_id);
    face.norm_version = face.term = 0;
    face.unit = SCH_UNIT_NONE;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *other = &dossier->instance[i];

        if (other->expectation != face.expectation)
            continue;
        memcpy(face.norm_id, other->norm_id, sizeof face.norm_id);
        face.norm_version = other->norm_version;
        face.term = other->term;
        face.unit = other->unit;
        face.opened_ms = other->opened_ms;
        face.from_ms = other->from_ms;
        face.norm_due_ms = other->norm_due_ms;
    }
    return face;
}

static bool passes(const struct sch_reading *reading, const struct sch_instance *instance)
{
    const struct sch_query *query = &reading->permit->query;
    const struct sch_query_permit *permit = reading->permit;
    const struct sch_dossier *dossier = reading->dossier;
    const struct sch_member *member = dossier->member;
    struct sch_instance face = face_of(reading, instance);
    int32_t today = sch_day_of_ms(reading->now_ms);

    return (!query->overdue_only || instance->due_ms <= reading->now_ms) &&
           (query->only.silence == SCH_SILENCE_NONE ||
            query->only.silence == sch_silence_of(dossier, instance)) &&
           (query->only.term == 0 || query->only.term == sch_silence_term(&face, reading->now_ms)) &&
           (query->only.echelon == 0 || query->only.echelon == dossier->echelon) &&
           (query->only.urgency == 0 || query->only.urgency == dossier->urgency) &&
           (query->only.expectation == 0 || query->only.expectation == face.expectation) &&
           (query->only.older_days == 0 ||
            (int64_t)today - sch_day_of_ms(dossier->opened_ms) >= (int64_t)query->only.older_days) &&
           sch_query_passes(permit, &query->only.debtor, &member[instance->member].address) &&
           sch_query_passes(permit, &query->only.creditor, &member[SCH_MEMBER_CREDITOR].address) &&
           sch_query_passes(permit, &query->only.referrer, &member[SCH_MEMBER_REFERRER].address) &&
           sch_query_passes(permit, &query->only.receiver, &member[SCH_MEMBER_RECEIVER].address);
}

static void write_row(const struct sch_reading *reading, const struct sch_instance *instance,
                      struct sch_unanswered_row *row)
{
    const struct sch_query_permit *permit = reading->permit;
    const struct sch_dossier *dossier = reading->dossier;
    struct sch_instance face = face_of(reading, instance);

    memset(row, 0, sizeof *row);
    row->dossier = dossier->id;
    sch_kenmerk_text(dossier->kenmerk, row->kenmerk);
    row->expectation = face.expectation;
    row->debtor = sch_query_shown(permit, &dossier->member[instance->member].address);
    row->creditor = sch_query_shown(permit, &dossier->member[SCH_MEMBER_CREDITOR].address);
    row->referrer = sch_query_shown(permit, &dossier->member[SCH_MEMBER_REFERRER].address);
    row->receiver = sch_query_shown(permit, &dossier->member[SCH_MEMBER_RECEIVER].address);
    row->phase = sch_query_shown_phase(permit, dossier);
    row->standing = instance->standing;
    row->silence = sch_silence_of(dossier, instance);
    row->term_state = sch_silence_term(&face, reading->now_ms);
    row->urgency = dossier->urgency;
    row->opened_ms = face.opened_ms;
    row->from_ms = face.from_ms;
    row->norm_due_ms = face.norm_due_ms;
    row->due_ms = instance->due_ms;
    row->overdue = instance->due_ms <= reading->now_ms;
    row->step = instance->step;
    row->reminded_ms = instance->reminded_ms;
    row->snoozed_ms = instance->snoozed_ms;
    memcpy(row->norm_id, face.norm_id, sizeof row->norm_id);
    row->norm_version = face.norm_version;
    row->term = face.term;
    row->unit = (uint32_t)face.unit;
    row->referred_ms = dossier->opened_ms;
    row->chain_ms = dossier->chain_ms;
    row->refusals = dossier->refusals;
    memcpy(row->region, dossier->region, sizeof row->region);
    row->echelon = dossier->echelon;
}

/* ---- totals ------------------------------------------------------------------------------------- */

struct counting {
    int64_t now_ms;
    uint32_t open, overdue;
    bool overdue_only;                  /* nothing later is counted */
    bool damaged, done;
    size_t seen;
    struct sch_record_key last;         /* of this step */
};

static bool count_key(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct counting *counting = context;
    struct sch_id id;
    int64_t due_ms;

    (void)value;
    if (counting->last.size == key.len && memcmp(counting->last.bytes, key.ptr, key.len) == 0)
        return true;
    counting->damaged = sch_record_read_open(key, &due_ms, &id) != SCH_OK;
    counting->done = counting->damaged || (counting->overdue_only && due_ms > counting->now_ms);
    if (counting->done)
        return false;
    counting->open++;
    counting->overdue += due_ms <= counting->now_ms;
    counting->seen++;
    if (counting->seen == COUNT_STEP) {
        memcpy(counting->last.bytes, key.ptr, key.len);
        counting->last.size = key.len;
    }
    return counting->seen < COUNT_STEP;
}

/* Counts the asker's keys, a short transaction at a time. */
static int count_keys(const struct sch_reading *reading, struct counting *counting)
{
    struct sch_record_key prefix = sch_record_prefix_text(sch_query_owner(reading->permit));

    do {
        struct sch_record_key from = counting->last;

        if (sch_query_is_stopped(reading))
            return SCH_E_STOPPING;
        counting->seen = 0;
        if (sch_store_scan(reading->store, SCH_TABLE_OPEN, sch_record_key_bytes(&prefix),
                           sch_record_key_bytes(&from), false, COUNT_STEP + 1, count_key,
                           counting) != SCH_STORE_OK)
            return SCH_E_STORE_DAMAGED;
    } while (!counting->done && counting->seen == COUNT_STEP);
    return counting->damaged ? SCH_E_STORE_DAMAGED : SCH_OK;
}

static bool add_age(void *context, const struct sch_tally_age *age)
{
    *(uint32_t *)context += age->count;
    return true;
}

/* A region's open dossiers are counted already; what of them is overdue changes with every moment. */
static int count_totals(struct sch_reading *reading)
{
    struct counting counting = { .now_ms = reading->now_ms, .overdue_only = reading->permit->coordinator };
    struct sch_page *page = reading->page;
    int code;

    if (reading->after.len > 0) {
        uint64_t totals = sch_unpack_be64(reading->after.ptr + CURSOR_KEY);

        page->open_total = (uint32_t)(totals >> 32);
        page->overdue_total = (uint32_t)totals;
        reading->after.len = CURSOR_KEY;
        return SCH_OK;
    }
    code = count_keys(reading, &counting);
    if (code == SCH_OK && reading->permit->coordinator) {
        counting.open = 0;
        code = sch_tally_ages(reading->store, reading->permit->party.region, SCH_AGE_BY_SILENCE, add_age,
                              &counting.open);
    }
    page->open_total = counting.open;
    page->overdue_total = counting.overdue;
    return code;
}

/* ---- a page ------------------------------------------------------------------------------------- */

static void set_cursor(struct sch_reading *reading, const struct sch_record_key *prefix,
                       const struct sch_record_key *key)
{
    struct sch_page *page = reading->page;

    sch_query_set_cursor(reading, prefix, key);
    sch_pack_be64(page->cursor + CURSOR_KEY, (uint64_t)page->open_total << 32 | page->overdue_total);
    page->cursor_size = CURSOR_KEY + sizeof(uint64_t);
    reading->after = (struct sch_bytes){ page->cursor, CURSOR_KEY };
}

/* The open promises of the dossier that pass, earliest due first; returns how many. */
static size_t passing(const struct sch_reading *reading, const struct sch_instance *out[SCH_INSTANCES_MAX])
{
    const struct sch_dossier *dossier = reading->dossier;
    size_t count = 0;

    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        size_t at = count;

        if (!sch_instance_is_open(instance) || !passes(reading, instance))
            continue;
        for (; at > 0 && out[at - 1]->due_ms > instance->due_ms; at--)
            out[at] = out[at - 1];
        out[at] = instance;
        count++;
    }
    return count;
}

/* Adds the promises of one dossier that pass. False: they do not fit, and begin the next page. */
static bool add_dossier(struct sch_reading *reading, struct sch_unanswered_row *rows)
{
    const struct sch_instance *instance[SCH_INSTANCES_MAX];
    struct sch_page *page = reading->page;
    size_t count = passing(reading, instance);

    if (page->unanswered_count > 0 && page->unanswered_count + count > reading->permit->query.limit)
        return false;
    for (size_t i = 0; i < count; i++)
        write_row(reading, instance[i], &rows[page->unanswered_count++]);
    return true;
}

/* Is nothing later in the list wanted? Dossiers stand in the order of their earliest due. */
static bool is_past(const struct sch_reading *reading, int64_t due_ms)
{
    const struct sch_query *query = &reading->permit->query;

    return due_ms > reading->now_ms && (query->overdue_only || query->only.term == SCH_TERM_OVER ||
                                        query->only.term == SCH_TERM_FAR_OVER);
}

/* Looks at the dossiers that a scan found. *ended: the list is over, or the page is full. */
static int look(struct sch_reading *reading, const struct sch_record_key *prefix,
                struct sch_unanswered_row *rows, bool *ended)
{
    for (size_t i = 0; i < reading->found->count; i++) {
        const struct sch_record_key *key = &reading->found->key[i];
        struct sch_id id;
        int64_t due_ms;

        if (sch_record_read_open(sch_record_key_bytes(key), &due_ms, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        *ended = is_past(reading, due_ms);
        if (*ended) {
            reading->page->cursor_size = 0;
            return SCH_OK;
        }
        if (sch_query_load(reading, &id) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        *ended = !add_dossier(reading, rows);
        if (*ended)
            return SCH_OK;
        set_cursor(reading, prefix, key);
        *ended = reading->page->unanswered_count >= reading->permit->query.limit;
        if (*ended)
            return SCH_OK;
    }
    return SCH_OK;
}

static int fill(struct sch_reading *reading, struct sch_unanswered_row *rows)
{
    struct sch_record_key prefix = sch_record_prefix_text(sch_query_owner(reading->permit));
    size_t looked = 0;
    bool ended = false;

    while (!ended && looked < SCH_SCAN_ROWS_MAX) {
        int code = sch_query_scan(reading, SCH_TABLE_OPEN, &prefix, false, SCH_QUERY_KEYS_MAX);

        if (code == SCH_OK)
            code = look(reading, &prefix, rows, &ended);
        if (code != SCH_OK)
            return code;
        looked += reading->found->count;
        if (!ended && reading->found->count < SCH_QUERY_KEYS_MAX) {
            reading->page->cursor_size = 0;
            return SCH_OK;
        }
    }
    return SCH_OK;
}

int sch_query_unanswered(struct sch_reading *reading)
{
    /* A page's first dossier may have more than were asked for; no dossier has more than a page. */
    size_t room =
        reading->permit->query.limit > SCH_INSTANCES_MAX ? reading->permit->query.limit : SCH_INSTANCES_MAX;
    struct sch_unanswered_row *rows = sch_arena_take(reading->arena, room * sizeof *rows);
    struct sch_store *store = reading->store;
    int code = rows == NULL ? SCH_E_NO_MEMORY : count_totals(reading);

    if (code != SCH_OK)
        return code;
    reading->page->unanswered = rows;
    reading->store = sch_store_snapshot(store);
    if (reading->store == NULL)
        return SCH_E_STORE_DAMAGED;
    code = fill(reading, rows);
    sch_store_release(reading->store);
    reading->store = store;
    return code;
}
