/*
 * bench.h: what both benches need: arguments, a clock, and percentiles of latencies. Header only.
 */
#ifndef SCH_BENCH_H
#define SCH_BENCH_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A bench that cannot go on says why and ends. */
static inline void bench_must(bool held, const char *what)
{
    if (held)
        return;
    (void)fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static inline uint64_t bench_us(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* The argument at index, or fallback; 1 .. max. */
static inline unsigned bench_number(int argc, char **argv, int index, unsigned fallback, unsigned max)
{
    unsigned long value = argc > index ? strtoul(argv[index], NULL, 10) : fallback;

    bench_must(value >= 1 && value <= max, "a number is out of range");
    return (unsigned)value;
}

static inline int bench_by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Of samples in ascending order, in milliseconds; 0 when there are none. */
static inline double bench_percentile_ms(const uint64_t *sample_us, size_t count, unsigned percent)
{
    return count == 0 ? 0 : (double)sample_us[count * percent / 100] / 1000.0;
}

#endif
