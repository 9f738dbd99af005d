/*
 * sim.c: seeds, and what became of them.
 *
 *   sim [--seed N] [--count N] [--seeds FILE] [--commit ID] [--cells] [--check] [--trace] [--until EVENT]
 *
 * The first line names the seeds and the commit; the last but one is "sim: N seeds, T turns, V violations, U cells
 * unreached, trace HASH", the last "N passed, N failed". A failing seed is named with the command that runs it
 * again, and added to FILE, whose seeds run before all others. --check runs each seed twice and compares;
 * --trace prints what happens; --until stops after so many events. Cells of the state table that no turn reached
 * count as failures from 10,000 seeds on.
 */
#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "id.h"
#include "shell/log.h"
#include "world.h"

#define START_MS INT64_C(1772409600000) /* 2026-03-02T00:00:00Z: summer time begins within the run */
#define LONG_START_MS INT64_C(1740960000000)    /* 2025-03-03 */
#define LIFE_DAYS 75
#define LONG_LIFE_DAYS 900              /* what closes in the first weeks is deleted before its end */
#define HEAL_DAYS 45
#define CELLS_COUNT_FROM 10000
#define LISTED_MAX 4096

struct options {
    uint64_t seed, count, until;
    const char *listed, *commit;
    bool cells, check, verbose;
};

/* What all seeds came to. */
struct sums {
    uint64_t seeds, failed, turns, crashes, lost, doubled, resent, duplicates, redelivered, messages, receipted;
    uint64_t alerts, forged, asked, purged, parts, silences, days, hash;
    uint64_t rejected[4096], on[SIM_FAULTS];
};

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

/* ---- one seed ----------------------------------------------------------------------------------- */

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

static void run_phase(struct sim *sim, int64_t until_ms)
{
    while (sim->event_count > 0 && sim->event[0].at_ms < until_ms && sim->violations == 0 &&
           (sim->until == 0 || sim->performed < sim->until)) {
        struct sim_event event = sim_next(sim);

        sim_broker_until(sim, event.at_ms > sim->now_ms ? event.at_ms : sim->now_ms);
        perform(sim, &event);
    }
    if (sim->until == 0 || sim->performed < sim->until)
        sim_broker_until(sim, until_ms > sim->now_ms ? until_ms : sim->now_ms);
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
    for (size_t i = 0; i < sim->message_count; i++)
        free(sim->message[i].command);
    free(sim->event);
    free(sim->message);
    free(sim->dossier);
}

/* One life: faults, then none until everything had time to end. */
static void run_seed(struct sim *sim, uint64_t seed, uint64_t until)
{
    int code;

    memset(sim, 0, sizeof *sim);
    sim->prng.state = seed;
    sim->until = until;
    sim->hash = UINT64_C(1469598103934665603);
    sim->event = calloc(SIM_EVENTS_MAX, sizeof *sim->event);
    sim->message = calloc(SIM_MESSAGES_MAX, sizeof *sim->message);
    sim->dossier = calloc(SIM_DOSSIERS_MAX, sizeof *sim->dossier);
    code = sch_arena_init(&sim->arena, SCH_ARENA_REPLY_SIZE);
    assert(sim->event != NULL && sim->message != NULL && sim->dossier != NULL && code == SCH_OK);
    sim_faults_draw(sim);
    sim->start_ms = sim->now_ms = sim_is_on(sim, SIM_FAULT_YEARS) ? LONG_START_MS : START_MS;
    sim->end_ms = sim->start_ms + (sim_is_on(sim, SIM_FAULT_YEARS) ? LONG_LIFE_DAYS : LIFE_DAYS) * SIM_DAY_MS;
    sim->last_civil_ms = sim->start_ms;
    sim->net = sch_net_sim_new();
    sim->store = sch_store_sim_new();
    sim->clock = sch_clock_sim_new(sim->start_ms);
    sim_systems_init(sim);
    sim_broker_start(sim);
    sim_schedule(sim, (struct sim_event){ .at_ms = sim->now_ms + 1000, .type = SIM_OPEN });
    sim_faults_begin(sim);
    run_phase(sim, sim->end_ms);
    sim_faults_end(sim);
    run_phase(sim, sim->end_ms + HEAL_DAYS * SIM_DAY_MS);
    if (sim->violations == 0 && (until == 0 || sim->performed < until))
        sim_oracle_end(sim);
}

/* ---- all of them -------------------------------------------------------------------------------- */

static void count(struct sums *sums, const struct sim *sim)
{
    sums->seeds++;
    sums->failed += sim->violations > 0;
    sums->turns += sim->turns;
    sums->crashes += sim->crashes;
    sums->lost += sim->lost;
    sums->doubled += sim->doubled;
    sums->resent += sim->resent;
    sums->duplicates += sim->duplicates;
    sums->redelivered += sim->redelivered;
    sums->messages += sim->message_count;
    sums->alerts += sim->alerts;
    sums->forged += sim->forged;
    sums->asked += sim->asked;
    sums->purged += sim->purged;
    sums->parts += sim->parts;
    sums->silences += sim->silences;
    sums->days += (uint64_t)((sim->now_ms - sim->start_ms) / SIM_DAY_MS);
    sums->hash = (sums->hash ^ sim->hash) * UINT64_C(1099511628211);
    for (size_t i = 0; i < sim->message_count; i++) {
        sums->receipted += sim->message[i].receipted;
        if (sim->message[i].rejected)
            sums->rejected[sim->message[i].code % 4096]++;
    }
    for (int i = 0; i < SIM_FAULTS; i++)
        sums->on[i] += sim->rate[i] > 0;
}

static void print_faults(const struct sim *sim, uint64_t seed)
{
    printf("seed %llu:", (unsigned long long)seed);
    for (int i = 0; i < SIM_FAULTS; i++)
        if (sim->rate[i] > 0)
            printf(" %s", sim_fault_name((enum sim_fault)i));
    putchar('\n');
}

static void print_sums(const struct sums *sums, double seconds, const struct options *options)
{
    printf("sim: %llu messages, %llu receipted, %llu forged, %llu parts, %llu queries, %llu alerts, %llu silences "
           "listed, %llu dossiers deleted\n",
           (unsigned long long)sums->messages, (unsigned long long)sums->receipted, (unsigned long long)sums->forged,
           (unsigned long long)sums->parts, (unsigned long long)sums->asked, (unsigned long long)sums->alerts,
           (unsigned long long)sums->silences, (unsigned long long)sums->purged);
    printf("sim: %llu crashes, %llu lost, %llu doubled, %llu resent, %llu duplicate receipts, %llu settled again\n",
           (unsigned long long)sums->crashes, (unsigned long long)sums->lost, (unsigned long long)sums->doubled,
           (unsigned long long)sums->resent, (unsigned long long)sums->duplicates,
           (unsigned long long)sums->redelivered);
    printf("sim: seeds with");
    for (int i = 0; i < SIM_FAULTS; i++)
        printf(" %s %llu%s", sim_fault_name((enum sim_fault)i), (unsigned long long)sums->on[i],
               i + 1 < SIM_FAULTS ? "," : "\n");
    printf("sim: rejected");
    for (int i = 0; i < 4096; i++)
        if (sums->rejected[i] > 0)
            printf(" %s %llu", sch_error_name((enum sch_error_code)i), (unsigned long long)sums->rejected[i]);
    putchar('\n');
    printf("sim: %.1f virtual years, %.0f seeds per minute\n", (double)sums->days / 365.25,
           seconds > 0 ? 60 * (double)sums->seeds / seconds : 0.0);
    (void)options;
}

static void keep_seed(const struct options *options, uint64_t seed)
{
    FILE *file = options->listed != NULL ? fopen(options->listed, "a") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%llu\n", (unsigned long long)seed);
    fclose(file);
}

static void run_one(struct sim *sim, uint64_t seed, const struct options *options, struct sums *sums, bool listed)
{
    run_seed(sim, seed, options->until);
    if (options->check) {
        uint64_t hash = sim->hash;

        close_sim(sim);
        run_seed(sim, seed, options->until);
        if (sim->hash != hash)
            sim_violation(sim, "the same seed went another way");
    }
    if (options->verbose || sim->violations > 0)
        print_faults(sim, seed);
    if (sim->violations > 0) {
        printf("seed %llu: %s (%u in all; event %llu)\n  rerun: make sim SEED=%llu N=1\n", (unsigned long long)seed,
               sim->first_violation, sim->violations, (unsigned long long)sim->performed, (unsigned long long)seed);
        if (!listed)
            keep_seed(options, seed);
    }
    if (options->verbose)
        printf("seed %llu: %llu turns, %zu dossiers, %zu messages, %llu crashes, trace %016llx\n",
               (unsigned long long)seed, (unsigned long long)sim->turns, sim->dossier_count, sim->message_count,
               (unsigned long long)sim->crashes, (unsigned long long)sim->hash);
    fflush(stdout);
    count(sums, sim);
    close_sim(sim);
}

/* Seeds that failed once; lines that are no number are comments. */
static size_t read_listed(const char *path, uint64_t seed[LISTED_MAX])
{
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    char line[256];
    size_t found = 0;

    if (file == NULL)
        return 0;
    while (found < LISTED_MAX && fgets(line, sizeof line, file) != NULL) {
        char *end;
        uint64_t value = strtoull(line, &end, 10);

        if (end != line)
            seed[found++] = value;
    }
    fclose(file);
    return found;
}

static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = { { "seed", required_argument, NULL, 's' },
                                           { "count", required_argument, NULL, 'n' },
                                           { "seeds", required_argument, NULL, 'l' },
                                           { "commit", required_argument, NULL, 'g' },
                                           { "until", required_argument, NULL, 'u' },
                                           { "cells", no_argument, NULL, 'c' },
                                           { "check", no_argument, NULL, 'k' },
                                           { "trace", no_argument, NULL, 't' },
                                           { "verbose", no_argument, NULL, 'v' },
                                           { NULL, 0, NULL, 0 } };
    int option;

    while ((option = getopt_long(argc, argv, "s:n:v", known, NULL)) != -1)
        switch (option) {
        case 's': options->seed = strtoull(optarg, NULL, 10); break;
        case 'n': options->count = strtoull(optarg, NULL, 10); break;
        case 'l': options->listed = optarg; break;
        case 'g': options->commit = optarg; break;
        case 'u': options->until = strtoull(optarg, NULL, 10); break;
        case 'c': options->cells = true; break;
        case 'k': options->check = true; break;
        case 't': sim_tracing = true; break;
        case 'v': options->verbose = true; break;
        default: return false;
        }
    return optind == argc;
}

int main(int argc, char **argv)
{
    static struct sim sim;
    static struct sums sums;
    static uint64_t listed[LISTED_MAX];
    struct options options = { .seed = 1, .count = 200, .commit = "unknown" };
    struct timespec from, to;
    size_t listed_count;
    unsigned unreached;
    bool failed;

    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: sim [--seed N] [--count N] [--seeds FILE] [--commit ID] [--cells] [--check] [--trace] "
                        "[--until EVENT] [--verbose]\n");
        return 2;
    }
    printf("sim: seeds %llu to %llu, commit %s\n", (unsigned long long)options.seed,
           (unsigned long long)(options.seed + options.count - 1), options.commit);
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    if (!sim_tracing && freopen("/dev/null", "w", stderr) == NULL)
        return 1;                       /* the faults of a simulation make the broker complain, rightly */
    sim_books_open();
    clock_gettime(CLOCK_MONOTONIC, &from);
    listed_count = read_listed(options.listed, listed);
    for (size_t i = 0; i < listed_count; i++)
        run_one(&sim, listed[i], &options, &sums, true);
    for (uint64_t seed = options.seed; seed < options.seed + options.count; seed++)
        run_one(&sim, seed, &options, &sums, false);
    clock_gettime(CLOCK_MONOTONIC, &to);
    sim_books_close();
    print_sums(&sums, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9, &options);
    unreached = sim_cells_unreached(options.cells || sums.seeds >= CELLS_COUNT_FROM);
    failed = sums.failed > 0 || (sums.seeds >= CELLS_COUNT_FROM && unreached > 0);
    printf("%llu passed, %llu failed\n", (unsigned long long)(sums.seeds - sums.failed),
           (unsigned long long)sums.failed);
    printf("sim: %llu seeds, %llu turns, %llu violations, %u cells unreached, trace %016llx\n",
           (unsigned long long)sums.seeds, (unsigned long long)sums.turns, (unsigned long long)sums.failed, unreached,
           (unsigned long long)sums.hash);
    return failed ? 1 : 0;
}
