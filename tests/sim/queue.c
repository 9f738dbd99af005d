/*
 * queue.c: what is to happen, in the order of time: a binary heap, so that a run is a function of its seed.
 */
#include <assert.h>

#include "world.h"

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event held = *a;

    *a = *b;
    *b = held;
}

void sim_schedule(struct sim *sim, struct sim_event event)
{
    size_t at = sim->event_count;

    assert(sim->event_count < SIM_EVENTS_MAX);
    event.order = sim->order++;
    sim->event[sim->event_count++] = event;
    for (; at > 0 && earlier(&sim->event[at], &sim->event[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&sim->event[at], &sim->event[(at - 1) / 2]);
}

struct sim_event sim_next(struct sim *sim)
{
    struct sim_event first = sim->event[0];
    size_t at = 0;

    sim->event[0] = sim->event[--sim->event_count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < sim->event_count && earlier(&sim->event[child], &sim->event[least]))
                least = child;
        if (least == at)
            return first;
        swap(&sim->event[at], &sim->event[least]);
        at = least;
    }
}
