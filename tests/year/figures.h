/*
 * figures.h: the figures of PROTOCOL.md, "Queries", in floating point: what the broker computes in whole numbers.
 */
#ifndef YEAR_FIGURES_H
#define YEAR_FIGURES_H

#include <scharnier/query.h>

#define FIGURES_DAYS 1024               /* days above the last count as the last */

/* Days from one local day to another, as counts have them: 0 at the least, FIGURES_DAYS - 1 at the most. */
uint32_t figures_days_between(int32_t from, int32_t to);

/* The first day by which, as Kaplan and Meier estimate, at most this share of all still waits; SCH_DAYS_UNREACHED. */
uint32_t figures_waits_until(const uint32_t *answered, const uint32_t *censored, uint32_t all, double share);

/* within_permille, low_permille and high_permille: k of n, with Wilson's interval of 95 %. */
void figures_share(uint32_t k, uint32_t n, struct sch_statistics_row *row);

/* The same but for the last digit. */
bool figures_near(uint32_t a, uint32_t b);

#endif
