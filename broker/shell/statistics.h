/*
 * statistics.h: what counts say about promises: a share with its interval, and days until an answer.
 *
 * Pure functions over counts, in integers throughout: the same counts give the same digits everywhere.
 * PROTOCOL.md, "Queries", gives the formulas. Must not know: stores, rows, who is asked about.
 */
#ifndef SCH_SHELL_STATISTICS_H
#define SCH_SHELL_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whoever counts adds days above the last one to that one. */
#define SCH_SURVIVAL_DAYS 1024

/* Promises by the local day, counted from the day that their terms began, on which they were answered, or
 * from which on nothing more is known of them: still open, withheld, waived or cancelled (censored). */
struct sch_survival {
    uint32_t answered[SCH_SURVIVAL_DAYS];
    uint32_t censored[SCH_SURVIVAL_DAYS];
};

/*
 * The first day by which, as Kaplan and Meier estimate, at most 1 in `one_in` is still unanswered: 2 for the
 * median, 10 for the 90th percentile. SCH_DAYS_UNREACHED when the curve does not come so low. Who is
 * censored on a day counts as at risk on it. Exact: products of whole numbers are compared.
 */
uint32_t sch_survival_days(const struct sch_survival *survival, uint32_t one_in);

/* A share of `part` in `whole` per mille, rounded, with Wilson's interval of 95 % (z = 1.96). Of nothing: 0,
 * from 0 to 1000. part <= whole (asserted). */
struct sch_share {
    uint32_t permille, low_permille, high_permille;
};
struct sch_share sch_share_of(uint32_t part, uint32_t whole);

#endif
