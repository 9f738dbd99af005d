/* referral.c: scharnier referral: send, answer, withdraw, and the list of dossiers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "output.h"
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

int sch_cli_run_referral_send(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_spec spec = { .kind = SCH_KIND_REFERRAL };
    int result;
    if (prepare(cli, &spec, false, &error) != SCH_OK || read_file(cli, &spec, &error) != SCH_OK ||
        sch_spec_options(&spec, cli, &error) != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (spec.kind != SCH_KIND_REFERRAL) {
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

int sch_cli_run_referral_answer(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_spec spec = { .kind = SCH_KIND_UNSPECIFIED };
    int result;
    if (sch_spec_kind(&spec, cli->operand[1], &error) != SCH_OK ||
        prepare(cli, &spec, true, &error) != SCH_OK || sch_spec_options(&spec, cli, &error) != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (spec.kind == SCH_KIND_REFERRAL) {
        (void)sch_fail(&error, SCH_E_USAGE, "a REFERRAL opens a dossier: scharnier referral send");
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
    struct sch_table table;
    json_t *rows;
    size_t count, limit;
};

static json_t *row_json(const struct sch_dossier_row *row)
{
    char id[SCH_ID_TEXT_SIZE];
    json_t *copies = json_array();
    for (size_t i = 0; i < row->copy_count; i++)
        json_array_append_new(copies, json_string(row->copies[i].text));
    sch_id_text(&row->dossier, id);
    return json_pack("{s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:o,s:i,s:i}", "kenmerk",
                     row->kenmerk, "dossier", id, "phase", sch_code_name(SCH_SET_PHASE, row->phase),
                     "collected", row->received, "referrer", row->referrer.text, "receiver",
                     row->receiver.text, "creditor", row->creditor.text, "copies", copies, "region",
                     row->region, "echelon", sch_code_name(SCH_SET_PARTY, row->echelon), "urgency",
                     sch_code_name(SCH_SET_URGENCY, row->urgency), "sent", sch_time_json(row->opened_ms),
                     "changed", sch_time_json(row->changed_ms), "next_due", sch_time_json(row->next_due_ms),
                     "open", (int)row->open_count, "overdue", (int)row->overdue_count);
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct listing *list = context;
    int64_t now_ms = sch_now_ms(list->cli->client);
    for (size_t i = 0; i < page->dossier_count && list->count < list->limit; i++, list->count++) {
        const struct sch_dossier_row *row = &page->dossiers[i];
        char sent[SCH_TIME_SIZE];
        char due[SCH_TIME_SIZE] = "-";
        char open[24];
        json_array_append_new(list->rows, row_json(row));
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
        if (!sch_table_add(&list->table, text))
            return false;
    }
    return list->count < list->limit;
}

int sch_cli_run_referral_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct listing list = { .cli = cli,
                            .rows = json_array(),
                            .table = { .header = { "KENMERK", "SENT", "FROM", "TO", "STATUS", "LATE/OPEN",
                                                   "NEXT DUE" },
                                       .right = { [5] = true },
                                       .columns = 7 } };
    struct sch_query query = { .type = SCH_QUERY_DOSSIERS };
    int code = sch_cli_number(cli, "limit", LIST_MAX, LIST_DEFAULT, &list.limit, &error);
    if (code == SCH_OK)
        code = sch_cli_ask(cli, &query, take_rows, &list, &error);
    int result = 0;
    if (code != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (cli->json) {
        (void)sch_json_print("referrals", json_pack("{s:O}", "referrals", list.rows));
    } else {
        sch_table_print(&list.table, cli->headers, stdout);
        if (list.count > 0)
            sch_cli_next(cli, "scharnier referral trace %s", list.table.cell[0]);
    }
    sch_table_free(&list.table);
    json_decref(list.rows);
    return result;
}
