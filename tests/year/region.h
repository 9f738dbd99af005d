/*
 * region.h: the region in which the year plays: about sixty practices, those whom they refer to, and a
 * neighbour. A book is made in memory, with the national norms of the repository and some rows of its own.
 */
#ifndef YEAR_REGION_H
#define YEAR_REGION_H

#include "almanac.h"
#include "shell/book.h"

#define REGION_PARTIES_MAX 256
#define REGION_SYSTEMS_MAX 160
#define REGION_OUTAGES_MAX 16

/* Not attached during [from, to). */
struct region_outage {
    int64_t from_ms, to_ms;
};

struct region_party {
    struct sch_address address, organisation;
    enum sch_party_kind kind;
    int home;                           /* 0: the region that is judged, 1: its neighbour */
    int system;                         /* who speaks for it */
    bool mailbox;                       /* false: an organisation that is only the sum of its departments */
    bool dark;                          /* nobody ever collects here */
    char signing_key[SCH_KEY_ID_MAX + 1];
    char seal_key[SCH_KEY_ID_MAX + 1];
    struct region_outage outage[REGION_OUTAGES_MAX];
    int outage_count;
};

struct region {
    struct region_party party[REGION_PARTIES_MAX];
    int party_count;
    int system_count;
    int practice[80], practice_count;   /* each is followed by its POH, if poh[] is not -1 */
    int poh[80];
    int post[4], post_count;            /* out of hours */
    int gb[16], gb_count;
    int department[48], department_count;
    int crisis;
    int wijkteam[8], wijkteam_count;
    int mgn;
    int coordinator[2];
    int far_practice, far_provider;
    struct sch_book *book;
};

/* Where the judged region's norms differ from the nation's; what the test's own reckoning uses. */
#define REGION_NAME "veluwe"
#define REGION_FAR "salland"
#define REGION_E8_DAYS 90               /* so that a year is long enough for a silence */
#define REGION_SLOW_E4_WEEKS 6          /* of one provider, its departments included */
extern const struct almanac_region region_calendar;
/* The provider with terms of its own: the first organisation of s_ggz. */
bool region_is_slow(const struct region *region, int party);

/* Run from the top of the repository: adapters/norms/ is read. */
void region_open(struct region *region);
void region_close(struct region *region);

int region_find(const struct region *region, const char *address);

#endif
