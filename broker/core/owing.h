/*
 * owing.h: what a dossier owes by the messages that stand, whatever opened and ended it as they came.
 *
 * A CORRECTION asks this: with the subject's proofs gone, does what it opened, or ended, have a place still?
 * Must not know: the message that was taken back, effects.
 */
#ifndef SCH_CORE_OWING_H
#define SCH_CORE_OWING_H

#include "dossier.h"

/* Does a dossier that stands so owe this expectation (2..15) at all? If it is owed now: may it stay? */
bool sch_owing_is_wanted(struct sch_dossier *dossier, unsigned number);

/* Is this promise, which has ended, owed again now that what ended it is gone? After an end only what that end
 * would have left. */
bool sch_owing_is_wanted_again(struct sch_dossier *dossier, const struct sch_instance *instance, int64_t now_ms);

/* Is this not owed, nor answered by what stands, nor closed for good by a waiver or an objection? */
bool sch_owing_is_missing(struct sch_dossier *dossier, unsigned number);

/* What stands and answers this: a letter, or the REFERRAL with which the patient is under way; NULL: nothing. A
 * letter on progress answers one year and not another, and is none. */
const struct sch_id *sch_owing_answer(const struct sch_dossier *dossier, unsigned number);

/* Is it of those that the opening of the dossier owed, whoever opened it anew after an end? */
bool sch_owing_is_of_opening(unsigned number);

/* Is this E6 owed by a report of the intake that lacks something, and stands? */
bool sch_owing_is_incomplete_report(const struct sch_dossier *dossier, const struct sch_instance *e6);

/* Did it end with a report that there will be no treatment? Then no letter about its end is due. */
bool sch_owing_is_without_treatment(const struct sch_dossier *dossier);

#endif
