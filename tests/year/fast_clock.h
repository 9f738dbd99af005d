/*
 * fast_clock.h: the clock port at the pace of `scharnier dev`: ten minutes of a year pass in one monotonic second,
 * so that sessions and leases live through days.
 */
#ifndef YEAR_FAST_CLOCK_H
#define YEAR_FAST_CLOCK_H

#include "ports.h"

#define FAST_RATE 600

struct sch_clock *fast_clock_new(int64_t civil_ms);
void fast_clock_free(struct sch_clock *clock);
/* Time passes until it is at least civil_ms. */
void fast_clock_until(struct sch_clock *clock, int64_t civil_ms);

#endif
