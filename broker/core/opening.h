/*
 * opening.h: the messages that open a dossier: REFERRAL, CONSULT_REQUEST, EXPLORATION_REQUEST, CARE_NOTICE
 * and INVOLVEMENT_NOTICE.
 *
 * Whoever sends it, the roles are the same: the receiver gives feedback, the creditor gets it. In a
 * CARE_NOTICE the receiver is the sender, who treats without a referral, and referrer and creditor are the
 * practice that it tells. Must not know: feedback.
 */
#ifndef SCH_CORE_OPENING_H
#define SCH_CORE_OPENING_H

#include "evidence.h"

/* Fills a dossier from the opening message and its resolved parties: kind, members, region, chain. Not yet
 * its phase. */
void sch_opening_init(struct sch_act *act);

sch_handler sch_opening_request;        /* REFERRAL, CONSULT_REQUEST, EXPLORATION_REQUEST */
sch_handler sch_opening_care;
sch_handler sch_opening_involvement;

/* The checks that only an opening message needs: who is who, and what the receiver's kind asks for. SCH_OK or
 * the code, with *field. */
int sch_opening_check(const struct sch_act *act, const char **field);

#endif
