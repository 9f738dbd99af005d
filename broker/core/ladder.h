/*
 * ladder.h: what happens because time has passed: DUE.
 *
 * Must not know: messages of parties.
 */
#ifndef SCH_CORE_LADDER_H
#define SCH_CORE_LADDER_H

#include "act.h"

/*
 * Does all that has fallen due in the dossier at now_ms: expiries (leased deliveries wait), reports of what
 * is not collected, a presumed intake, steps of ladders. Nothing due: nothing happens. Of a reminder and
 * the overdue step that have both passed only the latter fires; overdue and escalated fire both.
 */
void sch_ladder_due(struct sch_act *act);

#endif
