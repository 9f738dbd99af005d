/*
 * wire_command.c: Command between bytes and struct sch_command.
 *
 * Must not know: who speaks, or what a command leads to.
 */
#include <string.h>

#include "wire.h"

#define REQUEST_TAG 1
#define VERSION_LAST 0xffff
#define PAGE_ROWS_DEFAULT 100
#define EXPECTATION_MAX 15
#define DAYS_MAX 36525                  /* a century */

/* ---- decoding ---------------------------------------------------------------------------------- */

static bool read_hello(const Scharnier__V1__Hello *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_HELLO;
    to->hello.version_min = from->version_min;
    to->hello.version_max = from->version_max;
    return sch_wire_range(from->version_min, 1, VERSION_LAST, "hello.version_min", fault) &&
           sch_wire_range(from->version_max, from->version_min, UINT32_MAX, "hello.version_max", fault) &&
           sch_wire_text(from->software, 0, SCH_SOFTWARE_MAX, "hello.software", to->hello.software, fault) &&
           sch_wire_id(&from->instance, true, "hello.instance", &to->hello.instance, fault);
}

static bool read_submit(const Scharnier__V1__Submit *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_SUBMIT;
    return sch_wire_bytes(&from->header, 1, SCH_HEADER_SIZE_MAX, "submit.header", &to->submit.header,
                          fault) &&
           sch_wire_bytes(&from->seal, 1, SCH_SEAL_SIZE_MAX, "submit.seal", &to->submit.seal, fault) &&
           sch_wire_id(&from->upload, false, "submit.upload", &to->submit.upload, fault);
}

static bool read_part(const Scharnier__V1__Part *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_PART;
    to->part.index = from->index;
    to->part.count = from->count;
    return sch_wire_address(from->sender, true, "part.sender", &to->part.sender, fault) &&
           sch_wire_id(&from->upload, true, "part.upload", &to->part.upload, fault) &&
           sch_wire_range(from->count, SCH_PARTS_MIN, SCH_PARTS_MAX, "part.count", fault) &&
           sch_wire_range(from->index, 0, from->count - 1, "part.index", fault);
}

static bool read_fetch(const Scharnier__V1__Fetch *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_FETCH;
    to->fetch.index = from->index;
    return sch_wire_address(from->mailbox, true, "fetch.mailbox", &to->fetch.mailbox, fault) &&
           sch_wire_id(&from->message_id, true, "fetch.message_id", &to->fetch.message, fault) &&
           sch_wire_range(from->index, 0, SCH_PARTS_MAX - 1, "fetch.index", fault);
}

static bool read_attach(const Scharnier__V1__Attach *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_ATTACH;
    to->attach.credit_messages = from->credit_messages;
    to->attach.credit_bytes = from->credit_bytes;
    return sch_wire_addresses(from->mailboxes, from->n_mailboxes, SCH_ATTACHED_MAX, "attach.mailboxes",
                              to->attach.mailbox, &to->attach.mailbox_count, fault) &&
           sch_wire_range(from->credit_messages, 0, SCH_CREDIT_MESSAGES_MAX, "attach.credit_messages",
                          fault) &&
           sch_wire_range(from->credit_bytes, 0, SCH_CREDIT_BYTES_MAX, "attach.credit_bytes", fault);
}

static bool read_settle(const Scharnier__V1__Settle *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_SETTLE;
    to->settle.verdict = (enum sch_wire_verdict)from->verdict;
    to->settle.refusal = (enum sch_system_refusal)from->refusal;
    to->settle.missing_sections = from->missing_sections;
    bool refused = to->settle.verdict == SCH_VERDICT_REFUSED;
    bool collected = to->settle.verdict == SCH_VERDICT_COLLECTED;
    if (!sch_wire_address(from->mailbox, true, "settle.mailbox", &to->settle.mailbox, fault) ||
        !sch_wire_id(&from->message_id, true, "settle.message_id", &to->settle.message, fault) ||
        !sch_wire_range((uint64_t)from->verdict, 1, INT32_MAX, "settle.verdict", fault) ||
        !sch_wire_range(from->missing_sections, 0, SCH_SECTION_ALL, "settle.missing_sections", fault)) {
        return false;
    }
    if (refused && from->refusal == 0) {
        return sch_wire_fail(fault, SCH_E_FIELD_MISSING, "settle.refusal");
    }
    if (!refused && from->refusal != 0) {
        return sch_wire_fail(fault, SCH_E_FIELD_FORBIDDEN, "settle.refusal");
    }
    return collected || from->missing_sections == 0 ||
           sch_wire_fail(fault, SCH_E_FIELD_FORBIDDEN, "settle.missing_sections");
}

/* ---- query ------------------------------------------------------------------------------------- */

/* Which types of query a field means something to. Elsewhere it is refused, since an answer that silently
 * left a filter out would be read as one that had it. */
#define FOR(TYPE) (1u << SCH_QUERY_##TYPE)
#define FOR_ONE (FOR(DOSSIER) | FOR(TRACE) | FOR(CHAIN))

static bool only_for(unsigned types, const struct sch_query *query, bool stated, const char *field,
                     struct sch_fault *fault)
{
    return !stated || (types >> query->type & 1) != 0 || sch_wire_fail(fault, SCH_E_FIELD_FORBIDDEN, field);
}

static bool read_filters(const Scharnier__V1__Query *from, struct sch_query *to, struct sch_fault *fault)
{
    const unsigned work = FOR(UNANSWERED), both = FOR(UNANSWERED) | FOR(STATISTICS);
    to->only.silence = (enum sch_silence)from->silence;
    to->only.term = (enum sch_term)from->term;
    to->only.echelon = (enum sch_party_kind)from->echelon;
    to->only.urgency = (enum sch_urgency)from->urgency;
    to->only.expectation = from->expectation;
    to->only.older_days = from->older_days;
    return only_for(work, to, from->silence != 0, "query.silence", fault) &&
           only_for(work, to, from->term != 0, "query.term", fault) &&
           only_for(work, to, from->echelon != 0, "query.echelon", fault) &&
           only_for(work, to, from->urgency != 0, "query.urgency", fault) &&
           only_for(both, to, from->expectation != 0, "query.expectation", fault) &&
           only_for(work, to, from->older_days != 0, "query.older_days", fault) &&
           only_for(both, to, from->debtor[0] != '\0', "query.debtor", fault) &&
           only_for(work, to, from->creditor[0] != '\0', "query.creditor", fault) &&
           only_for(work, to, from->referrer[0] != '\0', "query.referrer", fault) &&
           only_for(work, to, from->receiver[0] != '\0', "query.receiver", fault) &&
           sch_wire_range(from->expectation, 0, EXPECTATION_MAX, "query.expectation", fault) &&
           sch_wire_range(from->older_days, 0, DAYS_MAX, "query.older_days", fault) &&
           sch_wire_address(from->debtor, false, "query.debtor", &to->only.debtor, fault) &&
           sch_wire_address(from->creditor, false, "query.creditor", &to->only.creditor, fault) &&
           sch_wire_address(from->referrer, false, "query.referrer", &to->only.referrer, fault) &&
           sch_wire_address(from->receiver, false, "query.receiver", &to->only.receiver, fault);
}

/* What AGE, STATISTICS and PASSED take. */
static bool read_counts(const Scharnier__V1__Query *from, struct sch_query *to, struct sch_fault *fault)
{
    const unsigned statistics = FOR(STATISTICS), passed = FOR(PASSED);
    to->by = (enum sch_age_by)from->by;
    to->published = from->published;
    to->month_from = from->month_from;
    to->month_to = from->month_to;
    if (to->type == SCH_QUERY_AGE && from->by == 0) {
        return sch_wire_fail(fault, SCH_E_FIELD_MISSING, "query.by");
    }
    if (!only_for(FOR(AGE), to, from->by != 0, "query.by", fault) ||
        !only_for(FOR(AGE) | statistics, to, from->published, "query.published", fault) ||
        !only_for(statistics, to, from->month_from != 0, "query.month_from", fault) ||
        !only_for(statistics, to, from->month_to != 0, "query.month_to", fault) ||
        !only_for(passed, to, from->from_ms != 0, "query.from_ms", fault) ||
        !only_for(passed, to, from->to_ms != 0, "query.to_ms", fault) ||
        !sch_wire_month(from->month_from, "query.month_from", fault) ||
        !sch_wire_month(from->month_to, "query.month_to", fault) ||
        !sch_wire_time(from->from_ms, "query.from_ms", &to->from_ms, fault) ||
        !sch_wire_time(from->to_ms, "query.to_ms", &to->to_ms, fault)) {
        return false;
    }
    if (to->month_to != 0 && to->month_to < to->month_from) {
        return sch_wire_fail(fault, SCH_E_FIELD_INVALID, "query.month_to");
    }
    return to->to_ms == 0 || to->to_ms > to->from_ms ||
           sch_wire_fail(fault, SCH_E_FIELD_INVALID, "query.to_ms");
}

static bool read_cursor(const Scharnier__V1__Query *from, struct sch_query *to, struct sch_fault *fault)
{
    struct sch_bytes cursor;
    if (from->cursor.len == 0) {
        return true;
    }
    if (!sch_wire_bytes(&from->cursor, 1, SCH_CURSOR_MAX, "query.cursor", &cursor, fault)) {
        return false;
    }
    memcpy(to->cursor, cursor.ptr, cursor.len);
    to->cursor_size = cursor.len;
    return true;
}

static bool read_query(const Scharnier__V1__Query *from, struct sch_command *to, struct sch_fault *fault)
{
    struct sch_query *query = &to->query;
    to->type = SCH_COMMAND_QUERY;
    query->type = (enum sch_query_type)from->type;
    query->overdue_only = from->overdue_only;
    query->limit = from->limit == 0 ? PAGE_ROWS_DEFAULT : from->limit;
    if (!sch_wire_range((uint64_t)from->type, 1, INT32_MAX, "query.type", fault) ||
        !sch_wire_address(from->party, true, "query.party", &query->party, fault) ||
        !sch_wire_id(&from->dossier, false, "query.dossier", &query->dossier, fault) ||
        !sch_wire_word(from->kenmerk, 0, SCH_KENMERK_SIZE, "query.kenmerk", query->kenmerk, fault) ||
        !sch_wire_range(from->limit, 0, SCH_PAGE_ROWS_MAX, "query.limit", fault)) {
        return false;
    }
    bool about_one = (FOR_ONE >> query->type & 1) != 0;
    if (about_one && from->dossier.len == 0 && query->kenmerk[0] == '\0') {
        return sch_wire_fail(fault, SCH_E_FIELD_MISSING, "query.dossier");
    }
    return read_filters(from, query, fault) && read_counts(from, query, fault) &&
           read_cursor(from, query, fault);
}

/* ---- the rest ---------------------------------------------------------------------------------- */

static bool read_directory(const Scharnier__V1__GetDirectory *from, struct sch_command *to,
                           struct sch_fault *fault)
{
    to->type = SCH_COMMAND_DIRECTORY;
    to->directory.have_serial = from->have_serial;
    return sch_wire_word(from->region, 1, SCH_REGION_MAX, "directory.region", to->directory.region, fault);
}

static bool read_ping(const Scharnier__V1__Ping *from, struct sch_command *to, struct sch_fault *fault)
{
    to->type = SCH_COMMAND_PING;
    return sch_wire_id(&from->instance, true, "ping.instance", &to->ping.instance, fault);
}

static bool read_command(const Scharnier__V1__Command *from, struct sch_command *to, struct sch_fault *fault)
{
    switch (from->command_case) {
    case SCHARNIER__V1__COMMAND__COMMAND_HELLO:
        return read_hello(from->hello, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_SUBMIT:
        return read_submit(from->submit, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_ATTACH:
        return read_attach(from->attach, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_SETTLE:
        return read_settle(from->settle, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_QUERY:
        return read_query(from->query, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_DIRECTORY:
        return read_directory(from->directory, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_PING:
        return read_ping(from->ping, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_PART:
        return read_part(from->part, to, fault);
    case SCHARNIER__V1__COMMAND__COMMAND_FETCH:
        return read_fetch(from->fetch, to, fault);
    default:
        return sch_wire_fail(fault, SCH_E_PROTOCOL, "command");
    }
}

int sch_command_decode(struct sch_bytes frame, struct sch_arena *arena, struct sch_command *command,
                       struct sch_fault *fault)
{
    memset(command, 0, sizeof *command);
    command->request = sch_wire_peek(frame, REQUEST_TAG);
    if (frame.len > SCH_COMMAND_SIZE_MAX) {
        sch_wire_fail(fault, SCH_E_TOO_LARGE, "command");
        return (int)fault->code;
    }
    size_t mark = arena->used;
    ProtobufCMessage *message = sch_wire_unpack(&scharnier__v1__command__descriptor, frame, SCH_WIRE_SKIP,
                                                arena, SCH_E_BROKER_BUSY, fault);
    bool good = message != NULL && read_command((const Scharnier__V1__Command *)message, command, fault);
    if (!good || command->type != SCH_COMMAND_SUBMIT) {
        arena->used = mark;             /* only a submission borrows */
    }
    return good ? SCH_OK : (int)fault->code;
}

/* ---- encoding ---------------------------------------------------------------------------------- */

/* Every command in protobuf-c's form, on the encoder's stack. */
struct form {
    Scharnier__V1__Command command;
    union {
        Scharnier__V1__Hello hello;
        Scharnier__V1__Submit submit;
        Scharnier__V1__Part part;
        Scharnier__V1__Fetch fetch;
        Scharnier__V1__Attach attach;
        Scharnier__V1__Settle settle;
        Scharnier__V1__Query query;
        Scharnier__V1__GetDirectory directory;
        Scharnier__V1__Ping ping;
    };
    char *mailboxes[SCH_ATTACHED_MAX];
};

static void write_hello(const struct sch_command *from, struct form *to)
{
    scharnier__v1__hello__init(&to->hello);
    to->hello.version_min = from->hello.version_min;
    to->hello.version_max = from->hello.version_max;
    to->hello.software = sch_wire_string(from->hello.software);
    to->hello.instance = sch_wire_id_view(&from->hello.instance);
    to->command.hello = &to->hello;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_HELLO;
}

static void write_submit(const struct sch_command *from, struct form *to)
{
    scharnier__v1__submit__init(&to->submit);
    to->submit.header = sch_wire_view(from->submit.header.ptr, from->submit.header.len);
    to->submit.seal = sch_wire_view(from->submit.seal.ptr, from->submit.seal.len);
    to->submit.upload = sch_wire_id_view(&from->submit.upload);
    to->command.submit = &to->submit;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_SUBMIT;
}

static void write_part(const struct sch_command *from, struct form *to)
{
    scharnier__v1__part__init(&to->part);
    to->part.sender = sch_wire_string(from->part.sender.text);
    to->part.upload = sch_wire_id_view(&from->part.upload);
    to->part.index = from->part.index;
    to->part.count = from->part.count;
    to->command.part = &to->part;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_PART;
}

static void write_fetch(const struct sch_command *from, struct form *to)
{
    scharnier__v1__fetch__init(&to->fetch);
    to->fetch.mailbox = sch_wire_string(from->fetch.mailbox.text);
    to->fetch.message_id = sch_wire_id_view(&from->fetch.message);
    to->fetch.index = from->fetch.index;
    to->command.fetch = &to->fetch;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_FETCH;
}

static bool write_attach(const struct sch_command *from, struct form *to)
{
    scharnier__v1__attach__init(&to->attach);
    if (from->attach.mailbox_count > SCH_ATTACHED_MAX) {
        return false;
    }
    for (size_t i = 0; i < from->attach.mailbox_count; i++) {
        to->mailboxes[i] = sch_wire_string(from->attach.mailbox[i].text);
    }
    to->attach.mailboxes = to->mailboxes;
    to->attach.n_mailboxes = from->attach.mailbox_count;
    to->attach.credit_messages = from->attach.credit_messages;
    to->attach.credit_bytes = from->attach.credit_bytes;
    to->command.attach = &to->attach;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_ATTACH;
    return true;
}

static void write_settle(const struct sch_command *from, struct form *to)
{
    scharnier__v1__settle__init(&to->settle);
    to->settle.mailbox = sch_wire_string(from->settle.mailbox.text);
    to->settle.message_id = sch_wire_id_view(&from->settle.message);
    to->settle.verdict = (Scharnier__V1__Verdict)from->settle.verdict;
    to->settle.refusal = (Scharnier__V1__SystemRefusal)from->settle.refusal;
    to->settle.missing_sections = from->settle.missing_sections;
    to->command.settle = &to->settle;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_SETTLE;
}

static bool write_query(const struct sch_command *from, struct form *to)
{
    scharnier__v1__query__init(&to->query);
    if (from->query.cursor_size > SCH_CURSOR_MAX) {
        return false;
    }
    to->query.type = (Scharnier__V1__QueryType)from->query.type;
    to->query.party = sch_wire_string(from->query.party.text);
    to->query.dossier = sch_wire_id_view(&from->query.dossier);
    to->query.kenmerk = sch_wire_string(from->query.kenmerk);
    to->query.overdue_only = from->query.overdue_only;
    to->query.cursor = sch_wire_view(from->query.cursor, from->query.cursor_size);
    to->query.limit = from->query.limit;
    to->query.silence = (Scharnier__V1__Silence)from->query.only.silence;
    to->query.term = (Scharnier__V1__Term)from->query.only.term;
    to->query.echelon = (Scharnier__V1__Party)from->query.only.echelon;
    to->query.urgency = (Scharnier__V1__Urgency)from->query.only.urgency;
    to->query.expectation = from->query.only.expectation;
    to->query.older_days = from->query.only.older_days;
    to->query.debtor = sch_wire_string(from->query.only.debtor.text);
    to->query.creditor = sch_wire_string(from->query.only.creditor.text);
    to->query.referrer = sch_wire_string(from->query.only.referrer.text);
    to->query.receiver = sch_wire_string(from->query.only.receiver.text);
    to->query.by = (Scharnier__V1__AgeBy)from->query.by;
    to->query.published = from->query.published;
    to->query.month_from = from->query.month_from;
    to->query.month_to = from->query.month_to;
    to->query.from_ms = (uint64_t)from->query.from_ms;
    to->query.to_ms = (uint64_t)from->query.to_ms;
    to->command.query = &to->query;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_QUERY;
    return true;
}

static void write_directory(const struct sch_command *from, struct form *to)
{
    scharnier__v1__get_directory__init(&to->directory);
    to->directory.region = sch_wire_string(from->directory.region);
    to->directory.have_serial = from->directory.have_serial;
    to->command.directory = &to->directory;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_DIRECTORY;
}

static void write_ping(const struct sch_command *from, struct form *to)
{
    scharnier__v1__ping__init(&to->ping);
    to->ping.instance = sch_wire_id_view(&from->ping.instance);
    to->command.ping = &to->ping;
    to->command.command_case = SCHARNIER__V1__COMMAND__COMMAND_PING;
}

static bool write_command(const struct sch_command *from, struct form *to)
{
    switch (from->type) {
    case SCH_COMMAND_HELLO:
        write_hello(from, to);
        return true;
    case SCH_COMMAND_SUBMIT:
        write_submit(from, to);
        return true;
    case SCH_COMMAND_ATTACH:
        return write_attach(from, to);
    case SCH_COMMAND_SETTLE:
        write_settle(from, to);
        return true;
    case SCH_COMMAND_QUERY:
        return write_query(from, to);
    case SCH_COMMAND_DIRECTORY:
        write_directory(from, to);
        return true;
    case SCH_COMMAND_PING:
        write_ping(from, to);
        return true;
    case SCH_COMMAND_PART:
        write_part(from, to);
        return true;
    case SCH_COMMAND_FETCH:
        write_fetch(from, to);
        return true;
    }
    return false;
}

size_t sch_command_encode(const struct sch_command *command, uint8_t *buffer, size_t capacity)
{
    struct form form;
    scharnier__v1__command__init(&form.command);
    form.command.request = command->request;
    return write_command(command, &form) ? sch_wire_pack(&form.command.base, buffer, capacity) : 0;
}
