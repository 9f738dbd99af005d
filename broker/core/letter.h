/*
 * letter.h: letters and the promises that only they keep: E6, E8, E9, E12 to E15. DOMAIN, "Sections".
 *
 * A complete letter answers; an incomplete one leaves its promise owed, as INCOMPLETE, under the original
 * due. Handlers as in evidence.h. Must not know: appointments, decisions, who else was told.
 */
#ifndef SCH_CORE_LETTER_H
#define SCH_CORE_LETTER_H

#include "evidence.h"

sch_handler sch_letter_intake_report;
sch_handler sch_letter_progress;

/* A letter that ends the dossier: DISCHARGE_LETTER, TEAM_RESULT, CONSULT_REPLY, EXPLORATION_ADVICE. */
sch_handler sch_letter_final;

/* A letter that comes when the dossier is over, or deaf: it still answers what is owed. */
sch_handler sch_letter_late;

/* The patient objects to a report: what is owed of it is withheld. */
sch_handler sch_letter_no_report;

/* The creditor says that a letter is incomplete. */
sch_handler sch_letter_incomplete;

/* Answers what this letter answers. Of E6, E9 and E12 one is opened and answered when none is owed and none
 * was answered for the stretch of care that the dossier was in before this step. */
void sch_letter_answer(struct sch_act *act, int32_t day);

/* Was this expectation answered, for the stretch of care that the dossier was in before this step? */
bool sch_letter_is_answered(const struct sch_act *act, unsigned number);

/* Opens E8, counting from the stated day, or from today, unless it is owed, or the patient objected, or the
 * creditor waived it. */
void sch_letter_open_progress(struct sch_act *act);

/* The creditor found required sections missing in a letter: what it had closed is owed again, as incomplete,
 * and a dossier that had closed goes back to ENDED. */
void sch_letter_found_incomplete(struct sch_act *act, enum sch_kind kind, const struct sch_id *letter,
                                 uint32_t missing_sections);

/* ENDED becomes CLOSED when no letter is owed. */
void sch_letter_settle_end(struct sch_act *act);

#endif
