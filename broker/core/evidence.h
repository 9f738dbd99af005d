/*
 * evidence.h: what a message of the receiver proves, and what that alone answers.
 *
 * A message proves a phase; the phase answers the promises whose rule says so; what is earlier than the
 * furthest phase proven moves nothing. A patient who was turned away (REFUSED, REDIRECTED, BACK_REFERRED,
 * UNDELIVERED) and whom the receiver takes after all is not turned away any more, unless somebody else has
 * taken the patient up meanwhile: then the dossier is deaf. Must not know: letters, which kind means what.
 */
#ifndef SCH_CORE_EVIDENCE_H
#define SCH_CORE_EVIDENCE_H

#include "act.h"

/* A handler of an event. It runs after everything was checked, and cannot fail. */
typedef void sch_handler(struct sch_act *act);

bool sch_evidence_is_turned_away(const struct sch_dossier *dossier);
bool sch_evidence_is_deaf(const struct sch_dossier *dossier);

/* Facts of the message: a code or number; a stated date as a day (the header was checked, so it is one). */
int64_t sch_evidence_fact(const struct sch_act *act, enum sch_fact fact);
int32_t sch_evidence_stated_day(const struct sch_act *act, enum sch_fact fact);

/* The day of the event, not before the letter and not after today: nobody buys time with a date. Today when
 * none is stated. */
int32_t sch_evidence_day(const struct sch_act *act);

/* Answers all that this kind of message answers by proving this phase. */
void sch_evidence_answer(struct sch_act *act, enum sch_phase proven);

/* Answers, and moves the dossier to what is proven now. Not for a deaf dossier. */
void sch_evidence_reach(struct sch_act *act, enum sch_phase proven);

/* Opens what the dossier owed from its first day, with the patience that is used up already. */
void sch_evidence_open_anew(struct sch_act *act, unsigned number);

/* Notes what a message proves of a dossier that has gone further, or is deaf. It moves nothing, unless what
 * proved more turns out to be an error. */
void sch_evidence_note(struct sch_act *act);

#endif
