/*
 * shrink.c: a seed that fails, made as small as it will go: the fewest fault classes, then the fewest events.
 *
 * Each class draws from a stream of its own (world.h, `chance`), so that the rest goes on much as it did when one
 * is switched off. What counts is that something is violated, not that it is the same.
 */
#include <inttypes.h>
#include <stdio.h>

#include "world.h"

struct found {
    struct sim_limits limits;
    uint64_t performed;
    char violation[320];
};

/* Does it go wrong within these limits too? Then they are the ones to go on from. */
static bool fails(struct sim *sim, uint64_t seed, struct sim_limits limits, struct found *found)
{
    bool failed;

    sim_life(sim, seed, &limits);
    failed = sim->violations > 0;
    if (failed) {
        found->limits = limits;
        found->performed = sim->performed;
        snprintf(found->violation, sizeof found->violation, "%s", sim->first_violation);
    }
    sim_life_close(sim);
    return failed;
}

static bool drop_classes(struct sim *sim, uint64_t seed, struct found *found)
{
    bool fewer = false;

    for (int i = 0; i < SIM_FAULTS; i++) {
        struct sim_limits limits = found->limits;

        limits.without |= UINT64_C(1) << i;
        fewer = (limits.without != found->limits.without && fails(sim, seed, limits, found)) || fewer;
    }
    return fewer;
}

/* In halves, quarters … of what is left: the fewest events after which the faults may end. */
static void drop_events(struct sim *sim, uint64_t seed, struct found *found)
{
    struct sim_limits limits = found->limits;

    limits.life = limits.life != 0 ? limits.life : found->performed;
    for (uint64_t span = limits.life / 2; span > 0; span /= 2)
        while (limits.life > span) {
            struct sim_limits fewer = limits;

            fewer.life -= span;
            if (!fails(sim, seed, fewer, found))
                break;
            limits = fewer;
        }
}

static void print(uint64_t seed, const struct found *found, uint64_t on)
{
    const char *between = "";

    printf("seed %" PRIu64 ": %s\n  rerun: make sim SEED=%" PRIu64 " N=1 SIM_FLAGS=\"--faults ", seed,
           found->violation, seed);
    for (int i = 0; i < SIM_FAULTS; i++)
        if ((on & ~found->limits.without) >> i & 1) {
            printf("%s%s", between, sim_fault_name((enum sim_fault)i));
            between = ",";
        }
    fputs(*between == '\0' ? "none" : "", stdout);
    if (found->limits.life != 0)
        printf(" --life %" PRIu64, found->limits.life);
    printf(" --until %" PRIu64 " --trace\"\n", found->performed);
}

void sim_shrink(struct sim *sim, uint64_t seed)
{
    struct found found = { .performed = 0 };
    uint64_t on = 0;

    if (!fails(sim, seed, found.limits, &found)) {
        printf("seed %" PRIu64 ": nothing to shrink, it does not fail\n", seed);
        return;
    }
    for (int i = 0; i < SIM_FAULTS; i++)
        on |= (uint64_t)sim_is_on(sim, (enum sim_fault)i) << i;
    found.limits.without = ~on;
    while (drop_classes(sim, seed, &found))
        ;
    drop_events(sim, seed, &found);
    while (drop_classes(sim, seed, &found))
        ;
    print(seed, &found, on);
}
