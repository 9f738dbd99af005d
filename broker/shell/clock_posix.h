/*
 * clock_posix.h: the clock port over the machine's clocks, and the fast clock of `scharnier dev`.
 *
 * Monotonic time is CLOCK_BOOTTIME: a machine that slept did not stand still, or a morning after would
 * look like a clock that jumped. With a rate above 1 civil time no longer follows the machine: it is
 * start_ms at the real moment since_ms, and runs rate times as fast, also over a restart.
 */
#ifndef SCH_SHELL_CLOCK_POSIX_H
#define SCH_SHELL_CLOCK_POSIX_H

#include "ports.h"

#define SCH_CLOCK_RATE_MAX 1000000

struct sch_clock_options {
    uint32_t rate;                      /* 1..SCH_CLOCK_RATE_MAX */
    int64_t start_ms;                   /* civil time at since_ms; 0: since_ms itself */
    int64_t since_ms;                   /* a real moment, UTC; 0: now */
};

/* rate 1, start 0: the machine's own time, jumps included. Errors: NO_MEMORY. */
int sch_clock_open(struct sch_clock **clock, const struct sch_clock_options *options, sch_error *error);
void sch_clock_close(struct sch_clock *clock);

#endif
