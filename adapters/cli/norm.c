/*
 * norm.c: scharnier norm: what the norms say, and what a term comes to on the calendar, without a broker.
 *
 * It reads the norms file that the broker reads and computes with the broker's own core, so that both agree.
 */
#include "norm.h"

#include "output.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/norm_file.h"

#define SHOWN_DAYS_MAX 40
#define NOT_FOUND_EXIT 5

struct asked {
    unsigned expectation;
    enum sch_variant variant;
    int64_t from_ms;
    const char *region;
    const char *provider;
};

/* "E2", "e9.clinical" or "9"; 0: none. Sets variant when the word has one. */
static unsigned parse_expectation(const char *word, enum sch_variant *variant)
{
    const char *text = word + (word[0] == 'E' || word[0] == 'e');
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || number < 1 || number >= SCH_EXPECTATION_COUNT)
        return 0;
    if (*end == '\0')
        return (unsigned)number;
    for (unsigned i = SCH_VARIANT_URGENT; i < SCH_VARIANT_COUNT; i++)
        if (*end == '.' && strcmp(end + 1, sch_norm_file_variant((enum sch_variant)i)) == 0) {
            *variant = (enum sch_variant)i;
            return (unsigned)number;
        }
    return 0;
}

static void report_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

struct sch_norms *sch_cli_norm_read(const char *path, sch_error *error)
{
    struct sch_norms *norms = malloc(sizeof *norms);
    if (norms == NULL) {
        (void)sch_fail(error, SCH_E_NO_MEMORY, "reading norms");
        return NULL;
    }
    if (sch_norm_file_load(path, norms, report_line, NULL, error) == SCH_OK)
        return norms;
    free(norms);
    return NULL;
}

struct sch_norms *sch_cli_norm_current(const struct sch_cli *cli, char *path, size_t size, sch_error *error)
{
    char found[PATH_MAX];
    const char *given = sch_cli_option(cli, "norms");
    if (given == NULL && !sch_cli_data("norms/nl.ini", found, sizeof found)) {
        (void)sch_fail(error, SCH_E_IO,
                       "no norms/nl.ini in /etc/scharnier nor beside this program; give --norms FILE");
        return NULL;
    }
    snprintf(path, size, "%s", given != NULL ? given : found);
    return sch_cli_norm_read(path, error);
}

/* ---- norm ls ------------------------------------------------------------------------------------ */

const char *sch_cli_norm_scope(const struct sch_norm *row)
{
    return row->scope == SCH_SCOPE_NATIONAL ? "national" : row->where;
}

void sch_cli_norm_name(const struct sch_norm *row, char text[32])
{
    const char *variant = sch_norm_file_variant(row->variant);
    snprintf(text, 32, "E%u%s%s", row->expectation, variant[0] ? "." : "", variant);
}

static bool is_wanted(const struct sch_norm *row, const char *region, const char *provider)
{
    if (row->scope == SCH_SCOPE_NATIONAL || (region == NULL && provider == NULL))
        return true;
    const char *wanted = row->scope == SCH_SCOPE_REGION ? region : provider;
    return wanted != NULL && strcmp(wanted, row->where) == 0;
}

static json_t *norm_json(const struct sch_norm *row)
{
    char name[32];
    char since[SCH_TIME_SIZE];
    sch_cli_norm_name(row, name);
    return json_pack("{s:s,s:s,s:i,s:s,s:b,s:i,s:s,s:s,s:s}", "expectation", name, "norm", row->id, "version",
                     row->version, "scope", sch_cli_norm_scope(row), "enabled", row->enabled, "term",
                     row->term, "unit", sch_norm_file_unit(row->unit), "since",
                     sch_time_date(row->since_day, since), "source", row->source);
}

int sch_cli_run_norm_ls(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    char path[PATH_MAX];
    struct sch_norms *norms = sch_cli_norm_current(cli, path, sizeof path, &error);
    if (norms == NULL)
        return sch_cli_fail(cli, &error);
    const char *region = sch_cli_option(cli, "region");
    const char *provider = sch_cli_option(cli, "provider");
    struct sch_table table = { .header = { "PROMISE", "SCOPE", "TERM", "UNIT", "SINCE", "NORM", "SOURCE" },
                               .right = { [2] = true },
                               .columns = 7 };
    json_t *rows = json_array();
    for (size_t i = 0; i < norms->count; i++) {
        const struct sch_norm *row = &norms->row[i];
        char name[32];
        char term[16];
        char since[SCH_TIME_SIZE];
        if (!is_wanted(row, region, provider))
            continue;
        json_array_append_new(rows, norm_json(row));
        sch_cli_norm_name(row, name);
        snprintf(term, sizeof term, "%u", row->term);
        const char *text[] = { name,
                               sch_cli_norm_scope(row),
                               row->enabled ? term : "off",
                               row->enabled ? sch_norm_file_unit(row->unit) : "",
                               sch_time_date(row->since_day, since),
                               row->id,
                               row->source };
        if (!sch_table_add(&table, text))
            break;
    }
    if (cli->json)
        (void)sch_json_print("norms", json_pack("{s:O}", "norms", rows));
    else
        sch_table_print(&table, cli->headers, stdout);
    sch_cli_next(cli, "scharnier norm due E2 --from 2026-12-23T09:00");
    sch_table_free(&table);
    json_decref(rows);
    free(norms);
    return 0;
}

/* ---- norm due ----------------------------------------------------------------------------------- */

static int parse_asked(const struct sch_cli *cli, struct asked *asked, sch_error *error)
{
    const char *from = sch_cli_option(cli, "from");
    *asked = (struct asked){ .region = sch_cli_option(cli, "region"),
                             .provider = sch_cli_option(cli, "provider") };
    asked->expectation = parse_expectation(cli->operand[0], &asked->variant);
    if (asked->expectation == 0)
        return sch_fail(error, SCH_E_USAGE, "\"%s\" is no expectation: E1..E15", cli->operand[0]);
    static const struct {
        const char *name;
        enum sch_variant variant;
        unsigned expectation;
    } switches[] = { { "urgent", SCH_VARIANT_URGENT, 1 },
                     { "after-intake", SCH_VARIANT_AFTER_INTAKE, 7 },
                     { "clinical", SCH_VARIANT_CLINICAL, 9 } };
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        if (!sch_cli_is(cli, switches[i].name))
            continue;
        if (asked->expectation != switches[i].expectation)
            return sch_fail(error, SCH_E_USAGE, "--%s goes with E%u only", switches[i].name,
                            switches[i].expectation);
        asked->variant = switches[i].variant;
    }
    if (from == NULL)
        return sch_fail(error, SCH_E_USAGE, "--from TIME: when the term begins");
    if (!sch_time_parse(from, &asked->from_ms))
        return sch_fail(error, SCH_E_USAGE,
                        "--from \"%s\": write 2026-12-23, 2026-12-23T09:00 (local) or "
                        "2026-12-23T09:00:00+01:00",
                        from);
    return SCH_OK;
}

/* "25, 26, 27": the days that were passed over, and why nothing more need be said. */
static void print_skipped(const struct sch_calendar *calendar, int32_t first, int32_t last)
{
    size_t shown = 0;
    char text[SCH_TIME_SIZE];
    for (int32_t day = first + 1; day < last; day++) {
        if (sch_weekday(day) >= 5 || sch_is_working_day(calendar, day))
            continue;
        printf("%s%s", shown == 0 ? "  not counted  weekends, " : ", ", sch_time_english_day(day, text));
        if (++shown == SHOWN_DAYS_MAX)
            break;
    }
    if (shown > 0)
        putchar('\n');
}

/* "1 working day", "4 weeks". */
static const char *unit_text(const struct sch_norm *norm, char text[SCH_TIME_SIZE])
{
    snprintf(text, SCH_TIME_SIZE, "%s", sch_norm_file_unit(norm->unit));
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '_' ? ' ' : *at;
    if (norm->term == 1)
        text[strlen(text) - 1] = '\0';
    return text;
}

static void print_due(const struct asked *asked, const struct sch_norm *norm,
                      const struct sch_calendar *calendar, int64_t due_ms)
{
    char text[SCH_TIME_SIZE];
    char due[SCH_TIME_SIZE];
    char name[32];
    int32_t first = sch_day_of_ms(asked->from_ms);
    int32_t last = sch_day_of_ms(due_ms - 1);
    sch_cli_norm_name(norm, name);
    printf("%s  due %s: in time %s %s\n", name, sch_time_utc(due_ms, due),
           norm->unit == SCH_UNIT_HOURS ? "before that moment on" : "until the end of",
           sch_time_english_day(last, text));
    printf("  counts from  %s, %s\n", sch_time_english_day(first, text), sch_time_utc(asked->from_ms, due));
    printf("  term         %u %s\n", norm->term, unit_text(norm, text));
    if (norm->unit == SCH_UNIT_WORKING_DAYS)
        print_skipped(calendar, first, last);
    printf("  norm         %s version %u (%s)\n", norm->id, norm->version, sch_cli_norm_scope(norm));
    printf("  source       %s\n", norm->source);
    int64_t remind_ms = sch_norm_remind_ms(calendar, asked->from_ms, norm->term, norm->unit);
    if (remind_ms > 0)
        printf("  reminder     %s\n", sch_time_utc(remind_ms, due));
}

static void json_due(const struct asked *asked, const struct sch_norm *norm,
                     const struct sch_calendar *calendar, int64_t due_ms)
{
    char day[SCH_TIME_SIZE];
    char name[32];
    sch_cli_norm_name(norm, name);
    json_t *object = json_pack(
        "{s:s,s:o,s:s,s:o,s:s,s:i,s:s,s:i,s:s,s:s}", "expectation", name, "from",
        sch_time_json(asked->from_ms), "day", sch_time_date(sch_day_of_ms(due_ms - 1), day), "due",
        sch_time_json(due_ms), "norm", norm->id, "version", norm->version, "scope", sch_cli_norm_scope(norm),
        "term", norm->term, "unit", sch_norm_file_unit(norm->unit), "source", norm->source);
    int64_t remind_ms = sch_norm_remind_ms(calendar, asked->from_ms, norm->term, norm->unit);
    if (object != NULL)
        json_object_set_new(object, "reminder", sch_time_json(remind_ms));
    (void)sch_json_print("norm_due", object);
}

int sch_cli_run_norm_due(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct asked asked;
    char path[PATH_MAX];
    struct sch_norms *norms = NULL;
    if (parse_asked(cli, &asked, &error) == SCH_OK)
        norms = sch_cli_norm_current(cli, path, sizeof path, &error);
    if (norms == NULL)
        return sch_cli_fail(cli, &error);
    const struct sch_norm *norm = sch_norm_find(norms, asked.expectation, asked.variant, asked.region,
                                                asked.provider, sch_day_of_ms(asked.from_ms));
    if (norm == NULL) {
        free(norms);
        fprintf(stderr, "scharnier: no norm holds for E%u here on that day: it is absent or switched off\n"
                        "  try    scharnier norm ls\n", asked.expectation);
        return NOT_FOUND_EXIT;
    }
    const struct sch_calendar *calendar = sch_norm_calendar(norms, asked.region);
    int64_t due_ms = sch_due_ms(calendar, asked.from_ms, norm->term, norm->unit);
    if (cli->json)
        json_due(&asked, norm, calendar, due_ms);
    else
        print_due(&asked, norm, calendar, due_ms);
    free(norms);
    return 0;
}
