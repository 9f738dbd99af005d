/*
 * export.c: scharnier export: the lists of the screen, with its filters, as CSV for Dutch Excel or as JSON.
 *
 * Every row carries who exported it and when, in its last two columns: a line above or below the table would
 * be lost at the first sort. Rows are written as they come, so that a large list needs no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/calendar.h"
#include "csv.h"
#include "filter.h"
#include "names.h"
#include "output.h"
#include "referral.h"
#include "spec.h"
#include "words.h"
#include "worklist.h"

#define CELLS_MAX 24

struct exporting {
    struct sch_cli *cli;
    struct sch_query query;
    const char *name; /* "unanswered" */
    FILE *out;
    bool csv;
    bool failed;
    size_t count;
    int64_t now_ms;
    char at[SCH_TIME_SIZE];
    struct sch_address by;
};

/* ---- where it goes ------------------------------------------------------------------------------- */

/* A new file that only its owner reads: what is in it is health data without names. NULL with *error. */
static FILE *create(const char *path, sch_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        (void)sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
    return file;
}

/* An export that is not whole is not left behind. */
static int finish(const struct exporting *exporting, const char *path, sch_error *error)
{
    bool good = ferror(exporting->out) == 0 && !exporting->failed;
    if (path == NULL)
        return good && fflush(exporting->out) == 0
                   ? SCH_OK
                   : sch_fail(error, SCH_E_IO, "writing: %s", strerror(errno));
    good = fclose(exporting->out) == 0 && good;
    if (good && error->code == SCH_OK)
        return SCH_OK;
    (void)unlink(path);
    return error->code != SCH_OK ? (int)error->code
                                 : sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(errno));
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void write_row(struct exporting *exporting, const char **cell, size_t count)
{
    cell[count++] = exporting->by.text;
    cell[count++] = exporting->at;
    sch_csv_row(exporting->out, cell, count);
}

static void write_json(struct exporting *exporting, json_t *row)
{
    fputs(exporting->count > 0 ? ",\n" : "\n", exporting->out);
    if (row == NULL || json_dumpf(row, exporting->out, JSON_COMPACT) != 0)
        exporting->failed = true;
    json_decref(row);
}

/* "2026-12-31" of the local day; "" for no time. */
static const char *date_text(int64_t utc_ms, char text[SCH_TIME_SIZE])
{
    text[0] = '\0';
    return utc_ms > 0 ? sch_time_date(sch_day_of_ms(utc_ms), text) : text;
}

static void write_promise(struct exporting *exporting, const struct sch_unanswered_row *row)
{
    char sent[SCH_TIME_SIZE], norm[SCH_TIME_SIZE], due[SCH_TIME_SIZE], reminded[SCH_TIME_SIZE],
        snoozed[SCH_TIME_SIZE];
    char days[16], expectation[16], refusals[16];
    struct sch_cli *cli = exporting->cli;
    snprintf(days, sizeof days, "%d", sch_worklist_days(row->referred_ms, exporting->now_ms));
    snprintf(expectation, sizeof expectation, "E%u", row->expectation);
    snprintf(refusals, sizeof refusals, "%u", row->refusals);
    const char *cell[CELLS_MAX] = { row->kenmerk,
                                    date_text(row->referred_ms, sent),
                                    sch_cli_name(cli, row->referrer.text),
                                    sch_cli_name(cli, row->receiver.text),
                                    sch_worklist_echelon(row->echelon),
                                    expectation,
                                    sch_words_awaited(row->expectation),
                                    sch_cli_name(cli, row->debtor.text),
                                    row->debtor.text,
                                    days,
                                    row->term_state != 0 ? sch_code_dutch(SCH_SET_TERM, row->term_state)
                                                         : "geen norm",
                                    date_text(row->norm_due_ms - 1, norm),
                                    date_text(row->due_ms - 1, due),
                                    row->silence != 0 ? sch_code_dutch(SCH_SET_SILENCE, row->silence) : "",
                                    sch_code_dutch(SCH_SET_PHASE, row->phase),
                                    sch_code_dutch(SCH_SET_URGENCY, row->urgency),
                                    date_text(row->reminded_ms, reminded),
                                    date_text(row->snoozed_ms > 0 ? row->snoozed_ms - 1 : 0, snoozed),
                                    refusals };
    write_row(exporting, cell, 19);
}

static bool take_promises(void *context, const struct sch_page *page)
{
    struct exporting *exporting = context;
    size_t *order = sch_worklist_order(page);
    exporting->failed = exporting->failed || order == NULL;
    for (size_t i = 0; order != NULL && i < page->unanswered_count; i++, exporting->count++) {
        const struct sch_unanswered_row *row = &page->unanswered[order[i]];
        if (exporting->csv)
            write_promise(exporting, row);
        else
            write_json(exporting, sch_worklist_json(row, exporting->now_ms));
    }
    free(order);
    return ferror(exporting->out) == 0 && !exporting->failed;
}

static void write_dossier(struct exporting *exporting, const struct sch_dossier_row *row)
{
    char sent[SCH_TIME_SIZE], changed[SCH_TIME_SIZE], due[SCH_TIME_SIZE];
    char days[16], open[16], overdue[16], refusals[16];
    struct sch_cli *cli = exporting->cli;
    snprintf(days, sizeof days, "%d", sch_worklist_days(row->opened_ms, exporting->now_ms));
    snprintf(open, sizeof open, "%u", row->open_count);
    snprintf(overdue, sizeof overdue, "%u", row->overdue_count);
    snprintf(refusals, sizeof refusals, "%u", row->refusals);
    const char *cell[CELLS_MAX] = { row->kenmerk,
                                    date_text(row->opened_ms, sent),
                                    sch_cli_name(cli, row->referrer.text),
                                    sch_cli_name(cli, row->receiver.text),
                                    row->receiver.text,
                                    sch_worklist_echelon(row->echelon),
                                    sch_code_dutch(SCH_SET_URGENCY, row->urgency),
                                    days,
                                    sch_code_dutch(SCH_SET_PHASE, row->phase),
                                    row->received ? "ja" : "nee",
                                    open,
                                    overdue,
                                    date_text(row->next_due_ms > 0 ? row->next_due_ms - 1 : 0, due),
                                    date_text(row->changed_ms, changed),
                                    refusals };
    write_row(exporting, cell, 15);
}

static bool take_dossiers(void *context, const struct sch_page *page)
{
    struct exporting *exporting = context;
    for (size_t i = 0; i < page->dossier_count; i++) {
        const struct sch_dossier_row *row = &page->dossiers[i];
        if (!sch_filter_fits(&exporting->query, row, exporting->now_ms))
            continue;
        if (exporting->csv)
            write_dossier(exporting, row);
        else
            write_json(exporting, sch_referral_json(row));
        exporting->count++;
    }
    return ferror(exporting->out) == 0;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static const char *const promise_columns[CELLS_MAX] = { "Kenmerk",
                                                        "Verwezen op",
                                                        "Van",
                                                        "Naar",
                                                        "Echelon",
                                                        "Toezegging",
                                                        "Wacht op",
                                                        "Van wie",
                                                        "Adres van wie",
                                                        "Dagen open",
                                                        "Termijn",
                                                        "Normdatum",
                                                        "Einddatum",
                                                        "Stilte",
                                                        "Status",
                                                        "Urgentie",
                                                        "Herinnerd op",
                                                        "Uitgesteld t/m",
                                                        "Afwijzingen in de keten",
                                                        "Geëxporteerd door",
                                                        "Geëxporteerd op" };
static const char *const dossier_columns[CELLS_MAX] = { "Kenmerk",
                                                        "Verwezen op",
                                                        "Van",
                                                        "Naar",
                                                        "Adres",
                                                        "Echelon",
                                                        "Urgentie",
                                                        "Dagen open",
                                                        "Status",
                                                        "Opgehaald",
                                                        "Open",
                                                        "Over de norm",
                                                        "Volgende datum",
                                                        "Laatste gebeurtenis",
                                                        "Afwijzingen in de keten",
                                                        "Geëxporteerd door",
                                                        "Geëxporteerd op" };

static void begin(struct exporting *exporting)
{
    const char *const *columns =
        exporting->query.type == SCH_QUERY_UNANSWERED ? promise_columns : dossier_columns;
    size_t count = 0;
    while (count < CELLS_MAX && columns[count] != NULL)
        count++;
    if (exporting->csv) {
        sch_csv_begin(exporting->out);
        sch_csv_row(exporting->out, columns, count);
    } else {
        fprintf(exporting->out,
                "{\"schema\": \"scharnier.export_%s/1\", \"by\": \"%s\", \"at\": \"%s\", \"%s\": [",
                exporting->name, exporting->by.text, exporting->at, exporting->name);
    }
}

static int prepare(struct exporting *exporting, sch_error *error)
{
    struct sch_cli *cli = exporting->cli;
    const char *format = sch_cli_option(cli, "format");
    const char *party = sch_cli_option(cli, "party");
    size_t count = 0;
    exporting->csv = format == NULL || strcmp(format, "csv") == 0;
    if (!exporting->csv && strcmp(format, "json") != 0)
        return sch_fail(error, SCH_E_USAGE, "--format \"%.20s\": csv or json", format);
    int code = sch_filter_take(cli, &exporting->query, error);
    if (code == SCH_OK)
        code = sch_cli_connect(cli, error);
    if (code != SCH_OK)
        return code;
    const struct sch_address *mine = sch_mailboxes(cli->client, &count);
    exporting->by = count > 0 ? mine[0] : (struct sch_address){ "" };
    if (party != NULL && sch_spec_address(&exporting->by, party, "--party", error) != SCH_OK)
        return (int)error->code;
    exporting->query.party = exporting->by;
    exporting->now_ms = sch_now_ms(cli->client);
    sch_time_utc(exporting->now_ms, exporting->at);
    return SCH_OK;
}

static int run(struct sch_cli *cli, struct exporting *exporting)
{
    sch_error error = SCH_ERROR_INIT;
    const char *path = sch_cli_option(cli, "out");
    bool promises = exporting->query.type == SCH_QUERY_UNANSWERED;
    if (prepare(exporting, &error) != SCH_OK)
        return sch_cli_fail(cli, &error);
    exporting->out = path != NULL ? create(path, &error) : stdout;
    if (exporting->out == NULL)
        return sch_cli_fail(cli, &error);
    begin(exporting);
    /* The broker filters promises; dossiers are filtered here. */
    struct sch_query asked = { .type = exporting->query.type,
                               .party = exporting->by,
                               .limit = SCH_PAGE_ROWS_MAX };
    if (promises)
        asked = exporting->query;
    (void)sch_cli_ask(cli, &asked, promises ? take_promises : take_dossiers, exporting, &error);
    if (!exporting->csv)
        fputs("\n]}\n", exporting->out);
    if (finish(exporting, path, &error) != SCH_OK)
        return sch_cli_fail(cli, &error);
    if (path != NULL && !cli->quiet)
        fprintf(stderr, "%s: %zu regel%s\n", path, exporting->count, exporting->count == 1 ? "" : "s");
    return 0;
}

int sch_cli_run_export_unanswered(struct sch_cli *cli)
{
    struct exporting exporting = { .cli = cli,
                                   .name = "unanswered",
                                   .query = { .type = SCH_QUERY_UNANSWERED, .limit = SCH_PAGE_ROWS_MAX } };
    return run(cli, &exporting);
}

int sch_cli_run_export_referrals(struct sch_cli *cli)
{
    struct exporting exporting = { .cli = cli,
                                   .name = "referrals",
                                   .query = { .type = SCH_QUERY_DOSSIERS, .limit = SCH_PAGE_ROWS_MAX } };
    return run(cli, &exporting);
}
