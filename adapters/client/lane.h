/*
 * lane.h: which messages go one after the other: pending items of one dossier stand in one lane.
 *
 * A lane is found by its dossier in constant time, so that an outbox of any length is gone through item by
 * item. Must not know: records, sockets.
 */
#ifndef SCH_CLIENT_LANE_H
#define SCH_CLIENT_LANE_H

#include <scharnier/types.h>

#include "index.h"

struct sch_lane;

/* Of an item; zeroed: in no lane. */
struct sch_lane_place {
    struct sch_lane *lane;
    struct sch_lane_place *prev, *next;
    uint64_t order;                     /* lower goes first */
};

/* Lanes by dossier. */
struct sch_lanes {
    struct sch_index index;
    uint64_t last_order;
};

/* Puts a place at the end of its dossier's lane. False: out of memory, nothing was changed. */
bool sch_lane_join(struct sch_lanes *lanes, struct sch_lane_place *place, const struct sch_id *dossier);
/* Harmless for one that is in no lane. */
void sch_lane_leave(struct sch_lanes *lanes, struct sch_lane_place *place);

/* Stands anything of this dossier before place? */
bool sch_lane_blocks(const struct sch_lanes *lanes, const struct sch_lane_place *place,
                     const struct sch_id *dossier);

/* Frees the lanes; the places are the items' own. */
void sch_lanes_close(struct sch_lanes *lanes);

#endif
