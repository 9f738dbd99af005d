/*
 * sim.c: seeds, and what became of them.
 *
 *   sim [--seed N] [--count N] [--seeds FILE] [--commit ID] [--jobs N] [--cells] [--check] [--verbose]
 *       [--faults A,B,…|none] [--life EVENT] [--until EVENT] [--trace] [--shrink]
 *
 * The first line names the seeds and the commit; the last is "sim: N seeds, T turns, V violations, U cells
 * unreached, trace HASH". A failing seed is one line that names it, what was violated first, after how many events,
 * and which fault classes were on; it is added to FILE, whose seeds run before all others. --check runs each seed
 * twice and compares. Cells of the state table that no turn reached count as failures from 10,000 seeds on.
 * --jobs shares the seeds out among processes; the hash does not depend on how many.
 *
 * Of one seed: --faults leaves out all classes but these; --life ends the faults after so many events, --until
 * everything; --trace prints what happens; --shrink finds the least of the first two that still goes wrong.
 */
#include <assert.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "id.h"
#include "shell/log.h"
#include "world.h"

#define CELLS_COUNT_FROM 10000
#define LISTED_MAX 4096
#define JOBS_MAX 16

struct options {
    uint64_t seed, count, jobs;
    struct sim_limits limits;
    const char *listed, *commit;
    bool cells, check, shrink, verbose;
};

/* What all seeds came to. */
struct sums {
    uint64_t seeds, failed, turns, crashes, lost, doubled, resent, duplicates, redelivered, messages, receipted;
    uint64_t alerts, forged, asked, purged, parts, silences, days;
    uint64_t rejected[4096], on[SIM_FAULTS];
    struct sim_cells cells;
};

/* The seeds to run, the listed ones first, and the trace of each. */
struct plan {
    uint64_t *seed, *hash;
    size_t count, listed;
};

/* ---- one seed ----------------------------------------------------------------------------------- */

static uint64_t running;                /* the seed that is lived now */

/* An assertion of the broker: what asserted went to stderr, which --trace shows. */
static void on_abort(int number)
{
    (void)number;
    dprintf(STDOUT_FILENO, "seed %llu: the program aborted\n", (unsigned long long)running);
}

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
    for (size_t i = 0; i < sim->message_count; i++) {
        sums->receipted += sim->message[i].receipted;
        if (sim->message[i].rejected)
            sums->rejected[sim->message[i].code % 4096]++;
    }
    for (int i = 0; i < SIM_FAULTS; i++)
        sums->on[i] += sim->rate[i] > 0;
}

static void print_faults(const struct sim *sim)
{
    const char *between = "";

    for (int i = 0; i < SIM_FAULTS; i++)
        if (sim->rate[i] > 0) {
            printf("%s%s", between, sim_fault_name((enum sim_fault)i));
            between = ",";
        }
}

static void keep_seed(const struct options *options, uint64_t seed)
{
    FILE *file = options->listed != NULL ? fopen(options->listed, "a") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%llu\n", (unsigned long long)seed);
    fclose(file);
}

static void report(const struct sim *sim, uint64_t seed, const struct options *options)
{
    if (sim->violations > 0) {
        printf("seed %llu: %s (event %llu, %u violations; ", (unsigned long long)seed, sim->first_violation,
               (unsigned long long)sim->performed, sim->violations);
        print_faults(sim);
        puts(")");
    } else if (options->verbose) {
        printf("seed %llu: %llu events, %llu turns, %zu dossiers, %zu messages, %llu crashes, trace %016llx; ",
               (unsigned long long)seed, (unsigned long long)sim->performed, (unsigned long long)sim->turns,
               sim->dossier_count, sim->message_count, (unsigned long long)sim->crashes,
               (unsigned long long)sim->hash);
        print_faults(sim);
        putchar('\n');
    }
    fflush(stdout);
}

static void run_one(struct plan *plan, size_t index, const struct options *options, struct sums *sums)
{
    static struct sim sim;
    uint64_t seed = running = plan->seed[index];

    sim_life(&sim, seed, &options->limits);
    if (options->check) {
        uint64_t hash = sim.hash;

        sim_life_close(&sim);
        sim_life(&sim, seed, &options->limits);
        if (sim.hash != hash)
            sim_violation(&sim, "the same seed went another way");
    }
    report(&sim, seed, options);
    if (sim.violations > 0 && index >= plan->listed)
        keep_seed(options, seed);
    plan->hash[index] = sim.hash;
    count(sums, &sim);
    sim_life_close(&sim);
}

/* ---- all of them -------------------------------------------------------------------------------- */

/* Memory that the processes of a run share. */
static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert(memory != MAP_FAILED);
    return memory;
}

static void run_job(struct plan *plan, size_t first, size_t step, const struct options *options, struct sums *sums)
{
    for (size_t i = first; i < plan->count; i += step)
        run_one(plan, i, options, sums);
    sums->cells = sim_cells;
}

/* Each process takes every so-manieth seed. False when one of them did not end well. */
static bool run_all(struct plan *plan, const struct options *options, struct sums *sums)
{
    bool well = true;

    if (options->jobs <= 1) {
        run_job(plan, 0, 1, options, &sums[0]);
        return true;
    }
    fflush(stdout);
    for (size_t job = 0; job < options->jobs; job++) {
        pid_t child = fork();

        assert(child >= 0);
        if (child == 0) {
            run_job(plan, job, options->jobs, options, &sums[job]);
            _exit(0);
        }
    }
    for (size_t job = 0; job < options->jobs; job++) {
        int status;
        pid_t child = wait(&status);

        well = child > 0 && status == 0 && well;
    }
    return well;
}

/* All of these are counts, whichever they count. */
static void add_up(struct sums *sums, uint64_t jobs)
{
    uint64_t *to = (uint64_t *)&sums[0];

    for (uint64_t job = 1; job < jobs; job++) {
        const uint64_t *from = (const uint64_t *)&sums[job];

        for (size_t i = 0; i < sizeof *sums / sizeof *to; i++)
            to[i] += from[i];
    }
    sim_cells = sums[0].cells;
}

static void print_sums(const struct sums *sums, double seconds)
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

static void make_plan(struct plan *plan, const struct options *options)
{
    uint64_t listed[LISTED_MAX];

    plan->listed = read_listed(options->listed, listed);
    plan->count = plan->listed + options->count;
    plan->seed = shared((plan->count + 1) * sizeof *plan->seed);
    plan->hash = shared((plan->count + 1) * sizeof *plan->hash);
    memcpy(plan->seed, listed, plan->listed * sizeof listed[0]);
    for (uint64_t i = 0; i < options->count; i++)
        plan->seed[plan->listed + i] = options->seed + i;
}

/* Runs them, and prints what they came to. */
static bool run_plan(const struct options *options)
{
    struct sums *sums = shared(JOBS_MAX * sizeof *sums);
    struct plan plan = { NULL, NULL, 0, 0 };
    struct timespec from, to;
    uint64_t hash = 0;
    unsigned unreached;
    bool well;

    make_plan(&plan, options);
    clock_gettime(CLOCK_MONOTONIC, &from);
    well = run_all(&plan, options, sums);
    clock_gettime(CLOCK_MONOTONIC, &to);
    add_up(sums, options->jobs);
    for (size_t i = 0; i < plan.count; i++)
        hash = (hash ^ plan.hash[i]) * UINT64_C(1099511628211);
    print_sums(sums, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    unreached = sim_cells_unreached(options->cells || sums->seeds >= CELLS_COUNT_FROM);
    printf("%llu passed, %llu failed\n", (unsigned long long)(sums->seeds - sums->failed),
           (unsigned long long)sums->failed);
    printf("sim: %llu seeds, %llu turns, %llu violations, %u cells unreached, trace %016llx\n",
           (unsigned long long)sums->seeds, (unsigned long long)sums->turns, (unsigned long long)sums->failed, unreached,
           (unsigned long long)hash);
    return well && sums->failed == 0 && (sums->seeds < CELLS_COUNT_FROM || unreached == 0);
}

/* "drop,late": all classes but these; "none". */
static bool parse_faults(char *names, uint64_t *without)
{
    *without = ~UINT64_C(0);
    for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ",")) {
        int fault = 0;

        while (fault < SIM_FAULTS && strcmp(name, sim_fault_name((enum sim_fault)fault)) != 0)
            fault++;
        if (fault < SIM_FAULTS)
            *without &= ~(UINT64_C(1) << fault);
        else if (strcmp(name, "none") != 0)
            return false;
    }
    return true;
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        { "seed", required_argument, NULL, 's' },   { "count", required_argument, NULL, 'n' },
        { "seeds", required_argument, NULL, 'l' },  { "commit", required_argument, NULL, 'g' },
        { "jobs", required_argument, NULL, 'j' },   { "cells", no_argument, NULL, 'c' },
        { "check", no_argument, NULL, 'k' },        { "verbose", no_argument, NULL, 'v' },
        { "faults", required_argument, NULL, 'f' }, { "life", required_argument, NULL, 'e' },
        { "until", required_argument, NULL, 'u' },  { "trace", no_argument, NULL, 't' },
        { "shrink", no_argument, NULL, 'm' },       { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "s:n:j:v", known, NULL)) != -1)
        switch (option) {
        case 's': options->seed = number(optarg); break;
        case 'n': options->count = number(optarg); break;
        case 'l': options->listed = optarg; break;
        case 'g': options->commit = optarg; break;
        case 'j': options->jobs = number(optarg); break;
        case 'c': options->cells = true; break;
        case 'k': options->check = true; break;
        case 'v': options->verbose = true; break;
        case 'f':
            if (!parse_faults(optarg, &options->limits.without))
                return false;
            break;
        case 'e': options->limits.life = number(optarg); break;
        case 'u': options->limits.until = number(optarg); break;
        case 't': sim_tracing = true; break;
        case 'm': options->shrink = true; break;
        default: return false;
        }
    return optind == argc && options->jobs >= 1 && options->jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
    static struct sim sim;
    struct options options = { .seed = 1, .count = 200, .commit = "unknown", .jobs = 1 };
    bool well = true;

    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: sim [--seed N] [--count N] [--seeds FILE] [--commit ID] [--jobs N] [--cells] [--check] "
                        "[--verbose] [--faults A,B,…|none] [--life EVENT] [--until EVENT] [--trace] [--shrink]\n");
        return 2;
    }
    printf("sim: seeds %llu to %llu, commit %s\n", (unsigned long long)options.seed,
           (unsigned long long)(options.seed + options.count - 1), options.commit);
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    if (!sim_tracing && freopen("/dev/null", "w", stderr) == NULL)
        return 1;                       /* the faults of a simulation make the broker complain, rightly */
    signal(SIGABRT, on_abort);
    /* A broker that dies and starts again gives its memory back and takes it anew, thousands of times. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 64 << 20);
    sim_books_open();
    if (options.shrink)
        for (uint64_t i = 0; i < options.count; i++)
            sim_shrink(&sim, options.seed + i);
    else
        well = run_plan(&options);
    sim_books_close();
    return well ? 0 : 1;
}
