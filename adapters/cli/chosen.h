/*
 * chosen.h: the promises that an act is about: those of the dossiers that are named, or those that the
 * worklist's filters let through.
 */
#ifndef SCH_CLI_CHOSEN_H
#define SCH_CLI_CHOSEN_H

#include "cli.h"

struct sch_chosen {
    struct sch_unanswered_row *row;
    size_t count, room;
};

/*
 * One promise of each dossier, the one that is due first (collecting a message only when nothing else is
 * open); with
 * --expectation that one. KENMERK…: any open promise;
 * UNKNOWN_DOSSIER, or NOTHING_OPEN, names the first that has none. No KENMERK: by the filters, of which one
 * must be stated, and only what is over its norm.
 */
int sch_chosen_load(struct sch_cli *cli, struct sch_chosen *chosen, sch_error *error);
void sch_chosen_close(struct sch_chosen *chosen);

/* The dossier of a promise, as far as its row tells: enough to address a message to ledger or receiver. */
struct sch_dossier_row sch_chosen_dossier(const struct sch_unanswered_row *row);

#endif
