/*
 * promise.h: opening, moving and ending the promises of one dossier, each with its effect.
 *
 * An E1 that ended leaves the record. Every other ended promise stays for a while, up to SCH_KEPT_MAX, the
 * oldest going first: a letter may prove incomplete later, and a CORRECTION takes back what a message ended.
 * Ending a promise takes back its uncollected REMINDERs. Must not know: which message means what
 * (feedback.h), deliveries of parties.
 */
#ifndef SCH_CORE_PROMISE_H
#define SCH_CORE_PROMISE_H

#include "act.h"
#include "expectation.h"

/* The owed instance of an expectation, the oldest; NULL when none is owed. Not for E1. */
struct sch_instance *sch_promise_find(struct sch_dossier *dossier, unsigned number);

/* The last one that was answered, withheld or waived; NULL when none is kept. */
struct sch_instance *sch_promise_kept(struct sch_dossier *dossier, unsigned number);

/* All that is owed but E1: what DOSSIER_FULL counts. */
size_t sch_promise_count(const struct sch_dossier *dossier);

/*
 * Opens a promise of member counting from from_ms: OPEN. NULL, and nothing happens, when dossiers like this
 * one do not open it or no norm holds. Pointers to other promises die.
 */
struct sch_instance *sch_promise_open(struct sch_act *act, unsigned number, enum sch_variant variant,
                                      uint8_t member, struct sch_id opened_by, int64_t from_ms);

/* The same for a promise of the receiver that counts from a local day. A term in hours counts from the
 * stored time, or from the end of that day when the day is not today. */
struct sch_instance *sch_promise_open_on_day(struct sch_act *act, unsigned number, enum sch_variant variant,
                                             struct sch_id opened_by, int32_t day);

/* Lets an owed promise count from another day, or moment: MOVE when that changes anything. */
void sch_promise_move(struct sch_act *act, struct sch_instance *instance, int32_t day);
void sch_promise_move_to(struct sch_act *act, struct sch_instance *instance, int64_t from_ms);

/* E7's second clock: the earlier of its own due and that after the dossier's intake_day: MOVE when that
 * changes anything. Harmless when E7 is not owed. */
void sch_promise_follow_intake(struct sch_act *act);

/* An announced wait: due at the end of day + 5 working days, at most 13 weeks from now, never before the
 * norm's due: MOVE when that changes anything. */
void sch_promise_announce(struct sch_act *act, struct sch_instance *instance, int32_t day);

/* Answered, but not completely: still owed under its due. MOVE with the standing INCOMPLETE, once. */
void sch_promise_incomplete(struct sch_act *act, struct sch_instance *instance);

/* An ended promise is owed again, as it was but for its standing (OPEN or INCOMPLETE): REOPEN. */
void sch_promise_reopen(struct sch_act *act, struct sch_instance *instance, enum sch_standing standing);

/* Ends an owed promise: CLOSE with its new standing. The pointer dies. */
void sch_promise_end(struct sch_act *act, struct sch_instance *instance, enum sch_standing standing,
                     struct sch_id closed_by);

/* Ends whatever is owed of an expectation. */
void sch_promise_end_all(struct sch_act *act, unsigned number, enum sch_standing standing,
                         struct sch_id closed_by);

/* Ends the E1 of this message and member, if it is still owed. */
void sch_promise_end_e1(struct sch_act *act, const struct sch_id *message, uint8_t member,
                        enum sch_standing standing);

/* Cancels what the end of a dossier cancels, by the message that the act is about. intake_held: E6 stays
 * owed. */
void sch_promise_cancel(struct sch_act *act, bool intake_held);

/* At the end of a step: of what is kept beyond SCH_KEPT_MAX the oldest goes. */
void sch_promise_trim(struct sch_dossier *dossier);

#endif
