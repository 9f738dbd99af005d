/*
 * offer.c: one short scan per mailbox, then one message at a time.
 */
#include "offer.h"

#include <string.h>

#include "door.h"
#include "id.h"
#include "log.h"
#include "record.h"

#define ROWS_MAX 64                     /* looked at per mailbox and call */

struct waiting {
    uint64_t sequence;
    struct sch_mailbox_entry entry;
    bool damaged;                       /* the entry cannot be read; its place is known */
};

struct rows {
    struct waiting row[ROWS_MAX];
    size_t count;
};

/* UNREADABLE: the row was read and is damaged, or is not there, so that no later try reads it either: it is passed
 * over, and what is behind it is offered. LATER: nothing was learnt about the row, and nothing may pass it. */
enum offered { OFFERED, NO_TAKER, UNREADABLE, LATER };

static bool gather(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct rows *rows = context;
    struct waiting *row = &rows->row[rows->count];

    if (sch_record_read_mailbox(key, NULL, &row->sequence) != SCH_OK) {
        sch_log_plain(SCH_LOG_ERROR, "MAILBOX_UNREADABLE", "a row of a mailbox cannot be read from the store");
        return true;                    /* it has no place, and so takes none from those that have one */
    }
    row->damaged = sch_record_mailbox_decode(value, &row->entry) != SCH_OK;
    return ++rows->count < ROWS_MAX;
}

/* Reads a row of a table into the arena; no row, or one that is too large, gives no bytes. False: memory ran out, or
 * the store failed, which says nothing about the row. */
static bool fetch(const struct sch_offer *offer, enum sch_table table, const struct sch_id *id, size_t size,
                  struct sch_bytes *bytes)
{
    struct sch_record_key key = sch_record_key_id(id);
    uint8_t *buffer = sch_arena_take(offer->arena, size);
    size_t got = 0;
    enum sch_store_result result;

    if (buffer == NULL)
        return false;
    result = sch_store_get(offer->store, table, sch_record_key_bytes(&key), buffer, size, &got);
    *bytes = result == SCH_STORE_OK ? (struct sch_bytes){ buffer, got } : (struct sch_bytes){ 0 };
    return result == SCH_STORE_OK || result == SCH_STORE_NONE || got > size;
}

static enum offered build(const struct sch_offer *offer, const struct sch_mailbox *mailbox,
                          const struct waiting *waiting, bool again, struct sch_reply *reply, struct sch_bytes *body)
{
    struct sch_message_row row;
    struct sch_bytes bytes;

    if (!fetch(offer, SCH_TABLE_MESSAGE, &waiting->entry.message, SCH_RECORD_MESSAGE_MAX, &bytes))
        return LATER;
    if (sch_record_message_decode(bytes, &row) != SCH_OK || !sch_id_equal(&row.id, &waiting->entry.message))
        return UNREADABLE;
    *body = (struct sch_bytes){ 0 };
    if (row.body_size > 0 && row.part_count == 0) {
        if (row.body_size > SCH_BODY_SIZE_MAX)
            return UNREADABLE;          /* or there would never be memory for it */
        if (!fetch(offer, SCH_TABLE_BODY, &waiting->entry.message, row.body_size, body))
            return LATER;
        if (body->len != row.body_size)
            return UNREADABLE;
    }
    memset(reply, 0, sizeof *reply);
    reply->type = SCH_REPLY_DELIVERY;
    reply->delivery.mailbox = mailbox->address;
    reply->delivery.header = row.header;
    reply->delivery.seal = row.seal;
    sch_kenmerk_text(row.kenmerk, reply->delivery.kenmerk);
    reply->delivery.stored_ms = row.stored_ms;
    reply->delivery.redelivered = again || waiting->sequence < offer->first_sequence;
    reply->delivery.sequence = waiting->sequence;
    reply->delivery.part_count = row.part_count;
    return OFFERED;
}

/* Sends a message to a session and leases it there. A session that is gone, or whose key may no longer collect
 * here, ends; one whose pipe is full is left alone for a moment; in all cases another may take the message. */
static enum offered offer_one(const struct sch_offer *offer, struct sch_mailbox *mailbox, const struct waiting *waiting)
{
    const struct sch_mailbox_entry *entry = &waiting->entry;
    /* A body in parts counts as the largest credit at most, or nobody could ever take it. */
    uint32_t bytes = entry->body_size < SCH_CREDIT_BYTES_MAX ? entry->body_size : SCH_CREDIT_BYTES_MAX;
    struct sch_metrics *metrics = offer->out->metrics;
    struct sch_session *session;
    struct sch_reply reply;
    struct sch_bytes body;
    enum offered built;
    bool again = sch_sessions_hold(offer->sessions, mailbox, &entry->dossier, &entry->message) != NULL;

    session = sch_sessions_taker(offer->sessions, mailbox, bytes, offer->mono_ms);
    if (session == NULL)
        return NO_TAKER;
    sch_arena_reset(offer->arena);
    built = build(offer, mailbox, waiting, again, &reply, &body);
    if (built != OFFERED) {
        sch_log(SCH_LOG_ERROR, "MESSAGE_UNREADABLE", "a message that waits cannot be read from the store",
                "sequence=%llu tried_again=%s", (unsigned long long)waiting->sequence, built == LATER ? "yes" : "no");
        return built;
    }
    for (; session != NULL;
         session = sch_sessions_taker(offer->sessions, mailbox, bytes, offer->mono_ms)) {
        enum sch_sent sent;

        if (!sch_door_may_collect(offer->book, session->key_id, mailbox->address.text, offer->now_ms)) {
            sch_sessions_end(offer->sessions, session);
            continue;
        }
        sent = sch_reply_send(offer->out, &session->peer, &reply, body);
        if (sent == SCH_SENT) {
            metrics->offered[entry->kind]++;
            metrics->redelivered += reply.delivery.redelivered;
            return sch_sessions_lease(offer->sessions, mailbox, session, &entry->dossier, &entry->message,
                                      waiting->sequence, bytes, offer->mono_ms) != NULL
                       ? OFFERED
                       : LATER;
        }
        if (sent == SCH_SENT_GONE)
            sch_sessions_end(offer->sessions, session);
        else
            sch_sessions_stall(offer->sessions, session, offer->mono_ms);
    }
    return NO_TAKER;
}

/* The store failed, or memory ran out: the mailbox stays as it is, and is looked into again a little later. */
static bool try_later(const struct sch_offer *offer)
{
    sch_sessions_look_later(offer->sessions, offer->mono_ms);
    return false;
}

/* One row of a mailbox, in its turn. */
static enum offered offer_row(const struct sch_offer *offer, struct sch_mailbox *mailbox, const struct waiting *waiting)
{
    if (waiting->damaged) {
        sch_log(SCH_LOG_ERROR, "MAILBOX_UNREADABLE", "a row of a mailbox cannot be read from the store",
                "sequence=%llu", (unsigned long long)waiting->sequence);
        return UNREADABLE;
    }
    if (!sch_sessions_busy(offer->sessions, mailbox, &waiting->entry.dossier))
        return offer_one(offer, mailbox, waiting);
    if (waiting->sequence < mailbox->skipped_min)
        mailbox->skipped_min = waiting->sequence;
    return OFFERED;
}

/* True when the mailbox has more to look at that a session could take. */
static bool offer_mailbox(const struct sch_offer *offer, struct sch_mailbox *mailbox)
{
    struct sch_record_key prefix = sch_record_prefix_text(mailbox->address.text);
    struct sch_record_key from = sch_record_key_mailbox(&mailbox->address, mailbox->scan_from);
    struct rows rows = { .count = 0 };

    if (sch_store_scan(offer->store, SCH_TABLE_MAILBOX, sch_record_key_bytes(&prefix), sch_record_key_bytes(&from),
                       false, SIZE_MAX, gather, &rows) != SCH_STORE_OK)
        return try_later(offer);
    for (size_t i = 0; i < rows.count; i++) {
        const struct waiting *waiting = &rows.row[i];
        enum offered offered = offer_row(offer, mailbox, waiting);

        if (offered == NO_TAKER || offered == LATER) {
            mailbox->scan_from = waiting->sequence;
            return offered == LATER && try_later(offer);
        }
        mailbox->scan_from = waiting->sequence + 1;
    }
    mailbox->pending = rows.count == ROWS_MAX;
    return mailbox->pending;
}

bool sch_offer_run(const struct sch_offer *offer)
{
    bool more = false;

    for (size_t i = 0; i < sch_sessions_mailbox_count(offer->sessions); i++) {
        struct sch_mailbox *mailbox = sch_sessions_mailbox(offer->sessions, i);

        if (!mailbox->pending || sch_sessions_taker(offer->sessions, mailbox, 0, offer->mono_ms) == NULL)
            continue;
        more = offer_mailbox(offer, mailbox) || more;
    }
    return more;
}
