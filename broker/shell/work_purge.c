/*
 * work_purge.c: a dossier whose time has passed: all that the store has of it goes. Its audit records stay.
 *
 * Which messages were its own, its trail knows: each was stored or offered. The record is read as it stands in
 * the store, for the core has emptied its own.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "work_own.h"

/* Records of a trail that one turn follows. More of them go in several turns: the dossier's due row stays. */
#define TRAIL_RECORDS_MAX 2048

struct trail {
    uint64_t sequence[TRAIL_RECORDS_MAX + SCH_TRAIL_ROW_MAX];
    size_t count;
    uint64_t row[TRAIL_RECORDS_MAX];    /* the first sequence of each row */
    size_t row_count;
    bool more, damaged;
};

static bool gather(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct trail *trail = context;
    size_t count;

    if (trail->count >= TRAIL_RECORDS_MAX) {
        trail->more = true;
        return false;
    }
    if (sch_record_trail_decode(key, value, trail->sequence + trail->count, &count) != SCH_OK) {
        trail->damaged = true;
        return false;
    }
    trail->row[trail->row_count++] = trail->sequence[trail->count];
    trail->count += count;
    return true;
}

static bool read_trail(struct sch_work *work, const struct sch_id *dossier, struct trail *trail)
{
    struct sch_record_key prefix = sch_record_prefix_id(dossier);

    return sch_store_scan(work->store, SCH_TABLE_TRAIL, sch_record_key_bytes(&prefix), (struct sch_bytes){ 0 }, false,
                          SIZE_MAX, gather, trail) == SCH_STORE_OK && !trail->damaged;
}

void sch_work_purge_message(struct sch_work *work, const struct sch_message_row *row)
{
    struct sch_work_message *known = sch_work_message_known(work, &row->id);

    if (known != NULL)
        known->dirty = false;           /* or this turn would write it again */
    sch_work_erase(work, SCH_TABLE_MESSAGE, sch_record_key_id(&row->id));
    if (row->made)
        return;
    sch_work_erase(work, SCH_TABLE_PASSED, sch_record_key_passed(&row->sender, row->stored_ms, row->sequence));
    for (size_t i = 0; i < row->recipient_count; i++)
        sch_work_erase(work, SCH_TABLE_PASSED,
                       sch_record_key_passed(&row->recipient[i].address, row->stored_ms, row->sequence));
}

/* The message that an audit record tells of, once: where it was stored, or first offered. */
static void purge_told(struct sch_work *work, uint64_t sequence)
{
    struct sch_record_key key = sch_record_key_audit(sequence);
    uint8_t value[SCH_RECORD_AUDIT_MAX];
    struct sch_audit_record record;
    struct sch_message_row *row;
    size_t size = 0;

    switch (sch_store_get(work->store, SCH_TABLE_AUDIT, sch_record_key_bytes(&key), value, sizeof value, &size)) {
    case SCH_STORE_OK: break;
    case SCH_STORE_NONE: return;        /* it went by time, and the message with it */
    default: work->failed = true; return;
    }
    if (sch_record_audit_decode(sch_record_key_bytes(&key), (struct sch_bytes){ value, size }, &record) != SCH_OK) {
        work->failed = true;
        return;
    }
    if (record.event != SCH_TRACE_STORED && record.event != SCH_TRACE_OFFERED)
        return;
    row = sch_work_message(work, &record.message);
    if (row != NULL)
        sch_work_purge_message(work, row);
}

/* The record as the store has it. */
static struct sch_dossier *read_dossier(struct sch_work *work, const struct sch_id *id)
{
    struct sch_record_key key = sch_record_key_id(id);
    struct sch_dossier *dossier = sch_arena_take(&work->arena, sizeof *dossier);
    uint8_t *value = sch_arena_take(&work->arena, SCH_RECORD_DOSSIER_MAX);
    size_t size = 0;

    if (dossier == NULL || value == NULL ||
        sch_store_get(work->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), value, SCH_RECORD_DOSSIER_MAX,
                      &size) != SCH_STORE_OK ||
        sch_record_dossier_decode((struct sch_bytes){ value, size }, dossier) != SCH_OK)
        return NULL;
    return dossier;
}

static void purge_indexes(struct sch_work *work, const struct sch_work_slot *slot, const struct sch_dossier *dossier)
{
    const char *owner[SCH_MEMBERS_MAX + 2];
    size_t owner_count = sch_work_owners(dossier, owner);

    if (slot->due_ms != INT64_MAX)
        sch_work_erase(work, SCH_TABLE_DUE, sch_record_key_due(slot->due_ms, &dossier->id));
    for (size_t i = 0; i < owner_count; i++) {
        if (slot->owed_ms != INT64_MAX)
            sch_work_erase(work, SCH_TABLE_OPEN, sch_record_key_open(owner[i], slot->owed_ms, &dossier->id));
        sch_work_erase(work, SCH_TABLE_PARTY, sch_work_party_key(owner[i], &dossier->id));
    }
    sch_work_erase(work, SCH_TABLE_KENMERK, sch_record_key_kenmerk(dossier->kenmerk));
    if (!sch_id_is_none(&dossier->root))
        sch_work_erase(work, SCH_TABLE_CHAIN, sch_record_key_chain(&dossier->root, &dossier->id));
    if (!sch_id_is_none(&dossier->group))
        sch_work_erase(work, SCH_TABLE_CHAIN, sch_record_key_chain(&dossier->group, &dossier->id));
}

/* Of a dossier that goes the counts let go, and of the answers that it is still owed. */
static void purge_counts(struct sch_work *work, const struct sch_dossier *dossier)
{
    sch_work_check(work, sch_tally_count_dossier(work->tally, dossier, -1));
}

static void purge_record(struct sch_work *work, const struct sch_work_slot *slot, const struct sch_dossier *dossier)
{
    struct sch_record_key key = sch_record_key_id(&dossier->id);
    struct sch_audit_record record = { .event = SCH_TRACE_PURGED, .purpose = SCH_AUDIT_OPERATION,
                                       .dossier = dossier->id };

    purge_indexes(work, slot, dossier);
    purge_counts(work, dossier);
    sch_work_check(work, sch_batch_erase(&work->batch, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key),
                                         dossier->version));
    sch_audit_forget(&work->audit, &dossier->id);
    sch_work_audit(work, &record);
    work->metrics->purged++;
}

void sch_work_purge(struct sch_work *work, struct sch_work_slot *slot)
{
    const struct sch_id id = slot->dossier.id;
    struct sch_dossier *dossier = read_dossier(work, &id);
    struct trail *trail = calloc(1, sizeof *trail);

    slot->gone = true;
    if (dossier == NULL || trail == NULL || !read_trail(work, &id, trail)) {
        work->failed = true;
        free(trail);
        return;
    }
    for (size_t i = 0; i < trail->count; i++)
        purge_told(work, trail->sequence[i]);
    for (size_t i = 0; i < trail->row_count; i++)
        sch_work_erase(work, SCH_TABLE_TRAIL, sch_record_key_trail(&id, trail->row[i]));
    if (!trail->more)
        purge_record(work, slot, dossier);
    free(trail);
}
