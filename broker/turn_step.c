/*
 * turn_step.c: an item on its way: stepped over the working set, and answered when its batch is durable.
 */
#include "turn_own.h"

#include <string.h>

#include "id.h"

#define DEFER_MS 60000                  /* a due row that could not act is looked at again */

/* ---- step --------------------------------------------------------------------------------------- */

static const struct sch_id none;

void sch_turn_refuse(struct sch_turn *turn, struct sch_item *item, enum sch_error_code code, const char *field,
                     const struct sch_id *message)
{
    item->outcome = (struct sch_step_outcome){ .type = SCH_OUTCOME_REJECTED, .code = code, .field = field,
                                               .message = *message };
    sch_work_refused(turn->work, &item->actor, message, code);
}

static void step_submit(struct sch_turn *turn, struct sch_item *item, struct sch_world *world)
{
    const struct sch_header *header = &item->submission.header;
    const struct sch_id *id = sch_id_is_none(&header->dossier) ? &header->id : &header->dossier;
    struct sch_dossier *dossier;

    if (!sch_id_is_none(&item->submission.upload))
        sch_turn_admit_upload(turn, item);
    if (sch_work_resent(turn->work, &item->submission, &item->outcome)) {
        /* Whoever lost the receipt may have uploaded it all again before he asked. */
        if (!sch_id_is_none(&item->submission.upload))
            sch_upload_drop(turn->work, &(struct sch_upload_name){ header->sender, item->submission.upload });
        return;
    }
    if (item->fault.code != SCH_OK) {
        sch_turn_refuse(turn, item, item->fault.code, item->fault.field, &header->id);
        return;
    }
    dossier = sch_work_dossier(turn->work, id);
    if (dossier != NULL)
        item->outcome = sch_work_step(turn->work, world, dossier, &item->submission.event, &item->submission,
                                      &item->actor);
}

struct sch_hold *sch_turn_hold(struct sch_turn *turn, const struct sch_address *mailbox, const struct sch_id *dossier,
                               const struct sch_id *message)
{
    struct sch_mailbox *box = sch_sessions_mailbox_of(turn->sessions, mailbox->text);

    return box == NULL ? NULL : sch_sessions_hold(turn->sessions, box, dossier, message);
}

/* The event that a verdict is; false when it is none: refused, or a retry that only waits. */
static bool verdict_event(struct sch_turn *turn, struct sch_item *item, const struct sch_message_row *row,
                          struct sch_event *event)
{
    struct sch_session *session = sch_sessions_find(turn->sessions, &item->peer, item->actor.key_id, turn->mono_ms);
    struct sch_hold *hold = sch_turn_hold(turn, &item->settle.mailbox, &row->dossier, &row->id);

    if (item->settle.verdict == SCH_VERDICT_COLLECTED) {
        event->type = SCH_EVENT_COLLECT;
        return true;
    }
    if (session == NULL || !sch_sessions_holds(turn->sessions, session, hold)) {
        sch_turn_refuse(turn, item, SCH_E_NOT_LEASED, "settle.message_id", &row->id);
        return false;
    }
    if (item->settle.verdict == SCH_VERDICT_REFUSED) {
        event->type = SCH_EVENT_REFUSE;
        return true;
    }
    event->type = SCH_EVENT_EXHAUST;
    if (hold->retries + 1 >= SCH_RETRIES_MAX)
        return true;
    item->settle.back_off = true;
    item->outcome = (struct sch_step_outcome){ .type = SCH_OUTCOME_SETTLED, .state = SCH_DELIVERY_STORED,
                                               .message = row->id, .dossier = row->dossier };
    return false;
}

static void step_settle(struct sch_turn *turn, struct sch_item *item, struct sch_world *world)
{
    struct sch_event event = { .message = item->settle.message, .mailbox = item->settle.mailbox,
                               .refusal = item->settle.refusal, .missing_sections = item->settle.missing_sections };
    const struct sch_message_row *row;
    struct sch_dossier *dossier;

    item->settle.back_off = false;
    if (sch_door_acts_for(item->key, item->settle.mailbox.text) != SCH_OK) {
        sch_turn_refuse(turn, item, SCH_E_NOT_YOURS, "settle.mailbox", &item->settle.message);
        return;
    }
    row = sch_work_message(turn->work, &item->settle.message);
    if (row == NULL) {
        sch_turn_refuse(turn, item, SCH_E_UNKNOWN_MESSAGE, "settle.message_id", &item->settle.message);
        return;
    }
    if (!verdict_event(turn, item, row, &event))
        return;
    dossier = sch_work_dossier(turn->work, &row->dossier);
    if (dossier == NULL)
        return;
    item->outcome = sch_work_step(turn->work, world, dossier, &event, NULL, &item->actor);
    item->outcome.dossier = dossier->id;
}

static void step_query(struct sch_turn *turn, struct sch_item *item)
{
    int code = sch_query_permit(turn->work, turn->options.store, turn->book, item->key, &item->query, &item->permit,
                                &item->fault);

    if (code != SCH_OK)
        sch_turn_refuse(turn, item, (enum sch_error_code)code, item->fault.field, &none);
    else
        sch_work_read(turn->work, &item->actor, &item->query, &item->permit.dossier, SCH_OK);
}

/* A row that could not act (an E1 within the hold after a start, an expiry under a lease, a store without room)
 * keeps its place in the index: for a minute the scan begins behind it. */
void sch_turn_defer(struct sch_turn *turn, int64_t due_ms, const struct sch_id *dossier)
{
    struct sch_record_key key = sch_record_key_due(due_ms, dossier);

    if (turn->now_ms >= turn->due_reset_ms) {
        turn->due_reset_ms = turn->now_ms + DEFER_MS;
        turn->due_from_size = 0;
    }
    if (turn->due_from_size > 0 && memcmp(turn->due_from, key.bytes, key.size) >= 0)
        return;
    memcpy(turn->due_from, key.bytes, key.size);
    turn->due_from[key.size] = 0;       /* the first key after this one */
    turn->due_from_size = key.size + 1;
}

static void step_due(struct sch_turn *turn, struct sch_item *item, struct sch_world *world)
{
    struct sch_id leased[SCH_MEMBERS_MAX];
    struct sch_event event = { .type = SCH_EVENT_DUE, .leased = leased };
    struct sch_dossier *dossier = sch_work_dossier(turn->work, &item->due);

    if (dossier == NULL || dossier->phase == SCH_PHASE_NONE)
        return;
    event.leased_count = sch_sessions_leased(turn->sessions, &item->due, leased, SCH_MEMBERS_MAX);
    (void)sch_work_step(turn->work, world, dossier, &event, NULL, &item->actor);
    turn->options.metrics->due_fired++;
    /* One that could act has moved to a later row, and comes to that in its order: to defer that now would pass
     * over whatever lies between. */
    if (sch_dossier_next_due(dossier) <= item->due_ms)
        sch_turn_defer(turn, item->due_ms, &dossier->id);
}

int64_t sch_turn_expire_from(const struct sch_turn *turn)
{
    return (turn->confirmed_ms > turn->started_ms ? turn->confirmed_ms : turn->started_ms) + turn->options.e1_hold_ms;
}

void sch_turn_step(struct sch_turn *turn, size_t first, size_t count)
{
    struct sch_world world = {
        .now_ms = turn->now_ms,
        .e1_from_ms = turn->started_ms + turn->options.e1_hold_ms,
        .expire_from_ms = sch_turn_expire_from(turn),
        .norms = &turn->book->norms,
        .permits = &turn->book->permits,
        .full = turn->full,
    };

    sch_work_begin(turn->work, turn->now_ms, turn->watch.held);
    for (size_t i = first; i < first + count && !sch_work_failed(turn->work); i++) {
        struct sch_item *item = &turn->items[i];

        item->outcome = (struct sch_step_outcome){ .type = SCH_OUTCOME_NOTHING };
        switch (item->type) {
        case SCH_ITEM_NOTE: sch_work_note(turn->work, item->note); break;
        case SCH_ITEM_DUE: step_due(turn, item, &world); break;
        case SCH_ITEM_REFUSED: sch_turn_refuse(turn, item, item->fault.code, item->fault.field, &none); break;
        case SCH_ITEM_SUBMIT: step_submit(turn, item, &world); break;
        case SCH_ITEM_SETTLE: step_settle(turn, item, &world); break;
        case SCH_ITEM_QUERY: step_query(turn, item); break;
        case SCH_ITEM_PART: sch_turn_step_part(turn, item); break;
        case SCH_ITEM_FETCH: sch_turn_step_fetch(turn, item); break;
        case SCH_ITEM_DROP: sch_turn_step_drop(turn, item); break;
        }
    }
}

/* ---- send --------------------------------------------------------------------------------------- */

static void tell_status(struct sch_turn *turn, const struct sch_after *after)
{
    struct sch_session *session;
    struct sch_reply reply = { .type = SCH_REPLY_STATUS };

    reply.status.message = after->message;
    reply.status.mailbox = after->mailbox;
    reply.status.state = after->state;
    reply.status.at_ms = turn->now_ms;
    /* Best effort: a query tells the same at any time. But a session whose connection is gone, or whose key no
     * longer acts for the sender, is passed over. */
    while ((session = sch_sessions_listener(turn->sessions, after->sender.text)) != NULL &&
           (!sch_door_may_collect(turn->book, session->key_id, after->sender.text, turn->now_ms) ||
            sch_reply_send(&turn->out, &session->peer, &reply, (struct sch_bytes){ 0 }) == SCH_SENT_GONE))
        sch_sessions_end(turn->sessions, session);
}

static void do_afterwards(struct sch_turn *turn)
{
    size_t count;
    const struct sch_after *after = sch_work_after(turn->work, &count);

    for (size_t i = 0; i < count; i++) {
        struct sch_mailbox *mailbox = sch_sessions_mailbox_of(turn->sessions, after[i].mailbox.text);

        if (after[i].type == SCH_AFTER_STATUS)
            tell_status(turn, &after[i]);
        else if (mailbox != NULL && after[i].type == SCH_AFTER_LAID)
            mailbox->pending = true;
        else if (mailbox != NULL)
            sch_sessions_forget(turn->sessions, sch_turn_hold(turn, &after[i].mailbox, &after[i].dossier,
                                                              &after[i].message));
    }
}

static bool is_leased(void *context, const struct sch_address *mailbox, const struct sch_id *dossier,
                      const struct sch_id *message)
{
    const struct sch_hold *hold = sch_turn_hold(context, mailbox, dossier, message);

    return hold != NULL && hold->state == SCH_HOLD_LEASED;
}

static void refuse_query(struct sch_turn *turn, const struct sch_peer *peer, uint64_t request, int code)
{
    enum sch_error_code said = code == SCH_E_UNKNOWN_DOSSIER                            ? SCH_E_UNKNOWN_DOSSIER
                               : code == SCH_E_BROKER_BUSY || code == SCH_E_NO_MEMORY ? SCH_E_BROKER_BUSY
                                                                                       : SCH_E_BROKER_INTERNAL;

    sch_reply_reject(&turn->out, peer, request, said, NULL, NULL);
}

static void put_query(struct sch_turn *turn, const struct sch_item *item)
{
    const struct sch_reader_job job = { .peer = item->peer, .request = item->request, .permit = item->permit,
                                        .now_ms = turn->now_ms };
    int code = sch_reader_put(turn->reader, &job);

    if (code != SCH_OK)
        refuse_query(turn, &item->peer, item->request, code);
}

/* What a session holds is known here only, so it is marked now. A peer that is gone misses its page. */
static void send_page(struct sch_turn *turn, struct sch_reader_job *job)
{
    struct sch_reply reply = { .request = job->request, .type = SCH_REPLY_PAGE };
    size_t used = turn->arena.used;

    if (job->code != SCH_OK) {
        refuse_query(turn, &job->peer, job->request, job->code);
        return;
    }
    sch_query_mark_leased(&job->page, &job->permit.party.address, is_leased, turn);
    reply.page = job->page;
    (void)sch_reply_send(&turn->out, &job->peer, &reply, (struct sch_bytes){ 0 });
    turn->arena.used = used;
}

void sch_turn_send_pages(struct sch_turn *turn)
{
    struct sch_reader_job *job;

    while ((job = sch_reader_take(turn->reader)) != NULL) {
        send_page(turn, job);
        sch_reader_free(job);
    }
}

static void back_off(struct sch_turn *turn, const struct sch_item *item)
{
    struct sch_hold *hold = sch_turn_hold(turn, &item->settle.mailbox, &item->outcome.dossier, &item->settle.message);

    /* The same verdict twice in one turn, or a lease that ran out meanwhile: once is enough. */
    if (hold != NULL && hold->state == SCH_HOLD_LEASED)
        sch_sessions_back_off(turn->sessions, hold, turn->mono_ms);
    turn->options.metrics->retried++;
}

void sch_turn_send(struct sch_turn *turn, size_t first, size_t count)
{
    do_afterwards(turn);
    for (size_t i = first; i < first + count; i++) {
        struct sch_item *item = &turn->items[i];

        if (item->settle.back_off)
            back_off(turn, item);
        if (item->type == SCH_ITEM_QUERY && item->outcome.type == SCH_OUTCOME_NOTHING)
            put_query(turn, item);
        else if (item->type == SCH_ITEM_PART && item->outcome.type == SCH_OUTCOME_NOTHING)
            sch_turn_send_parts(turn, item);
        else if (item->type == SCH_ITEM_FETCH && item->outcome.type == SCH_OUTCOME_NOTHING)
            sch_turn_send_fetched(turn, item);
        else if (item->type != SCH_ITEM_DUE && item->type != SCH_ITEM_NOTE && item->type != SCH_ITEM_DROP)
            sch_reply_outcome(&turn->out, &item->peer, item->request, &item->outcome, &item->settle.mailbox);
    }
}

