/*
 * refusal.h: the ways in which a patient is sent on or back, and what is owed then: E10.
 *
 * REFUSAL, REDIRECTION (advised, or forwarded by a child REFERRAL), BACK_REFERRAL, and the practice's REFUSAL
 * of what was referred back. Handlers as in evidence.h. Must not know: other dossiers.
 */
#ifndef SCH_CORE_REFUSAL_H
#define SCH_CORE_REFUSAL_H

#include "evidence.h"

sch_handler sch_refusal_refuse;
sch_handler sch_refusal_redirect;
sch_handler sch_refusal_refer_back;

/* A REFUSAL in BACK_REFERRED: the creditor's puts the patient back into treatment, the receiver's says
 * nothing new. */
sch_handler sch_refusal_of_back_referral;

/* Nobody came with the REFERRAL that was to forward the patient: the creditor is asked to see to it. */
void sch_refusal_lapse(struct sch_act *act);

/* A member must take the patient up, because of this message: E10, unless one is owed. */
void sch_refusal_hand_back(struct sch_act *act, enum sch_member_role member, struct sch_id by);

#endif
