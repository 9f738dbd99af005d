/*
 * watch.c: one believed pair of civil and monotonic time, and the pace between them.
 */
#include "watch.h"

#include <string.h>

static int64_t paced(const struct sch_watch *watch, int64_t mono_ms)
{
    return watch->civil_ms + (mono_ms - watch->mono_ms) * watch->rate;
}

static void disbelieve(struct sch_watch *watch, int64_t jump_ms)
{
    watch->held = true;
    watch->jump_ms = jump_ms;
}

void sch_watch_start(struct sch_watch *watch, int64_t civil_ms, int64_t mono_ms, uint32_t rate, int64_t last_ms)
{
    memset(watch, 0, sizeof *watch);
    watch->rate = rate;
    watch->mono_ms = mono_ms;
    watch->civil_ms = civil_ms > last_ms ? civil_ms : last_ms;
    if (last_ms > 0 && civil_ms - last_ms > SCH_WATCH_STOP_MS) {
        watch->civil_ms = last_ms;
        disbelieve(watch, civil_ms - last_ms);
    }
    watch->now_ms = watch->civil_ms;
    watch->seen_ms = mono_ms;
}

int64_t sch_watch_now(struct sch_watch *watch, int64_t civil_ms, int64_t mono_ms)
{
    int64_t expected_ms = paced(watch, mono_ms);
    /* A fast clock makes an hour short; what counts is an hour of this machine's time. */
    int64_t outrun_ms = civil_ms - expected_ms - SCH_WATCH_OUTRUN_MS * watch->rate;

    if (!watch->held && outrun_ms > 0) {
        disbelieve(watch, civil_ms - expected_ms);
        /* Not from the pair that was believed at first: civil time may have fallen behind it since. */
        watch->civil_ms = watch->now_ms;
        watch->mono_ms = watch->seen_ms;
    }
    if (watch->held)
        civil_ms = paced(watch, mono_ms);
    if (civil_ms > watch->now_ms)
        watch->now_ms = civil_ms;
    watch->seen_ms = mono_ms;
    return watch->now_ms;
}

void sch_watch_confirm(struct sch_watch *watch, int64_t civil_ms, int64_t mono_ms)
{
    watch->held = false;
    watch->jump_ms = 0;
    watch->mono_ms = mono_ms;
    watch->civil_ms = civil_ms > watch->now_ms ? civil_ms : watch->now_ms;
}
