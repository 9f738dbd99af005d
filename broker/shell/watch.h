/*
 * watch.h: which time it is, and whether to believe it. DESIGN, "Time".
 *
 * Civil time never runs backwards here. When it outruns monotonic time by more than an hour within a process,
 * or has jumped more than thirty days over a stop, it is not believed: time then goes on from the last good
 * moment at the monotonic pace, and nothing falls due until an operator confirms. A pure value: times come in
 * as arguments. Must not know: clocks, the store.
 */
#ifndef SCH_SHELL_WATCH_H
#define SCH_SHELL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define SCH_WATCH_OUTRUN_MS INT64_C(3600000)
#define SCH_WATCH_STOP_MS (INT64_C(30) * 86400000)

struct sch_watch {
    int64_t civil_ms, mono_ms;          /* a pair that was believed; held: the last good moment */
    int64_t now_ms, seen_ms;            /* the last answer, and the monotonic time of it */
    int64_t jump_ms;                    /* how far it jumped when it was not believed */
    uint32_t rate;                      /* civil per monotonic */
    bool held;
};

/* last_ms: the last good civil time before the stop; 0: none. */
void sch_watch_start(struct sch_watch *watch, int64_t civil_ms, int64_t mono_ms, uint32_t rate, int64_t last_ms);

/* The time to work with. Sets held when civil_ms is not to be believed. */
int64_t sch_watch_now(struct sch_watch *watch, int64_t civil_ms, int64_t mono_ms);

/* An operator says that civil_ms is right. */
void sch_watch_confirm(struct sch_watch *watch, int64_t civil_ms, int64_t mono_ms);

#endif
