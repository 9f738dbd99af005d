/*
 * faults.c: what goes wrong: which classes, how often; the network, the clock, the room on the disk, reloads.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define X(N, s) [SIM_FAULT_##N] = s,
static const char *const names[SIM_FAULTS] = { SIM_FAULT_LIST(X) };
#undef X

/* Out of a thousand seeds, in how many a class is on; and its highest rate, in thousandths. */
static const struct {
    unsigned on, most;
} likely[SIM_FAULTS] = {
    [SIM_FAULT_DROP] = { 500, 120 },      [SIM_FAULT_TWICE] = { 500, 120 },    [SIM_FAULT_REORDER] = { 400, 200 },
    [SIM_FAULT_DELAY] = { 500, 150 },     [SIM_FAULT_CUT] = { 300, 10 },       [SIM_FAULT_ROUTER] = { 300, 60 },
    [SIM_FAULT_CRASH_BEFORE] = { 300, 5 }, [SIM_FAULT_CRASH_AFTER] = { 400, 5 }, [SIM_FAULT_CRASH_SENT] = { 300, 5 },
    [SIM_FAULT_KEPT] = { 300, 20 },       [SIM_FAULT_LOST] = { 300, 20 },      [SIM_FAULT_FULL] = { 250, 10 },
    [SIM_FAULT_SHORT] = { 200, 1000 },    [SIM_FAULT_CONFLICT] = { 300, 25 },  [SIM_FAULT_STEP] = { 250, 1000 },
    [SIM_FAULT_DRIFT] = { 250, 1000 },    [SIM_FAULT_FREEZE] = { 200, 1000 },  [SIM_FAULT_JUMP] = { 200, 1000 },
    [SIM_FAULT_LATE] = { 400, 40 },       [SIM_FAULT_SILENT] = { 150, 1000 },  [SIM_FAULT_MALFORMED] = { 300, 300 },
    [SIM_FAULT_OVERSIZED] = { 250, 100 },  [SIM_FAULT_OLD] = { 250, 100 },      [SIM_FAULT_FORGE] = { 400, 400 },
    [SIM_FAULT_RECONNECT] = { 300, 400 }, [SIM_FAULT_TWIN] = { 300, 1000 },    [SIM_FAULT_RETRY] = { 500, 150 },
    [SIM_FAULT_REFUSE] = { 300, 40 },     [SIM_FAULT_NORMS] = { 250, 1000 },   [SIM_FAULT_REVOKE] = { 200, 1000 },
    [SIM_FAULT_ROTATE] = { 200, 1000 },   [SIM_FAULT_PERMIT] = { 200, 1000 },  [SIM_FAULT_NOISE] = { 350, 1000 },
    [SIM_FAULT_LARGE] = { 250, 60 },      [SIM_FAULT_ASK] = { 400, 600 },     [SIM_FAULT_DRAIN] = { 250, 3 },
    [SIM_FAULT_YEARS] = { 60, 1000 },     [SIM_FAULT_BACK] = { 150, 1000 },    [SIM_FAULT_LEAP] = { 120, 1000 },
};

const char *sim_fault_name(enum sim_fault fault)
{
    return names[fault];
}

bool sim_is_on(const struct sim *sim, enum sim_fault fault)
{
    return sim->rate[fault] > 0;
}

bool sim_fails(struct sim *sim, enum sim_fault fault)
{
    return !sim->healing && sim->rate[fault] > 0 && sch_prng_chance(&sim->chance[fault], sim->rate[fault]);
}

uint64_t sim_below(struct sim *sim, enum sim_fault fault, uint64_t limit)
{
    return sch_prng_below(&sim->chance[fault], limit);
}

bool sim_clock_is_right(const struct sim *sim)
{
    static const enum sim_fault timely[] = { SIM_FAULT_STEP, SIM_FAULT_DRIFT, SIM_FAULT_FREEZE, SIM_FAULT_JUMP,
                                             SIM_FAULT_BACK, SIM_FAULT_LEAP };
    bool right = true;

    for (size_t i = 0; i < sizeof timely / sizeof timely[0]; i++)
        right = right && !sim_is_on(sim, timely[i]);
    return right;
}

/* All rates are drawn, whatever is allowed, so that what is left on goes on as it did. */
void sim_faults_draw(struct sim *sim, uint64_t allowed)
{
    for (int i = 0; i < SIM_FAULTS; i++) {
        bool on = sch_prng_chance(&sim->prng, likely[i].on);
        unsigned rate = 1 + (unsigned)sch_prng_below(&sim->prng, likely[i].most);

        sim->rate[i] = on && (allowed >> i & 1) != 0 ? rate : 0;
        sim->chance[i].state = sch_prng_next(&sim->prng);
    }
}

static int64_t fault_later(struct sim *sim, enum sim_fault fault, int64_t span_ms)
{
    return sim->now_ms + 1 + (int64_t)sim_below(sim, fault, (uint64_t)span_ms);
}

static void again(struct sim *sim, enum sim_event_type type, enum sim_fault fault, int64_t span_ms, int64_t number)
{
    if (!sim->healing && sim_is_on(sim, fault))
        sim_schedule(sim, (struct sim_event){ .at_ms = fault_later(sim, fault, span_ms), .type = type,
                                              .number = number });
}

void sim_faults_begin(struct sim *sim)
{
    static const enum sim_fault timely[] = { SIM_FAULT_STEP, SIM_FAULT_FREEZE, SIM_FAULT_JUMP, SIM_FAULT_BACK,
                                             SIM_FAULT_LEAP };
    static const enum sim_fault told[] = { SIM_FAULT_NORMS, SIM_FAULT_PERMIT, SIM_FAULT_ROTATE, SIM_FAULT_REVOKE };

    for (size_t i = 0; i < sizeof timely / sizeof timely[0]; i++)
        again(sim, SIM_TIME, timely[i], 20 * SIM_DAY_MS, timely[i]);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        again(sim, SIM_RELOAD, told[i], 20 * SIM_DAY_MS, SIM_BOOK_NORMS + (int64_t)i);
    again(sim, SIM_ROOM, SIM_FAULT_SHORT, 20 * SIM_DAY_MS, 0);
    again(sim, SIM_NOISE, SIM_FAULT_NOISE, SIM_HOUR_MS, 0);
    if (sim_is_on(sim, SIM_FAULT_DRIFT))
        sim->drift_ppm = (int64_t)sim_below(sim, SIM_FAULT_DRIFT, 400) - 200;
}

/* ---- the network -------------------------------------------------------------------------------- */

static bool is_lost(struct sim *sim, struct sim_system *system, int way)
{
    if (sim->healing)
        return false;
    if (sim_fails(sim, SIM_FAULT_CUT))
        system->cut_ms[sim_below(sim, SIM_FAULT_CUT, 2)] = fault_later(sim, SIM_FAULT_CUT, 6 * SIM_HOUR_MS);
    return sim->now_ms < system->cut_ms[way] || sim_fails(sim, SIM_FAULT_DROP) ||
           (way == 1 && sim_fails(sim, SIM_FAULT_ROUTER));
}

/* Puts bytes on the way, unless chance takes them; perhaps twice, perhaps late, perhaps before those sent earlier. */
void sim_network(struct sim *sim, enum sim_event_type way, int index, struct sch_bytes bytes, size_t body_size,
                 size_t frames)
{
    struct sim_system *system = &sim->system[index];
    int side = way == SIM_TO_SYSTEM, copies = 1;

    if (is_lost(sim, system, side)) {
        sim->lost++;
        return;
    }
    if (sim_fails(sim, SIM_FAULT_TWICE)) {
        sim->doubled++;
        copies = 2;
    }
    while (copies-- > 0) {
        int64_t at_ms = sim_later(sim, 20);
        uint8_t *copy = malloc(bytes.len + 1);

        assert(copy != NULL);
        memcpy(copy, bytes.ptr, bytes.len);
        if (sim_fails(sim, SIM_FAULT_DELAY))
            at_ms = fault_later(sim, SIM_FAULT_DELAY, 90000);
        if (sim_fails(sim, SIM_FAULT_REORDER))
            at_ms += (int64_t)sim_below(sim, SIM_FAULT_REORDER, 3000);
        else if (at_ms <= system->busy_ms[side])
            at_ms = system->busy_ms[side];
        if (at_ms > system->busy_ms[side])
            system->busy_ms[side] = at_ms;
        sim_schedule(sim, (struct sim_event){ .at_ms = at_ms, .type = way, .system = index, .peer = system->peer,
                                              .bytes = copy, .size = bytes.len, .body_size = body_size,
                                              .frames = frames });
    }
}

/* ---- time --------------------------------------------------------------------------------------- */

/* The broker's civil clock, set by so much. */
static void set_clock(struct sim *sim, int64_t delta_ms)
{
    sch_clock_sim_jump(sim->clock, delta_ms);
    sim->offset_ms += delta_ms;
}

void sim_pass(struct sim *sim, int64_t until_ms)
{
    int64_t span_ms = until_ms - sim->now_ms;

    if (span_ms <= 0)
        return;
    sch_clock_sim_advance(sim->clock, span_ms);
    if (sim->now_ms < sim->frozen_ms)
        set_clock(sim, -(sim->frozen_ms < until_ms ? sim->frozen_ms - sim->now_ms : span_ms));
    if (!sim->healing && sim->drift_ppm != 0) {
        sim->drift_left += span_ms * sim->drift_ppm;
        if (sim->drift_left / 1000000 != 0)
            set_clock(sim, sim->drift_left / 1000000);
        sim->drift_left %= 1000000;
    }
    sim->now_ms = until_ms;
}

/* Far away from true time; whoever meets a clock that is far away already sets it right. */
static void set_far(struct sim *sim, enum sim_fault fault)
{
    int64_t delta_ms = -sim->offset_ms;

    if (sim->offset_ms < 5 * SIM_DAY_MS && sim->offset_ms > -5 * SIM_DAY_MS)
        delta_ms = fault == SIM_FAULT_LEAP ? (25 + (int64_t)sim_below(sim, fault, 11)) * SIM_DAY_MS
                                           : -SIM_HOUR_MS - (int64_t)sim_below(sim, fault, 10 * SIM_DAY_MS);
    set_clock(sim, delta_ms);
    if (sim_below(sim, fault, 2) == 0)
        sim_broker_die(sim, "while its clock is set");
}

void sim_time(struct sim *sim, const struct sim_event *event)
{
    enum sim_fault fault = (enum sim_fault)event->number;
    int64_t sign = sim_below(sim, fault, 2) == 0 ? 1 : -1;

    if (fault == SIM_FAULT_STEP)
        set_clock(sim, sign * (int64_t)sim_below(sim, fault, 50 * 60000));
    else if (fault == SIM_FAULT_FREEZE)
        sim->frozen_ms = fault_later(sim, fault, 50 * 60000);
    else if (fault == SIM_FAULT_JUMP)
        set_clock(sim, 2 * SIM_HOUR_MS + (int64_t)sim_below(sim, fault, 5 * SIM_DAY_MS));
    else
        set_far(sim, fault);
    sim_trace(sim, "the clock is %lld ms ahead", (long long)sim->offset_ms);
    again(sim, SIM_TIME, fault, 30 * SIM_DAY_MS, event->number);
}

/* An operator looks: he sets the clock right, or says that it is. */
void sim_confirm(struct sim *sim)
{
    sim->confirming = false;
    if (!sch_turn_is_held(sim->turn))
        return;
    if (sim->healing || sch_prng_chance(&sim->prng, 600))
        set_clock(sim, -sim->offset_ms);
    sch_turn_confirm_time(sim->turn);
    sim_trace(sim, "an operator confirms the time");
}

int64_t sim_broker_ms(const struct sim *sim)
{
    int64_t civil_ms = sch_clock_civil_ms(sim->clock);

    return civil_ms > sim->believed_ms && !sch_turn_is_held(sim->turn) ? civil_ms : sim->believed_ms;
}

void sim_faults_end(struct sim *sim)
{
    struct sim_event plain = { .number = SIM_BOOK_PLAIN };

    sim->healing = true;
    sim->frozen_ms = 0;
    set_clock(sim, -sim->offset_ms);
    if (sch_turn_is_held(sim->turn))
        sch_turn_confirm_time(sim->turn);
    sch_store_sim_limit(sim->store, UINT64_MAX);
    sim_reload(sim, &plain);
    for (int i = 0; i < SIM_SYSTEMS; i++)
        if (sim->system[i].peer < 0)
            sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1 + i, .type = SIM_CONNECT, .system = i });
}

/* ---- room and reloads --------------------------------------------------------------------------- */

void sim_room(struct sim *sim)
{
    struct sch_store_sim_counters counters;
    bool narrow = !sim->healing && sim_below(sim, SIM_FAULT_SHORT, 2) == 0;

    sch_store_sim_counters(sim->store, &counters);
    sch_store_sim_limit(sim->store, narrow ? counters.bytes + sim_below(sim, SIM_FAULT_SHORT, 300000) : UINT64_MAX);
    sim_trace(sim, narrow ? "the store is short of room" : "the store has room");
    again(sim, SIM_ROOM, SIM_FAULT_SHORT, narrow ? SIM_DAY_MS : 20 * SIM_DAY_MS, 0);
}

void sim_reload(struct sim *sim, const struct sim_event *event)
{
    int book = (int)event->number;

    if (book == SIM_BOOK_REVOKED)
        book += (int)sim_below(sim, SIM_FAULT_REVOKE, SIM_BOOKS - SIM_BOOK_REVOKED);
    if (sim->book != SIM_BOOK_PLAIN)
        book = SIM_BOOK_PLAIN;
    sim->book = book;
    sch_turn_reload(sim->turn, sim_book(book));
    if (sim->reload_count < SIM_RELOADS_MAX) {
        sim->reload[sim->reload_count].at_ms = sim_broker_ms(sim);
        sim->reload[sim->reload_count++].book = book;
    }
    sim_trace(sim, "reload: book %d", book);
    if (book == SIM_BOOK_PERMITS && !sim->healing)
        sim_liberty(sim);
    if (event->type == SIM_RELOAD && !sim->healing)
        sim_schedule(sim, (struct sim_event){ .at_ms = sim_later(sim, book == SIM_BOOK_PLAIN ? 30 * SIM_DAY_MS
                                                                                              : 6 * SIM_DAY_MS),
                                              .type = SIM_RELOAD, .number = event->number });
}
