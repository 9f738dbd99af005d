/*
 * region.h: a sample region in one directory: keys, signed directory, norms, permits, and a configuration for
 * the broker and for each party. Everybody in it is invented; the keys are made on the spot.
 *
 *   scharnierd.conf      the broker's          linde.conf linde-poh.conf kompas.conf …   one per party
 *   region.ini(.sig)     the directory         referral.json                             a letter to send
 *   norms.ini permits.ini   to change          keys/ state/ store/
 */
#ifndef SCH_CLI_REGION_H
#define SCH_CLI_REGION_H

#include "cli.h"

#define SCH_REGION_PATH_MAX 512

struct sch_region_plan {
    const char *folder;                 /* exists, and holds no region yet */
    uint16_t port, http_port;
    uint32_t clock_rate;                /* civil seconds per real second */
    int64_t now_ms;
};

/* Makes it all. SCH_OK, or the first error. */
int sch_region_make(const struct sch_region_plan *plan, sch_error *error);

#endif
