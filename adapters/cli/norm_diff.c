/* norm_diff.c: rows against rows. Contract in norm_diff.h. */
#include "norm_diff.h"

#include <string.h>

static bool same_place(const struct sch_norm *a, const struct sch_norm *b)
{
    return a->expectation == b->expectation && a->variant == b->variant && a->scope == b->scope &&
           a->since_day == b->since_day && strcmp(a->where, b->where) == 0;
}

/* The version is the file's, not the row's. */
static bool same_content(const struct sch_norm *a, const struct sch_norm *b)
{
    return a->enabled == b->enabled && a->term == b->term && a->unit == b->unit &&
           strcmp(a->id, b->id) == 0 && strcmp(a->source, b->source) == 0;
}

static const struct sch_norm *counterpart(const struct sch_norms *norms, const struct sch_norm *row)
{
    for (size_t i = 0; i < norms->count; i++)
        if (same_place(&norms->row[i], row))
            return &norms->row[i];
    return NULL;
}

size_t sch_norm_differ(const struct sch_norms *before, const struct sch_norms *after,
                       struct sch_norm_difference *difference)
{
    size_t count = 0;
    for (size_t i = 0; i < before->count; i++) {
        const struct sch_norm *row = &before->row[i];
        const struct sch_norm *now = counterpart(after, row);
        if (now == NULL || !same_content(row, now))
            difference[count++] = (struct sch_norm_difference){
                .change = now == NULL ? SCH_NORM_REMOVED : SCH_NORM_CHANGED, .before = row, .after = now
            };
    }
    for (size_t i = 0; i < after->count; i++)
        if (counterpart(before, &after->row[i]) == NULL)
            difference[count++] =
                (struct sch_norm_difference){ .change = SCH_NORM_ADDED, .after = &after->row[i] };
    return count;
}

static bool same_days(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count)
{
    return a_count == b_count && memcmp(a, b, a_count * sizeof *a) == 0;
}

bool sch_norm_calendars_differ(const struct sch_norms *before, const struct sch_norms *after)
{
    if (before->calendar_count != after->calendar_count)
        return true;
    for (size_t i = 0; i < before->calendar_count; i++) {
        const struct sch_calendar *a = &before->calendar[i].calendar;
        const struct sch_calendar *b = &after->calendar[i].calendar;
        if (strcmp(before->calendar[i].region, after->calendar[i].region) != 0 ||
            !same_days(a->added, a->added_count, b->added, b->added_count) ||
            !same_days(a->dropped, a->dropped_count, b->dropped, b->dropped_count))
            return true;
    }
    return false;
}

bool sch_norm_sections_differ(const struct sch_norms *before, const struct sch_norms *after)
{
    for (size_t i = 0; i < SCH_KIND_COUNT; i++)
        if (before->required[i].sections != after->required[i].sections ||
            before->required[i].demanded != after->required[i].demanded)
            return true;
    return false;
}

/* Which case of the expectation it was opened as: the row of its norm's id tells. */
static enum sch_variant variant_of(const struct sch_norms *norms, const struct sch_unanswered_row *row)
{
    for (size_t i = 0; i < norms->count; i++)
        if (norms->row[i].expectation == row->expectation && strcmp(norms->row[i].id, row->norm_id) == 0)
            return norms->row[i].variant;
    return SCH_VARIANT_PLAIN;
}

void sch_norm_effect_add(struct sch_norm_effect *effect, const struct sch_norms *before,
                         const struct sch_norms *after, const struct sch_unanswered_row *row, int64_t now_ms)
{
    const struct sch_norm *norm = sch_norm_find(after, row->expectation, variant_of(before, row), row->region,
                                                row->debtor.text, sch_day_of_ms(row->from_ms));
    effect->open++;
    effect->over_now += row->norm_due_ms <= now_ms;
    if (norm == NULL) {
        effect->dropped++;
        return;
    }
    int64_t due_ms = sch_due_ms(sch_norm_calendar(after, row->region), row->from_ms, norm->term, norm->unit);
    effect->earlier += due_ms < row->norm_due_ms;
    effect->later += due_ms > row->norm_due_ms;
    effect->over_then += due_ms <= now_ms;
}
