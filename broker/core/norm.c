/*
 * norm.c: which row of the norms holds, and when a reminder comes. Contract in norm.h.
 *
 * Must not know: files, dossiers. Example: an S-GGZ provider with a row of its own for E9, in a region that
 * has one for E9 too: the provider's row holds from its `since` day on, the region's before.
 */
#include "norm.h"

#include <assert.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] != '\0' && a[i] == b[i])
        i++;
    return a[i] == b[i];
}

/* Is where the organisation of this mailbox: "agb:06290713" of "agb:06290713/afdeling"? */
static bool is_organisation_of(const char *where, const char *provider)
{
    size_t i = 0;
    while (where[i] != '\0' && where[i] == provider[i])
        i++;
    return where[i] == '\0' && provider[i] == '/';
}

/* How narrowly a row meets the case; 0: not at all. A mailbox's own row goes before its organisation's. */
static int nearness(const struct sch_norm *row, const char *region, const char *provider)
{
    switch (row->scope) {
    case SCH_SCOPE_PROVIDER:
        if (provider == NULL)
            return 0;
        if (same_text(row->where, provider))
            return 4;
        return is_organisation_of(row->where, provider) ? 3 : 0;
    case SCH_SCOPE_REGION:
        return region != NULL && same_text(row->where, region) ? 2 : 0;
    default:
        assert(row->scope == SCH_SCOPE_NATIONAL);
        return 1;
    }
}

/* The narrowest row, and among equals the newest; switched off or not. */
static const struct sch_norm *narrowest(const struct sch_norms *norms, unsigned expectation,
                                        enum sch_variant variant, const char *region, const char *provider,
                                        int32_t day)
{
    const struct sch_norm *best = NULL;
    int best_nearness = 0;
    for (size_t i = 0; i < norms->count; i++) {
        const struct sch_norm *row = &norms->row[i];
        if (row->expectation != expectation || row->variant != variant || row->since_day > day)
            continue;
        int near = nearness(row, region, provider);
        if (near == 0 || near < best_nearness)
            continue;
        if (near == best_nearness && row->since_day < best->since_day)
            continue;
        best = row;
        best_nearness = near;
    }
    return best;
}

const struct sch_norm *sch_norm_find(const struct sch_norms *norms, unsigned expectation,
                                     enum sch_variant variant, const char *region, const char *provider,
                                     int32_t day)
{
    const struct sch_norm *row = narrowest(norms, expectation, variant, region, provider, day);
    /* A set of norms that says nothing about urgent or clinical cases means the plain term for them too;
     * the second clock of AFTER_INTAKE exists only where it is written down. */
    if (row == NULL && (variant == SCH_VARIANT_URGENT || variant == SCH_VARIANT_CLINICAL))
        row = narrowest(norms, expectation, SCH_VARIANT_PLAIN, region, provider, day);
    return row != NULL && row->enabled ? row : NULL;
}

const struct sch_calendar *sch_norm_calendar(const struct sch_norms *norms, const char *region)
{
    for (size_t i = 0; region != NULL && i < norms->calendar_count; i++)
        if (same_text(norms->calendar[i].region, region))
            return &norms->calendar[i].calendar;
    return NULL;
}

int64_t sch_norm_remind_ms(const struct sch_calendar *calendar, int64_t from_ms, int term, enum sch_unit unit)
{
    assert(term >= 0);
    int least = unit == SCH_UNIT_HOURS ? 24 : 3;
    if (term < least)
        return 0;
    return sch_due_ms(calendar, from_ms, term * 8 / 10, unit);
}
