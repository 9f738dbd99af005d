/*
 * answer.h: what the referring side says on a dossier: REFERRAL, WITHDRAWAL, TAKEN_UP, WAIVER, and FOLLOW.
 *
 * Handlers as in feedback.h. Must not know: phases that only a receiver proves.
 */
#ifndef SCH_CORE_ANSWER_H
#define SCH_CORE_ANSWER_H

#include "feedback.h"

/* Fills a dossier from the REFERRAL and its resolved parties: members, region, urgency. Not yet its phase. */
void sch_answer_init_dossier(struct sch_act *act);

sch_handler sch_answer_referral;
sch_handler sch_answer_withdrawal;
sch_handler sch_answer_taken_up;
sch_handler sch_answer_waiver;
sch_handler sch_answer_follow;

/* Would TAKEN_UP or WAIVER find something open? The door asks before the handlers run. */
bool sch_answer_finds_open(const struct sch_dossier *dossier, const struct sch_event *event);

#endif
