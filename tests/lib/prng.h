/*
 * prng.h: the one source of chance in tests: splitmix64, so that a seed is a whole run.
 */
#ifndef SCH_TEST_PRNG_H
#define SCH_TEST_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sch_prng {
    uint64_t state;
};

static inline uint64_t sch_prng_next(struct sch_prng *prng)
{
    uint64_t z = (prng->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. limit-1; limit > 0. */
static inline uint64_t sch_prng_below(struct sch_prng *prng, uint64_t limit)
{
    return sch_prng_next(prng) % limit;
}

static inline bool sch_prng_chance(struct sch_prng *prng, unsigned permille)
{
    return sch_prng_below(prng, 1000) < permille;
}

static inline void sch_prng_fill(struct sch_prng *prng, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)sch_prng_next(prng);
}

#endif
