/* referral.c: scharnier referral: send, answer, withdraw, and the list of dossiers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "core/kind.h"
#include "filter.h"
#include "id.h"
#include "names.h"
#include "output.h"
#include "referral.h"
#include "send.h"

#define LETTER_FILE_MAX (4 * 1024 * 1024)
#define LIST_DEFAULT 100
#define LIST_MAX 1000000

/* Opens and connects. Out of reach is no reason not to write a message: it waits in the outbox. */
static int prepare(struct sch_cli *cli, struct sch_spec *spec, bool must_connect, sch_error *error)
{
    int code = sch_cli_open(cli, error);
    if (code != SCH_OK)
        return code;
    code = sch_cli_connect(cli, error);
    if ((code == SCH_E_UNREACHABLE || code == SCH_E_TIMEOUT) && !must_connect) {
        cli->timeout_ms = 0;
        *error = (sch_error)SCH_ERROR_INIT;
        code = SCH_OK;
    }
    spec->now_ms = sch_now_ms(cli->client);
    spec->today = sch_day_of_ms(spec->now_ms);
    return code;
}

/* ---- send --------------------------------------------------------------------------------------- */

static int read_file(const struct sch_cli *cli, struct sch_spec *spec, sch_error *error)
{
    if (cli->operand_count == 0)
        return SCH_OK;
    size_t size = 0;
    char *content = sch_cli_read(cli->operand[0], LETTER_FILE_MAX, &size, error);
    if (content == NULL)
        return (int)error->code;
    int code = sch_spec_json(spec, cli->operand[0], content, size, error);
    free(content);
    return code;
}

static bool opens(enum sch_kind kind)
{
    return sch_kind_rule(kind)->direction == SCH_DIRECTION_OPENS;
}

int sch_cli_run_referral_send(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_spec spec = { .kind = SCH_KIND_REFERRAL };
    int result;
    if (prepare(cli, &spec, false, &error) != SCH_OK || read_file(cli, &spec, &error) != SCH_OK ||
        sch_spec_options(&spec, cli, &error) != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (!opens(spec.kind)) {
        (void)sch_fail(&error, SCH_E_USAGE, "%s answers a referral: scharnier referral answer KENMERK %s",
                       sch_code_name(SCH_SET_KIND, spec.kind), sch_code_name(SCH_SET_KIND, spec.kind));
        result = sch_cli_fail(cli, &error);
    } else {
        result = sch_send_spec(cli, &spec, NULL);
    }
    sch_spec_close(&spec);
    return result;
}

/* ---- answer, withdraw --------------------------------------------------------------------------- */

static bool is_mine(const struct sch_cli *cli, const struct sch_address *address)
{
    size_t count = 0;
    const struct sch_address *mine = sch_mailboxes(cli->client, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(mine[i].text, address->text) == 0)
            return true;
    return false;
}

/* A configuration of several mailboxes speaks for the one in the dossier, unless --from says whose. */
static void choose_sender(const struct sch_cli *cli, const struct sch_dossier_row *row, struct sch_spec *spec)
{
    const struct sch_address *roles[] = { &row->receiver, &row->creditor, &row->referrer };
    for (size_t i = 0; spec->from.text[0] == '\0' && i < sizeof roles / sizeof roles[0]; i++)
        if (is_mine(cli, roles[i]))
            spec->from = *roles[i];
}

static int on_dossier(struct sch_cli *cli, struct sch_spec *spec)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_dossier_row row;
    if (sch_cli_find(cli, cli->operand[0], &row, &error) != SCH_OK)
        return sch_cli_fail(cli, &error);
    choose_sender(cli, &row, spec);
    /* A referral is withdrawn once, so its kenmerk names the withdrawal well enough. */
    if (spec->kind == SCH_KIND_WITHDRAWAL && spec->key[0] == '\0')
        snprintf(spec->key, sizeof spec->key, "withdraw-%s", row.kenmerk);
    return sch_send_spec(cli, spec, &row);
}

/* What is done about a promise has a command of its own; NULL: it has not. */
static const char *dossier_verb(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_REMINDER: return "remind";
    case SCH_KIND_SNOOZE: return "snooze";
    case SCH_KIND_WAIVER: return "waive";
    case SCH_KIND_NOTE: return "note";
    case SCH_KIND_TAKEN_UP: return "taken-up";
    case SCH_KIND_LETTER_INCOMPLETE: return "incomplete";
    default: return NULL;
    }
}

int sch_cli_run_referral_answer(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_spec spec = { .kind = SCH_KIND_UNSPECIFIED };
    int result;
    if (sch_spec_kind(&spec, cli->operand[1], &error) != SCH_OK ||
        prepare(cli, &spec, true, &error) != SCH_OK || sch_spec_options(&spec, cli, &error) != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (dossier_verb(spec.kind) != NULL) {
        (void)sch_fail(&error, SCH_E_USAGE, "%s is done by scharnier dossier %s",
                       sch_code_name(SCH_SET_KIND, spec.kind), dossier_verb(spec.kind));
        result = sch_cli_fail(cli, &error);
    } else if (opens(spec.kind)) {
        (void)sch_fail(&error, SCH_E_USAGE, "%s opens a dossier: scharnier referral send --kind %s",
                       sch_code_name(SCH_SET_KIND, spec.kind), sch_code_name(SCH_SET_KIND, spec.kind));
        result = sch_cli_fail(cli, &error);
    } else {
        result = on_dossier(cli, &spec);
    }
    sch_spec_close(&spec);
    return result;
}

int sch_cli_run_referral_withdraw(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_spec spec = { .kind = SCH_KIND_WITHDRAWAL };
    const char *reason = sch_cli_option(cli, "reason");
    int result;
    if (reason == NULL)
        (void)sch_fail(&error, SCH_E_USAGE,
                       "--reason: PATIENT_DECLINES, PLACED_ELSEWHERE, SENT_IN_ERROR or OTHER");
    else if (prepare(cli, &spec, true, &error) == SCH_OK && sch_spec_options(&spec, cli, &error) == SCH_OK)
        (void)sch_spec_fact(&spec, "withdrawal_reason", reason, &error);
    result = error.code != SCH_OK ? sch_cli_fail(cli, &error) : on_dossier(cli, &spec);
    sch_spec_close(&spec);
    return result;
}

/* ---- ls ----------------------------------------------------------------------------------------- */

struct listing {
    struct sch_cli *cli;
    const struct sch_query *query;
    struct sch_table table;
    json_t *rows;
    size_t count, limit;
};

static void set_id(json_t *object, const char *name, const struct sch_id *id)
{
    char text[SCH_ID_TEXT_SIZE];
    sch_id_text(id, text);
    (void)json_object_set_new(object, name, sch_id_is_none(id) ? json_null() : json_string(text));
}

json_t *sch_referral_json(const struct sch_dossier_row *row)
{
    json_t *copies = json_array();
    for (size_t i = 0; i < row->copy_count; i++)
        json_array_append_new(copies, json_string(row->copies[i].text));
    json_t *object = json_pack(
        "{s:s,s:s,s:b,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:i,s:i}", "kenmerk", row->kenmerk, "phase",
        sch_code_name(SCH_SET_PHASE, row->phase), "collected", row->received, "referrer", row->referrer.text,
        "receiver", row->receiver.text, "creditor", row->creditor.text, "copies", copies, "region",
        row->region, "echelon", sch_code_name(SCH_SET_PARTY, row->echelon), "urgency",
        sch_code_name(SCH_SET_URGENCY, row->urgency), "sent", sch_time_json(row->opened_ms), "changed",
        sch_time_json(row->changed_ms), "next_due", sch_time_json(row->next_due_ms), "open",
        (int)row->open_count, "overdue", (int)row->overdue_count);
    if (object == NULL)
        return NULL;
    set_id(object, "dossier", &row->dossier);
    (void)json_object_set_new(object, "kind", json_string(sch_code_name(SCH_SET_KIND, row->kind)));
    set_id(object, "parent", &row->parent);
    set_id(object, "follows", &row->follows);
    set_id(object, "group", &row->group);
    set_id(object, "root", &row->root);
    (void)json_object_set_new(object, "chain_began", sch_time_json(row->chain_ms));
    (void)json_object_set_new(object, "refusals", json_integer(row->refusals));
    (void)json_object_set_new(object, "breach", json_boolean(row->breach));
    return object;
}

static bool add_line(struct listing *list, const struct sch_dossier_row *row, int64_t now_ms)
{
    char sent[SCH_TIME_SIZE];
    char due[SCH_TIME_SIZE] = "-";
    char open[24];
    if (row->next_due_ms > 0)
        sch_time_dutch_day(sch_day_of_ms(row->next_due_ms - 1), sch_day_of_ms(now_ms), due);
    snprintf(open, sizeof open, "%u/%u", row->overdue_count, row->open_count);
    const char *text[] = { row->kenmerk,
                           sch_time_dutch(row->opened_ms, now_ms, sent),
                           row->referrer.text,
                           row->receiver.text,
                           sch_code_dutch(SCH_SET_PHASE, row->phase),
                           open,
                           due };
    return sch_table_add(&list->table, text);
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct listing *list = context;
    int64_t now_ms = sch_now_ms(list->cli->client);
    for (size_t i = 0; i < page->dossier_count && list->count < list->limit; i++) {
        const struct sch_dossier_row *row = &page->dossiers[i];
        if (!sch_filter_fits(list->query, row, now_ms))
            continue;
        list->count++;
        bool good = list->cli->jsonl  ? sch_json_line("referral", sch_referral_json(row))
                    : list->cli->json ? json_array_append_new(list->rows, sch_referral_json(row)) == 0
                                      : add_line(list, row, now_ms);
        if (!good)
            return false;
    }
    return list->count < list->limit;
}

int sch_cli_run_referral_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_query query = { .type = SCH_QUERY_DOSSIERS };
    struct listing list = { .cli = cli,
                            .query = &query,
                            .rows = json_array(),
                            .table = { .header = { "KENMERK", "SENT", "FROM", "TO", "STATUS", "LATE/OPEN",
                                                   "NEXT DUE" },
                                       .right = { [5] = true },
                                       .columns = 7 } };
    int code = sch_cli_number(cli, "limit", LIST_MAX, LIST_DEFAULT, &list.limit, &error);
    if (code == SCH_OK)
        code = sch_filter_take(cli, &query, &error);
    if (code == SCH_OK) {
        struct sch_query asked = { .type = SCH_QUERY_DOSSIERS };
        code = sch_cli_ask(cli, &asked, take_rows, &list, &error);
    }
    int result = 0;
    if (code != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (!cli->json) {
        sch_table_print(&list.table, cli->headers, stdout);
        if (list.count > 0)
            sch_cli_next(cli, "scharnier referral trace %s", list.table.cell[0]);
    } else if (!cli->jsonl) {
        (void)sch_json_print("referrals", json_pack("{s:O}", "referrals", list.rows));
    }
    sch_table_free(&list.table);
    json_decref(list.rows);
    return result;
}
