/*
 * norm_diff.h: what one norms file changes in another, and what that would do to promises that are open.
 *
 * Rows are the same when they are about the same expectation, case, scope and first day. The effect is
 * arithmetic with the core's own calendar and norms over rows of the worklist; an open promise keeps the norm
 * that it was opened under, so it is a measure, not what happens on loading.
 *
 * Must not know: files, printing, the library's handles.
 */
#ifndef SCH_CLI_NORM_DIFF_H
#define SCH_CLI_NORM_DIFF_H

#include <scharnier/query.h>

#include "core/norm.h"

enum sch_norm_change { SCH_NORM_SAME = 0, SCH_NORM_ADDED, SCH_NORM_REMOVED, SCH_NORM_CHANGED };

/* One row's change; before is NULL when added, after when removed. */
struct sch_norm_difference {
    enum sch_norm_change change;
    const struct sch_norm *before, *after;
};

/* The differences, in the order of the files: at most 2 * SCH_NORMS_MAX are written. Returns how many. */
size_t sch_norm_differ(const struct sch_norms *before, const struct sch_norms *after,
                       struct sch_norm_difference *difference);

/* Do calendars or required sections differ too? */
bool sch_norm_calendars_differ(const struct sch_norms *before, const struct sch_norms *after);
bool sch_norm_sections_differ(const struct sch_norms *before, const struct sch_norms *after);

struct sch_norm_effect {
    size_t open;                        /* promises that were looked at */
    size_t earlier, later;              /* whose norm date would be another one */
    size_t dropped;                     /* for which no norm would hold: switched off */
    size_t over_now, over_then;         /* past their norm date at now_ms; dropped ones are not */
};

/* Adds one open promise. before: the norms in force, which tell the case (urgent, clinical …) from its norm's
 * id. */
void sch_norm_effect_add(struct sch_norm_effect *effect, const struct sch_norms *before,
                         const struct sch_norms *after, const struct sch_unanswered_row *row, int64_t now_ms);

#endif
