/*
 * broker.c: the broker's life and deaths: turns, when they come, and how they end.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define STORE_LOOK_TURNS 1000
#define TURNS_AT_ONCE_MAX 20000         /* without the world moving on: the broker spins */

void sim_broker_start(struct sim *sim)
{
    struct sch_turn_options options = { .net = sim->net, .store = sim->store, .clock = sim->clock,
                                        .book = sim_book(sim->book), .metrics = &sim->metrics,
                                        .reserve_bytes = 100000, .e1_hold_ms = 15 * 60000 };
    sch_error error = SCH_ERROR_INIT;

    memset(&sim->metrics, 0, sizeof sim->metrics);
    if (sch_turn_open(&sim->turn, &options, &error) != SCH_OK) {
        fprintf(stderr, "sim: the broker does not start: %s %s\n", error.name, error.text);
        abort();
    }
}

/* The process dies: connections and everything volatile go; the store stays. */
void sim_broker_die(struct sim *sim, const char *when)
{
    sim_trace(sim, "the broker dies, %s", when);
    sim->crashes++;
    sim->drained = false;
    sch_turn_close(sim->turn);
    sch_net_sim_disconnect_all(sim->net);
    for (int i = 0; i < SIM_SYSTEMS; i++)
        if (sim->system[i].peer >= 0)
            sim_system_leave(sim, i);
    for (size_t i = 0; i < sim->message_count; i++)
        memset(sim->message[i].seen, 0, sizeof sim->message[i].seen);
    sim_broker_start(sim);
}

/* What the turn sent goes on its way to the systems, or nowhere. */
static void collect_sent(struct sim *sim, bool lost)
{
    for (int i = 0; i < SIM_SYSTEMS; i++) {
        struct sch_net_sim_message message;

        while (sim->system[i].peer >= 0 && sch_net_sim_is_connected(sim->net, (size_t)sim->system[i].peer) &&
               sch_net_sim_take(sim->net, (size_t)sim->system[i].peer, &message)) {
            for (size_t k = 0; k < message.reply.len; k++)
                sim->hash = (sim->hash ^ message.reply.ptr[k]) * UINT64_C(1099511628211);
            sim_oracle_sent(sim, i, message.reply);
            if (!lost)
                sim_network(sim, SIM_TO_SYSTEM, i, message.reply, message.body.len, 0);
            sch_net_sim_drop(&message);
        }
    }
}

static void draw_commit(struct sim *sim)
{
    enum sch_store_sim_fault fault = sim_fails(sim, SIM_FAULT_KEPT)       ? SCH_SIM_UNKNOWN_KEPT
                                     : sim_fails(sim, SIM_FAULT_LOST)     ? SCH_SIM_UNKNOWN_LOST
                                     : sim_fails(sim, SIM_FAULT_FULL)     ? SCH_SIM_FULL
                                     : sim_fails(sim, SIM_FAULT_CONFLICT) ? SCH_SIM_CONFLICT
                                                                          : SCH_SIM_NONE;

    if (fault != SCH_SIM_NONE)
        sch_store_sim_fail(sim->store, fault, 0);
}

static void run(struct sim *sim)
{
    sch_error error = SCH_ERROR_INIT;
    int at_once = 0;

    do {                                /* until it says how long it would sleep */
        if (sch_turn_run(sim->turn, -1, &error) != SCH_OK) {
            sim_violation(sim, "the turn gave up: %s %s", error.name, error.text);
            return;
        }
        sim->turns++;
        if (++at_once > TURNS_AT_ONCE_MAX) {
            sim_violation(sim, "the broker spins");
            return;
        }
    } while (sch_net_sim_inbound_count(sim->net) > 0 || sch_net_sim_last_wait_ms(sim->net) == 0);
}

/* An orderly restart: nothing new is taken, and the process ends when nothing is leased. */
static void drain(struct sim *sim)
{
    if (!sim->drained && sim_fails(sim, SIM_FAULT_DRAIN)) {
        sim_trace(sim, "the broker is told to stop");
        sch_turn_drain(sim->turn);
        sim->drained = true;
    }
    if (sim->drained && sch_turn_is_drained(sim->turn))
        sim_broker_die(sim, "drained");
}

/* Notes since when and until when time is held. */
static void note_held(struct sim *sim)
{
    bool going_on = sim->held_count > 0 && sim->held[sim->held_count - 1].to_ms == INT64_MAX;

    if (sch_turn_is_held(sim->turn) == going_on)
        return;
    if (going_on)
        sim->held[sim->held_count - 1].to_ms = sim->believed_ms;
    else if (sim->held_count < SIM_HOLDS_MAX) {
        sim->held[sim->held_count].from_ms = sim->believed_ms;
        sim->held[sim->held_count++].to_ms = INT64_MAX;
    }
}

void sim_broker_turn(struct sim *sim)
{
    bool before = sim_fails(sim, SIM_FAULT_CRASH_BEFORE), after = sim_fails(sim, SIM_FAULT_CRASH_AFTER);
    bool sent = sim_fails(sim, SIM_FAULT_CRASH_SENT);

    if (before)
        sch_store_sim_fail(sim->store, SCH_SIM_UNKNOWN_LOST, 0);
    else
        draw_commit(sim);
    run(sim);
    sim->believed_ms = sim_broker_ms(sim);
    note_held(sim);
    sch_store_sim_fail(sim->store, SCH_SIM_NONE, 0);
    collect_sent(sim, before || after);
    if (before || after || sent)
        sim_broker_die(sim, before ? "before the commit" : after ? "after the commit" : "after sending");
    drain(sim);
    if (!sim->confirming && sch_turn_is_held(sim->turn)) {
        sim->confirming = true;
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, 20 * SIM_HOUR_MS), .type = SIM_CONFIRM });
    }
    if (sim_tracing || sim->turns >= sim->look_turns) {
        sim->look_turns = sim->turns + STORE_LOOK_TURNS;
        sim_oracle_store(sim);
    }
}

/* Runs turns until the next event of the world, whenever something falls due. */
void sim_broker_until(struct sim *sim, int64_t at_ms)
{
    while (sim->violations == 0) {
        int64_t wait_ms = sch_net_sim_last_wait_ms(sim->net);
        int64_t wake_ms = wait_ms <= 0 ? sim->now_ms + 1 : sim->now_ms + wait_ms;
        int64_t behind_ms = sim->believed_ms - sch_clock_civil_ms(sim->clock);

        /* A clock that was set back stands still for the broker; it looks again as often as it pleases. */
        if (behind_ms > 0 && wake_ms < sim->now_ms + 60000)
            wake_ms = sim->now_ms + (behind_ms > SIM_HOUR_MS ? 600000 : 60000);
        if (wait_ms < 0 || wake_ms >= at_ms)
            break;
        sim_pass(sim, wake_ms);
        sim_broker_turn(sim);
    }
    sim_pass(sim, at_ms);
}
