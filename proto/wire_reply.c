/*
 * wire_reply.c: Reply from bytes to struct sch_reply. The way back is in wire_reply_write.c.
 *
 * Must not know: which command a reply answers.
 */
#include <string.h>

#include "wire.h"

#define REQUEST_TAG 1
#define WORDS_MAX 511                   /* bytes of a rejection's name, field or hint */
#define DIRECTORIES_MAX 32
#define CLOCK_RATE_MAX 10000000         /* broker seconds per real second */
#define SIGNATURE_SIZE 64

static bool read_welcome_lists(const Scharnier__V1__Welcome *from, struct sch_reply *to,
                               struct sch_fault *fault)
{
    if (!sch_wire_addresses(from->acts_for, from->n_acts_for, SCH_ACTS_FOR_MAX, "welcome.acts_for",
                            to->welcome.acts_for, &to->welcome.acts_for_count, fault)) {
        return false;
    }
    if (from->n_directories > DIRECTORIES_MAX) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "welcome.directories");
    }
    for (size_t i = 0; i < from->n_directories; i++) {
        to->welcome.directory[i].serial = from->directories[i]->serial;
        if (!sch_wire_word(from->directories[i]->region, 1, SCH_REGION_MAX, "welcome.directories.region",
                           to->welcome.directory[i].region, fault)) {
            return false;
        }
    }
    to->welcome.directory_count = from->n_directories;
    return true;
}

static bool read_welcome(const Scharnier__V1__Welcome *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_WELCOME;
    to->welcome.version = from->version;
    to->welcome.version_min = from->version_min;
    to->welcome.version_max = from->version_max;
    to->welcome.clock_rate = from->clock_rate;
    to->welcome.body_size_max = from->body_size_max;
    to->welcome.credit_messages_max = from->credit_messages_max;
    to->welcome.credit_bytes_max = from->credit_bytes_max;
    to->welcome.lease_ms = from->lease_ms;
    to->welcome.large_size_max = from->large_size_max;
    to->welcome.part_size = from->part_size;
    return sch_wire_range(from->version, 1, UINT32_MAX, "welcome.version", fault) &&
           sch_wire_time(from->time_ms, "welcome.time_ms", &to->welcome.time_ms, fault) &&
           sch_wire_range(from->clock_rate, 1, CLOCK_RATE_MAX, "welcome.clock_rate", fault) &&
           sch_wire_word(from->key_id, 0, SCH_KEY_ID_MAX, "welcome.key_id", to->welcome.key_id, fault) &&
           read_welcome_lists(from, to, fault);
}

static bool read_receipt(const Scharnier__V1__Receipt *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_RECEIPT;
    to->receipt.sequence = from->sequence;
    to->receipt.duplicate = from->duplicate;
    for (size_t i = 0; i < from->n_warnings; i++) {
        if (!sch_wire_range((uint64_t)from->warnings[i], 1, 31, "receipt.warnings", fault)) {
            return false;
        }
        to->receipt.warnings |= UINT32_C(1) << from->warnings[i];
    }
    return sch_wire_id(&from->message_id, true, "receipt.message_id", &to->receipt.message, fault) &&
           sch_wire_id(&from->dossier, true, "receipt.dossier", &to->receipt.dossier, fault) &&
           sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "receipt.kenmerk", to->receipt.kenmerk, fault) &&
           sch_wire_time(from->stored_ms, "receipt.stored_ms", &to->receipt.stored_ms, fault);
}

static bool short_words(const char *words, const char *field, struct sch_fault *fault)
{
    return strlen(words) <= WORDS_MAX || sch_wire_fail(fault, SCH_E_FIELD_INVALID, field);
}

static bool read_rejection(const Scharnier__V1__Rejection *from, struct sch_reply *to,
                           struct sch_fault *fault)
{
    to->type = SCH_REPLY_REJECTION;
    to->rejection.code = from->code;
    to->rejection.name = from->name;
    to->rejection.field = from->field;
    to->rejection.hint = from->hint;
    return sch_wire_range(from->code, 1, UINT32_MAX, "rejection.code", fault) &&
           short_words(from->name, "rejection.name", fault) &&
           short_words(from->field, "rejection.field", fault) &&
           short_words(from->hint, "rejection.hint", fault) &&
           sch_wire_id(&from->message_id, false, "rejection.message_id", &to->rejection.message, fault);
}

static bool read_delivery(const Scharnier__V1__Delivery *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_DELIVERY;
    to->delivery.redelivered = from->redelivered;
    to->delivery.sequence = from->sequence;
    to->delivery.part_count = from->part_count;
    return sch_wire_range(from->part_count, 0, SCH_PARTS_MAX, "delivery.part_count", fault) &&
           sch_wire_address(from->mailbox, true, "delivery.mailbox", &to->delivery.mailbox, fault) &&
           sch_wire_bytes(&from->header, 1, SCH_HEADER_SIZE_MAX, "delivery.header", &to->delivery.header,
                          fault) &&
           sch_wire_bytes(&from->seal, 0, SCH_SEAL_SIZE_MAX, "delivery.seal", &to->delivery.seal, fault) &&
           sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "delivery.kenmerk", to->delivery.kenmerk,
                         fault) &&
           sch_wire_time(from->stored_ms, "delivery.stored_ms", &to->delivery.stored_ms, fault);
}

static bool read_settled(const Scharnier__V1__Settled *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_SETTLED;
    to->settled.state = (enum sch_delivery_state)from->state;
    return sch_wire_id(&from->message_id, true, "settled.message_id", &to->settled.message, fault) &&
           sch_wire_address(from->mailbox, true, "settled.mailbox", &to->settled.mailbox, fault) &&
           sch_wire_range((uint64_t)from->state, 1, INT32_MAX, "settled.state", fault);
}

static bool read_status(const Scharnier__V1__Status *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_STATUS;
    to->status.state = (enum sch_delivery_state)from->state;
    return sch_wire_id(&from->message_id, true, "status.message_id", &to->status.message, fault) &&
           sch_wire_address(from->mailbox, true, "status.mailbox", &to->status.mailbox, fault) &&
           sch_wire_range((uint64_t)from->state, 1, INT32_MAX, "status.state", fault) &&
           sch_wire_time(from->at_ms, "status.at_ms", &to->status.at_ms, fault);
}

/* The content comes with a signature, and without both: "yours is the newest". */
static bool read_directory(const Scharnier__V1__Directory *from, struct sch_reply *to,
                           struct sch_fault *fault)
{
    to->type = SCH_REPLY_DIRECTORY;
    to->directory.serial = from->serial;
    size_t signature_size = from->content.len > 0 ? SIGNATURE_SIZE : 0;
    return sch_wire_word(from->region, 1, SCH_REGION_MAX, "directory.region", to->directory.region, fault) &&
           sch_wire_bytes(&from->content, 0, SCH_DIRECTORY_SIZE_MAX, "directory.content",
                          &to->directory.content, fault) &&
           sch_wire_bytes(&from->signature, signature_size, signature_size, "directory.signature",
                          &to->directory.signature, fault);
}

static bool read_pong(const Scharnier__V1__Pong *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_PONG;
    return sch_wire_time(from->time_ms, "pong.time_ms", &to->pong.time_ms, fault);
}

static bool read_attached(const Scharnier__V1__Attached *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_ATTACHED;
    to->attached.credit_messages = from->credit_messages;
    to->attached.credit_bytes = from->credit_bytes;
    return sch_wire_addresses(from->mailboxes, from->n_mailboxes, SCH_ATTACHED_MAX, "attached.mailboxes",
                              to->attached.mailbox, &to->attached.mailbox_count, fault) &&
           sch_wire_range(from->credit_messages, 0, SCH_CREDIT_MESSAGES_MAX, "attached.credit_messages",
                          fault) &&
           sch_wire_range(from->credit_bytes, 0, SCH_CREDIT_BYTES_MAX, "attached.credit_bytes", fault);
}

/* The missing indexes are ascending, so none is there twice. */
static bool read_parts(const Scharnier__V1__Parts *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_PARTS;
    to->parts.count = from->count;
    if (!sch_wire_id(&from->upload, true, "parts.upload", &to->parts.upload, fault) ||
        !sch_wire_range(from->count, SCH_PARTS_MIN, SCH_PARTS_MAX, "parts.count", fault)) {
        return false;
    }
    uint32_t least = 0;
    for (size_t i = 0; i < from->n_missing; i++) {
        if (from->missing[i] < least || from->missing[i] >= from->count) {
            return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "parts.missing");
        }
        to->parts.missing[i] = from->missing[i];
        least = from->missing[i] + 1;
    }
    to->parts.missing_count = from->n_missing;
    return true;
}

static bool read_fetched(const Scharnier__V1__Fetched *from, struct sch_reply *to, struct sch_fault *fault)
{
    to->type = SCH_REPLY_FETCHED;
    to->fetched.index = from->index;
    to->fetched.count = from->count;
    return sch_wire_address(from->mailbox, true, "fetched.mailbox", &to->fetched.mailbox, fault) &&
           sch_wire_id(&from->message_id, true, "fetched.message_id", &to->fetched.message, fault) &&
           sch_wire_range(from->count, SCH_PARTS_MIN, SCH_PARTS_MAX, "fetched.count", fault) &&
           sch_wire_range(from->index, 0, from->count - 1, "fetched.index", fault);
}

static bool read_reply(const Scharnier__V1__Reply *from, struct sch_arena *arena, struct sch_reply *to,
                       struct sch_fault *fault)
{
    switch (from->reply_case) {
    case SCHARNIER__V1__REPLY__REPLY_WELCOME:
        return read_welcome(from->welcome, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_RECEIPT:
        return read_receipt(from->receipt, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_REJECTION:
        return read_rejection(from->rejection, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_DELIVERY:
        return read_delivery(from->delivery, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_SETTLED:
        return read_settled(from->settled, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_STATUS:
        return read_status(from->status, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_PAGE:
        to->type = SCH_REPLY_PAGE;
        return sch_wire_page_read(from->page, arena, &to->page, fault);
    case SCHARNIER__V1__REPLY__REPLY_DIRECTORY:
        return read_directory(from->directory, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_PONG:
        return read_pong(from->pong, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_ATTACHED:
        return read_attached(from->attached, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_PARTS:
        return read_parts(from->parts, to, fault);
    case SCHARNIER__V1__REPLY__REPLY_FETCHED:
        return read_fetched(from->fetched, to, fault);
    default:
        return sch_wire_fail(fault, SCH_E_PROTOCOL, "reply");
    }
}

int sch_reply_decode(struct sch_bytes frame, struct sch_arena *arena, struct sch_reply *reply,
                     struct sch_fault *fault)
{
    memset(reply, 0, sizeof *reply);
    reply->request = sch_wire_peek(frame, REQUEST_TAG);
    if (frame.len > SCH_REPLY_SIZE_MAX) {
        sch_wire_fail(fault, SCH_E_TOO_LARGE, "reply");
        return (int)fault->code;
    }
    ProtobufCMessage *message = sch_wire_unpack(&scharnier__v1__reply__descriptor, frame, SCH_WIRE_SKIP,
                                                arena, SCH_E_NO_MEMORY, fault);
    bool good = message != NULL && read_reply((const Scharnier__V1__Reply *)message, arena, reply, fault);
    return good ? SCH_OK : (int)fault->code;
}
