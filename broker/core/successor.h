/*
 * successor.h: the REFERRALs with which a patient went on from a dossier, as long as they stand.
 *
 * A child is noted whenever it comes, since the REDIRECTION that it belongs to may come after it. One that
 * follows is noted only when it takes the patient up. The patient stays under way while one that took him up
 * stands, whichever other proves to be an error. Must not know: who may refer whom, what is owed.
 */
#ifndef SCH_CORE_SUCCESSOR_H
#define SCH_CORE_SUCCESSOR_H

#include "dossier.h"

/* Notes a REFERRAL. Beyond SCH_SUCCESSORS_MAX only that there was a child. */
void sch_successor_add(struct sch_dossier *dossier, const struct sch_id *id, bool child, bool took);

/* It was entered in error. A child that was not noted is the one that found no place. */
void sch_successor_remove(struct sch_dossier *dossier, const struct sch_id *id, bool child);

/* Does a REFERRAL name this dossier as its parent? */
bool sch_successor_is_child_there(const struct sch_dossier *dossier);

/* The last that took the patient up, NULL when none stands. Points into the dossier. */
const struct sch_id *sch_successor_taker(const struct sch_dossier *dossier);

/* The children took the patient up, before the message that sent him on. */
void sch_successor_take(struct sch_dossier *dossier);

/* Nobody has taken the patient up; what was taken up before, was another time. */
void sch_successor_release(struct sch_dossier *dossier);

#endif
