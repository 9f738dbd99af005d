/*
 * due_batch.c: a line of input, a line of output: what the core's calendar computes, for norm_due.py.
 *
 *   FROM_MS TERM UNIT   ->  due_ms        unit: hours, days, weeks, working_days
 *
 * Reads until the input ends; exit 1 at a line that it cannot read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/calendar.h"

static enum sch_unit unit_of(const char *name)
{
    static const char *const names[] = { "", "hours", "days", "weeks", "working_days" };
    for (int i = 1; i < 5; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum sch_unit)i;
    return SCH_UNIT_NONE;
}

int main(void)
{
    char line[160];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int64_t from_ms = 0;
        int term = 0;
        char unit[16];
        if (sscanf(line, "%" SCNd64 " %d %15s", &from_ms, &term, unit) != 3 || term < 0 ||
            unit_of(unit) == SCH_UNIT_NONE) {
            fprintf(stderr, "due_batch: cannot read: %s", line);
            return 1;
        }
        printf("%" PRId64 "\n", sch_due_ms(NULL, from_ms, term, unit_of(unit)));
    }
    return 0;
}
