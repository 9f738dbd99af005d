/*
 * turn_parts.c: large bodies in a turn: parts that come, parts that are fetched, uploads that nobody submits.
 */
#include "turn_own.h"

#include <string.h>

static const struct sch_id none;

/* ---- parts that come ---------------------------------------------------------------------------- */

static enum sch_error_code may_upload(const struct sch_turn *turn, const struct sch_item *item, const char **field)
{
    *field = "part.sender";
    if (sch_door_acts_for(item->key, item->part.name.sender.text) != SCH_OK ||
        sch_book_party(turn->book, item->part.name.sender.text) == NULL)
        return SCH_E_NOT_YOURS;
    *field = NULL;
    if (item->part.bytes.len > 0 && turn->draining)
        return SCH_E_STOPPING;
    /* Short of room, feedback passes that fits in a frame; a large body would take what is left. */
    return item->part.bytes.len > 0 && turn->full ? SCH_E_STORE_FULL : SCH_OK;
}

void sch_turn_step_part(struct sch_turn *turn, struct sch_item *item)
{
    const char *field = NULL;
    int code = (int)may_upload(turn, item, &field);

    if (code == SCH_OK)
        code = sch_upload_put(turn->work, &item->part, item->there, &field);
    if (code != SCH_OK)
        sch_turn_refuse(turn, item, (enum sch_error_code)code, field, &none);
    else if (item->part.bytes.len > 0)
        sch_upload_watch_note(&turn->uploads, turn->now_ms);
}

void sch_turn_send_parts(struct sch_turn *turn, const struct sch_item *item)
{
    struct sch_reply reply = { .request = item->request, .type = SCH_REPLY_PARTS };

    reply.parts.upload = item->part.name.id;
    reply.parts.count = item->part.count;
    for (uint32_t i = 0; i < item->part.count; i++)
        if ((item->there[i / 8] >> (i % 8) & 1) == 0)
            reply.parts.missing[reply.parts.missing_count++] = i;
    (void)sch_reply_send(&turn->out, &item->peer, &reply, (struct sch_bytes){ 0 });
}

/* ---- the submission ----------------------------------------------------------------------------- */

/* The upload is looked up for nobody but its sender; where it is not whole, the door says so, after all that it
 * checks before. */
void sch_turn_admit_upload(struct sch_turn *turn, struct sch_item *item)
{
    const struct sch_command command = { .type = SCH_COMMAND_SUBMIT,
                                         .submit = { item->header, item->seal, item->submission.upload } };
    const struct sch_upload_name name = { item->submission.header.sender, item->submission.upload };
    const struct sch_upload_row *row = NULL;
    struct sch_door_letter letter = { .size = 0 };

    if (name.sender.text[0] != '\0' && sch_door_acts_for(item->key, name.sender.text) == SCH_OK)
        row = sch_upload_whole(turn->work, &name);
    if (row != NULL)
        letter = (struct sch_door_letter){ .bytes = { row->hash[0], row->count * sizeof row->hash[0] },
                                           .size = sch_upload_size(row), .part_count = row->count,
                                           .part_number = row->number };
    item->fault = (struct sch_fault){ SCH_OK, NULL };
    (void)sch_door_submission(turn->book, item->key, &command, &letter, turn->now_ms,
                              turn->options.verify_signatures, &turn->arena, &item->submission, &item->fault);
}

/* ---- parts that are fetched --------------------------------------------------------------------- */

/* Does the delivery of this message to this mailbox stand? */
static bool stands(const struct sch_message_row *row, const struct sch_address *mailbox)
{
    for (size_t i = 0; i < row->recipient_count; i++)
        if (strcmp(row->recipient[i].address.text, mailbox->text) == 0)
            return row->recipient[i].state == SCH_DELIVERY_STORED;
    return false;
}

static bool holds_lease(struct sch_turn *turn, const struct sch_item *item, const struct sch_id *dossier)
{
    const struct sch_session *session = sch_sessions_find(turn->sessions, &item->peer, item->actor.key_id,
                                                          turn->mono_ms);

    return session != NULL &&
           sch_sessions_holds(turn->sessions, session,
                              sch_turn_hold(turn, &item->fetch.mailbox, dossier, &item->fetch.message));
}

/* What an operator holds back is given to nobody who has not got it already. */
static bool is_held_back(struct sch_turn *turn, const struct sch_item *item)
{
    const struct sch_mailbox *mailbox = sch_sessions_mailbox_of(turn->sessions, item->fetch.mailbox.text);

    return mailbox != NULL && mailbox->held_back;
}

void sch_turn_step_fetch(struct sch_turn *turn, struct sch_item *item)
{
    const struct sch_message_row *row;

    if (sch_door_acts_for(item->key, item->fetch.mailbox.text) != SCH_OK ||
        sch_book_party(turn->book, item->fetch.mailbox.text) == NULL) {
        sch_turn_refuse(turn, item, SCH_E_NOT_YOURS, "fetch.mailbox", &item->fetch.message);
        return;
    }
    row = sch_work_message(turn->work, &item->fetch.message);
    if (row == NULL || !stands(row, &item->fetch.mailbox)) {
        sch_turn_refuse(turn, item, SCH_E_UNKNOWN_MESSAGE, "fetch.message_id", &item->fetch.message);
        return;
    }
    if (is_held_back(turn, item) && !holds_lease(turn, item, &row->dossier)) {
        sch_turn_refuse(turn, item, SCH_E_NOT_LEASED, "fetch.message_id", &item->fetch.message);
        return;
    }
    if (item->fetch.index >= row->part_count) {
        sch_turn_refuse(turn, item, SCH_E_FIELD_INVALID, "fetch.index", &item->fetch.message);
        return;
    }
    item->fetch.dossier = row->dossier;
    item->fetch.count = row->part_count;
    item->fetch.number = row->part_number;
}

/* Whoever fetches is at work on it: its lease runs from now. */
static void extend(struct sch_turn *turn, const struct sch_item *item)
{
    if (holds_lease(turn, item, &item->fetch.dossier))
        sch_turn_hold(turn, &item->fetch.mailbox, &item->fetch.dossier, &item->fetch.message)->until_ms =
            turn->mono_ms + SCH_LEASE_MS;
}

/* A part that went meanwhile went because the message was settled later in this turn. */
void sch_turn_send_fetched(struct sch_turn *turn, const struct sch_item *item)
{
    struct sch_reply reply = { .request = item->request, .type = SCH_REPLY_FETCHED };
    struct sch_record_key key = sch_record_key_part(item->fetch.number, item->fetch.index);
    size_t used = turn->arena.used, size = 0;
    uint8_t *part = sch_arena_take(&turn->arena, SCH_PART_SIZE);
    enum sch_store_result result = SCH_STORE_NONE;

    if (part != NULL)
        result = sch_store_get(turn->options.store, SCH_TABLE_PART, sch_record_key_bytes(&key), part, SCH_PART_SIZE,
                               &size);
    reply.fetched.mailbox = item->fetch.mailbox;
    reply.fetched.message = item->fetch.message;
    reply.fetched.index = item->fetch.index;
    reply.fetched.count = item->fetch.count;
    if (result == SCH_STORE_OK) {
        extend(turn, item);
        (void)sch_reply_send(&turn->out, &item->peer, &reply, (struct sch_bytes){ part, size });
        turn->options.metrics->parts_fetched++;
    } else {
        sch_reply_reject(&turn->out, &item->peer, item->request,
                         part == NULL                ? SCH_E_BROKER_BUSY
                         : result == SCH_STORE_NONE ? SCH_E_UNKNOWN_MESSAGE
                                                    : SCH_E_BROKER_INTERNAL,
                         "fetch.message_id", &item->fetch.message);
    }
    turn->arena.used = used;
}

/* ---- those that nobody submits ------------------------------------------------------------------- */

void sch_turn_gather_drops(struct sch_turn *turn)
{
    struct sch_upload_name ended[SCH_UPLOAD_DROPS_MAX];
    size_t count;

    if (turn->watch.held || turn->now_ms < turn->uploads.next_ms)
        return;
    if (turn->now_ms < sch_turn_expire_from(turn)) {
        sch_upload_watch_defer(&turn->uploads, sch_turn_expire_from(turn));
        return;
    }
    count = sch_upload_watch_due(&turn->uploads, turn->options.store, turn->now_ms, ended);
    for (size_t i = 0; i < count; i++) {
        struct sch_item *item = &turn->items[turn->item_count++];

        memset(item, 0, sizeof *item);
        item->type = SCH_ITEM_DROP;
        item->part.name = ended[i];
    }
    turn->work_left = turn->work_left || turn->uploads.next_ms <= turn->now_ms;
}

void sch_turn_step_drop(struct sch_turn *turn, struct sch_item *item)
{
    if (sch_upload_is_abandoned(turn->work, &item->part.name, turn->now_ms))
        sch_upload_drop(turn->work, &item->part.name);
}
