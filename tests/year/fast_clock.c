/* fast_clock.c: see fast_clock.h. */
#include "fast_clock.h"

#include <assert.h>
#include <stdlib.h>

struct sch_clock {
    int64_t civil_ms, mono_ms;
};

struct sch_clock *fast_clock_new(int64_t civil_ms)
{
    struct sch_clock *clock = calloc(1, sizeof *clock);

    assert(clock != NULL);
    clock->civil_ms = civil_ms;
    clock->mono_ms = 1000;
    return clock;
}

void fast_clock_free(struct sch_clock *clock)
{
    free(clock);
}

void fast_clock_until(struct sch_clock *clock, int64_t civil_ms)
{
    int64_t mono_ms;

    if (civil_ms <= clock->civil_ms)
        return;
    mono_ms = (civil_ms - clock->civil_ms + FAST_RATE - 1) / FAST_RATE;
    clock->mono_ms += mono_ms;
    clock->civil_ms += mono_ms * FAST_RATE;
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
    (void)clock;
    return FAST_RATE;
}
