/*
 * work_load.c: what a submission refers to beside its own dossier: where it came from, what it is about, which
 * referrals stand beside it. Earlier events of the turn count, as everywhere in the working set.
 */
#include <string.h>

#include "id.h"
#include "work_own.h"

/* Others may use the same id for a group of theirs: so many rows are looked at, and no more. */
#define GROUP_ROWS_MAX 256

struct gathering {
    const struct sch_address *referrer;
    const struct sch_id *but;
    struct sch_id id[GROUP_ROWS_MAX];
    size_t count;
    bool damaged;
};

static bool gather(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct gathering *gathering = context;
    struct sch_id *id = &gathering->id[gathering->count];
    struct sch_chain_row row;

    if (sch_record_read_chain(key, NULL, id) != SCH_OK || sch_record_chain_decode(value, &row) != SCH_OK) {
        gathering->damaged = true;
        return false;
    }
    if (row.group && strcmp(row.referrer.text, gathering->referrer->text) == 0 && !sch_id_equal(id, gathering->but))
        gathering->count++;
    return true;
}

static const struct sch_work_slot *slot_known(const struct sch_work *work, const struct sch_id *id)
{
    for (size_t i = 0; i < work->slot_count; i++)
        if (sch_id_equal(&work->slot[i]->dossier.id, id))
            return work->slot[i];
    return NULL;
}

/* Opened in this turn: its rows are not in the store yet. */
static bool is_new_in(const struct sch_work_slot *slot, const struct sch_id *group,
                      const struct sch_address *referrer, const struct sch_id *but)
{
    const struct sch_dossier *dossier = &slot->dossier;

    return slot->fresh && dossier->phase != SCH_PHASE_NONE && sch_id_equal(&dossier->group, group) &&
           strcmp(dossier->member[SCH_MEMBER_REFERRER].address.text, referrer->text) == 0 &&
           !sch_id_equal(&dossier->id, but);
}

size_t sch_work_group(struct sch_work *work, const struct sch_id *group, const struct sch_address *referrer,
                      const struct sch_id *but, struct sch_id id[SCH_GROUP_MAX])
{
    struct gathering gathering = { .referrer = referrer, .but = but };
    struct sch_record_key prefix = sch_record_prefix_id(group);
    size_t count = 0;

    if (sch_store_scan(work->store, SCH_TABLE_CHAIN, sch_record_key_bytes(&prefix), (struct sch_bytes){ 0 }, false,
                       GROUP_ROWS_MAX, gather, &gathering) != SCH_STORE_OK || gathering.damaged) {
        work->failed = true;
        return 0;
    }
    for (size_t i = 0; i < gathering.count && count < SCH_GROUP_MAX; i++) {
        const struct sch_work_slot *slot = slot_known(work, &gathering.id[i]);

        if (slot == NULL || slot->dossier.phase != SCH_PHASE_NONE)
            id[count++] = gathering.id[i];
    }
    for (size_t i = 0; i < work->slot_count && count < SCH_GROUP_MAX; i++)
        if (is_new_in(work->slot[i], group, referrer, but))
            id[count++] = work->slot[i]->dossier.id;
    return count;
}

static const struct sch_dossier *origin_of(struct sch_work *work, const struct sch_header *header)
{
    const struct sch_id *id = !sch_id_is_none(&header->parent) ? &header->parent : &header->follows;
    const struct sch_dossier *dossier = sch_id_is_none(id) ? NULL : sch_work_dossier(work, id);

    return dossier == NULL || dossier->phase == SCH_PHASE_NONE ? NULL : dossier;
}

static void refer_subject(struct sch_work *work, const struct sch_id *id, struct sch_subject *subject)
{
    const struct sch_message_row *row = sch_work_message(work, id);

    if (row == NULL)
        return;
    subject->known = true;
    subject->dossier = row->dossier;
    subject->kind = row->kind;
    subject->sender = row->sender;
    for (size_t i = 0; i < row->recipient_count; i++)
        if (row->recipient[i].state == SCH_DELIVERY_COLLECTED)
            subject->collected = true;
}

void sch_work_refer(struct sch_work *work, struct sch_event *event)
{
    const struct sch_header *header = event->header;
    struct sch_id group[SCH_GROUP_MAX];

    event->origin = origin_of(work, header);
    event->group_count = 0;
    memset(&event->subject, 0, sizeof event->subject);
    if (!sch_id_is_none(&header->group))
        event->group_count = sch_work_group(work, &header->group, &header->sender, &header->id, group);
    if (!sch_id_is_none(&header->subject))
        refer_subject(work, &header->subject, &event->subject);
}
