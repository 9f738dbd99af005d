/*
 * cli.h: what every command of scharnier(1) is and may use.
 *
 * A command is one row of the table in table.c, from which parsing, help and the manual page are made, and
 * one function. It prints tables for people, or with --json one JSON document, to stdout; errors in the form
 * of sch_perror() to stderr. It returns an exit code: 0 done, 1 failed, 2 usage, 3 broker unreachable,
 * 4 refused, 5 not found, 6 invalid message or configuration, 7 timed out, 8 partly done. Those of the noun
 * `check` return what Nagios wants: 0 good, 1 warning, 2 critical, 3 unknown.
 *
 * Must not know: sockets, protobuf. The library is reached through scharnier/client.h only.
 */
#ifndef SCH_CLI_H
#define SCH_CLI_H

#include <scharnier/client.h>

#include <jansson.h>

#define SCH_CLI_OPERANDS_MAX 200
#define SCH_CLI_OPTIONS_MAX 96

struct sch_cli;

/* name without dashes; value: the word that stands for it in help, NULL for a switch. A switch of the table
 * with a value may be given more than once: see sch_cli_each(). */
struct sch_cli_option {
    const char *name;
    const char *value;
    const char *help;
};

struct sch_cli_command {
    const char *noun;
    const char *verb;                   /* "" when the noun is the command */
    const char *operands;               /* "KENMERK KIND", as usage shows them; "" for none */
    size_t operands_min, operands_max;
    const char *summary;                /* one line, no full stop */
    const char *details;                /* paragraphs; NULL: none */
    const char *examples;               /* lines; never NULL */
    const struct sch_cli_option *options;       /* ends with a NULL name; NULL: none */
    int (*run)(struct sch_cli *cli);
};

/* The table, ended by a NULL noun, and the options that every command takes. */
extern const struct sch_cli_command sch_cli_commands[];
extern const struct sch_cli_option sch_cli_globals[];

struct sch_cli {
    const struct sch_cli_command *command;      /* NULL: help was asked for */
    const char *noun;                   /* help about this noun; NULL: about all */
    bool help;
    const char *config;                 /* of --config; NULL: see sch_cli_config_path() */
    bool json;                          /* also with --jsonl, where a command has it */
    bool jsonl;
    bool headers;
    bool quiet;
    int timeout_ms;                     /* -1: not given */
    const char *operand[SCH_CLI_OPERANDS_MAX + 1];
    size_t operand_count;
    struct {
        const char *name;
        const char *value;              /* "" for a switch */
    } option[SCH_CLI_OPTIONS_MAX];
    size_t option_count;
    sch_client *client;                 /* NULL until sch_cli_open() */
    const struct sch_directory *directory;      /* NULL until sch_cli_name() asked for it */
    bool directory_asked;
    const char *acting;                 /* whom to act for when no option says; NULL: the default sender */
};

/* ---- args.c ------------------------------------------------------------------------------------- */

/* Fills *cli from a command line. SCH_OK or USAGE. */
int sch_cli_parse(struct sch_cli *cli, int argc, char *const *argv, sch_error *error);

/* An option's value: the last one given; NULL when it was not. A switch gives "". */
const char *sch_cli_option(const struct sch_cli *cli, const char *name);
/* Every value in turn: *at begins at 0; NULL at the end. */
const char *sch_cli_each(const struct sch_cli *cli, const char *name, size_t *at);
bool sch_cli_is(const struct sch_cli *cli, const char *name);

/* An option's value as a number from 1 to max; fallback when it was not given. USAGE otherwise. */
int sch_cli_number(const struct sch_cli *cli, const char *name, size_t max, size_t fallback, size_t *number,
                   sch_error *error);

/* "5", "5s", "500ms", "2m", "1h" and, where days are meant, "1d", of at most nine digits: milliseconds; -1: not
 * readable. */
int64_t sch_cli_duration(const char *text);

/* ---- help.c ------------------------------------------------------------------------------------- */

int sch_cli_help(const struct sch_cli *cli);
int sch_cli_run_help(struct sch_cli *cli);
int sch_cli_run_version(struct sch_cli *cli);

/* ---- session.c ---------------------------------------------------------------------------------- */

/* --config, $SCHARNIER_CONFIG or /etc/scharnier/client.conf. */
const char *sch_cli_config_path(const struct sch_cli *cli);
/* The time limit of a call: --timeout, or 10 seconds. */
int sch_cli_timeout(const struct sch_cli *cli);
/* Opens the client (once), and waits until the broker has welcomed it. */
int sch_cli_open(struct sch_cli *cli, sch_error *error);
int sch_cli_connect(struct sch_cli *cli, sch_error *error);
/* The name of a party from the directory; its address when it has none there. */
const char *sch_cli_name(struct sch_cli *cli, const char *address);
const struct sch_party *sch_cli_party(struct sch_cli *cli, const char *address);

/* Asks every page of a query, and hands each page to take until it returns false. */
int sch_cli_ask(struct sch_cli *cli, struct sch_query *query,
                bool (*take)(void *context, const struct sch_page *page), void *context, sch_error *error);
/* Fills dossier or kenmerk of a query from either. USAGE when reference is neither. */
int sch_cli_refer(struct sch_query *query, const char *reference, sch_error *error);
/* The dossier of a kenmerk or a dossier id. Not found: UNKNOWN_DOSSIER. */
int sch_cli_dossier(struct sch_cli *cli, const char *reference, struct sch_dossier_row *row,
                    sch_error *error);
/* The same under each mailbox of the configuration in turn, unless an option says which; cli->acting is then
 * the one that found it. */
int sch_cli_find(struct sch_cli *cli, const char *reference, struct sch_dossier_row *row, sch_error *error);

/* ---- control.c ---------------------------------------------------------------------------------- */

/* Asks the broker whose store is --store (otherwise /var/lib/scharnier) over its control socket. Gives the
 * answer's lines, to be freed; NULL with *error. */
char *sch_cli_control(const struct sch_cli *cli, const char *request, sch_error *error);
/* The value on a line "NAME VALUE" of such an answer, copied; false when there is no such line. */
bool sch_cli_control_value(const char *lines, const char *name, char *value, size_t size);

/* ---- files.c ------------------------------------------------------------------------------------ */

/* Reads a whole file of at most max bytes; gives memory, with a NUL behind the content. NULL with *error. */
char *sch_cli_read(const char *path, size_t max, size_t *size, sch_error *error);
/* Creates path, never over another; 0600 when secret. */
int sch_cli_write(const char *path, bool secret, const void *content, size_t size, sch_error *error);
/* A program beside this one, else by its name from PATH. */
void sch_cli_program(const char *name, char *path, size_t size);
/* A data file: "norms/nl.ini". Looks in /etc/scharnier, beside the program, and in the source tree. False:
 * nowhere. */
bool sch_cli_data(const char *name, char *path, size_t size);

/* ---- the commands, one file per noun ------------------------------------------------------------- */

int sch_cli_run_dev(struct sch_cli *cli);
int sch_cli_run_keygen(struct sch_cli *cli);
int sch_cli_run_directory_sign(struct sch_cli *cli);
int sch_cli_run_directory_verify(struct sch_cli *cli);
int sch_cli_run_party_ls(struct sch_cli *cli);
int sch_cli_run_party_show(struct sch_cli *cli);
int sch_cli_run_kind_ls(struct sch_cli *cli);
int sch_cli_run_referral_send(struct sch_cli *cli);
int sch_cli_run_referral_answer(struct sch_cli *cli);
int sch_cli_run_referral_withdraw(struct sch_cli *cli);
int sch_cli_run_referral_ls(struct sch_cli *cli);
int sch_cli_run_referral_trace(struct sch_cli *cli);
int sch_cli_run_inbox_ls(struct sch_cli *cli);
int sch_cli_run_inbox_read(struct sch_cli *cli);
int sch_cli_run_inbox_ack(struct sch_cli *cli);
int sch_cli_run_inbox_reject(struct sch_cli *cli);
int sch_cli_run_inbox_tail(struct sch_cli *cli);
int sch_cli_run_unanswered_ls(struct sch_cli *cli);
int sch_cli_run_unanswered_age(struct sch_cli *cli);
int sch_cli_run_unanswered_stats(struct sch_cli *cli);
int sch_cli_run_dossier_remind(struct sch_cli *cli);
int sch_cli_run_dossier_snooze(struct sch_cli *cli);
int sch_cli_run_dossier_waive(struct sch_cli *cli);
int sch_cli_run_dossier_note(struct sch_cli *cli);
int sch_cli_run_dossier_taken_up(struct sch_cli *cli);
int sch_cli_run_dossier_incomplete(struct sch_cli *cli);
int sch_cli_run_reconcile(struct sch_cli *cli);
int sch_cli_run_export_referrals(struct sch_cli *cli);
int sch_cli_run_export_unanswered(struct sch_cli *cli);
int sch_cli_run_norm_ls(struct sch_cli *cli);
int sch_cli_run_norm_due(struct sch_cli *cli);
int sch_cli_run_norm_check(struct sch_cli *cli);
int sch_cli_run_norm_diff(struct sch_cli *cli);
int sch_cli_run_norm_load(struct sch_cli *cli);
int sch_cli_run_queue_ls(struct sch_cli *cli);
int sch_cli_run_queue_peek(struct sch_cli *cli);
int sch_cli_run_queue_retry(struct sch_cli *cli);
int sch_cli_run_queue_hold(struct sch_cli *cli);
int sch_cli_run_queue_release(struct sch_cli *cli);
int sch_cli_run_check_server(struct sch_cli *cli);
int sch_cli_run_check_queue(struct sch_cli *cli);
int sch_cli_run_check_loop(struct sch_cli *cli);
int sch_cli_run_check_store(struct sch_cli *cli);
int sch_cli_run_check_keys(struct sch_cli *cli);
int sch_cli_run_check_backup(struct sch_cli *cli);
int sch_cli_run_config_check(struct sch_cli *cli);
int sch_cli_run_audit_verify(struct sch_cli *cli);
int sch_cli_run_error(struct sch_cli *cli);

#endif
