/*
 * mailbox.h: a recipient's system settles a delivery: COLLECT, REFUSE, EXHAUST. DOMAIN, "Two layers".
 *
 * Must not know: sessions, leases.
 */
#ifndef SCH_CORE_MAILBOX_H
#define SCH_CORE_MAILBOX_H

#include "act.h"

/*
 * Settles event->message in event->mailbox, which is a member's. A delivery that is not in the record any
 * more was settled before: SETTLED with state 0, for the turn to answer from the message's row.
 */
void sch_mailbox_collect(struct sch_act *act);
void sch_mailbox_refuse(struct sch_act *act);
void sch_mailbox_exhaust(struct sch_act *act);

/*
 * Ends a delivery that was not collected, as sch_post_end() does. A REFERRAL that so misses its receiver,
 * of whom nothing else was ever heard, makes the dossier UNDELIVERED: what the receiver owed is cancelled,
 * and E10 opens on the referrer.
 */
void sch_mailbox_end(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state,
                     int code, enum sch_cause cause);

#endif
