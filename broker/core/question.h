/*
 * question.h: INFORMATION_REQUEST and INFORMATION_REPLY: whoever was asked owes an answer, E11.
 *
 * A question of the receiver is not a decision, yet nor silence: it answers E2, and the reply opens a fresh
 * one, at most SCH_ASKED_MAX times, lest asking become a way to stall. Handlers as in evidence.h. Must not
 * know: letters.
 */
#ifndef SCH_CORE_QUESTION_H
#define SCH_CORE_QUESTION_H

#include "evidence.h"

sch_handler sch_question_ask;
sch_handler sch_question_reply;

/* May either side still ask and answer: until six months after the dossier closed, and answer while that is
 * owed. kind: which of the two. */
bool sch_question_in_time(struct sch_dossier *dossier, enum sch_kind kind, int64_t now_ms);

#endif
