/*
 * table.c: the one table of commands: parsing, help and the manual page are made from it.
 *
 * Examples come first in help, so each command has one that works in the region of `scharnier dev`.
 */
#include "cli.h"
#include "options.h"

const struct sch_cli_command sch_cli_commands[] = {
    { "dev", "", "", 0, 0, "a whole region on this machine, to try things out",
      "Makes keys, a signed directory and a configuration for each party of a small region, starts "
      "a broker, and prints what to type next. Ctrl-C stops it.",
      "scharnier dev --fast-clock 1d=1s\n"
      "scharnier dev --dir ~/region\n",
      sch_options_dev, sch_cli_run_dev },
    { "referral", "send", "[FILE.json]", 0, 1, "send a referral, or another message that opens a dossier",
      "FILE.json has key, to, copies, facts, sections and attachments; - reads it from stdin. "
      "Options add to it. Today's date, routine urgency and the receiver's echelon are filled in "
      "when they are not stated.",
      "scharnier referral send referral.json\n"
      "scharnier referral send --key his-4711 --to 06290713 --section question='Graag diagnostiek' "
      "--section reason='Paniekklachten' --attach brief.pdf\n"
      "scharnier referral send --kind CONSULT_REQUEST --key his-4712 --to 06290713 --fact topic=MEDICATION "
      "--fact consult_form=DISCUSSION --section question='Mag dit samen?'\n",
      sch_options_send, sch_cli_run_referral_send },
    { "referral", "answer", "KENMERK KIND", 2, 2, "answer a referral, or say something else about one",
      "KIND is any message on a dossier: ACCEPTANCE, REFUSAL, APPOINTMENT, INTAKE_REPORT, "
      "DISCHARGE_LETTER, INFORMATION_REQUEST. It is addressed to whom the dossier says. scharnier "
      "kind ls lists the kinds and their facts. What one does about a promise (remind, take up, "
      "waive) is under scharnier dossier.",
      "scharnier referral answer SN-7F3K-29QD ACCEPTANCE --key epd-1 --fact expected_date=+14d\n"
      "scharnier referral answer SN-7F3K-29QD INTAKE_REPORT --key epd-2 --fact event_date=today "
      "--fact outcome=TREATMENT --section plan='CGT, 12 gesprekken'\n"
      "scharnier referral answer SN-7F3K-29QD REDIRECTION --key epd-3 --concerned 94061234 "
      "--fact redirection_mode=ADVISED --fact refusal_reason=WRONG_ECHELON\n",
      sch_options_answer, sch_cli_run_referral_answer },
    { "referral", "withdraw", "KENMERK", 1, 1, "withdraw a referral",
      NULL,
      "scharnier referral withdraw SN-7F3K-29QD --reason PLACED_ELSEWHERE\n",
      sch_options_withdraw, sch_cli_run_referral_withdraw },
    { "referral", "ls", "", 0, 0, "referrals that you are in, newest first",
      NULL,
      "scharnier referral ls --limit 20\n"
      "scharnier referral ls --receiver 06290713 --overdue\n",
      sch_options_list, sch_cli_run_referral_ls },
    { "referral", "trace", "KENMERK", 1, 1, "what happened with a referral, and what is still awaited",
      NULL,
      "scharnier referral trace SN-7F3K-29QD\n"
      "scharnier referral trace SN-7F3K-29QD --chain\n",
      sch_options_trace, sch_cli_run_referral_trace },
    { "inbox", "ls", "", 0, 0, "what waits in your mailboxes",
      NULL,
      "scharnier inbox ls\n",
      sch_options_inbox, sch_cli_run_inbox_ls },
    { "inbox", "read", "[MESSAGE|KENMERK]", 0, 1, "open a message and show it",
      "Without a name: the first that is offered. It stays in the mailbox unless --ack.",
      "scharnier inbox read SN-7F3K-29QD\n"
      "scharnier inbox read --ack --save letters\n",
      sch_options_read, sch_cli_run_inbox_read },
    { "inbox", "ack", "MESSAGE|KENMERK", 1, 1, "settle a message as collected",
      NULL,
      "scharnier inbox ack SN-7F3K-29QD\n",
      sch_options_inbox, sch_cli_run_inbox_ack },
    { "inbox", "reject", "MESSAGE|KENMERK", 1, 1, "refuse a message that your system cannot take",
      "The sender is told. To decline a patient, answer with REFUSAL instead.",
      "scharnier inbox reject SN-7F3K-29QD --reason NOT_OURS\n",
      sch_options_reject, sch_cli_run_inbox_reject },
    { "inbox", "tail", "", 0, 0, "show messages as they come",
      NULL,
      "scharnier inbox tail --ack\n"
      "scharnier inbox tail --count 1 --timeout 30s --json\n",
      sch_options_tail, sch_cli_run_inbox_tail },
    { "unanswered", "ls", "", 0, 0, "the worklist: every promise that is open, longest overdue first",
      "Each filter that is stated must hold; an organisation stands for its departments too.",
      "scharnier unanswered ls --overdue\n"
      "scharnier unanswered ls --receiver 06290713 --silence no-intake-report\n"
      "scharnier unanswered ls --term near --echelon S_GGZ --jsonl\n",
      sch_options_unanswered_ls, sch_cli_run_unanswered_ls },
    { "unanswered", "age", "", 0, 0, "open referrals without terugkoppeling, by days since sending",
      "By silence: what each open referral lacks first, also before it is over its norm.",
      "scharnier unanswered age --by receiver\n"
      "scharnier unanswered age --by silence --published\n",
      sch_options_unanswered_age, sch_cli_run_unanswered_age },
    { "unanswered", "stats", "", 0, 0, "how promises were kept: within norm, median, 90th percentile, late",
      "Per debtor and promise, of the months in which their terms began. What is still open counts "
      "as not answered yet.",
      "scharnier unanswered stats --month 2026-03..2026-05\n"
      "scharnier unanswered stats --debtor 06290713 --expectation E6 --per-month\n",
      sch_options_unanswered_stats, sch_cli_run_unanswered_stats },
    { "dossier", "remind", "[KENMERK…]", 0, SCH_CLI_OPERANDS_MAX, "remind whoever owes a promise",
      "By kenmerk, or by the worklist's filters and then only what is over its norm. Says first how "
      "many go to how many organisations; whoever was reminded less than 48 hours ago is passed "
      "over. More than one takes --yes.",
      "scharnier dossier remind SN-7F3K-29QD\n"
      "scharnier dossier remind --receiver 06290713 --silence no-intake-report\n"
      "scharnier dossier remind --receiver 06290713 --silence no-intake-report --yes\n",
      sch_options_remind, sch_cli_run_dossier_remind },
    { "dossier", "snooze", "KENMERK…", 1, SCH_CLI_OPERANDS_MAX, "put a promise off: no alert until a day",
      "The promise stays open and its term as it is.",
      "scharnier dossier snooze SN-7F3K-29QD --until +14d --reason LETTER_PROMISED\n",
      sch_options_snooze, sch_cli_run_dossier_snooze },
    { "dossier", "waive", "KENMERK", 1, 1, "close a promise without an answer, for a reason",
      "One at a time, by the practice that it is owed to, or the coordinator.",
      "scharnier dossier waive SN-7F3K-29QD --expectation E6 --reason RECEIVED_OTHERWISE\n",
      sch_options_waive, sch_cli_run_dossier_waive },
    { "dossier", "note", "KENMERK…", 1, SCH_CLI_OPERANDS_MAX, "note what was done about a dossier",
      "By code only: a note is read by all who see the dossier's metadata, and text could name a "
      "patient. What needs words belongs in a letter.",
      "scharnier dossier note SN-7F3K-29QD --code CALLED\n",
      sch_options_note, sch_cli_run_dossier_note },
    { "dossier", "taken-up", "KENMERK", 1, 1, "say that a refused or returned patient is taken care of",
      NULL,
      "scharnier dossier taken-up SN-7F3K-29QD --how OWN_CARE\n",
      sch_options_taken_up, sch_cli_run_dossier_taken_up },
    { "dossier", "incomplete", "KENMERK", 1, 1, "say that a letter lacks what it must have",
      "Its promise is open again, under its first due, until a whole letter comes.",
      "scharnier dossier incomplete SN-7F3K-29QD --missing aftercare,phone\n",
      sch_options_incomplete, sch_cli_run_dossier_incomplete },
    { "reconcile", "", "FILE", 1, 1, "compare your list of what passed with the broker's",
      "FILE (- is stdin) has a line per message: message;role;hash, or JSON lines with these names; "
      "role is sent or received, the hash may be left out. Exit code 8 when either side lacks "
      "something.",
      "scharnier reconcile --from 2026-11-01 --to 2026-11-30 november.csv\n",
      sch_options_reconcile, sch_cli_run_reconcile },
    { "export", "unanswered", "", 0, 0, "the worklist as CSV for Dutch Excel, or as JSON",
      "The rows of unanswered ls with the same filters. Semicolons, UTF-8 with byte order mark, ISO "
      "dates; cells that a spreadsheet would run as a formula get an apostrophe. The last two "
      "columns say on whose behalf and when.",
      "scharnier export unanswered --overdue --out over-norm.csv\n",
      sch_options_export_unanswered, sch_cli_run_export_unanswered },
    { "export", "referrals", "", 0, 0, "referrals as CSV for Dutch Excel, or as JSON",
      "The rows of referral ls, all of them, in the form of export unanswered.",
      "scharnier export referrals --receiver 06290713 --out noordrand.csv\n"
      "scharnier export referrals --format json\n",
      sch_options_export_referrals, sch_cli_run_export_referrals },
    { "party", "ls", "", 0, 0, "who takes part in the region",
      NULL,
      "scharnier party ls --kind S_GGZ\n",
      sch_options_party, sch_cli_run_party_ls },
    { "party", "show", "ADDRESS", 1, 1, "one party and its keys",
      NULL,
      "scharnier party show agb:06290713\n",
      sch_options_party, sch_cli_run_party_show },
    { "kind", "ls", "", 0, 0, "kinds of message, and the facts that each takes",
      NULL,
      "scharnier kind ls\n",
      NULL, sch_cli_run_kind_ls },
    { "norm", "ls", "", 0, 0, "how long each promise may take, and why",
      NULL,
      "scharnier norm ls --region utrecht\n",
      sch_options_norm, sch_cli_run_norm_ls },
    { "norm", "due", "EXPECTATION", 1, 1, "when a promise is due, and why; needs no broker",
      NULL,
      "scharnier norm due E2 --from 2026-12-23T09:00\n"
      "scharnier norm due E9 --clinical --from 2026-03-28T22:00+01:00\n",
      sch_options_due, sch_cli_run_norm_due },
    { "norm", "check", "FILE", 1, 1, "read a norms file and say what is wrong; needs no broker",
      NULL,
      "scharnier norm check nieuw.ini\n",
      NULL, sch_cli_run_norm_check },
    { "norm", "diff", "FILE", 1, 1, "what a norms file would change, also for the promises that are open",
      "Rows against those of --norms; and, with a client's configuration, how many open promises "
      "would have another due date and how many would be over norm, then and now. An open promise "
      "keeps the norm that it was opened under, so this is a measure and not what happens on "
      "loading.",
      "scharnier norm diff nieuw.ini\n",
      sch_options_norm_diff, sch_cli_run_norm_diff },
    { "norm", "load", "FILE", 1, 1, "put a norms file in force at the broker of this machine",
      "Its version must be above the one in force. The former file stays beside it as FILE.previous, "
      "and comes back when the broker does not take the new one.",
      "scharnier norm load nieuw.ini --dry-run\n"
      "scharnier norm load nieuw.ini --store ~/region/store\n",
      sch_options_norm_load, sch_cli_run_norm_load },
    { "queue", "ls", "", 0, 0, "mailboxes in which something waits, at the broker of this machine",
      NULL,
      "scharnier queue ls\n"
      "scharnier queue ls --store ~/region/store\n",
      sch_options_store, sch_cli_run_queue_ls },
    { "queue", "peek", "MAILBOX", 1, 1, "what waits in a mailbox, without any of its content",
      "The first hundred. Looking is logged.",
      "scharnier queue peek agb:06290713/angst\n",
      sch_options_store, sch_cli_run_queue_peek },
    { "queue", "retry", "MAILBOX|MESSAGE", 1, 1, "offer at once what is backing off",
      NULL,
      "scharnier queue retry agb:06290713/angst\n",
      sch_options_store, sch_cli_run_queue_retry },
    { "queue", "hold", "MAILBOX", 1, 1, "offer nothing from a mailbox until it is released",
      "Kept over a restart. Messages are still taken in, and terms run on.",
      "scharnier queue hold agb:06290713/angst\n",
      sch_options_store, sch_cli_run_queue_hold },
    { "queue", "release", "MAILBOX", 1, 1, "offer again from a mailbox that was held back",
      NULL,
      "scharnier queue release agb:06290713/angst\n",
      sch_options_store, sch_cli_run_queue_release },
    { "check", "server", "", 0, 0, "can the broker be reached, and does its clock agree",
      "Every check exits as Nagios wants: 0 good, 1 warning, 2 critical, 3 unknown. Without "
      "thresholds the value is shown.",
      "scharnier check server --warn 5s --crit 60s\n",
      sch_options_check_client, sch_cli_run_check_server },
    { "check", "queue", "", 0, 0, "how long the oldest message waits, at the broker of this machine",
      NULL,
      "scharnier check queue --warn 15m --crit 4h --format nagios\n",
      sch_options_check_store, sch_cli_run_check_queue },
    { "check", "loop", "", 0, 0, "which share of open referrals is over its norm",
      NULL,
      "scharnier check loop --warn 5% --crit 10% --format nagios\n",
      sch_options_check_loop, sch_cli_run_check_loop },
    { "check", "store", "", 0, 0, "how full the store is, at the broker of this machine",
      NULL,
      "scharnier check store --warn 80% --crit 90%\n",
      sch_options_check_store, sch_cli_run_check_store },
    { "check", "keys", "", 0, 0, "how long your keys and the region's directory are still valid",
      NULL,
      "scharnier check keys --warn 30d --crit 7d\n",
      sch_options_check_client, sch_cli_run_check_keys },
    { "check", "backup", "", 0, 0, "how old the last backup is, at the broker of this machine",
      NULL,
      "scharnier check backup --warn 26h --crit 50h --format prometheus\n",
      sch_options_check_store, sch_cli_run_check_backup },
    { "keygen", "", "FILE", 1, 1, "make a key pair: FILE (secret) and FILE.pub",
      NULL,
      "scharnier keygen --use transport transport.key\n"
      "scharnier keygen --use sign sign.key\n",
      sch_options_keygen, sch_cli_run_keygen },
    { "directory", "sign", "FILE", 1, 1, "sign a region's directory with its offline key",
      NULL,
      "scharnier directory sign region.ini --key region-sign.key\n",
      sch_options_sign, sch_cli_run_directory_sign },
    { "directory", "verify", "FILE", 1, 1, "check a directory and its signature",
      NULL,
      "scharnier directory verify region.ini --key region-sign.key.pub\n",
      sch_options_verify, sch_cli_run_directory_verify },
    { "config", "check", "[FILE]", 0, 1, "read a configuration and say what is wrong",
      NULL,
      "scharnier config check /etc/mijn-his/client.conf\n"
      "scharnier config check --broker scharnierd.conf\n",
      sch_options_config_check, sch_cli_run_config_check },
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
      sch_options_help, sch_cli_run_help },
    { NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
