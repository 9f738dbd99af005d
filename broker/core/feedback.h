/*
 * feedback.h: what the receiver says without a letter: decisions, dates, beginnings and ends.
 *
 * Handlers as in evidence.h; each runs after the message is stored and delivered. What moves nothing, ever, has
 * sch_feedback_keep(); what would, in a dossier that had not gone further, has sch_feedback_late(). Must not
 * know: mailboxes.
 */
#ifndef SCH_CORE_FEEDBACK_H
#define SCH_CORE_FEEDBACK_H

#include "evidence.h"

sch_handler sch_feedback_keep;
sch_handler sch_feedback_late;
sch_handler sch_feedback_acceptance;
sch_handler sch_feedback_appointment;
sch_handler sch_feedback_no_show;
sch_handler sch_feedback_treatment_start;
sch_handler sch_feedback_wait_status;
sch_handler sch_feedback_treatment_end;

#endif
