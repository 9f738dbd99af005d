/*
 * stats.c: scharnier unanswered stats: how promises were kept, per debtor and expectation.
 *
 * The numbers are the broker's; what is still open counts as not answered yet, for leaving it out flatters
 * the slow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "output.h"
#include "spec.h"
#include "words.h"

struct stats {
    struct sch_cli *cli;
    struct sch_table table;
    json_t *rows;
    bool per_month, failed;
    size_t count;
};

/* "2026-03": 202603; 0: it is none. */
static uint32_t parse_month(const char *text, size_t size)
{
    if (size != 7 || strspn(text, "0123456789") != 4 || text[4] != '-' || strspn(text + 5, "0123456789") < 2)
        return 0;
    uint32_t month = (uint32_t)strtoul(text, NULL, 10) * 100 + (uint32_t)strtoul(text + 5, NULL, 10);
    return month % 100 >= 1 && month % 100 <= 12 && month >= 200001 && month <= 209912 ? month : 0;
}

/* --month 2026-03 or 2026-03..2026-05. */
static int take_months(const struct sch_cli *cli, struct sch_query *query, sch_error *error)
{
    const char *text = sch_cli_option(cli, "month");
    if (text == NULL)
        return SCH_OK;
    const char *dots = strstr(text, "..");
    query->month_from = parse_month(text, dots != NULL ? (size_t)(dots - text) : strlen(text));
    query->month_to = dots != NULL ? parse_month(dots + 2, strlen(dots + 2)) : query->month_from;
    if (query->month_from != 0 && query->month_to >= query->month_from)
        return SCH_OK;
    return sch_fail(error, SCH_E_USAGE, "--month \"%.40s\": 2026-03, or 2026-03..2026-05", text);
}

static int take_query(const struct sch_cli *cli, struct sch_query *query, sch_error *error)
{
    const char *expectation = sch_cli_option(cli, "expectation");
    const char *debtor = sch_cli_option(cli, "debtor");
    query->only.expectation = expectation != NULL ? sch_filter_expectation(expectation) : 0;
    if (expectation != NULL && query->only.expectation == 0)
        return sch_fail(error, SCH_E_USAGE, "--expectation \"%.20s\": E1 to E15", expectation);
    if (debtor != NULL && sch_spec_address(&query->only.debtor, debtor, "--debtor", error) != SCH_OK)
        return sch_fail(error, SCH_E_USAGE, "--debtor: \"%.60s\" is no address, such as agb:06290713",
                        debtor);
    return take_months(cli, query, error);
}

/* Which figures a row has. Of a published one all may be left out, or what its count consists of. */
static bool has_count(const struct sch_statistics_row *row)
{
    return !row->suppressed || row->count > 0;
}

/* An interval of everything is the broker's way to say that there is no share. */
static bool has_share(const struct sch_statistics_row *row)
{
    return has_count(row) && (row->low_permille > 0 || row->high_permille < 1000);
}

/* A figure that is not there is null, never zero. */
static void set_count(json_t *object, const char *name, bool there, uint32_t count)
{
    bool none = !there || count == SCH_DAYS_UNREACHED;
    (void)json_object_set_new(object, name, none ? json_null() : json_integer(count));
}

static json_t *row_json(struct sch_cli *cli, const struct sch_statistics_row *row)
{
    char expectation[16];
    char month[16];
    snprintf(expectation, sizeof expectation, "E%u", row->expectation);
    snprintf(month, sizeof month, "%04u-%02u", row->month / 100 % 10000, row->month % 100);
    bool all = row->debtor.text[0] == '\0';
    json_t *object =
        json_pack("{s:s,s:s,s:s,s:o,s:b}", "debtor", all ? "all" : row->debtor.text, "name",
                  all ? "alle" : sch_cli_name(cli, row->debtor.text), "expectation", expectation, "month",
                  row->month == 0 ? json_null() : json_string(month), "suppressed", row->suppressed);
    if (object == NULL)
        return NULL;
    const struct {
        const char *name;
        bool there;
        uint32_t value;
    } figures[] = { { "count", has_count(row), row->count },
                    { "open", !row->suppressed, row->open },
                    { "within", !row->suppressed, row->within },
                    { "late", !row->suppressed, row->late },
                    { "incomplete", !row->suppressed, row->incomplete },
                    { "withheld", !row->suppressed, row->withheld },
                    { "waived", !row->suppressed, row->waived },
                    { "cancelled", !row->suppressed, row->cancelled },
                    { "announced", !row->suppressed, row->announced },
                    { "within_permille", has_share(row), row->within_permille },
                    { "low_permille", has_share(row), row->low_permille },
                    { "high_permille", has_share(row), row->high_permille },
                    { "median_days", has_count(row), row->median_days },
                    { "p90_days", has_count(row), row->p90_days } };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        set_count(object, figures[i].name, figures[i].there, figures[i].value);
    return object;
}

/* Whole per cent are as much as an interval of such counts can bear. */
static unsigned percent(uint32_t permille)
{
    return (permille + 5) / 10;
}

static void days_text(uint32_t days, char text[24])
{
    snprintf(text, 24, days == SCH_DAYS_UNREACHED ? "–" : "%u", days);
}

static bool add_line(struct sch_cli *cli, struct sch_table *table, const struct sch_statistics_row *row)
{
    char text[11][32];
    char awaited[96];
    char month[16] = "";
    const uint32_t counts[] = { row->count, row->open };
    const uint32_t more[] = { row->late, row->incomplete, row->withheld, row->announced };
    snprintf(awaited, sizeof awaited, "E%u %s", row->expectation, sch_words_awaited(row->expectation));
    if (row->month != 0)
        snprintf(month, sizeof month, "%04u-%02u", row->month / 100 % 10000, row->month % 100);
    for (size_t i = 0; i < 2; i++)
        snprintf(text[i], sizeof text[i], "%u", counts[i]);
    bool known = has_share(row);
    snprintf(text[2], sizeof text[2], known ? "%u%%" : "–", percent(row->within_permille));
    snprintf(text[3], sizeof text[3], known ? "%u–%u%%" : "–", percent(row->low_permille),
             percent(row->high_permille));
    days_text(row->median_days, text[4]);
    days_text(row->p90_days, text[5]);
    for (size_t i = 0; i < 4; i++)
        snprintf(text[6 + i], sizeof text[6 + i], "%u", more[i]);
    const char *cells[13] = { row->debtor.text[0] ? sch_cli_name(cli, row->debtor.text) : "alle", awaited,
                              month };
    for (size_t i = 0; i < 10; i++) {
        bool part = i == 1 || i > 5 || !has_count(row);
        cells[3 + i] = part && row->suppressed ? "" : text[i];
    }
    if (!has_count(row))
        cells[3] = "weggelaten";
    return sch_table_add(table, cells);
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct stats *stats = context;
    for (size_t i = 0; i < page->statistics_count; i++) {
        const struct sch_statistics_row *row = &page->statistics[i];
        if ((row->month != 0) != stats->per_month)
            continue;
        stats->count++;
        bool good = stats->cli->jsonl  ? sch_json_line("statistics_row", row_json(stats->cli, row))
                    : stats->cli->json ? json_array_append_new(stats->rows, row_json(stats->cli, row)) == 0
                                       : add_line(stats->cli, &stats->table, row);
        if (!good) {
            stats->failed = true;
            return false;
        }
    }
    return true;
}

static void print_table(const struct stats *stats)
{
    struct sch_cli *cli = stats->cli;
    if (stats->count == 0 && cli->headers) {
        printf("Geen toezeggingen in deze periode.\n");
        return;
    }
    sch_table_print(&stats->table, cli->headers, stdout);
    if (!cli->headers)
        return;
    printf("Binnen norm: van wat beantwoord of over de norm is, met het interval van 95%%. Mediaan en P90 in "
           "dagen;\n"
           "wat nog open is telt mee als nog niet beantwoord (Kaplan-Meier), – is nog niet bereikt.\n");
    if (sch_cli_is(cli, "published"))
        printf("Groepen onder 5 en wat ze zou verraden zijn weggelaten.\n");
}

int sch_cli_run_unanswered_stats(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_query query = { .type = SCH_QUERY_STATISTICS,
                               .published = sch_cli_is(cli, "published"),
                               .limit = SCH_PAGE_ROWS_MAX };
    struct stats stats = { .cli = cli,
                           .rows = json_array(),
                           .per_month = sch_cli_is(cli, "per-month"),
                           .table = { .header = { "AANBIEDER", "TOEZEGGING", "MAAND", "N", "OPEN",
                                                  "BINNEN NORM", "INTERVAL", "MEDIAAN", "P90",
                                                  "LAAT BEANTWOORD", "ONVOLLEDIG", "ONTHOUDEN",
                                                  "AANGEKONDIGD" },
                                      .columns = 13 } };
    for (size_t i = 3; i < 13; i++)
        stats.table.right[i] = true;
    if (take_query(cli, &query, &error) == SCH_OK &&
        sch_cli_ask(cli, &query, take_rows, &stats, &error) == SCH_OK && stats.failed)
        (void)sch_fail(&error, SCH_E_NO_MEMORY, "%zu rows", stats.count);
    int result = 0;
    if (error.code != SCH_OK)
        result = sch_cli_fail(cli, &error);
    else if (!cli->json)
        print_table(&stats);
    else if (!cli->jsonl)
        (void)sch_json_print("statistics",
                             json_pack("{s:o,s:b,s:O}", "at", sch_time_json(sch_now_ms(cli->client)),
                                       "published", query.published, "statistics", stats.rows));
    sch_table_free(&stats.table);
    json_decref(stats.rows);
    return result;
}
