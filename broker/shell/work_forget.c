/*
 * work_forget.c: audit rows that are old enough go, whole turns with their links, the oldest first. META keeps
 * where the log begins and the hash before that, so that what is left can still be proven.
 *
 * With the record of a message goes what the store still has of that message: a dossier that lives longer than
 * its audit records could not find it any more.
 */
#include <assert.h>
#include <string.h>

#include "id.h"
#include "log.h"
#include "work_own.h"

/* So many rows go in one turn, and the rest of the last of their turns. */
#define ROWS_MIN 512

/* What is needed of a row once the scan has ended. */
struct old_row {
    uint64_t sequence;
    bool tells;                         /* of a message that was stored or offered */
    bool trailed;
    struct sch_id dossier, message;
};

struct old {
    struct sch_work *work;
    struct old_row *row;
    size_t count, room;
    size_t whole;                       /* rows up to the last link */
    uint8_t hash[32];                   /* in that link */
    bool damaged;
};

void sch_work_look_back(struct sch_work *work)
{
    struct sch_record_key key = sch_record_key_audit(work->durable.audit_first);
    uint8_t value[SCH_RECORD_AUDIT_MAX];
    struct sch_audit_record record;
    size_t size = 0;

    work->oldest_ms = INT64_MAX;
    if (work->stuck || work->durable.audit_first == work->durable.next_audit)
        return;
    if (sch_store_get(work->store, SCH_TABLE_AUDIT, sch_record_key_bytes(&key), value, sizeof value, &size) ==
            SCH_STORE_OK &&
        sch_record_audit_decode(sch_record_key_bytes(&key), (struct sch_bytes){ value, size }, &record) == SCH_OK)
        work->oldest_ms = record.at_ms;
}

int64_t sch_work_forget_ms(const struct sch_work *work)
{
    if (work->stuck || work->held || work->oldest_ms > INT64_MAX - SCH_WORK_AUDIT_KEEP_MS)
        return INT64_MAX;
    return work->oldest_ms + SCH_WORK_AUDIT_KEEP_MS;
}

static bool grow(struct old *old)
{
    size_t room = old->room > 0 ? 2 * old->room : 2 * ROWS_MIN;
    struct old_row *wider;

    if (old->count < old->room)
        return true;
    wider = sch_arena_take(&old->work->arena, room * sizeof *wider);
    if (wider == NULL)
        return false;
    if (old->count > 0)
        memcpy(wider, old->row, old->count * sizeof *wider);
    old->row = wider;
    old->room = room;
    return true;
}

static bool add_link(struct old *old, struct sch_bytes key, struct sch_bytes value, struct old_row *row)
{
    struct sch_audit_link link;

    if (sch_record_link_decode(key, value, &link) != SCH_OK) {
        old->damaged = true;
        return false;
    }
    *row = (struct old_row){ .sequence = link.sequence };
    old->whole = ++old->count;
    memcpy(old->hash, link.hash, sizeof old->hash);
    return old->count < ROWS_MIN;
}

static bool visit(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct old *old = context;
    struct sch_audit_record record;

    if (!grow(old))
        return false;
    if (sch_record_audit_row(value) == SCH_AUDIT_LINK)
        return add_link(old, key, value, &old->row[old->count]);
    if (sch_record_audit_decode(key, value, &record) != SCH_OK) {
        old->damaged = true;
        return false;
    }
    /* All records of a turn have its time, so a turn is old as a whole or not at all. */
    if (record.at_ms > old->work->now_ms - SCH_WORK_AUDIT_KEEP_MS)
        return false;
    old->row[old->count++] = (struct old_row){
        .sequence = record.sequence, .dossier = record.dossier, .message = record.message,
        .tells = record.event == SCH_TRACE_STORED || record.event == SCH_TRACE_OFFERED,
        .trailed = record.event != SCH_TRACE_REJECTED && !sch_id_is_none(&record.dossier),
    };
    return true;
}

static void forget_message(struct sch_work *work, const struct sch_id *id)
{
    uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_record_key key = sch_record_key_id(id);
    struct sch_message_row row;
    size_t size = 0;
    enum sch_store_result result = sch_store_get(work->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value,
                                                 sizeof value, &size);

    if (result == SCH_STORE_NONE)
        return;                         /* its dossier went before */
    if (result != SCH_STORE_OK || sch_record_message_decode((struct sch_bytes){ value, size }, &row) != SCH_OK) {
        work->failed = true;
        return;
    }
    for (size_t i = 0; i < row.recipient_count; i++)
        if (row.recipient[i].state == SCH_DELIVERY_STORED)
            return;
    sch_work_purge_message(work, &row);
}

/* A trail's row has the key of its first record in the turn; of the others there is none. */
static void forget_trail(struct sch_work *work, const struct old_row *row)
{
    struct sch_record_key key = sch_record_key_trail(&row->dossier, row->sequence);
    uint8_t value[SCH_RECORD_TRAIL_MAX];
    size_t size = 0;
    enum sch_store_result result = sch_store_get(work->store, SCH_TABLE_TRAIL, sch_record_key_bytes(&key), value,
                                                 sizeof value, &size);

    if (result == SCH_STORE_OK)
        sch_work_erase(work, SCH_TABLE_TRAIL, key);
    else if (result != SCH_STORE_NONE)
        work->failed = true;
}

static void forget_rows(struct sch_work *work, const struct old *old)
{
    for (size_t i = 0; i < old->whole; i++) {
        const struct old_row *row = &old->row[i];

        sch_work_erase(work, SCH_TABLE_AUDIT, sch_record_key_audit(row->sequence));
        if (row->trailed)
            forget_trail(work, row);
        if (row->tells)
            forget_message(work, &row->message);
    }
}

static void give_up(struct sch_work *work, const char *why)
{
    work->stuck = true;
    sch_log(SCH_LOG_ERROR, "AUDIT_STAYS", "old audit rows cannot be taken out; they stay until a restart", "why=%s",
            why);
}

void sch_work_forget(struct sch_work *work)
{
    struct old old = { .work = work };
    struct sch_record_key from = sch_record_key_audit(work->meta.audit_first);
    struct sch_audit_record record = { .event = SCH_TRACE_PURGED, .purpose = SCH_AUDIT_OPERATION };
    size_t ops = work->batch.count;

    if (work->failed || ops > SCH_WORK_OPS_MAX / 4)
        return;                         /* a busy turn: the next may have room */
    if (sch_store_scan(work->store, SCH_TABLE_AUDIT, (struct sch_bytes){ 0 }, sch_record_key_bytes(&from), false,
                       SIZE_MAX, visit, &old) != SCH_STORE_OK || old.damaged || old.whole == 0) {
        give_up(work, "unreadable");
        return;
    }
    forget_rows(work, &old);
    if (work->failed) {
        /* They do not fit: the turn goes on without them, and a later one, with less of its own, tries again. Or one of
         * them cannot be read: without it the others would leave it behind for ever. */
        work->failed = false;
        work->batch.count = ops;
        if (ops < ROWS_MIN)
            give_up(work, "too many at once, or unreadable");
        return;
    }
    work->meta.audit_first = old.row[old.whole - 1].sequence + 1;
    memcpy(work->meta.audit_base, old.hash, sizeof work->meta.audit_base);
    record.folded = (uint32_t)old.whole;
    sch_work_audit(work, &record);
    work->metrics->audit_forgotten += old.whole;
}
