/* successor.c: the upkeep of a dossier's list of successors. */
#include "successor.h"

#include <string.h>

#include "value.h"

static void drop(struct sch_dossier *dossier, size_t index)
{
    memmove(&dossier->successor[index], &dossier->successor[index + 1],
            (dossier->successor_count - index - 1) * sizeof dossier->successor[0]);
    dossier->successor_count--;
    memset(&dossier->successor[dossier->successor_count], 0, sizeof dossier->successor[0]);
}

void sch_successor_add(struct sch_dossier *dossier, const struct sch_id *id, bool child, bool took)
{
    if (dossier->successor_count == SCH_SUCCESSORS_MAX) {
        dossier->forwarded = dossier->forwarded || child;
        return;
    }
    struct sch_successor *successor = &dossier->successor[dossier->successor_count++];
    successor->id = *id;
    successor->child = child;
    successor->took = took;
}

void sch_successor_remove(struct sch_dossier *dossier, const struct sch_id *id, bool child)
{
    for (size_t i = 0; i < dossier->successor_count; i++) {
        if (sch_value_same_id(&dossier->successor[i].id, id)) {
            drop(dossier, i);
            return;
        }
    }
    dossier->forwarded = dossier->forwarded && !child;
}

bool sch_successor_is_child_there(const struct sch_dossier *dossier)
{
    for (size_t i = 0; i < dossier->successor_count; i++) {
        if (dossier->successor[i].child) {
            return true;
        }
    }
    return dossier->forwarded;
}

const struct sch_id *sch_successor_taker(const struct sch_dossier *dossier)
{
    for (size_t i = dossier->successor_count; i-- > 0;) {
        if (dossier->successor[i].took) {
            return &dossier->successor[i].id;
        }
    }
    return NULL;
}

void sch_successor_take(struct sch_dossier *dossier)
{
    for (size_t i = 0; i < dossier->successor_count; i++) {
        dossier->successor[i].took = true;
    }
    dossier->taken_up = true;
}

void sch_successor_release(struct sch_dossier *dossier)
{
    for (size_t i = dossier->successor_count; i-- > 0;) {
        dossier->successor[i].took = false;
        if (!dossier->successor[i].child) {
            drop(dossier, i);
        }
    }
    dossier->taken_up = false;
}
