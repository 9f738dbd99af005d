/*
 * post.h: laying messages into the mailboxes of one dossier, and what follows when one leaves it.
 *
 * Must not know: phases, what the messages mean.
 */
#ifndef SCH_CORE_POST_H
#define SCH_CORE_POST_H

#include "act.h"

/* Delivers the submitted message, with this sequence, to members: DELIVER each, then each one's E1: OPEN. */
void sch_post_deliver(struct sch_act *act, uint64_t sequence, const uint8_t *member, size_t count);

/* Makes a message of the broker for a member: MAKE and DELIVER, with the next sequence. Where the broker's
 * own messages have no place left, the oldest of them is taken back. */
void sch_post_make(struct sch_act *act, const struct sch_made *made, uint8_t to);

/* Asks the debtor of a promise about it: a REMINDER with this step. At most two about one promise wait to be
 * collected: the oldest makes place. */
void sch_post_remind(struct sch_act *act, struct sch_instance *instance, enum sch_ladder step);

/* Takes a message out of every mailbox where it still lies: WITHDRAWN. */
void sch_post_withdraw(struct sch_act *act, const struct sch_id *message);

/* Takes back a prompt to withdraw that was not collected. */
void sch_post_withdraw_prompt(struct sch_act *act);

/*
 * Ends a delivery in a state for good: REMOVE, its E1, STATUS to its sender, a DELIVERY_REPORT when cause is
 * not 0, and DESTROY when nobody waits for the letter any more. code stands in REMOVE. The pointer dies.
 */
void sch_post_end(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state, int code,
                  enum sch_cause cause);

/* Tells the sender of a delivery why it is not collected; an uncollected earlier report makes place. */
void sch_post_report(struct sch_act *act, const struct sch_delivery *delivery, enum sch_cause cause);

#endif
