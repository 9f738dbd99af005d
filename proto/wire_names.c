/*
 * wire_names.c: how rejections name the fields of scharnier.proto: "header.sender", "seal.stanzas.key".
 *
 * Constants, in the order of the field numbers; a test holds them against the descriptors.
 */
#include "wire.h"

#include <assert.h>

struct message_names {
    const ProtobufCMessageDescriptor *descriptor;
    const char *where;
    const char *const *fields;
};

static const char *const header_fields[] = {
    "header.version", "header.id", "header.kind", "header.sender", "header.receiver", "header.copies",
    "header.creditor", "header.prepared_by", "header.dossier", "header.parent", "header.follows",
    "header.group", "header.subject", "header.sections", "header.sections_known", "header.concerned",
    "header.echelon", "header.urgency", "header.letter_date", "header.author_role", "header.author_agb",
    "header.consent",
    "header.phoned_at", "header.event_date", "header.expected_date", "header.refusal_reason",
    "header.withdrawal_reason", "header.end_reason", "header.waiver_reason", "header.outcome",
    "header.started", "header.next_step", "header.no_show_count", "header.bridged_by", "header.setting",
    "header.taken_up", "header.reentry_until", "header.expectation", "header.step", "header.cause",
    "header.redirection_mode", "header.patient_agreed", "header.wrong_party", "header.topic",
    "header.consult_form", "header.route", "header.team_outcome", "header.note", "header.snooze_reason",
    "header.until", "header.missing_sections",
};
static const char *const seal_fields[] = {
    "seal.suite", "seal.signing_key", "seal.commitment", "seal.stanzas", "seal.padded_size", "seal.signature",
};
static const char *const stanza_fields[] = {
    "seal.stanzas.address", "seal.stanzas.key", "seal.stanzas.sealed_key",
};
static const char *const letter_fields[] = {
    "letter.version", "letter.sections", "letter.attachments",
};
static const char *const section_fields[] = {
    "letter.sections.code", "letter.sections.text",
};
static const char *const attachment_fields[] = {
    "letter.attachments.media_type", "letter.attachments.name", "letter.attachments.content",
};
static const char *const command_fields[] = {
    "request", "hello", "submit", "part", "attach", "settle", "query", "directory", "ping", "fetch",
};
static const char *const hello_fields[] = {
    "hello.version_min", "hello.version_max", "hello.software", "hello.instance",
};
static const char *const submit_fields[] = {
    "submit.header", "submit.seal", "submit.upload",
};
static const char *const part_fields[] = {
    "part.sender", "part.upload", "part.index", "part.count",
};
static const char *const fetch_fields[] = {
    "fetch.mailbox", "fetch.message_id", "fetch.index",
};
static const char *const attach_fields[] = {
    "attach.mailboxes", "attach.credit_messages", "attach.credit_bytes",
};
static const char *const settle_fields[] = {
    "settle.mailbox", "settle.message_id", "settle.verdict", "settle.refusal", "settle.missing_sections",
};
static const char *const query_fields[] = {
    "query.type", "query.party", "query.dossier", "query.kenmerk", "query.overdue_only", "query.cursor",
    "query.limit", "query.silence", "query.term", "query.echelon", "query.urgency", "query.expectation",
    "query.older_days", "query.debtor", "query.creditor", "query.referrer", "query.receiver", "query.by",
    "query.published", "query.month_from", "query.month_to", "query.from_ms", "query.to_ms",
};
static const char *const get_directory_fields[] = {
    "directory.region", "directory.have_serial",
};
static const char *const ping_fields[] = {
    "ping.instance",
};
static const char *const reply_fields[] = {
    "request", "welcome", "receipt", "rejection", "delivery", "settled", "status", "page", "directory",
    "pong", "attached", "parts", "fetched",
};
static const char *const parts_fields[] = {
    "parts.upload", "parts.count", "parts.missing",
};
static const char *const fetched_fields[] = {
    "fetched.mailbox", "fetched.message_id", "fetched.index", "fetched.count",
};
static const char *const welcome_fields[] = {
    "welcome.version", "welcome.version_min", "welcome.version_max", "welcome.time_ms", "welcome.clock_rate",
    "welcome.key_id", "welcome.acts_for", "welcome.body_size_max", "welcome.credit_messages_max",
    "welcome.credit_bytes_max", "welcome.lease_ms", "welcome.directories", "welcome.large_size_max",
    "welcome.part_size",
};
static const char *const serial_fields[] = {
    "welcome.directories.region", "welcome.directories.serial",
};
static const char *const receipt_fields[] = {
    "receipt.message_id", "receipt.dossier", "receipt.kenmerk", "receipt.sequence", "receipt.stored_ms",
    "receipt.duplicate", "receipt.warnings",
};
static const char *const rejection_fields[] = {
    "rejection.code", "rejection.name", "rejection.field", "rejection.hint", "rejection.message_id",
};
static const char *const delivery_fields[] = {
    "delivery.mailbox", "delivery.header", "delivery.seal", "delivery.kenmerk", "delivery.stored_ms",
    "delivery.redelivered", "delivery.sequence", "delivery.part_count",
};
static const char *const settled_fields[] = {
    "settled.message_id", "settled.mailbox", "settled.state",
};
static const char *const status_fields[] = {
    "status.message_id", "status.mailbox", "status.state", "status.at_ms",
};
static const char *const attached_fields[] = {
    "attached.mailboxes", "attached.credit_messages", "attached.credit_bytes",
};
static const char *const page_fields[] = {
    "page.dossiers", "page.trace", "page.unanswered", "page.mailbox", "page.cursor",
    "page.age", "page.statistics", "page.passed", "page.open_total", "page.overdue_total",
};
static const char *const age_row_fields[] = {
    "page.age.name", "page.age.silence", "page.age.total", "page.age.buckets", "page.age.suppressed",
};
static const char *const statistics_row_fields[] = {
    "page.statistics.debtor", "page.statistics.expectation", "page.statistics.month", "page.statistics.count",
    "page.statistics.open", "page.statistics.within", "page.statistics.late", "page.statistics.incomplete",
    "page.statistics.withheld", "page.statistics.waived", "page.statistics.cancelled",
    "page.statistics.announced", "page.statistics.within_permille", "page.statistics.low_permille",
    "page.statistics.high_permille", "page.statistics.median_days", "page.statistics.p90_days",
    "page.statistics.suppressed",
};
static const char *const passed_row_fields[] = {
    "page.passed.message_id", "page.passed.dossier", "page.passed.kenmerk", "page.passed.kind",
    "page.passed.role", "page.passed.sender", "page.passed.state", "page.passed.stored_ms",
    "page.passed.hash",
};
static const char *const dossier_row_fields[] = {
    "page.dossiers.dossier", "page.dossiers.kenmerk", "page.dossiers.phase", "page.dossiers.received",
    "page.dossiers.referrer", "page.dossiers.receiver", "page.dossiers.creditor", "page.dossiers.copies",
    "page.dossiers.region", "page.dossiers.echelon", "page.dossiers.urgency", "page.dossiers.opened_ms",
    "page.dossiers.changed_ms", "page.dossiers.next_due_ms", "page.dossiers.open_count",
    "page.dossiers.overdue_count", "page.dossiers.kind", "page.dossiers.parent", "page.dossiers.follows",
    "page.dossiers.group", "page.dossiers.root", "page.dossiers.chain_ms", "page.dossiers.refusals",
    "page.dossiers.breach",
};
static const char *const trace_row_fields[] = {
    "page.trace.sequence", "page.trace.at_ms", "page.trace.event", "page.trace.party",
    "page.trace.message_id", "page.trace.kind", "page.trace.expectation", "page.trace.standing",
    "page.trace.step", "page.trace.phase", "page.trace.due_ms", "page.trace.code",
};
static const char *const unanswered_row_fields[] = {
    "page.unanswered.dossier", "page.unanswered.kenmerk", "page.unanswered.expectation",
    "page.unanswered.debtor", "page.unanswered.creditor", "page.unanswered.referrer",
    "page.unanswered.receiver", "page.unanswered.phase", "page.unanswered.standing",
    "page.unanswered.opened_ms", "page.unanswered.norm_due_ms", "page.unanswered.due_ms",
    "page.unanswered.step", "page.unanswered.referred_ms", "page.unanswered.region",
    "page.unanswered.echelon", "page.unanswered.overdue", "page.unanswered.silence",
    "page.unanswered.term_state", "page.unanswered.urgency", "page.unanswered.from_ms",
    "page.unanswered.reminded_ms", "page.unanswered.snoozed_ms", "page.unanswered.norm_id",
    "page.unanswered.norm_version", "page.unanswered.term", "page.unanswered.unit",
    "page.unanswered.chain_ms", "page.unanswered.refusals",
};
static const char *const mailbox_row_fields[] = {
    "page.mailbox.message_id", "page.mailbox.dossier", "page.mailbox.kenmerk", "page.mailbox.kind",
    "page.mailbox.sender", "page.mailbox.stored_ms", "page.mailbox.body_size", "page.mailbox.leased",
    "page.mailbox.sequence",
};
static const char *const directory_fields[] = {
    "directory.region", "directory.serial", "directory.content", "directory.signature",
};
static const char *const pong_fields[] = {
    "pong.time_ms",
};

static const struct message_names messages[] = {
    { &scharnier__v1__header__descriptor, "header", header_fields },
    { &scharnier__v1__seal__descriptor, "seal", seal_fields },
    { &scharnier__v1__stanza__descriptor, "seal.stanzas", stanza_fields },
    { &scharnier__v1__letter__descriptor, "letter", letter_fields },
    { &scharnier__v1__section__descriptor, "letter.sections", section_fields },
    { &scharnier__v1__attachment__descriptor, "letter.attachments", attachment_fields },
    { &scharnier__v1__command__descriptor, "command", command_fields },
    { &scharnier__v1__hello__descriptor, "hello", hello_fields },
    { &scharnier__v1__submit__descriptor, "submit", submit_fields },
    { &scharnier__v1__part__descriptor, "part", part_fields },
    { &scharnier__v1__fetch__descriptor, "fetch", fetch_fields },
    { &scharnier__v1__attach__descriptor, "attach", attach_fields },
    { &scharnier__v1__settle__descriptor, "settle", settle_fields },
    { &scharnier__v1__query__descriptor, "query", query_fields },
    { &scharnier__v1__get_directory__descriptor, "directory", get_directory_fields },
    { &scharnier__v1__ping__descriptor, "ping", ping_fields },
    { &scharnier__v1__reply__descriptor, "reply", reply_fields },
    { &scharnier__v1__welcome__descriptor, "welcome", welcome_fields },
    { &scharnier__v1__serial__descriptor, "welcome.directories", serial_fields },
    { &scharnier__v1__receipt__descriptor, "receipt", receipt_fields },
    { &scharnier__v1__rejection__descriptor, "rejection", rejection_fields },
    { &scharnier__v1__delivery__descriptor, "delivery", delivery_fields },
    { &scharnier__v1__settled__descriptor, "settled", settled_fields },
    { &scharnier__v1__status__descriptor, "status", status_fields },
    { &scharnier__v1__attached__descriptor, "attached", attached_fields },
    { &scharnier__v1__page__descriptor, "page", page_fields },
    { &scharnier__v1__dossier_row__descriptor, "page.dossiers", dossier_row_fields },
    { &scharnier__v1__trace_row__descriptor, "page.trace", trace_row_fields },
    { &scharnier__v1__unanswered_row__descriptor, "page.unanswered", unanswered_row_fields },
    { &scharnier__v1__mailbox_row__descriptor, "page.mailbox", mailbox_row_fields },
    { &scharnier__v1__age_row__descriptor, "page.age", age_row_fields },
    { &scharnier__v1__statistics_row__descriptor, "page.statistics", statistics_row_fields },
    { &scharnier__v1__passed_row__descriptor, "page.passed", passed_row_fields },
    { &scharnier__v1__parts__descriptor, "parts", parts_fields },
    { &scharnier__v1__fetched__descriptor, "fetched", fetched_fields },
    { &scharnier__v1__directory__descriptor, "directory", directory_fields },
    { &scharnier__v1__pong__descriptor, "pong", pong_fields },
};

static const struct message_names *find(const ProtobufCMessageDescriptor *descriptor)
{
    size_t i = 0;
    while (messages[i].descriptor != descriptor) {
        i++;
        assert(i < sizeof messages / sizeof messages[0]);
    }
    return &messages[i];
}

const char *sch_wire_message_name(const ProtobufCMessageDescriptor *descriptor)
{
    return find(descriptor)->where;
}

const char *sch_wire_field_name(const ProtobufCMessageDescriptor *descriptor, size_t index)
{
    assert(index < descriptor->n_fields);
    return find(descriptor)->fields[index];
}
