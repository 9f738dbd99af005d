/*
 * clock_sim.h: the clock port as a number that the test moves.
 */
#ifndef SCH_TEST_CLOCK_SIM_H
#define SCH_TEST_CLOCK_SIM_H

#include "ports.h"

/* A clock at civil_ms, monotonic 1000, rate 1. Gives; never NULL. */
struct sch_clock *sch_clock_sim_new(int64_t civil_ms);
void sch_clock_sim_free(struct sch_clock *clock);

/* Time passes: monotonic by mono_ms >= 0, civil by rate times that. */
void sch_clock_sim_advance(struct sch_clock *clock, int64_t mono_ms);

/* Time passes until civil time is at least civil_ms; nothing when it is that late already. */
void sch_clock_sim_until(struct sch_clock *clock, int64_t civil_ms);

/* An operator sets the clock: civil time jumps by delta_ms, either way; monotonic does not. */
void sch_clock_sim_jump(struct sch_clock *clock, int64_t delta_ms);

#endif
