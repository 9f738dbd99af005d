/*
 * reconcile.c: scharnier reconcile: what an own system says that passed, against what the broker knows of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "output.h"
#include "passed.h"
#include "spec.h"

#define FILE_MAX (256 * 1024 * 1024)
#define PARTLY_DONE_EXIT 8

struct comparing {
    struct sch_cli *cli;
    struct sch_table table;
    json_t *rows;
    size_t count[SCH_HASH_DIFFERS + 1];
};

static const char *const codes[] = { "", "KNOWN", "MISSING_HERE", "MISSING_THERE", "HASH_DIFFERS" };
static const char *const dutch[] = { "", "gelijk", "ontbreekt in de lijst", "ontbreekt bij de broker",
                                     "andere inhoud" };

static void take_finding(void *context, sch_finding finding, const sch_passed *ours,
                         const struct sch_passed_row *theirs)
{
    struct comparing *comparing = context;
    char id[SCH_ID_TEXT_SIZE];
    char at[SCH_TIME_SIZE] = "";
    comparing->count[finding]++;
    if (finding == SCH_KNOWN)
        return;
    enum sch_passed_role role = ours != NULL ? ours->role : theirs->role;
    const char *role_name = role == SCH_PASSED_SENT ? "SENT" : "RECEIVED";
    sch_id_text(ours != NULL ? &ours->id : &theirs->message, id);
    const char *kind = theirs != NULL ? sch_code_name(SCH_SET_KIND, theirs->kind) : "";
    const char *kenmerk = theirs != NULL ? theirs->kenmerk : "";
    json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "finding", codes[finding], "message", id, "role",
                            role_name, "kenmerk", kenmerk, "kind", kind, "stored",
                            sch_time_json(theirs != NULL ? theirs->stored_ms : 0));
    if (comparing->cli->jsonl) {
        (void)sch_json_line("finding", row);
        return;
    }
    json_array_append_new(comparing->rows, row);
    if (theirs != NULL)
        sch_time_utc(theirs->stored_ms, at);
    const char *cell[] = {
        dutch[finding], role == SCH_PASSED_SENT ? "verzonden" : "ontvangen", id, kenmerk, kind, at
    };
    (void)sch_table_add(&comparing->table, cell);
}

/* A date alone stands for the whole day: as --to, its end. */
static int take_time(const struct sch_cli *cli, const char *option, bool end, int64_t *at_ms,
                     sch_error *error)
{
    const char *text = sch_cli_option(cli, option);
    if (text == NULL || !sch_time_parse(text, at_ms))
        return sch_fail(error, SCH_E_USAGE, "--%s DATE or TIME: 2026-11-01, or 2026-11-01T09:00", option);
    if (end && sch_time_parse_date(text) != 0)
        *at_ms = sch_ms_of_day(sch_day_of_ms(*at_ms) + 1);
    return SCH_OK;
}

static int compare(struct sch_cli *cli, struct comparing *comparing, sch_error *error)
{
    int64_t from_ms = 0, to_ms = 0;
    size_t size = 0, count = 0;
    struct sch_address party = { "" };
    const char *given = sch_cli_option(cli, "party");
    if (take_time(cli, "from", false, &from_ms, error) != SCH_OK ||
        take_time(cli, "to", true, &to_ms, error) != SCH_OK ||
        (given != NULL && sch_spec_address(&party, given, "--party", error) != SCH_OK))
        return (int)error->code;
    char *content = sch_cli_read(cli->operand[0], FILE_MAX, &size, error);
    if (content == NULL)
        return (int)error->code;
    sch_passed *list = sch_passed_read(cli->operand[0], content, &count, error);
    int code = list != NULL ? sch_cli_connect(cli, error) : (int)error->code;
    if (code == SCH_OK)
        code = sch_reconcile(cli->client, given != NULL ? party.text : NULL, from_ms, to_ms, list, count,
                             take_finding, comparing, cli->timeout_ms >= 0 ? cli->timeout_ms : 60000, error);
    free(list);
    free(content);
    return code;
}

int sch_cli_run_reconcile(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct comparing comparing = { .cli = cli,
                                   .rows = json_array(),
                                   .table = { .header = { "VERSCHIL", "ROL", "BERICHT", "KENMERK", "SOORT",
                                                          "OPGESLAGEN" },
                                              .columns = 6 } };
    const size_t *count = comparing.count;
    int code = compare(cli, &comparing, &error);
    size_t lacking = count[SCH_MISSING_HERE] + count[SCH_MISSING_THERE] + count[SCH_HASH_DIFFERS];
    int result = lacking == 0 ? 0 : PARTLY_DONE_EXIT;
    if (code != SCH_OK) {
        result = sch_cli_fail(cli, &error);
    } else if (!cli->json) {
        if (lacking > 0)
            sch_table_print(&comparing.table, cli->headers, stdout);
        if (cli->headers)
            printf("%zu gelijk, %zu ontbreken in de lijst, %zu ontbreken bij de broker, %zu met andere "
                   "inhoud.\n",
                   count[SCH_KNOWN], count[SCH_MISSING_HERE], count[SCH_MISSING_THERE],
                   count[SCH_HASH_DIFFERS]);
    } else if (!cli->jsonl) {
        (void)sch_json_print("reconcile",
                             json_pack("{s:b,s:i,s:i,s:i,s:i,s:O}", "equal", lacking == 0, "known",
                                       (int)count[SCH_KNOWN], "missing_here", (int)count[SCH_MISSING_HERE],
                                       "missing_there", (int)count[SCH_MISSING_THERE], "hash_differs",
                                       (int)count[SCH_HASH_DIFFERS], "findings", comparing.rows));
    }
    sch_table_free(&comparing.table);
    json_decref(comparing.rows);
    return result;
}
