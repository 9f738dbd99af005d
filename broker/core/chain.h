/*
 * chain.h: what links a dossier to others: parent, follows, group. DOMAIN, "Two layers": Dossier.
 *
 * A REFERRAL with a parent is sent on by the receiver of that dossier; one that follows is sent again by the
 * practice of it. Both begin their clocks anew and inherit root, age and the count of refusals. A group holds
 * parallel referrals of one referrer. Must not know: what else a message means.
 */
#ifndef SCH_CORE_CHAIN_H
#define SCH_CORE_CHAIN_H

#include "evidence.h"

/* May this REFERRAL name this origin and group? An origin that is foreign looks like one that is not there
 * (UNKNOWN_DOSSIER). SCH_OK or the code, with *field. */
int sch_chain_check(const struct sch_act *act, const char **field);

/* The member of the origin to whom a child's feedback is owed; NULL without a parent. */
const struct sch_member *sch_chain_creditor(const struct sch_event *event);

/* Places a new dossier in its chain. */
void sch_chain_join(struct sch_act *act);

/* The origin hears of its child, in the same turn: FOLLOW. taken_back: that it was entered in error. */
void sch_chain_tell(struct sch_act *act, bool taken_back);

/* Handlers of FOLLOW, FORWARD and SIBLING on the other dossier. What a REFERRAL had answered is owed again
 * when it is taken back; if it came for a patient who was forwarded, the creditor is to see to it. */
sch_handler sch_chain_follow;
sch_handler sch_chain_forward;
sch_handler sch_chain_sibling;

/* Is this the member, by address, that owes an E10? */
bool sch_chain_owes_care(const struct sch_dossier *dossier, const char *address);

#endif
