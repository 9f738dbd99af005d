/*
 * clock_posix.c: the only place where the broker's time comes from.
 */
#include "clock_posix.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

struct sch_clock {
    uint32_t rate;
    bool own;                           /* civil time is counted from the base, not read */
    int64_t base_civil_ms;
    int64_t base_mono_ms;
};

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    assert(failed == 0);                /* both clocks exist on every Linux that this builds for */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int sch_clock_open(struct sch_clock **clock, const struct sch_clock_options *options, sch_error *error)
{
    assert(options->rate >= 1 && options->rate <= SCH_CLOCK_RATE_MAX);
    struct sch_clock *made = calloc(1, sizeof *made);
    if (made == NULL)
        return sch_fail(error, SCH_E_NO_MEMORY, "no memory for the clock");
    int64_t real_ms = read_ms(CLOCK_REALTIME);
    int64_t since_ms = options->since_ms > 0 ? options->since_ms : real_ms;
    int64_t start_ms = options->start_ms > 0 ? options->start_ms : since_ms;
    made->rate = options->rate;
    made->own = options->rate > 1 || options->start_ms > 0;
    made->base_civil_ms = start_ms + (real_ms - since_ms) * (int64_t)options->rate;
    made->base_mono_ms = read_ms(CLOCK_BOOTTIME);
    *clock = made;
    return SCH_OK;
}

void sch_clock_close(struct sch_clock *clock)
{
    free(clock);
}

int64_t sch_clock_civil_ms(struct sch_clock *clock)
{
    if (!clock->own)
        return read_ms(CLOCK_REALTIME);
    return clock->base_civil_ms + (read_ms(CLOCK_BOOTTIME) - clock->base_mono_ms) * (int64_t)clock->rate;
}

int64_t sch_clock_mono_ms(struct sch_clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_BOOTTIME);
}

uint32_t sch_clock_rate(struct sch_clock *clock)
{
    return clock->rate;
}
