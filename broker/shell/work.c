/*
 * work.c: the records of a turn. What effects mean as rows is in work_effects.c, how they become one batch in
 * work_commit.c.
 */
#include "work.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/silence.h"
#include "id.h"
#include "work_own.h"

#define SLOTS (2 * SCH_WORK_DOSSIERS_MAX)
#define MESSAGE_SLOTS (2 * SCH_WORK_MESSAGES_MAX)

static_assert((SLOTS & (SLOTS - 1)) == 0 && (MESSAGE_SLOTS & (MESSAGE_SLOTS - 1)) == 0, "powers of two");

static size_t slot_of(const struct sch_id *id, size_t slots)
{
    uint64_t h = 0;

    /* The last eight bytes of a UUIDv7 are random, but its sender chose them: fold the first in. */
    for (size_t i = 0; i < sizeof id->bytes; i++)
        h = (h ^ id->bytes[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 32)) & (slots - 1);
}

/* ---- opening ------------------------------------------------------------------------------------ */

int sch_work_reload(struct sch_work *work)
{
    uint8_t buffer[SCH_RECORD_META_MAX];
    struct sch_record_key key = sch_record_key_meta(SCH_RECORD_META_COUNTERS);
    size_t size = 0;
    enum sch_store_result result = sch_store_get(work->store, SCH_TABLE_META, sch_record_key_bytes(&key), buffer,
                                                 sizeof buffer, &size);

    if (result != SCH_STORE_NONE && result != SCH_STORE_OK)
        return SCH_E_IO;
    if (result == SCH_STORE_NONE)
        sch_record_meta_init(&work->durable);
    else if (sch_record_meta_decode((struct sch_bytes){ buffer, size }, &work->durable) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    sch_work_look_back(work);
    return SCH_OK;
}

int sch_work_open(struct sch_work **out, struct sch_store *store, struct sch_metrics *metrics, sch_error *error)
{
    struct sch_work *work = calloc(1, sizeof *work);
    int code;

    if (work == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "the working set");
    work->store = store;
    work->metrics = metrics;
    work->effects = malloc(sizeof *work->effects);
    work->batch.op = malloc(SCH_WORK_OPS_MAX * sizeof *work->batch.op);
    work->batch.capacity = SCH_WORK_OPS_MAX;
    work->batch.arena = &work->arena;
    work->tally = sch_tally_new(store);
    code = sch_arena_init(&work->arena, SCH_WORK_ARENA_SIZE);
    if (work->effects == NULL || work->batch.op == NULL || work->tally == NULL || code != SCH_OK) {
        sch_work_close(work);
        return sch_fail(error, SCH_E_NO_MEMORY, "the working set");
    }
    sch_audit_init(&work->audit);
    code = sch_work_reload(work);
    if (code != SCH_OK) {
        sch_work_close(work);
        return sch_fail(error, (enum sch_error_code)code, "the store's counters");
    }
    work->durable.epoch++;
    work->first_sequence = work->durable.next_sequence;
    *out = work;
    return SCH_OK;
}

void sch_work_close(struct sch_work *work)
{
    if (work == NULL)
        return;
    for (size_t i = 0; i < work->slot_room; i++)
        free(work->slot[i]);
    sch_arena_close(&work->arena);
    sch_tally_free(work->tally);
    free(work->batch.op);
    free(work->effects);
    free(work);
}

void sch_work_begin(struct sch_work *work, int64_t now_ms, bool held)
{
    sch_arena_reset(&work->arena);
    sch_tally_reset(work->tally);
    work->batch.count = 0;
    work->slot_count = 0;
    work->message_count = 0;
    work->after_count = 0;
    work->upload_count = 0;
    memset(work->by_dossier, 0xff, sizeof work->by_dossier);
    memset(work->by_message, 0xff, sizeof work->by_message);
    work->failed = false;
    work->meta = work->durable;
    work->counted = *work->metrics;
    work->now_ms = now_ms;
    work->held = held;
    sch_audit_begin(&work->audit, &work->meta, now_ms);
}

bool sch_work_failed(const struct sch_work *work)
{
    return work->failed;
}

void sch_work_check(struct sch_work *work, int code)
{
    if (code != SCH_OK)
        work->failed = true;
}

/* ---- dossiers ----------------------------------------------------------------------------------- */

static bool load_dossier(struct sch_work *work, struct sch_work_slot *slot, const struct sch_id *id)
{
    static uint8_t buffer[SCH_RECORD_DOSSIER_MAX];     /* the turn's thread only */
    struct sch_record_key key = sch_record_key_id(id);
    size_t size = 0;
    enum sch_store_result result = sch_store_get(work->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), buffer,
                                                 sizeof buffer, &size);

    if (result == SCH_STORE_NONE) {
        memset(&slot->dossier, 0, sizeof slot->dossier);
        slot->dossier.id = *id;
        slot->due_ms = slot->owed_ms = INT64_MAX;
        slot->silence = SCH_SILENCE_NONE;
    } else if (result != SCH_STORE_OK ||
               sch_record_dossier_decode((struct sch_bytes){ buffer, size }, &slot->dossier) != SCH_OK) {
        return false;
    } else {
        slot->due_ms = sch_dossier_next_due(&slot->dossier);
        slot->owed_ms = sch_dossier_next_owed(&slot->dossier);
        slot->silence = sch_silence_of_dossier(&slot->dossier);
    }
    slot->fresh = result == SCH_STORE_NONE;
    slot->dirty = slot->gone = false;
    return true;
}

struct sch_dossier *sch_work_dossier(struct sch_work *work, const struct sch_id *id)
{
    size_t at = slot_of(id, SLOTS);
    struct sch_work_slot *slot;

    for (; work->by_dossier[at] != UINT16_MAX; at = (at + 1) & (SLOTS - 1))
        if (sch_id_equal(&work->slot[work->by_dossier[at]]->dossier.id, id))
            return &work->slot[work->by_dossier[at]]->dossier;
    if (work->slot_count == SCH_WORK_DOSSIERS_MAX)
        goto failed;
    if (work->slot_count == work->slot_room) {
        work->slot[work->slot_room] = malloc(sizeof *slot);
        if (work->slot[work->slot_room] == NULL)
            goto failed;
        work->slot_room++;
    }
    slot = work->slot[work->slot_count];
    if (!load_dossier(work, slot, id))
        goto failed;
    work->by_dossier[at] = (uint16_t)work->slot_count++;
    return &slot->dossier;
failed:
    work->failed = true;
    return NULL;
}

struct sch_work_slot *sch_work_slot_of(struct sch_dossier *dossier)
{
    return (struct sch_work_slot *)((uint8_t *)dossier - offsetof(struct sch_work_slot, dossier));
}

/* ---- messages ----------------------------------------------------------------------------------- */

struct sch_work_message *sch_work_message_new(struct sch_work *work, const struct sch_id *id)
{
    size_t at = slot_of(id, MESSAGE_SLOTS);
    struct sch_work_message *message;

    if (work->message_count == SCH_WORK_MESSAGES_MAX) {
        work->failed = true;
        return NULL;
    }
    while (work->by_message[at] != UINT16_MAX)
        at = (at + 1) & (MESSAGE_SLOTS - 1);
    work->by_message[at] = (uint16_t)work->message_count;
    message = &work->message[work->message_count++];
    memset(message, 0, sizeof *message);
    message->row.id = *id;
    return message;
}

struct sch_work_message *sch_work_message_known(struct sch_work *work, const struct sch_id *id)
{
    for (size_t at = slot_of(id, MESSAGE_SLOTS); work->by_message[at] != UINT16_MAX;
         at = (at + 1) & (MESSAGE_SLOTS - 1))
        if (sch_id_equal(&work->message[work->by_message[at]].row.id, id))
            return &work->message[work->by_message[at]];
    return NULL;
}

struct sch_work_message *sch_work_message_find(struct sch_work *work, const struct sch_id *id)
{
    struct sch_record_key key = sch_record_key_id(id);
    struct sch_work_message *message = sch_work_message_known(work, id);
    enum sch_store_result result;
    uint8_t *value;
    size_t size = 0;

    if (message != NULL)
        return message;
    value = sch_arena_take(&work->arena, SCH_RECORD_MESSAGE_MAX);
    if (value == NULL) {
        work->failed = true;
        return NULL;
    }
    result = sch_store_get(work->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, SCH_RECORD_MESSAGE_MAX,
                           &size);
    if (result == SCH_STORE_NONE)
        return NULL;
    message = result == SCH_STORE_OK ? sch_work_message_new(work, id) : NULL;
    if (message == NULL ||
        sch_record_message_decode((struct sch_bytes){ value, size }, &message->row) != SCH_OK) {
        work->failed = true;
        return NULL;
    }
    return message;
}

struct sch_message_row *sch_work_message(struct sch_work *work, const struct sch_id *id)
{
    struct sch_work_message *message = sch_work_message_find(work, id);

    return message == NULL ? NULL : &message->row;
}
