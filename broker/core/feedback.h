/*
 * feedback.h: what each message on a dossier means: phases proven, promises opened, answered, moved.
 *
 * A handler runs after the message is stored and delivered, and cannot fail. Feedback that a dossier is deaf
 * to has sch_feedback_keep(): it is stored and delivered, and moves nothing. Must not know: mailboxes.
 */
#ifndef SCH_CORE_FEEDBACK_H
#define SCH_CORE_FEEDBACK_H

#include "act.h"

/* A handler of an event. */
typedef void sch_handler(struct sch_act *act);

sch_handler sch_feedback_keep;
sch_handler sch_feedback_acceptance;
sch_handler sch_feedback_refusal;
sch_handler sch_feedback_appointment;
sch_handler sch_feedback_no_show;
sch_handler sch_feedback_intake_report;
sch_handler sch_feedback_treatment_start;
sch_handler sch_feedback_wait_status;
sch_handler sch_feedback_treatment_end;
sch_handler sch_feedback_discharge_letter;
sch_handler sch_feedback_no_report;

/* A letter that comes when the dossier is deaf: it still answers an E6 or E9 that is owed. */
sch_handler sch_feedback_late_letter;

/*
 * The creditor opened a letter and found required sections missing: the E6 or E9 that it had closed is owed
 * again as incomplete, and a dossier that had closed goes back to ENDED.
 */
void sch_feedback_found_incomplete(struct sch_act *act, const struct sch_delivery *letter,
                                   uint32_t missing_sections);

/* ENDED becomes CLOSED when neither E6 nor E9 is owed. */
void sch_feedback_settle_end(struct sch_act *act);

#endif
