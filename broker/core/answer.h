/*
 * answer.h: what the referring side says on a dossier: WITHDRAWAL and TAKEN_UP.
 *
 * Handlers as in evidence.h. Must not know: phases that only a receiver proves.
 */
#ifndef SCH_CORE_ANSWER_H
#define SCH_CORE_ANSWER_H

#include "evidence.h"

sch_handler sch_answer_withdrawal;
sch_handler sch_answer_taken_up;

#endif
