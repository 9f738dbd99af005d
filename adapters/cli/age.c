/*
 * age.c: scharnier unanswered age: open referrals by days since sending, as the broker counts them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "output.h"

#define LINES_MAX 100000

struct ages {
    struct sch_age_row *row;
    size_t count;
    struct sch_age_row all;
    bool failed;
};

static bool is_total(const struct sch_age_row *row)
{
    return row->name[0] == '\0' && row->silence == SCH_SILENCE_NONE;
}

static bool take_rows(void *context, const struct sch_page *page)
{
    struct ages *ages = context;
    struct sch_age_row *grown = realloc(ages->row, (ages->count + page->age_count + 1) * sizeof *grown);
    ages->failed = grown == NULL;
    if (ages->failed)
        return false;
    ages->row = grown;
    for (size_t i = 0; i < page->age_count; i++)
        if (is_total(&page->age[i]))
            ages->all = page->age[i];
        else
            ages->row[ages->count++] = page->age[i];
    return ages->count < LINES_MAX;
}

static int by_total(const void *left, const void *right)
{
    const struct sch_age_row *a = left;
    const struct sch_age_row *b = right;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    int name = strcmp(a->name, b->name);
    return name != 0 ? name : (a->silence > b->silence) - (a->silence < b->silence);
}

static const char *key_of(const struct sch_age_row *row)
{
    if (is_total(row))
        return "all";
    return row->silence != SCH_SILENCE_NONE ? sch_code_name(SCH_SET_SILENCE, row->silence) : row->name;
}

static const char *name_of(struct sch_cli *cli, const struct sch_age_row *row)
{
    if (is_total(row))
        return "alle";
    return row->silence != SCH_SILENCE_NONE ? sch_code_dutch(SCH_SET_SILENCE, row->silence)
                                            : sch_cli_name(cli, row->name);
}

/* Of a published row all may be left out, or how its total falls into days. */
static bool has_total(const struct sch_age_row *row)
{
    return !row->suppressed || row->total > 0;
}

/* A count that was left out is null, never zero. */
static json_t *count_json(const struct sch_age_row *row, uint32_t count)
{
    return row->suppressed ? json_null() : json_integer(count);
}

static json_t *row_json(struct sch_cli *cli, const struct sch_age_row *row)
{
    return json_pack("{s:s,s:s,s:o,s:b,s:{s:o,s:o,s:o,s:o,s:o}}", "key", key_of(row), "name",
                     name_of(cli, row), "total",
                     has_total(row) ? json_integer(row->total) : json_null(), "suppressed", row->suppressed,
                     "days", "to_7", count_json(row, row->bucket[0]), "to_14",
                     count_json(row, row->bucket[1]), "to_28", count_json(row, row->bucket[2]), "to_56",
                     count_json(row, row->bucket[3]), "over_56", count_json(row, row->bucket[4]));
}

static bool add_row(struct sch_cli *cli, struct sch_table *table, const struct sch_age_row *row)
{
    char number[SCH_AGE_BUCKETS + 1][16];
    const char *text[SCH_AGE_BUCKETS + 2] = { name_of(cli, row) };
    for (size_t i = 0; i <= SCH_AGE_BUCKETS; i++) {
        uint32_t count = i == 0 ? row->total : row->bucket[i - 1];
        snprintf(number[i], sizeof number[i], "%u", count);
        text[i + 1] = row->suppressed && i > 0 ? "" : number[i];
    }
    if (!has_total(row))
        text[1] = "weggelaten";
    return sch_table_add(table, text);
}

static int print_table(struct sch_cli *cli, const struct ages *ages, const struct sch_query *query)
{
    static const char *const columns[] = { "", "ONTVANGER", "VERWIJZER", "STILTE" };
    static const char *const filters[] = { "", "receiver", "referrer", "silence" };
    struct sch_table table = { .header = { columns[query->by], "TOTAAL", "≤7", "≤14", "≤28", "≤56", ">56" },
                               .columns = 7,
                               .right = {
                                   [1] = true, [2] = true, [3] = true, [4] = true, [5] = true, [6] = true } };
    if (cli->headers)
        printf("Open, geen terugkoppeling, in dagen sinds de verwijzing\n");
    bool good = add_row(cli, &table, &ages->all);
    for (size_t i = 0; good && i < ages->count; i++)
        good = add_row(cli, &table, &ages->row[i]);
    sch_table_print(&table, cli->headers, stdout);
    sch_table_free(&table);
    if (query->published && cli->headers)
        printf("Groepen onder 5 en wat ze zou verraden zijn weggelaten.\n");
    if (ages->count > 0)
        sch_cli_next(cli, "scharnier unanswered ls --%s %s --overdue", filters[query->by],
                     key_of(&ages->row[0]));
    return good ? 0 : 1;
}

static int print_ages(struct sch_cli *cli, const struct ages *ages, const struct sch_query *query)
{
    static const char *const codes[] = { "", "receiver", "referrer", "silence" };
    if (!cli->json)
        return print_table(cli, ages, query);
    json_t *lines = json_array();
    for (size_t i = 0; i < ages->count; i++)
        json_array_append_new(lines, row_json(cli, &ages->row[i]));
    json_t *whole = json_pack("{s:s,s:o,s:b,s:o,s:o}", "by", codes[query->by], "at",
                              sch_time_json(sch_now_ms(cli->client)), "published", query->published, "all",
                              row_json(cli, &ages->all), "lines", lines);
    return sch_json_print("unanswered_age", whole) ? 0 : 1;
}

static int take_by(const struct sch_cli *cli, struct sch_query *query, sch_error *error)
{
    static const char *const codes[] = { "", "receiver", "referrer", "silence" };
    const char *text = sch_cli_option(cli, "by");
    query->by = text == NULL ? SCH_AGE_BY_RECEIVER : (enum sch_age_by)0;
    for (unsigned i = SCH_AGE_BY_RECEIVER; text != NULL && i <= SCH_AGE_BY_SILENCE; i++)
        if (strcmp(text, codes[i]) == 0)
            query->by = (enum sch_age_by)i;
    return query->by != 0
               ? SCH_OK
               : sch_fail(error, SCH_E_USAGE, "--by \"%.20s\": receiver, referrer or silence", text);
}

int sch_cli_run_unanswered_age(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct ages ages = { .count = 0 };
    struct sch_query query = { .type = SCH_QUERY_AGE,
                               .published = sch_cli_is(cli, "published"),
                               .limit = SCH_PAGE_ROWS_MAX };
    if (take_by(cli, &query, &error) == SCH_OK &&
        sch_cli_ask(cli, &query, take_rows, &ages, &error) == SCH_OK && ages.failed)
        (void)sch_fail(&error, SCH_E_NO_MEMORY, "%zu lines", ages.count);
    if (ages.count > 1)
        qsort(ages.row, ages.count, sizeof ages.row[0], by_total);
    int result = error.code != SCH_OK ? sch_cli_fail(cli, &error) : print_ages(cli, &ages, &query);
    free(ages.row);
    return result;
}
