/* lane.c: see lane.h. */
#include "lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sch_lane {
    uint8_t hash[SCH_INDEX_KEY_SIZE];   /* of the dossier; must be first */
    struct sch_lane_place *first, *last;
};

static struct sch_lane *find(const struct sch_lanes *lanes, const struct sch_id *dossier,
                             uint8_t hash[SCH_INDEX_KEY_SIZE])
{
    sch_index_key(hash, "", dossier->bytes, SCH_ID_SIZE);
    return sch_index_get(&lanes->index, hash);
}

bool sch_lane_join(struct sch_lanes *lanes, struct sch_lane_place *place, const struct sch_id *dossier)
{
    assert(!place->lane);
    uint8_t hash[SCH_INDEX_KEY_SIZE];
    struct sch_lane *lane = find(lanes, dossier, hash);
    if (!lane) {
        lane = calloc(1, sizeof *lane);
        if (!lane)
            return false;
        memcpy(lane->hash, hash, sizeof hash);
        if (!sch_index_put(&lanes->index, lane)) {
            free(lane);
            return false;
        }
    }
    place->lane = lane;
    place->order = ++lanes->last_order;
    place->prev = lane->last;
    place->next = NULL;
    *(lane->last ? &lane->last->next : &lane->first) = place;
    lane->last = place;
    return true;
}

void sch_lane_leave(struct sch_lanes *lanes, struct sch_lane_place *place)
{
    struct sch_lane *lane = place->lane;
    if (!lane)
        return;
    *(place->prev ? &place->prev->next : &lane->first) = place->next;
    *(place->next ? &place->next->prev : &lane->last) = place->prev;
    memset(place, 0, sizeof *place);
    if (!lane->first) {
        sch_index_remove(&lanes->index, lane->hash);
        free(lane);
    }
}

bool sch_lane_blocks(const struct sch_lanes *lanes, const struct sch_lane_place *place,
                     const struct sch_id *dossier)
{
    uint8_t hash[SCH_INDEX_KEY_SIZE];
    const struct sch_lane *lane = find(lanes, dossier, hash);
    return lane && lane->first != place && lane->first->order < place->order;
}

void sch_lanes_close(struct sch_lanes *lanes)
{
    for (size_t i = 0; i < lanes->index.capacity; i++)
        free(lanes->index.slot[i]);
    sch_index_close(&lanes->index);
}
