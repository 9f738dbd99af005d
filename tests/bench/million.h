/*
 * million.h: the country that million_fill.c fills a store with and million.c asks about. Header only.
 *
 * 31 regions, each with practices, providers of both echelons (with departments), a wijkteam and a coordinator.
 * Only one practice and one coordinator, of the first region, ever connect.
 */
#ifndef SCH_BENCH_MILLION_H
#define SCH_BENCH_MILLION_H

#include <stdio.h>

#include "bench.h"
#include "seal.h"

#define MILLION_REGIONS 31
#define MILLION_PRACTICES 40
#define MILLION_GB 4
#define MILLION_S 3
#define MILLION_DEPARTMENTS 2
#define MILLION_RECEIVERS (MILLION_GB + MILLION_S * MILLION_DEPARTMENTS + 1)

#define MILLION_SENDER "agb:01000000"
#define MILLION_SENDER_TO "agb:94000000"
#define MILLION_COORDINATOR "regio:regio-00/coordinator"
#define MILLION_SIGN "sign-00-0"        /* the sender's signing key, */
#define MILLION_SEAL "seal-00-g0"       /* and its receiver's sealing key, by id */

static inline void million_practice(char *text, size_t size, unsigned region, unsigned index)
{
    (void)snprintf(text, size, "agb:01%02u%04u", region, index);
}

/* GB first, then departments, the wijkteam last. */
static inline void million_receiver(char *text, size_t size, unsigned region, unsigned index)
{
    static const char *const department[MILLION_DEPARTMENTS] = { "volwassenen", "ouderen" };

    if (index < MILLION_GB)
        (void)snprintf(text, size, "agb:94%02u%04u", region, index);
    else if (index < MILLION_RECEIVERS - 1)
        (void)snprintf(text, size, "agb:06%02u%04u/%s", region, (index - MILLION_GB) / MILLION_DEPARTMENTS,
                       department[(index - MILLION_GB) % MILLION_DEPARTMENTS]);
    else
        (void)snprintf(text, size, "gemeente:03%02u/wijkteam", region);
}

static inline enum sch_party_kind million_kind(unsigned index)
{
    return index < MILLION_GB              ? SCH_PARTY_GB_GGZ
           : index < MILLION_RECEIVERS - 1 ? SCH_PARTY_S_GGZ
                                           : SCH_PARTY_WIJKTEAM;
}

/* Port on which the broker listens: by the directory's name, so that both programs agree. */
static inline unsigned million_port(const char *dir)
{
    unsigned hash = 5381;

    for (; *dir != '\0'; dir++)
        hash = hash * 33 + (unsigned char)*dir;
    return 21000 + hash % 20000;
}

#endif
