/*
 * wire_reply_write.c: struct sch_reply to the bytes of a Reply.
 *
 * Must not know: which command a reply answers.
 */
#include "wire.h"

#define WARNINGS_MAX 31

/* Every reply in protobuf-c's form, on the encoder's stack; only the rows of a page are in the arena. */
struct form {
    Scharnier__V1__Reply reply;
    union {
        Scharnier__V1__Welcome welcome;
        Scharnier__V1__Receipt receipt;
        Scharnier__V1__Rejection rejection;
        Scharnier__V1__Delivery delivery;
        Scharnier__V1__Settled settled;
        Scharnier__V1__Status status;
        Scharnier__V1__Page page;
        Scharnier__V1__Directory directory;
        Scharnier__V1__Pong pong;
        Scharnier__V1__Attached attached;
        Scharnier__V1__Parts parts;
        Scharnier__V1__Fetched fetched;
    };
    char *addresses[SCH_ATTACHED_MAX];
    Scharnier__V1__Serial serial[32];
    Scharnier__V1__Serial *serials[32];
    Scharnier__V1__Warning warnings[WARNINGS_MAX];
};

static bool write_welcome(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Welcome *message = &to->welcome;
    if (from->welcome.acts_for_count > SCH_ACTS_FOR_MAX || from->welcome.directory_count > 32) {
        return false;
    }
    scharnier__v1__welcome__init(message);
    for (size_t i = 0; i < from->welcome.acts_for_count; i++) {
        to->addresses[i] = sch_wire_string(from->welcome.acts_for[i].text);
    }
    for (size_t i = 0; i < from->welcome.directory_count; i++) {
        scharnier__v1__serial__init(&to->serial[i]);
        to->serial[i].region = sch_wire_string(from->welcome.directory[i].region);
        to->serial[i].serial = from->welcome.directory[i].serial;
        to->serials[i] = &to->serial[i];
    }
    message->version = from->welcome.version;
    message->version_min = from->welcome.version_min;
    message->version_max = from->welcome.version_max;
    message->time_ms = (uint64_t)from->welcome.time_ms;
    message->clock_rate = from->welcome.clock_rate;
    message->key_id = sch_wire_string(from->welcome.key_id);
    message->acts_for = to->addresses;
    message->n_acts_for = from->welcome.acts_for_count;
    message->body_size_max = from->welcome.body_size_max;
    message->credit_messages_max = from->welcome.credit_messages_max;
    message->credit_bytes_max = from->welcome.credit_bytes_max;
    message->lease_ms = from->welcome.lease_ms;
    message->large_size_max = from->welcome.large_size_max;
    message->part_size = from->welcome.part_size;
    message->directories = to->serials;
    message->n_directories = from->welcome.directory_count;
    to->reply.welcome = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_WELCOME;
    return true;
}

static void write_receipt(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Receipt *message = &to->receipt;
    scharnier__v1__receipt__init(message);
    message->message_id = sch_wire_id_view(&from->receipt.message);
    message->dossier = sch_wire_id_view(&from->receipt.dossier);
    message->kenmerk = sch_wire_string(from->receipt.kenmerk);
    message->sequence = from->receipt.sequence;
    message->stored_ms = (uint64_t)from->receipt.stored_ms;
    message->duplicate = from->receipt.duplicate;
    message->warnings = to->warnings;
    for (int i = 1; i <= WARNINGS_MAX; i++) {
        if ((from->receipt.warnings >> i & 1) != 0) {
            to->warnings[message->n_warnings++] = (Scharnier__V1__Warning)i;
        }
    }
    to->reply.receipt = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_RECEIPT;
}

/* NULL counts as no words. */
static char *words(const char *text)
{
    return sch_wire_string(text != NULL ? text : "");
}

static void write_rejection(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Rejection *message = &to->rejection;
    scharnier__v1__rejection__init(message);
    message->code = from->rejection.code;
    message->name = words(from->rejection.name);
    message->field = words(from->rejection.field);
    message->hint = words(from->rejection.hint);
    message->message_id = sch_wire_id_view(&from->rejection.message);
    to->reply.rejection = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_REJECTION;
}

static void write_delivery(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Delivery *message = &to->delivery;
    scharnier__v1__delivery__init(message);
    message->mailbox = sch_wire_string(from->delivery.mailbox.text);
    message->header = sch_wire_view(from->delivery.header.ptr, from->delivery.header.len);
    message->seal = sch_wire_view(from->delivery.seal.ptr, from->delivery.seal.len);
    message->kenmerk = sch_wire_string(from->delivery.kenmerk);
    message->stored_ms = (uint64_t)from->delivery.stored_ms;
    message->redelivered = from->delivery.redelivered;
    message->sequence = from->delivery.sequence;
    message->part_count = from->delivery.part_count;
    to->reply.delivery = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_DELIVERY;
}

static void write_settled(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Settled *message = &to->settled;
    scharnier__v1__settled__init(message);
    message->message_id = sch_wire_id_view(&from->settled.message);
    message->mailbox = sch_wire_string(from->settled.mailbox.text);
    message->state = (Scharnier__V1__DeliveryState)from->settled.state;
    to->reply.settled = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_SETTLED;
}

static void write_status(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Status *message = &to->status;
    scharnier__v1__status__init(message);
    message->message_id = sch_wire_id_view(&from->status.message);
    message->mailbox = sch_wire_string(from->status.mailbox.text);
    message->state = (Scharnier__V1__DeliveryState)from->status.state;
    message->at_ms = (uint64_t)from->status.at_ms;
    to->reply.status = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_STATUS;
}

static bool write_page(const struct sch_reply *from, struct sch_arena *arena, struct form *to)
{
    to->reply.page = &to->page;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_PAGE;
    return sch_wire_page_write(&from->page, arena, &to->page);
}

static void write_directory(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Directory *message = &to->directory;
    scharnier__v1__directory__init(message);
    message->region = sch_wire_string(from->directory.region);
    message->serial = from->directory.serial;
    message->content = sch_wire_view(from->directory.content.ptr, from->directory.content.len);
    message->signature = sch_wire_view(from->directory.signature.ptr, from->directory.signature.len);
    to->reply.directory = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_DIRECTORY;
}

static void write_pong(const struct sch_reply *from, struct form *to)
{
    scharnier__v1__pong__init(&to->pong);
    to->pong.time_ms = (uint64_t)from->pong.time_ms;
    to->reply.pong = &to->pong;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_PONG;
}

static bool write_attached(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Attached *message = &to->attached;
    scharnier__v1__attached__init(message);
    if (from->attached.mailbox_count > SCH_ATTACHED_MAX) {
        return false;
    }
    for (size_t i = 0; i < from->attached.mailbox_count; i++) {
        to->addresses[i] = sch_wire_string(from->attached.mailbox[i].text);
    }
    message->mailboxes = to->addresses;
    message->n_mailboxes = from->attached.mailbox_count;
    message->credit_messages = from->attached.credit_messages;
    message->credit_bytes = from->attached.credit_bytes;
    to->reply.attached = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_ATTACHED;
    return true;
}

static bool write_parts(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Parts *message = &to->parts;
    scharnier__v1__parts__init(message);
    if (from->parts.missing_count > SCH_PARTS_MAX) {
        return false;
    }
    message->upload = sch_wire_id_view(&from->parts.upload);
    message->count = from->parts.count;
    message->missing = (uint32_t *)(uintptr_t)from->parts.missing;      /* packing only reads */
    message->n_missing = from->parts.missing_count;
    to->reply.parts = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_PARTS;
    return true;
}

static void write_fetched(const struct sch_reply *from, struct form *to)
{
    Scharnier__V1__Fetched *message = &to->fetched;
    scharnier__v1__fetched__init(message);
    message->mailbox = sch_wire_string(from->fetched.mailbox.text);
    message->message_id = sch_wire_id_view(&from->fetched.message);
    message->index = from->fetched.index;
    message->count = from->fetched.count;
    to->reply.fetched = message;
    to->reply.reply_case = SCHARNIER__V1__REPLY__REPLY_FETCHED;
}

static bool write_reply(const struct sch_reply *from, struct sch_arena *arena, struct form *to)
{
    switch (from->type) {
    case SCH_REPLY_WELCOME:
        return write_welcome(from, to);
    case SCH_REPLY_RECEIPT:
        write_receipt(from, to);
        return true;
    case SCH_REPLY_REJECTION:
        write_rejection(from, to);
        return true;
    case SCH_REPLY_DELIVERY:
        write_delivery(from, to);
        return true;
    case SCH_REPLY_SETTLED:
        write_settled(from, to);
        return true;
    case SCH_REPLY_STATUS:
        write_status(from, to);
        return true;
    case SCH_REPLY_PAGE:
        return write_page(from, arena, to);
    case SCH_REPLY_DIRECTORY:
        write_directory(from, to);
        return true;
    case SCH_REPLY_PONG:
        write_pong(from, to);
        return true;
    case SCH_REPLY_ATTACHED:
        return write_attached(from, to);
    case SCH_REPLY_PARTS:
        return write_parts(from, to);
    case SCH_REPLY_FETCHED:
        write_fetched(from, to);
        return true;
    }
    return false;
}

size_t sch_reply_encode(const struct sch_reply *reply, struct sch_arena *arena, uint8_t *buffer,
                        size_t capacity)
{
    struct form form;
    size_t mark = arena != NULL ? arena->used : 0;
    scharnier__v1__reply__init(&form.reply);
    form.reply.request = reply->request;
    size_t size = write_reply(reply, arena, &form) ? sch_wire_pack(&form.reply.base, buffer, capacity) : 0;
    if (arena != NULL) {
        arena->used = mark;
    }
    return size;
}
