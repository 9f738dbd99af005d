/*
 * work_commit.c: what a turn changed, as one batch: records, indexes, counts, the audit's link.
 */
#include <assert.h>
#include <string.h>

#include "core/silence.h"
#include "id.h"
#include "log.h"
#include "upload.h"
#include "work_own.h"

void sch_work_put(struct sch_work *work, enum sch_table table, struct sch_record_key key, struct sch_bytes value)
{
    sch_work_check(work, sch_batch_put(&work->batch, table, sch_record_key_bytes(&key), value, SCH_STORE_ANY));
}

void sch_work_erase(struct sch_work *work, enum sch_table table, struct sch_record_key key)
{
    sch_work_check(work, sch_batch_erase(&work->batch, table, sch_record_key_bytes(&key), SCH_STORE_ANY));
}

/* ---- dossiers ----------------------------------------------------------------------------------- */

static const struct sch_bytes nothing;

size_t sch_work_owners(const struct sch_dossier *dossier, const char *owner[SCH_MEMBERS_MAX + 2])
{
    size_t count = 0;

    for (size_t i = 0; i < dossier->member_count + 2; i++) {
        const char *name = i < dossier->member_count ? dossier->member[i].address.text
                                                     : dossier->member[i - dossier->member_count].region;
        bool twice = name[0] == '\0';

        for (size_t k = 0; k < count; k++)
            twice = twice || strcmp(owner[k], name) == 0;
        if (!twice)
            owner[count++] = name;
    }
    return count;
}

struct sch_record_key sch_work_party_key(const char *owner, const struct sch_id *dossier)
{
    struct sch_address address = { { 0 } };

    memcpy(address.text, owner, strlen(owner));
    return sch_record_key_party(&address, dossier);
}

static void index_dossier(struct sch_work *work, const struct sch_work_slot *slot)
{
    const struct sch_dossier *dossier = &slot->dossier;
    const char *owner[SCH_MEMBERS_MAX + 2];
    size_t owner_count = sch_work_owners(dossier, owner);
    int64_t due_ms = sch_dossier_next_due(dossier), owed_ms = sch_dossier_next_owed(dossier);

    if (due_ms != slot->due_ms) {
        if (slot->due_ms != INT64_MAX)
            sch_work_erase(work, SCH_TABLE_DUE, sch_record_key_due(slot->due_ms, &dossier->id));
        if (due_ms != INT64_MAX)
            sch_work_put(work, SCH_TABLE_DUE, sch_record_key_due(due_ms, &dossier->id), nothing);
    }
    for (size_t i = 0; i < owner_count; i++) {
        if (owed_ms != slot->owed_ms && slot->owed_ms != INT64_MAX)
            sch_work_erase(work, SCH_TABLE_OPEN, sch_record_key_open(owner[i], slot->owed_ms, &dossier->id));
        if (owed_ms != slot->owed_ms && owed_ms != INT64_MAX)
            sch_work_put(work, SCH_TABLE_OPEN, sch_record_key_open(owner[i], owed_ms, &dossier->id), nothing);
        if (slot->fresh)
            sch_work_put(work, SCH_TABLE_PARTY, sch_work_party_key(owner[i], &dossier->id), nothing);
    }
}

size_t sch_work_chain_row(const struct sch_dossier *dossier, bool group, struct sch_record_key *key, uint8_t *value,
                          size_t capacity)
{
    const struct sch_id *id = group ? &dossier->group : &dossier->root;
    bool same = sch_id_equal(&dossier->group, &dossier->root);
    struct sch_chain_row row = { .chain = !sch_id_is_none(&dossier->root) &&
                                          !sch_id_equal(&dossier->root, &dossier->id) && (!group || same),
                                 .group = !sch_id_is_none(&dossier->group) && (group || same),
                                 .referrer = dossier->member[SCH_MEMBER_REFERRER].address };

    /* A group that has the id of the chain's root: the root's row says both. */
    if (group ? !row.group || row.chain : !row.chain)
        return 0;
    *key = sch_record_key_chain(id, &dossier->id);
    return sch_record_chain_encode(&row, value, capacity);
}

/* What is written once, when a dossier is opened. */
static void put_fresh(struct sch_work *work, const struct sch_dossier *dossier)
{
    uint8_t value[SCH_RECORD_CHAIN_MAX];

    sch_work_put(work, SCH_TABLE_KENMERK, sch_record_key_kenmerk(dossier->kenmerk),
                 (struct sch_bytes){ dossier->id.bytes, sizeof dossier->id.bytes });
    for (int group = 0; group < 2; group++) {
        struct sch_record_key key;
        size_t size = sch_work_chain_row(dossier, group != 0, &key, value, sizeof value);

        if (size > 0)
            sch_work_put(work, SCH_TABLE_CHAIN, key, (struct sch_bytes){ value, size });
    }
}

/* The ages follow the silence that a dossier is in. */
static void count_age(struct sch_work *work, const struct sch_work_slot *slot)
{
    enum sch_silence silence = sch_silence_of_dossier(&slot->dossier);

    if (silence == slot->silence)
        return;
    sch_work_check(work, sch_tally_count_age(work->tally, &slot->dossier, slot->silence, -1));
    sch_work_check(work, sch_tally_count_age(work->tally, &slot->dossier, silence, 1));
}

static void put_dossier(struct sch_work *work, struct sch_work_slot *slot)
{
    static uint8_t buffer[SCH_RECORD_DOSSIER_MAX];     /* the turn's thread only */
    struct sch_dossier *dossier = &slot->dossier;
    struct sch_record_key key = sch_record_key_id(&dossier->id);
    uint64_t expected = dossier->version;
    size_t size;

    dossier->version++;
    size = sch_record_dossier_encode(dossier, buffer, sizeof buffer);
    assert(size > 0);
    sch_work_check(work, sch_batch_put(&work->batch, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key),
                                       (struct sch_bytes){ buffer, size }, expected));
    index_dossier(work, slot);
    count_age(work, slot);
    if (slot->fresh)
        put_fresh(work, dossier);
}

/* ---- the rest ----------------------------------------------------------------------------------- */

static void put_message(struct sch_work *work, const struct sch_message_row *row)
{
    uint8_t buffer[SCH_RECORD_MESSAGE_MAX];
    size_t size = sch_record_message_encode(row, buffer, sizeof buffer);

    assert(size > 0);
    sch_work_put(work, SCH_TABLE_MESSAGE, sch_record_key_id(&row->id), (struct sch_bytes){ buffer, size });
}

static void put_meta(struct sch_work *work)
{
    uint8_t buffer[SCH_RECORD_META_MAX];
    size_t size;

    work->meta.batch++;
    work->meta.civil_ms = work->now_ms;
    size = sch_record_meta_encode(&work->meta, buffer, sizeof buffer);
    assert(size > 0);
    sch_work_put(work, SCH_TABLE_META, sch_record_key_meta(SCH_RECORD_META_COUNTERS),
                 (struct sch_bytes){ buffer, size });
}

static void put_tally(struct sch_work *work)
{
    uint64_t missed = 0;

    sch_work_check(work, sch_tally_flush(work->tally, &work->batch, &missed));
    if (missed == 0)
        return;
    work->metrics->tally_missed += missed;
    sch_log(SCH_LOG_ERROR, "TALLY_MISSED", "a count for the statistics was not there to be taken from",
            "counts=%llu", (unsigned long long)missed);
}

bool sch_work_is_dirty(const struct sch_work *work)
{
    bool dirty = work->batch.count > 0 || sch_audit_next_ms(&work->audit) <= work->now_ms ||
                 sch_work_forget_ms(work) <= work->now_ms;

    for (size_t i = 0; i < work->slot_count && !dirty; i++)
        dirty = work->slot[i]->dirty;
    return dirty;
}

void sch_work_pass(struct sch_work *work)
{
    sch_audit_commit(&work->audit);
}

enum sch_store_result sch_work_commit(struct sch_work *work)
{
    enum sch_store_result result;
    bool forgot;

    for (size_t i = 0; i < work->slot_count; i++)
        if (work->slot[i]->dirty && !work->slot[i]->gone)
            put_dossier(work, work->slot[i]);
    for (size_t i = 0; i < work->message_count; i++)
        if (work->message[i].dirty)
            put_message(work, &work->message[i].row);
    sch_upload_commit(work);
    put_tally(work);
    if (sch_work_forget_ms(work) <= work->now_ms)
        sch_work_forget(work);
    sch_work_check(work, sch_audit_finish(&work->audit, &work->batch, &work->meta));
    put_meta(work);
    result = work->failed ? SCH_STORE_REJECTED
                          : sch_store_apply(work->store, work->batch.op, work->batch.count);
    if (result != SCH_STORE_OK) {
        *work->metrics = work->counted;     /* what did not happen is not counted */
        return result;
    }
    sch_audit_commit(&work->audit);
    forgot = work->durable.audit_first != work->meta.audit_first;
    work->durable = work->meta;
    if (forgot || work->oldest_ms == INT64_MAX)
        sch_work_look_back(work);
    return SCH_STORE_OK;
}

const struct sch_after *sch_work_after(const struct sch_work *work, size_t *count)
{
    *count = work->after_count;
    return work->after;
}

int64_t sch_work_civil_ms(const struct sch_work *work)
{
    return work->durable.civil_ms;
}

uint64_t sch_work_first_sequence(const struct sch_work *work)
{
    return work->first_sequence;
}

int64_t sch_work_next_ms(const struct sch_work *work)
{
    int64_t forget_ms = sch_work_forget_ms(work);

    /* Nobody is woken to forget; but once begun it goes on until all that is old has gone. */
    return forget_ms <= work->now_ms ? forget_ms : sch_audit_next_ms(&work->audit);
}
