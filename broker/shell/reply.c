/*
 * reply.c: one function per answer.
 */
#include "reply.h"

#include <scharnier/version.h>

#include <assert.h>
#include <string.h>

#include "id.h"

enum sch_sent sch_reply_send(struct sch_reply_out *out, const struct sch_peer *peer, const struct sch_reply *reply,
                             struct sch_bytes body)
{
    size_t size = sch_reply_encode(reply, out->arena, out->buffer, out->buffer_size);
    enum sch_sent sent;

    if (size == 0 && reply->type == SCH_REPLY_PAGE) {
        /* The rows of a page are written by way of the arena, which a turn full of submissions may use up. */
        struct sch_reply busy = { .request = reply->request, .type = SCH_REPLY_REJECTION };

        busy.rejection.code = SCH_E_BROKER_BUSY;
        busy.rejection.name = sch_error_name(SCH_E_BROKER_BUSY);
        busy.rejection.field = "";
        busy.rejection.hint = sch_error_hint(SCH_E_BROKER_BUSY);
        size = sch_reply_encode(&busy, out->arena, out->buffer, out->buffer_size);
    }
    assert(size > 0);
    sent = sch_net_send(out->net, peer, (struct sch_bytes){ out->buffer, size }, body);
    out->metrics->stalled += sent == SCH_SENT_STALLED;
    out->metrics->gone += sent == SCH_SENT_GONE;
    return sent;
}

/* A peer that does not take its answer asks again: nothing is kept for it. */
static void answer(struct sch_reply_out *out, const struct sch_peer *peer, const struct sch_reply *reply)
{
    (void)sch_reply_send(out, peer, reply, (struct sch_bytes){ 0 });
}

void sch_reply_reject(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                      enum sch_error_code code, const char *field, const struct sch_id *message)
{
    struct sch_reply reply = { .request = request, .type = SCH_REPLY_REJECTION };

    reply.rejection.code = (uint32_t)code;
    reply.rejection.name = sch_error_name(code);
    reply.rejection.field = field == NULL ? "" : field;
    reply.rejection.hint = sch_error_hint(code);
    if (message != NULL)
        reply.rejection.message = *message;
    answer(out, peer, &reply);
}

static void receipt(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                    const struct sch_step_outcome *outcome)
{
    struct sch_reply reply = { .request = request, .type = SCH_REPLY_RECEIPT };

    reply.receipt.message = outcome->message;
    reply.receipt.dossier = outcome->dossier;
    sch_kenmerk_text(outcome->kenmerk, reply.receipt.kenmerk);
    reply.receipt.sequence = outcome->sequence;
    reply.receipt.stored_ms = outcome->stored_ms;
    reply.receipt.duplicate = outcome->duplicate;
    reply.receipt.warnings = outcome->warnings;
    answer(out, peer, &reply);
}

void sch_reply_outcome(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                       const struct sch_step_outcome *outcome, const struct sch_address *mailbox)
{
    struct sch_reply reply = { .request = request, .type = SCH_REPLY_SETTLED };

    switch (outcome->type) {
    case SCH_OUTCOME_RECEIPT:
        receipt(out, peer, request, outcome);
        return;
    case SCH_OUTCOME_REJECTED:
        sch_reply_reject(out, peer, request, outcome->code, outcome->field, &outcome->message);
        return;
    case SCH_OUTCOME_SETTLED:
        reply.settled.message = outcome->message;
        reply.settled.mailbox = *mailbox;
        reply.settled.state = outcome->state;
        answer(out, peer, &reply);
        return;
    case SCH_OUTCOME_NOTHING:
        return;
    }
}

void sch_reply_welcome(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                       const struct sch_book *book, const struct sch_key *key, int64_t now_ms, uint32_t clock_rate)
{
    struct sch_reply reply = { .request = request, .type = SCH_REPLY_WELCOME };

    reply.welcome.version = SCH_WIRE_MAX;
    reply.welcome.version_min = SCH_WIRE_MIN;
    reply.welcome.version_max = SCH_WIRE_MAX;
    reply.welcome.time_ms = now_ms;
    reply.welcome.clock_rate = clock_rate;
    memcpy(reply.welcome.key_id, key->id, sizeof reply.welcome.key_id);
    memcpy(reply.welcome.acts_for, key->acts_for, sizeof key->acts_for);
    reply.welcome.acts_for_count = key->acts_for_count;
    reply.welcome.body_size_max = SCH_BODY_SIZE_MAX;
    reply.welcome.credit_messages_max = SCH_CREDIT_MESSAGES_MAX;
    reply.welcome.credit_bytes_max = SCH_CREDIT_BYTES_MAX;
    reply.welcome.lease_ms = SCH_LEASE_MS;
    reply.welcome.large_size_max = SCH_LARGE_SIZE_MAX;
    reply.welcome.part_size = SCH_PART_SIZE;
    for (size_t i = 0; i < book->directory_count; i++) {
        memcpy(reply.welcome.directory[i].region, book->directory[i]->region, sizeof book->directory[i]->region);
        reply.welcome.directory[i].serial = book->directory[i]->serial;
    }
    reply.welcome.directory_count = book->directory_count;
    answer(out, peer, &reply);
}

void sch_reply_directory(struct sch_reply_out *out, const struct sch_peer *peer, uint64_t request,
                         const struct sch_book *book, const char *region, uint64_t have_serial)
{
    const struct sch_directory *directory = sch_book_directory(book, region);
    struct sch_reply reply = { .request = request, .type = SCH_REPLY_DIRECTORY };

    if (directory == NULL) {
        sch_reply_reject(out, peer, request, SCH_E_FIELD_INVALID, "directory.region", NULL);
        return;
    }
    memcpy(reply.directory.region, directory->region, sizeof reply.directory.region);
    reply.directory.serial = directory->serial;
    if (have_serial < directory->serial) {
        reply.directory.content = (struct sch_bytes){ directory->content, directory->content_size };
        reply.directory.signature = (struct sch_bytes){ directory->signature, sizeof directory->signature };
    }
    answer(out, peer, &reply);
}
