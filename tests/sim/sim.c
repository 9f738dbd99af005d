/*
 * sim.c: seeds, faults, the event queue and the broker's life and deaths.
 *
 *   sim [--seed N] [--count N] [--verbose]
 *
 * The first line names the seed and the count; the last is "sim: N seeds, T turns, V violations, trace HASH" and
 * then "N passed, N failed". A failing seed is named with the command that runs it again.
 */
#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "region_sim.h"
#include "shell/log.h"
#include "world.h"

#define START_MS INT64_C(1772409600000) /* 2026-03-02T00:00:00Z: summer time begins within the run */
#define LIFE_DAYS 75
#define HEAL_DAYS 45
#define STORE_LOOK_TURNS 500

static struct sch_book *book;           /* the same region for every seed */

void sim_violation(struct sim *sim, const char *format, ...)
{
    va_list arguments;

    if (sim->violations++ > 0)
        return;
    va_start(arguments, format);
    vsnprintf(sim->first_violation, sizeof sim->first_violation, format, arguments);
    va_end(arguments);
}

/* ---- the event queue ---------------------------------------------------------------------------- */

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

static struct sim_event next_event(struct sim *sim)
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

/* ---- the broker --------------------------------------------------------------------------------- */

static void start_broker(struct sim *sim)
{
    struct sch_turn_options options = { .net = sim->net, .store = sim->store, .clock = sim->clock, .book = sim->book,
                                        .metrics = &sim->metrics, .e1_hold_ms = 15 * 60000 };
    sch_error error = SCH_ERROR_INIT;

    memset(&sim->metrics, 0, sizeof sim->metrics);
    if (sch_turn_open(&sim->turn, &options, &error) != SCH_OK) {
        fprintf(stderr, "sim: the broker does not start: %s %s\n", error.name, error.text);
        abort();
    }
}

/* The process dies: connections and everything volatile go; the store stays. */
static void crash(struct sim *sim)
{
    sim->crashes++;
    sch_turn_close(sim->turn);
    sch_net_sim_disconnect_all(sim->net);
    for (int i = 0; i < SIM_SYSTEMS; i++)
        if (sim->system[i].peer >= 0)
            sim_system_leave(sim, i);
    for (size_t i = 0; i < sim->message_count; i++)
        memset(sim->message[i].seen, 0, sizeof sim->message[i].seen);
    start_broker(sim);
}

/* What the turn sent goes on its way to the systems. */
static void collect_sent(struct sim *sim)
{
    for (int i = 0; i < SIM_SYSTEMS; i++) {
        struct sch_net_sim_message message;

        while (sim->system[i].peer >= 0 && sch_net_sim_is_connected(sim->net, (size_t)sim->system[i].peer) &&
               sch_net_sim_take(sim->net, (size_t)sim->system[i].peer, &message)) {
            for (size_t k = 0; k < message.reply.len; k++)
                sim->hash = (sim->hash ^ message.reply.ptr[k]) * UINT64_C(1099511628211);
            sim_oracle_sent(sim, i, message.reply);
            sim_network(sim, SIM_TO_SYSTEM, i, message.reply, message.body.len);
            sch_net_sim_drop(&message);
        }
    }
}

static void turn(struct sim *sim)
{
    sch_error error = SCH_ERROR_INIT;
    bool dies = !sim->healing && sch_prng_chance(&sim->prng, sim->faults.crash);

    if (!sim->healing && sch_prng_chance(&sim->prng, sim->faults.unknown))
        sch_store_sim_fail(sim->store,
                           sch_prng_chance(&sim->prng, 500) ? SCH_SIM_UNKNOWN_KEPT : SCH_SIM_UNKNOWN_LOST, 0);
    else if (!sim->healing && sch_prng_chance(&sim->prng, sim->faults.conflict))
        sch_store_sim_fail(sim->store, sch_prng_chance(&sim->prng, 800) ? SCH_SIM_CONFLICT : SCH_SIM_FULL, 0);
    do {                                /* until it says how long it would sleep */
        if (sch_turn_run(sim->turn, -1, &error) != SCH_OK) {
            sim_violation(sim, "the turn gave up: %s %s", error.name, error.text);
            return;
        }
        sim->turns++;
    } while (sch_net_sim_inbound_count(sim->net) > 0 || sch_net_sim_last_wait_ms(sim->net) == 0);
    sch_store_sim_fail(sim->store, SCH_SIM_NONE, 0);
    if (!dies || sch_prng_chance(&sim->prng, 500))
        collect_sent(sim);              /* a death between commit and send loses what was not sent */
    if (dies)
        crash(sim);
    if (sim->turns % STORE_LOOK_TURNS == 0)
        sim_oracle_store(sim);
}

/* Runs turns until the next event of the world, whenever something falls due. */
static void run_until(struct sim *sim, int64_t at_ms)
{
    for (;;) {
        int64_t wait_ms = sch_net_sim_last_wait_ms(sim->net);
        int64_t wake_ms = wait_ms <= 0 ? sim->now_ms + 1 : sim->now_ms + wait_ms;

        if (wait_ms < 0 || wake_ms >= at_ms)
            break;
        sch_clock_sim_until(sim->clock, wake_ms);
        sim->now_ms = wake_ms;
        turn(sim);
    }
    sch_clock_sim_until(sim->clock, at_ms);
    sim->now_ms = at_ms;
}

static void perform(struct sim *sim, struct sim_event *event)
{
    static const uint8_t body[SCH_CREDIT_MESSAGES_MAX * 8];

    switch (event->type) {
    case SIM_TO_BROKER:
        assert(event->body_size <= sizeof body);
        if (event->peer >= 0 && sch_net_sim_is_connected(sim->net, (size_t)event->peer))
            sch_net_sim_put(sim->net, (size_t)event->peer, (struct sch_bytes){ event->bytes, event->size },
                            (struct sch_bytes){ body, event->body_size });
        break;
    case SIM_TO_SYSTEM: sim_system_receive(sim, event); break;
    case SIM_CONNECT: sim_system_connect(sim, event->system); break;
    case SIM_LEAVE:
        if (event->peer == sim->system[event->system].peer)
            sim_system_leave(sim, event->system);
        break;
    case SIM_REFER:
        sim_refer(sim, (int)sch_prng_below(&sim->prng, 2), NULL);
        if (!sim->healing)
            sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1 + (int64_t)sch_prng_below(
                                                               &sim->prng, 2 * 86400000), .type = SIM_REFER });
        break;
    case SIM_ACT: sim_act(sim, event); break;
    case SIM_CRASH: crash(sim); break;
    case SIM_WAKE: break;
    }
    free(event->bytes);
    turn(sim);
}

static void run_phase(struct sim *sim, int64_t until_ms)
{
    while (sim->event_count > 0 && sim->event[0].at_ms < until_ms && sim->violations == 0) {
        struct sim_event event = next_event(sim);

        run_until(sim, event.at_ms > sim->now_ms ? event.at_ms : sim->now_ms);
        perform(sim, &event);
    }
    run_until(sim, until_ms > sim->now_ms ? until_ms : sim->now_ms);
}

static void draw_faults(struct sim *sim)
{
    struct sch_prng *prng = &sim->prng;
    struct sim_faults *faults = &sim->faults;

    faults->drop = sch_prng_chance(prng, 600) ? (unsigned)sch_prng_below(prng, 150) : 0;
    faults->twice = sch_prng_chance(prng, 600) ? (unsigned)sch_prng_below(prng, 150) : 0;
    faults->delay = sch_prng_chance(prng, 600) ? (unsigned)sch_prng_below(prng, 200) : 0;
    faults->crash = sch_prng_chance(prng, 600) ? 1 + (unsigned)sch_prng_below(prng, 10) : 0;
    faults->unknown = sch_prng_chance(prng, 500) ? (unsigned)sch_prng_below(prng, 30) : 0;
    faults->conflict = sch_prng_chance(prng, 500) ? (unsigned)sch_prng_below(prng, 30) : 0;
    faults->lazy = sch_prng_chance(prng, 500) ? (unsigned)sch_prng_below(prng, 20) : 0;
}

static void close_sim(struct sim *sim)
{
    while (sim->event_count > 0)
        free(sim->event[--sim->event_count].bytes);
    sch_turn_close(sim->turn);
    sch_net_sim_free(sim->net);
    sch_store_sim_free(sim->store);
    sch_clock_sim_free(sim->clock);
    sch_arena_close(&sim->arena);
    free(sim->event);
    free(sim->message);
}

/* One life: faults, then none until everything had time to end. */
static void run_seed(struct sim *sim, uint64_t seed)
{
    int code;

    memset(sim, 0, sizeof *sim);
    sim->prng.state = seed;
    sim->hash = UINT64_C(1469598103934665603);
    sim->book = book;
    sim->event = calloc(SIM_EVENTS_MAX, sizeof *sim->event);
    sim->message = calloc(SIM_MESSAGES_MAX, sizeof *sim->message);
    code = sch_arena_init(&sim->arena, 4u << 20);
    assert(sim->event != NULL && sim->message != NULL && code == SCH_OK);
    sim->net = sch_net_sim_new();
    sim->store = sch_store_sim_new();
    sim->clock = sch_clock_sim_new(START_MS);
    sim->now_ms = START_MS;
    sim->end_ms = START_MS + LIFE_DAYS * SIM_DAY_MS;
    draw_faults(sim);
    sim_systems_init(sim);
    start_broker(sim);
    for (int i = 0; i < SIM_SYSTEMS; i++)
        sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1 + i, .type = SIM_CONNECT, .system = i });
    sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1000, .type = SIM_REFER });
    run_phase(sim, sim->end_ms);
    sim->healing = true;
    run_phase(sim, sim->end_ms + HEAL_DAYS * SIM_DAY_MS);
    if (sim->violations == 0)
        sim_oracle_end(sim);
}

static uint64_t count_rejected(const struct sim *sim, bool verbose)
{
    uint64_t count = 0;

    for (size_t i = 0; i < sim->message_count; i++) {
        const struct sim_message *message = &sim->message[i];

        count += message->rejected;
        if (message->rejected && verbose)
            printf("  kind %d rejected: %s\n", (int)message->header.kind,
                   sch_error_name((enum sch_error_code)message->code));
    }
    return count;
}

static bool parse(int argc, char **argv, uint64_t *seed, uint64_t *count, bool *verbose)
{
    static const struct option options[] = { { "seed", required_argument, NULL, 's' },
                                             { "count", required_argument, NULL, 'n' },
                                             { "verbose", no_argument, NULL, 'v' },
                                             { NULL, 0, NULL, 0 } };
    int option;

    while ((option = getopt_long(argc, argv, "s:n:v", options, NULL)) != -1) {
        if (option == 's')
            *seed = strtoull(optarg, NULL, 10);
        else if (option == 'n')
            *count = strtoull(optarg, NULL, 10);
        else if (option == 'v')
            *verbose = true;
        else
            return false;
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    static struct sim sim;
    uint64_t seed = 1, count = 200, failed = 0, turns = 0, crashes = 0, lost = 0, doubled = 0, resent = 0;
    uint64_t duplicates = 0, redelivered = 0, messages = 0, rejected = 0, alerts = 0, hash = 0;
    bool verbose = false;

    if (!parse(argc, argv, &seed, &count, &verbose)) {
        fprintf(stderr, "usage: sim [--seed N] [--count N] [--verbose]\n");
        return 2;
    }
    printf("sim: seeds %llu to %llu\n", (unsigned long long)seed, (unsigned long long)(seed + count - 1));
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    if (!verbose && freopen("/dev/null", "w", stderr) == NULL)
        return 1;                       /* the faults of a simulation make the broker complain, rightly */
    book = sch_region_sim_book();
    for (uint64_t i = seed; i < seed + count; i++) {
        run_seed(&sim, i);
        if (sim.violations > 0) {
            failed++;
            printf("seed %llu: %s (%u in all)\n  rerun: make sim SEED=%llu N=1\n", (unsigned long long)i,
                   sim.first_violation, sim.violations, (unsigned long long)i);
        }
        if (verbose)
            printf("seed %llu: %llu turns, %zu dossiers, %zu messages, %llu crashes, %llu lost, %llu resent, "
                   "trace %016llx\n",
                   (unsigned long long)i, (unsigned long long)sim.turns, sim.dossier_count, sim.message_count,
                   (unsigned long long)sim.crashes, (unsigned long long)sim.lost, (unsigned long long)sim.resent,
                   (unsigned long long)sim.hash);
        turns += sim.turns;
        crashes += sim.crashes;
        lost += sim.lost;
        doubled += sim.doubled;
        resent += sim.resent;
        duplicates += sim.duplicates;
        redelivered += sim.redelivered;
        messages += sim.message_count;
        rejected += count_rejected(&sim, verbose);
        alerts += sim.alerts;
        hash = (hash ^ sim.hash) * UINT64_C(1099511628211);
        close_sim(&sim);
    }
    printf("sim: %llu messages, %llu rejected, %llu alerts, %llu crashes, %llu lost, %llu doubled, %llu resent, "
           "%llu duplicate receipts, %llu settled again\n",
           (unsigned long long)messages, (unsigned long long)rejected, (unsigned long long)alerts,
           (unsigned long long)crashes, (unsigned long long)lost, (unsigned long long)doubled, (unsigned long long)resent,
           (unsigned long long)duplicates, (unsigned long long)redelivered);
    printf("sim: %llu seeds, %llu turns, %llu violations, trace %016llx\n", (unsigned long long)count,
           (unsigned long long)turns, (unsigned long long)failed, (unsigned long long)hash);
    printf("%llu passed, %llu failed\n", (unsigned long long)(count - failed), (unsigned long long)failed);
    return failed == 0 ? 0 : 1;
}
