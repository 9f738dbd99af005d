/*
 * clock_sim.c: virtual time, with the symbols of shell/clock_posix.c.
 */
#include "clock_sim.h"

#include <assert.h>
#include <stdlib.h>

#define MONO_START_MS 1000

struct sch_clock {
    int64_t civil_ms;
    int64_t mono_ms;
    uint32_t rate;
};

struct sch_clock *sch_clock_sim_new(int64_t civil_ms)
{
    struct sch_clock *clock = calloc(1, sizeof *clock);
    assert(clock != NULL);
    clock->civil_ms = civil_ms;
    clock->mono_ms = MONO_START_MS;
    clock->rate = 1;
    return clock;
}

void sch_clock_sim_free(struct sch_clock *clock)
{
    free(clock);
}

void sch_clock_sim_advance(struct sch_clock *clock, int64_t mono_ms)
{
    assert(mono_ms >= 0);
    clock->mono_ms += mono_ms;
    clock->civil_ms += mono_ms * (int64_t)clock->rate;
}

void sch_clock_sim_until(struct sch_clock *clock, int64_t civil_ms)
{
    int64_t rate = clock->rate;
    if (civil_ms > clock->civil_ms)
        sch_clock_sim_advance(clock, (civil_ms - clock->civil_ms + rate - 1) / rate);
}

void sch_clock_sim_jump(struct sch_clock *clock, int64_t delta_ms)
{
    clock->civil_ms += delta_ms;
}

int64_t sch_clock_civil_ms(struct sch_clock *clock)
{
    return clock->civil_ms;
}

int64_t sch_clock_mono_ms(struct sch_clock *clock)
{
    return clock->mono_ms;
}

uint32_t sch_clock_rate(struct sch_clock *clock)
{
    return clock->rate;
}
