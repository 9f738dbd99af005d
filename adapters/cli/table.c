/*
 * table.c: the one table of commands: parsing, help and the manual page are made from it.
 *
 * Examples come first in help, so each command has one that works in the region of `scharnier dev`.
 */
#include "cli.h"

#define MESSAGE_OPTIONS \
    { "key", "KEY", "your own name for this message; sending it again sends no second one" }, \
    { "from", "ADDRESS", "the sending mailbox; otherwise your first, or the one in the dossier" }, \
    { "fact", "NAME=VALUE", "a code, date (2026-12-01, today, +14d), time (or now) or number; repeatable" }, \
    { "section", "NAME=TEXT", "a section of the letter; NAME=@FILE reads it from a file; repeatable" }, \
    { "attach", "FILE", "a file with the letter; repeatable" }, \
    { "dry-run", NULL, "show what would be sent, and send nothing" }

static const struct sch_cli_option dev_options[] = {
    { "dir", "DIR", "make the region there, or go on with the one that is there" },
    { "fast-clock", "1d=1s", "let a day pass in a second" },
    { "port", "PORT", "of loopback; otherwise a free one" },
    { "prepare", NULL, "make the region, and start nothing" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option keygen_options[] = {
    { "use", "USE", "transport (the connection), sign (what you send) or seal (what you receive)" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option sign_options[] = {
    { "key", "FILE", "the region's secret signing key" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option verify_options[] = {
    { "key", "KEY", "the region's public key: 64 hex digits, or keygen's .pub file" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option party_options[] = {
    { "directory", "FILE", "read this file instead of asking the broker; the signature is not looked at" },
    { "region", "REGION", "another region than the first of the configuration" },
    { "kind", "KIND", "only this kind of party: S_GGZ" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option send_options[] = {
    MESSAGE_OPTIONS,
    { "to", "ADDRESS", "the receiver: agb:06290713, or 06290713/afdeling" },
    { "copy", "ADDRESS", "who gets feedback too; at most four" },
    { "creditor", "ADDRESS", "the patient's practice, when it is not the sender" },
    { "prepared-by", "ADDRESS", "the POH-GGZ that wrote what the GP signs" },
    { "parent", "KENMERK", "the dossier that this one was forwarded or transferred from" },
    { "follows", "KENMERK", "the refused dossier after which this one is sent" },
    { "group", "ID", "parallel referrals share an id" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option answer_options[] = {
    MESSAGE_OPTIONS,
    { "subject", "MESSAGE", "the id of the message that this one is about" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option withdraw_options[] = {
    { "reason", "CODE", "PATIENT_DECLINES, PLACED_ELSEWHERE, SENT_IN_ERROR or OTHER" },
    { "key", "KEY", "your own name for this message; otherwise made from the kenmerk" },
    { "from", "ADDRESS", "the sending mailbox; otherwise the one that sent the referral" },
    { "dry-run", NULL, "show what would be sent, and send nothing" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option list_options[] = {
    { "party", "ADDRESS", "on whose behalf; otherwise the configuration's first mailbox" },
    { "limit", "N", "at most so many rows; otherwise 100" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option trace_options[] = {
    { "party", "ADDRESS", "on whose behalf; otherwise whichever of your mailboxes is in the dossier" },
    { "all", NULL, "every event, also those that only the ledger needs" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option inbox_options[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option read_options[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { "ack", NULL, "settle the message as collected after showing it" },
    { "save", "DIR", "write its attachments to DIR" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option reject_options[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { "reason", "CODE", "CANNOT_OPEN, BAD_SIGNATURE, NOT_OURS, UNSUPPORTED, MALFORMED or OTHER" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option tail_options[] = {
    { "mailbox", "ADDRESS", "only this mailbox; otherwise all of the configuration" },
    { "ack", NULL, "settle each message as collected after showing it" },
    { "count", "N", "end after so many messages" },
    { "save", "DIR", "write attachments to DIR" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option unanswered_ls_options[] = {
    { "party", "ADDRESS", "on whose behalf; otherwise the configuration's first mailbox" },
    { "overdue", NULL, "only what is over its norm" },
    { "receiver", "ADDRESS", "only referrals to this organisation" },
    { "referrer", "ADDRESS", "only referrals of this organisation" },
    { "debtor", "ADDRESS", "only what this organisation owes" },
    { "expectation", "E6", "only this promise" },
    { "silence", "CODE", "only this silence; see unanswered age --by silence --json" },
    { "limit", "N", "at most so many rows" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option unanswered_age_options[] = {
    { "by", "WHAT", "receiver (unless given), referrer or silence" },
    { "party", "ADDRESS", "on whose behalf; otherwise the configuration's first mailbox" },
    { "overdue", NULL, "only what is over its norm" },
    { "receiver", "ADDRESS", "only referrals to this organisation" },
    { "referrer", "ADDRESS", "only referrals of this organisation" },
    { "debtor", "ADDRESS", "only what this organisation owes" },
    { "expectation", "E6", "only this promise" },
    { "silence", "CODE", "only this silence" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option norm_options[] = {
    { "norms", "FILE", "otherwise norms/nl.ini of /etc/scharnier or of this installation" },
    { "region", "REGION", "with the rows and the calendar of this region" },
    { "provider", "ADDRESS", "with the rows of this provider" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option due_options[] = {
    { "from", "TIME", "when the term begins: 2026-12-23, 2026-12-23T09:00 (local), or with a zone" },
    { "norms", "FILE", "otherwise norms/nl.ini of /etc/scharnier or of this installation" },
    { "region", "REGION", "with the rows and the calendar of this region" },
    { "provider", "ADDRESS", "with the rows of this provider" },
    { "urgent", NULL, "E1 of an urgent or crisis message" },
    { "after-intake", NULL, "E7's second clock, from the intake" },
    { "clinical", NULL, "E9 after a clinical stay" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option check_options[] = {
    { "broker", "FILE", "check a scharnierd.conf, as scharnierd --check-config does" },
    { NULL, NULL, NULL },
};
static const struct sch_cli_option help_options[] = {
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

const struct sch_cli_command sch_cli_commands[] = {
    { "dev", "", "", 0, 0, "a whole region on this machine, to try things out",
      "Makes keys, a signed directory and a configuration for each party of a small region, starts "
      "a broker, and prints what to type next. Ctrl-C stops it.",
      "scharnier dev --fast-clock 1d=1s\n"
      "scharnier dev --dir ~/region\n",
      dev_options, sch_cli_run_dev },
    { "referral", "send", "[FILE.json]", 0, 1, "send a referral",
      "FILE.json has key, to, copies, facts, sections and attachments; - reads it from stdin. "
      "Options add to it. Today's date, routine urgency and the receiver's echelon are filled in "
      "when they are not stated.",
      "scharnier referral send referral.json\n"
      "scharnier referral send --key his-4711 --to 06290713 --section question='Graag diagnostiek' "
      "--section reason='Paniekklachten' --attach brief.pdf\n",
      send_options, sch_cli_run_referral_send },
    { "referral", "answer", "KENMERK KIND", 2, 2, "answer a referral, or say something else about one",
      "KIND is any message on a dossier: ACCEPTANCE, REFUSAL, APPOINTMENT, INTAKE_REPORT, "
      "DISCHARGE_LETTER, and for the practice TAKEN_UP or WAIVER. It is addressed to whom the "
      "dossier says. scharnier kind ls lists the kinds and their facts.",
      "scharnier referral answer SN-7F3K-29QD ACCEPTANCE --key epd-1 --fact expected_date=+14d\n"
      "scharnier referral answer SN-7F3K-29QD INTAKE_REPORT --key epd-2 --fact event_date=today "
      "--fact outcome=TREATMENT --section plan='CGT, 12 gesprekken'\n",
      answer_options, sch_cli_run_referral_answer },
    { "referral", "withdraw", "KENMERK", 1, 1, "withdraw a referral",
      NULL,
      "scharnier referral withdraw SN-7F3K-29QD --reason PLACED_ELSEWHERE\n",
      withdraw_options, sch_cli_run_referral_withdraw },
    { "referral", "ls", "", 0, 0, "referrals that you are in, newest first",
      NULL,
      "scharnier referral ls --limit 20\n",
      list_options, sch_cli_run_referral_ls },
    { "referral", "trace", "KENMERK", 1, 1, "what happened with a referral, and what is still awaited",
      NULL,
      "scharnier referral trace SN-7F3K-29QD\n",
      trace_options, sch_cli_run_referral_trace },
    { "inbox", "ls", "", 0, 0, "what waits in your mailboxes",
      NULL,
      "scharnier inbox ls\n",
      inbox_options, sch_cli_run_inbox_ls },
    { "inbox", "read", "[MESSAGE|KENMERK]", 0, 1, "open a message and show it",
      "Without a name: the first that is offered. It stays in the mailbox unless --ack.",
      "scharnier inbox read SN-7F3K-29QD\n"
      "scharnier inbox read --ack --save letters\n",
      read_options, sch_cli_run_inbox_read },
    { "inbox", "ack", "MESSAGE|KENMERK", 1, 1, "settle a message as collected",
      NULL,
      "scharnier inbox ack SN-7F3K-29QD\n",
      inbox_options, sch_cli_run_inbox_ack },
    { "inbox", "reject", "MESSAGE|KENMERK", 1, 1, "refuse a message that your system cannot take",
      "The sender is told. To decline a patient, answer with REFUSAL instead.",
      "scharnier inbox reject SN-7F3K-29QD --reason NOT_OURS\n",
      reject_options, sch_cli_run_inbox_reject },
    { "inbox", "tail", "", 0, 0, "show messages as they come",
      NULL,
      "scharnier inbox tail --ack\n"
      "scharnier inbox tail --count 1 --timeout 30s --json\n",
      tail_options, sch_cli_run_inbox_tail },
    { "unanswered", "ls", "", 0, 0, "the worklist: every promise that is open, longest overdue first",
      NULL,
      "scharnier unanswered ls --overdue\n"
      "scharnier unanswered ls --receiver 06290713 --silence no_intake_report\n",
      unanswered_ls_options, sch_cli_run_unanswered_ls },
    { "unanswered", "age", "", 0, 0, "open referrals without terugkoppeling, by days since sending",
      "By silence, only what is over its norm counts: a promise that is not due yet is no silence.",
      "scharnier unanswered age --by receiver\n"
      "scharnier unanswered age --by silence\n",
      unanswered_age_options, sch_cli_run_unanswered_age },
    { "party", "ls", "", 0, 0, "who takes part in the region",
      NULL,
      "scharnier party ls --kind S_GGZ\n",
      party_options, sch_cli_run_party_ls },
    { "party", "show", "ADDRESS", 1, 1, "one party and its keys",
      NULL,
      "scharnier party show agb:06290713\n",
      party_options, sch_cli_run_party_show },
    { "kind", "ls", "", 0, 0, "kinds of message, and the facts that each takes",
      NULL,
      "scharnier kind ls\n",
      NULL, sch_cli_run_kind_ls },
    { "norm", "ls", "", 0, 0, "how long each promise may take, and why",
      NULL,
      "scharnier norm ls --region utrecht\n",
      norm_options, sch_cli_run_norm_ls },
    { "norm", "due", "EXPECTATION", 1, 1, "when a promise is due, and why; needs no broker",
      NULL,
      "scharnier norm due E2 --from 2026-12-23T09:00\n"
      "scharnier norm due E9 --clinical --from 2026-03-28T22:00+01:00\n",
      due_options, sch_cli_run_norm_due },
    { "keygen", "", "FILE", 1, 1, "make a key pair: FILE (secret) and FILE.pub",
      NULL,
      "scharnier keygen --use transport transport.key\n"
      "scharnier keygen --use sign sign.key\n",
      keygen_options, sch_cli_run_keygen },
    { "directory", "sign", "FILE", 1, 1, "sign a region's directory with its offline key",
      NULL,
      "scharnier directory sign region.ini --key region-sign.key\n",
      sign_options, sch_cli_run_directory_sign },
    { "directory", "verify", "FILE", 1, 1, "check a directory and its signature",
      NULL,
      "scharnier directory verify region.ini --key region-sign.key.pub\n",
      verify_options, sch_cli_run_directory_verify },
    { "config", "check", "[FILE]", 0, 1, "read a configuration and say what is wrong",
      NULL,
      "scharnier config check /etc/mijn-his/client.conf\n"
      "scharnier config check --broker scharnierd.conf\n",
      check_options, sch_cli_run_config_check },
    { "audit", "verify", "DIR", 1, 1, "prove that the access log of a store or backup is whole",
      "The broker must not be using the store; make a backup and prove that, or stop the broker.",
      "scharnier audit verify /var/lib/scharnier\n",
      NULL, sch_cli_run_audit_verify },
    { "error", "", "[CODE|ls]", 0, 1, "what an error means, and what to do about it",
      NULL,
      "scharnier error E2101\n"
      "scharnier error ls\n",
      NULL, sch_cli_run_error },
    { "version", "", "", 0, 0, "versions of this program and of the wire",
      NULL,
      "scharnier version --json\n",
      NULL, sch_cli_run_version },
    { "help", "", "[COMMAND]", 0, 1, "this help",
      NULL,
      "scharnier help referral\n",
      help_options, sch_cli_run_help },
    { NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
