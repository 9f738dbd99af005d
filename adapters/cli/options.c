/*
 * options.c: the options of each command, as the table of commands names them.
 *
 * Options that mean the same are the same lines: a filter is called alike wherever one may filter.
 */
#include "options.h"

#define MESSAGE_OPTIONS \
    { "key", "KEY", "your own name for this message; sending it again sends no second one" }, \
    { "from", "ADDRESS", "the sending mailbox; otherwise your first, or the one in the dossier" }, \
    { "fact", "NAME=VALUE", "a code, date (2026-12-01, today, +14d), time (or now) or number; repeatable" }, \
    { "section", "NAME=TEXT", "a section of the letter; NAME=@FILE reads it from a file; repeatable" }, \
    { "attach", "FILE", "a file with the letter; repeatable" }, \
    { "dry-run", NULL, "show what would be sent, and send nothing" }
#define PARTY_OPTION { "party", "ADDRESS", "on whose behalf; otherwise the configuration's first mailbox" }
#define JSONL_OPTION { "jsonl", NULL, "one JSON object a line, as the rows come" }
#define DOSSIER_FILTERS \
    { "receiver", "ADDRESS", "only referrals to this organisation" }, \
    { "referrer", "ADDRESS", "only referrals of this organisation" }, \
    { "creditor", "ADDRESS", "only patients of this practice" }, \
    { "echelon", "CODE", "only referrals to GB_GGZ, S_GGZ, CRISIS, WIJKTEAM or MGN" }, \
    { "urgency", "CODE", "only ROUTINE, SOON, URGENT or CRISIS" }, \
    { "older", "DAYS", "only referrals of at least so many days ago" }, \
    { "overdue", NULL, "only what is over its norm" }
#define PROMISE_FILTERS \
    { "debtor", "ADDRESS", "only what this organisation owes" }, \
    { "expectation", "E6", "only this promise" }, \
    { "silence", "CODE", "only this silence, as unanswered age --by silence --json names them" }, \
    { "term", "STATE", "only within, near, over or far-over its norm" }
#define ACT_OPTIONS \
    { "party", "ADDRESS", "who acts; otherwise the practice, when it is yours, or your first mailbox" }, \
    { "key", "KEY", "your own name for this act; otherwise made from kenmerk and time" }, \
    { "dry-run", NULL, "show what would be done, and do nothing" }
#define YES_OPTION { "yes", NULL, "do it for more than one dossier at once" }
#define STORE_OPTION { "store", "DIR", "the broker's store on this machine; otherwise /var/lib/scharnier" }
#define CHECK_OPTIONS \
    { "format", "FORMAT", "text (unless given), json, nagios or prometheus" }, \
    { "warn", "VALUE", "a warning from here on" }, \
    { "crit", "VALUE", "critical from here on" }
#define NORMS_OPTION { "norms", "FILE", "otherwise norms/nl.ini of /etc/scharnier or of this installation" }

const struct sch_cli_option sch_options_dev[] = {
    { "dir", "DIR", "make the region there, or go on with the one that is there" },
    { "fast-clock", "1d=1s", "let a day pass in a second" },
    { "port", "PORT", "of loopback; otherwise a free one" },
    { "prepare", NULL, "make the region, and start nothing" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_keygen[] = {
    { "use", "USE", "transport (the connection), sign (what you send) or seal (what you receive)" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_sign[] = {
    { "key", "FILE", "the region's secret signing key" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_verify[] = {
    { "key", "KEY", "the region's public key: 64 hex digits, or keygen's .pub file" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_party[] = {
    { "directory", "FILE", "read this file instead of asking the broker; the signature is not looked at" },
    { "region", "REGION", "another region than the first of the configuration" },
    { "kind", "KIND", "only this kind of party: S_GGZ" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_send[] = {
    MESSAGE_OPTIONS,
    { "kind", "KIND",
      "CONSULT_REQUEST, EXPLORATION_REQUEST, CARE_NOTICE or INVOLVEMENT_NOTICE; otherwise REFERRAL" },
    { "to", "ADDRESS", "the receiver: agb:06290713, or 06290713/afdeling" },
    { "copy", "ADDRESS", "who gets feedback too; at most four" },
    { "creditor", "ADDRESS", "the patient's practice, when it is not the sender" },
    { "prepared-by", "ADDRESS", "the POH-GGZ that wrote what the GP signs" },
    { "parent", "KENMERK", "the dossier that this one was forwarded or transferred from" },
    { "follows", "KENMERK", "the refused dossier after which this one is sent" },
    { "group", "ID", "parallel referrals share an id" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_answer[] = {
    MESSAGE_OPTIONS,
    { "subject", "MESSAGE", "the id of the message that this one is about" },
    { "concerned", "ADDRESS", "the new receiver, for REDIRECTION and TRANSFER_NOTICE" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_withdraw[] = {
    { "reason", "CODE", "PATIENT_DECLINES, PLACED_ELSEWHERE, SENT_IN_ERROR or OTHER" },
    { "key", "KEY", "your own name for this message; otherwise made from the kenmerk" },
    { "from", "ADDRESS", "the sending mailbox; otherwise the one that sent the referral" },
    { "dry-run", NULL, "show what would be sent, and send nothing" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_inbox[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_read[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { "ack", NULL, "settle the message as collected after showing it" },
    { "save", "DIR", "write its attachments to DIR" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_reject[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { "reason", "CODE", "CANNOT_OPEN, BAD_SIGNATURE, NOT_OURS, UNSUPPORTED, MALFORMED or OTHER" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_tail[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { "ack", NULL, "settle each message as collected after showing it" },
    { "count", "N", "end after so many messages" },
    { "save", "DIR", "write attachments to DIR" },
    JSONL_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_norm[] = {
    NORMS_OPTION,
    { "region", "REGION", "with the rows and the calendar of this region" },
    { "provider", "ADDRESS", "with the rows of this provider" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_due[] = {
    { "from", "TIME", "when the term begins: 2026-12-23, 2026-12-23T09:00 (local), or with a zone" },
    NORMS_OPTION,
    { "region", "REGION", "with the rows and the calendar of this region" },
    { "provider", "ADDRESS", "with the rows of this provider" },
    { "urgent", NULL, "E1 of an urgent or crisis message" },
    { "after-intake", NULL, "E7's second clock, from the intake" },
    { "clinical", NULL, "E9 after a clinical stay" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_list[] = {
    DOSSIER_FILTERS,
    PARTY_OPTION,
    { "limit", "N", "at most so many rows; otherwise 100" },
    JSONL_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_trace[] = {
    { "chain", NULL, "every referral that led to this one or came of it, oldest first" },
    { "all", NULL, "every event, also those that only the ledger needs" },
    { "party", "ADDRESS", "on whose behalf; otherwise whichever of your mailboxes is in the dossier" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_unanswered_ls[] = {
    DOSSIER_FILTERS,
    PROMISE_FILTERS,
    PARTY_OPTION,
    { "limit", "N", "at most so many rows; otherwise 1000" },
    JSONL_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_unanswered_age[] = {
    { "by", "WHAT", "receiver (unless given), referrer or silence" },
    { "published", NULL, "for publication: groups under 5, and what would give them away, left out" },
    PARTY_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_unanswered_stats[] = {
    { "month", "MONTH", "terms that began in 2026-03, or in 2026-03..2026-05" },
    { "debtor", "ADDRESS", "only what this organisation owes" },
    { "expectation", "E6", "only this promise" },
    { "per-month", NULL, "a row for each month" },
    { "published", NULL, "for publication: groups under 5, and what would give them away, left out" },
    PARTY_OPTION,
    JSONL_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_remind[] = {
    DOSSIER_FILTERS, PROMISE_FILTERS, YES_OPTION, ACT_OPTIONS, { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_snooze[] = {
    { "until", "DATE", "no alert up to and including this day: 2026-12-31 or +14d; at most 91 days ahead" },
    { "reason", "CODE", "LETTER_PROMISED, ABSENT, SYSTEM_CHANGE or OTHER" },
    { "expectation", "E6", "this promise; otherwise the one that is due first" },
    YES_OPTION,
    ACT_OPTIONS,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_waive[] = {
    { "expectation", "E6", "the promise that is closed without an answer" },
    { "reason", "CODE", "RECEIVED_OTHERWISE, NO_LONGER_NEEDED, PATIENT_GONE, REGISTERED_IN_ERROR or OTHER" },
    ACT_OPTIONS,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_note[] = {
    { "code", "CODE", "CALLED, LETTER_PROMISED, BEING_SORTED, SENT_OTHERWISE or OTHER" },
    { "expectation", "E6", "the promise that it is about" },
    YES_OPTION,
    ACT_OPTIONS,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_taken_up[] = {
    { "how", "CODE", "OWN_CARE, REFERRED_ELSEWHERE, PATIENT_CONTACTED or PATIENT_DECLINES" },
    ACT_OPTIONS,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_incomplete[] = {
    { "missing", "SECTIONS", "what the letter lacks: aftercare,phone" },
    { "message", "MESSAGE", "the letter's id; otherwise the last one that came" },
    ACT_OPTIONS,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_reconcile[] = {
    { "from", "DATE", "the first day, or a time" },
    { "to", "DATE", "the last day, or the time before which" },
    PARTY_OPTION,
    JSONL_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_export_referrals[] = {
    { "format", "FORMAT", "csv (unless given) or json" },
    { "out", "FILE", "a new file, for your eyes only; otherwise stdout" },
    DOSSIER_FILTERS,
    PARTY_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_export_unanswered[] = {
    { "format", "FORMAT", "csv (unless given) or json" },
    { "out", "FILE", "a new file, for your eyes only; otherwise stdout" },
    DOSSIER_FILTERS,
    PROMISE_FILTERS,
    PARTY_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_norm_diff[] = {
    NORMS_OPTION,
    PARTY_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_norm_load[] = {
    STORE_OPTION,
    { "dry-run", NULL, "show what would change, and load nothing" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_store[] = {
    STORE_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_check_client[] = {
    CHECK_OPTIONS,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_check_loop[] = {
    CHECK_OPTIONS,
    PARTY_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_check_store[] = {
    CHECK_OPTIONS,
    STORE_OPTION,
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_config_check[] = {
    { "broker", "FILE", "check a scharnierd.conf, as scharnierd --check-config does" },
    { NULL, NULL, NULL },
};
const struct sch_cli_option sch_options_help[] = {
    { "man", NULL, "as the source of scharnier(1)" },
    { NULL, NULL, NULL },
};

const struct sch_cli_option sch_cli_globals[] = {
    { "config", "FILE", "otherwise $SCHARNIER_CONFIG, or /etc/scharnier/client.conf" },
    { "json", NULL, "one JSON document on stdout, with a schema; times RFC 3339 in UTC" },
    { "timeout", "TIME", "how long to wait: 5s, 500ms, 2m; otherwise 10s" },
    { "no-headers", NULL, "rows only" },
    { "quiet", NULL, "no hints on what to do next" },
    { "help", NULL, "this help; also -h" },
    { NULL, NULL, NULL },
};

