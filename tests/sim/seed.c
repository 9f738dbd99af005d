/*
 * seed.c: one seed: a life with faults, then one without, until everything had time to end.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define START_MS INT64_C(1772409600000) /* 2026-03-02T00:00:00Z: summer time begins within the run */
#define LONG_START_MS INT64_C(1740960000000)    /* 2025-03-03 */
#define LIFE_DAYS 75
#define LONG_LIFE_DAYS 900              /* what closes in the first weeks is deleted before its end */
#define HEAL_DAYS 45

void sim_violation(struct sim *sim, const char *format, ...)
{
    va_list arguments;

    if (sim->violations++ > 0)
        return;
    va_start(arguments, format);
    vsnprintf(sim->first_violation, sizeof sim->first_violation, format, arguments);
    va_end(arguments);
    sim_trace(sim, "VIOLATION: %s", sim->first_violation);
}

static void arrive(struct sim *sim, const struct sim_event *event)
{
    static const uint8_t body[SCH_BODY_SIZE_MAX + 1];
    struct sch_bytes command = { event->bytes, event->size };

    assert(event->body_size <= sizeof body);
    if (event->peer < 0 || !sch_net_sim_is_connected(sim->net, (size_t)event->peer))
        return;
    if (event->frames > 0)
        sch_net_sim_put_frames(sim->net, (size_t)event->peer, command, (struct sch_bytes){ body, 1 }, event->frames);
    else
        sch_net_sim_put(sim->net, (size_t)event->peer, command, (struct sch_bytes){ body, event->body_size });
}

static void perform(struct sim *sim, struct sim_event *event)
{
    sim->performed++;
    switch (event->type) {
    case SIM_TO_BROKER: arrive(sim, event); break;
    case SIM_TO_SYSTEM: sim_system_receive(sim, event); break;
    case SIM_CONNECT: sim_system_connect(sim, event->system); break;
    case SIM_LEAVE:
        if (event->peer == sim->system[event->system].peer)
            sim_system_leave(sim, event->system);
        break;
    case SIM_OPEN:
        if (sim->healing)
            break;
        sim_open_any(sim);
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, (sim_is_on(sim, SIM_FAULT_YEARS) ? 8 : 2) *
                                                                          SIM_DAY_MS), .type = SIM_OPEN });
        break;
    case SIM_LIVE: sim_live(sim, event); break;
    case SIM_SAY: sim_tell(sim, event->dossier, event->sender, event->kind, event->subject, false); break;
    case SIM_NOISE: sim_noise(sim); break;
    case SIM_RELOAD:
        if (!sim->healing)
            sim_reload(sim, event);
        break;
    case SIM_TIME:
        if (!sim->healing)
            sim_time(sim, event);
        break;
    case SIM_CONFIRM: sim_confirm(sim); break;
    case SIM_ROOM: sim_room(sim); break;
    }
    free(event->bytes);
    sim_broker_turn(sim);
}

/* Has the life had as many events as it may? */
static bool is_spent(struct sim *sim)
{
    const struct sim_limits *limits = &sim->limits;

    sim->stopped = sim->stopped || (limits->until != 0 && sim->performed >= limits->until);
    return sim->stopped || (!sim->healing && limits->life != 0 && sim->performed >= limits->life);
}

static void run_phase(struct sim *sim, int64_t until_ms)
{
    while (sim->event_count > 0 && sim->event[0].at_ms < until_ms && sim->violations == 0) {
        struct sim_event event;

        if (is_spent(sim))
            return;
        event = sim_next(sim);
        sim_broker_until(sim, event.at_ms > sim->now_ms ? event.at_ms : sim->now_ms);
        perform(sim, &event);
    }
    sim_broker_until(sim, until_ms > sim->now_ms ? until_ms : sim->now_ms);
}

void sim_life_close(struct sim *sim)
{
    while (sim->event_count > 0)
        free(sim->event[--sim->event_count].bytes);
    sch_turn_close(sim->turn);
    sch_net_sim_free(sim->net);
    sch_store_sim_free(sim->store);
    sch_clock_sim_free(sim->clock);
    sch_arena_close(&sim->arena);
    for (size_t i = 0; i < sim->message_count; i++)
        free(sim->message[i].command);
}

static void begin(struct sim *sim, uint64_t seed, const struct sim_limits *limits)
{
    /* One seed after the other: to clear what the last one did not touch takes longer than to live. */
    static struct sim_event event[SIM_EVENTS_MAX];
    static struct sim_message message[SIM_MESSAGES_MAX];
    static struct sim_dossier dossier[SIM_DOSSIERS_MAX];
    int code;

    memset(sim, 0, sizeof *sim);
    sim->prng.state = seed;
    sim->limits = *limits;
    sim->hash = UINT64_C(1469598103934665603);
    sim->event = event;
    sim->message = message;
    sim->dossier = dossier;
    code = sch_arena_init(&sim->arena, SCH_ARENA_REPLY_SIZE);
    assert(code == SCH_OK);
    sim_faults_draw(sim, ~limits->without);
    sim->start_ms = sim->now_ms = sim_is_on(sim, SIM_FAULT_YEARS) ? LONG_START_MS : START_MS;
    sim->end_ms = sim->start_ms + (sim_is_on(sim, SIM_FAULT_YEARS) ? LONG_LIFE_DAYS : LIFE_DAYS) * SIM_DAY_MS;
    sim->believed_ms = sim->start_ms;
    sim->net = sch_net_sim_new();
    sim->store = sch_store_sim_new();
    sim->clock = sch_clock_sim_new(sim->start_ms);
}

void sim_life(struct sim *sim, uint64_t seed, const struct sim_limits *limits)
{
    begin(sim, seed, limits);
    sim_systems_init(sim);
    sim_broker_start(sim);
    sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1000, .type = SIM_OPEN });
    sim_faults_begin(sim);
    run_phase(sim, sim->end_ms);
    sim_faults_end(sim);
    /* A broker whose clock was ahead stands still until true time has come so far. */
    sim->end_ms = sim->believed_ms > sim->now_ms ? sim->believed_ms : sim->now_ms;
    run_phase(sim, sim->end_ms + HEAL_DAYS * SIM_DAY_MS);
    if (sim->violations > 0 || sim->stopped)
        return;
    sim_broker_turn(sim);               /* what falls due at this very moment */
    sim_oracle_end(sim);
}
