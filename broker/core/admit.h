/*
 * admit.h: may this submission come in? Every check of a message against the world, before anything changes.
 *
 * Must not know: what follows when it may.
 */
#ifndef SCH_CORE_ADMIT_H
#define SCH_CORE_ADMIT_H

#include "act.h"
#include "kind.h"

/* The checks up to and with the recipients, in the order of PROTOCOL.md, "Rejections"; what the dossier's
 * state says comes after them (step.c), and then sch_admit_check_room(). SCH_OK or the code, with *field. */
int sch_admit_check(const struct sch_act *act, const char **field);

/* What the dossier's state says beyond its phase: acts need something open (NOTHING_OPEN, RECENTLY_REMINDED),
 * questions come within six months of closing (NOT_NOW); a message needs room in the record (DOSSIER_FULL),
 * and one that opens a dossier on the disk (STORE_FULL). SCH_OK or the code, with *field. */
int sch_admit_check_room(const struct sch_act *act, const char **field);

#endif
