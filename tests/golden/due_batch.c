/*
 * due_batch.c: a line of input, a line of output: what the core computes, for norm_due.py.
 *
 *   due_batch [NORMS_FILE]
 *
 *   FROM_MS TERM UNIT                    ->  due_ms              unit: hours, days, weeks, working_days
 *   FROM_MS E6 REGION PROVIDER           ->  due_ms remind_ms    by the norm that holds: E9.clinical; "-": none
 *                                            none                when none holds, or it is switched off
 *
 * Reads until the input ends; exit 1 at a line that it cannot read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/norm.h"
#include "shell/norm_file.h"

static struct sch_norms norms;

static enum sch_unit unit_of(const char *name)
{
    for (int i = SCH_UNIT_HOURS; i <= SCH_UNIT_WORKING_DAYS; i++)
        if (strcmp(name, sch_norm_file_unit((enum sch_unit)i)) == 0)
            return (enum sch_unit)i;
    return SCH_UNIT_NONE;
}

static enum sch_variant variant_of(const char *name)
{
    const char *dot = strchr(name, '.');

    for (int i = SCH_VARIANT_URGENT; dot != NULL && i < SCH_VARIANT_COUNT; i++)
        if (strcmp(dot + 1, sch_norm_file_variant((enum sch_variant)i)) == 0)
            return (enum sch_variant)i;
    return SCH_VARIANT_PLAIN;
}

static const char *given(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

static void by_norm(int64_t from_ms, const char *promise, const char *region, const char *provider)
{
    const struct sch_calendar *calendar = sch_norm_calendar(&norms, given(region));
    const struct sch_norm *norm = sch_norm_find(&norms, (unsigned)strtoul(promise + 1, NULL, 10), variant_of(promise),
                                                given(region), given(provider), sch_day_of_ms(from_ms));

    if (norm == NULL)
        puts("none");
    else
        printf("%" PRId64 " %" PRId64 "\n", sch_due_ms(calendar, from_ms, norm->term, norm->unit),
               sch_norm_remind_ms(calendar, from_ms, norm->term, norm->unit));
}

static bool answer(const char *line)
{
    int64_t from_ms = 0;
    int term = 0;
    char word[16], region[SCH_REGION_MAX + 1], provider[SCH_ADDRESS_MAX + 1];

    if (sscanf(line, "%" SCNd64 " %15[E0-9a-z_.] %31s %63s", &from_ms, word, region, provider) == 4 &&
        word[0] == 'E') {
        by_norm(from_ms, word, region, provider);
        return true;
    }
    if (sscanf(line, "%" SCNd64 " %d %15s", &from_ms, &term, word) != 3 || term < 0 ||
        unit_of(word) == SCH_UNIT_NONE)
        return false;
    printf("%" PRId64 "\n", sch_due_ms(NULL, from_ms, term, unit_of(word)));
    return true;
}

int main(int argc, char **argv)
{
    char line[160];
    sch_error error = SCH_ERROR_INIT;

    if (argc > 1 && sch_norm_file_load(argv[1], &norms, NULL, NULL, &error) != SCH_OK) {
        fprintf(stderr, "due_batch: %s\n", error.text);
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL)
        if (!answer(line)) {
            fprintf(stderr, "due_batch: cannot read: %s", line);
            return 1;
        }
    return 0;
}
