/* letter.c: complete or not, in time or late: what a letter does to the promise of it. */
#include "letter.h"

#include <scharnier/query.h>

#include "promise.h"
#include "proof.h"
#include "refusal.h"
#include "value.h"

/* Required sections that this header shows to be missing. A document of unknown sections misses none, unless
 * the norms demand sections; then it misses all. */
static bool is_incomplete(const struct sch_act *act)
{
    const struct sch_header *header = act->event->header;
    const struct sch_required *required = &act->world->norms->required[header->kind];
    if (!header->sections_known && !required->demanded) {
        return false;
    }
    return (required->sections & ~header->sections) != 0;
}

static bool is_letter_of(unsigned number, enum sch_kind kind)
{
    return (sch_expectation_rule(number)->letters & UINT64_C(1) << kind) != 0;
}

bool sch_letter_is_answered(const struct sch_act *act, unsigned number)
{
    const struct sch_instance *kept = sch_promise_kept(act->dossier, number);
    enum sch_phase since = number == 6 ? SCH_PHASE_INTAKE_DONE : SCH_PHASE_ENDED;
    if (kept == NULL) {
        return false;
    }
    /* An objection or a waiver outlives a new beginning; a letter about an earlier intake or end does not. */
    return kept->standing != SCH_STANDING_CLOSED ||
           (act->phase_before >= since && act->phase_before <= SCH_PHASE_ENDED);
}

static void answer_one(struct sch_act *act, unsigned number, bool incomplete)
{
    struct sch_instance *owed = sch_promise_find(act->dossier, number);
    if (owed != NULL && incomplete) {
        sch_promise_incomplete(act, owed);
    } else if (owed != NULL) {
        sch_promise_end(act, owed, SCH_STANDING_CLOSED, act->event->header->id);
    }
}

static void warn(struct sch_act *act, bool incomplete)
{
    if (incomplete) {
        act->warnings |= UINT32_C(1) << SCH_WARNING_INCOMPLETE;
        sch_proof_lack(act->dossier, &act->event->header->id);
    }
}

static void answer_owed(struct sch_act *act, bool incomplete)
{
    warn(act, incomplete);
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        if (is_letter_of(number, act->event->header->kind)) {
            answer_one(act, number, incomplete);
        }
    }
}

void sch_letter_answer(struct sch_act *act, int32_t day)
{
    static const unsigned opened_by_letter[] = { 6, 9, 12, 0 };
    for (const unsigned *number = opened_by_letter; *number != 0; number++) {
        if (is_letter_of(*number, act->event->header->kind) &&
            sch_promise_find(act->dossier, *number) == NULL && !sch_letter_is_answered(act, *number)) {
            (void)sch_promise_open_on_day(act, *number, SCH_VARIANT_PLAIN, act->event->header->id, day);
        }
    }
    answer_owed(act, is_incomplete(act));
}

void sch_letter_late(struct sch_act *act)
{
    sch_evidence_note(act);
    answer_owed(act, is_incomplete(act));
    sch_letter_settle_end(act);
}

void sch_letter_settle_end(struct sch_act *act)
{
    if (act->dossier->phase != SCH_PHASE_ENDED) {
        return;
    }
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        if (sch_expectation_rule(number)->letters != 0 && sch_promise_find(act->dossier, number) != NULL) {
            return;
        }
    }
    /* An end has answered all but letters: nothing is left to be cancelled. */
    sch_act_phase(act, SCH_PHASE_CLOSED);
}

void sch_letter_intake_report(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    bool treats = sch_evidence_fact(act, SCH_FACT_OUTCOME) == SCH_OUTCOME_TREATMENT;
    if (sch_evidence_is_deaf(dossier)) {
        sch_letter_late(act);
        return;
    }
    bool away = sch_evidence_is_turned_away(dossier);
    bool ends = !treats && (away || dossier->phase < SCH_PHASE_ENDED);
    if (away || dossier->phase < SCH_PHASE_INTAKE_DONE) {
        dossier->intake_day = sch_evidence_day(act);
    }
    sch_evidence_reach(act, treats ? SCH_PHASE_INTAKE_DONE : SCH_PHASE_ENDED);
    sch_letter_answer(act, sch_evidence_day(act));
    sch_promise_follow_intake(act);
    struct sch_instance *e8 = sch_promise_find(dossier, 8);
    if (e8 != NULL && !is_incomplete(act)) {
        sch_promise_move_to(act, e8, act->world->now_ms);
    }
    if (ends) {
        sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, act->event->header->id);
    }
    sch_letter_settle_end(act);
}

static void open_progress(struct sch_act *act)
{
    (void)sch_promise_open_on_day(act, 8, SCH_VARIANT_PLAIN, act->event->header->id, sch_evidence_day(act));
}

void sch_letter_open_progress(struct sch_act *act)
{
    const struct sch_instance *kept = sch_promise_kept(act->dossier, 8);
    if (sch_promise_find(act->dossier, 8) == NULL &&
        (kept == NULL || kept->standing == SCH_STANDING_CLOSED)) {
        open_progress(act);
    }
}

void sch_letter_progress(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    bool incomplete = is_incomplete(act);
    if (sch_evidence_is_deaf(dossier)) {
        sch_letter_late(act);
        return;
    }
    sch_evidence_reach(act, SCH_PHASE_IN_TREATMENT);
    answer_owed(act, incomplete);
    /* Each letter begins the next year, and the first one the first: also when nobody told of a start. */
    if (sch_promise_find(dossier, 8) == NULL) {
        open_progress(act);
        if (incomplete) {
            answer_one(act, 8, true);
        }
    }
}

void sch_letter_final(struct sch_act *act)
{
    int64_t route = sch_evidence_fact(act, SCH_FACT_ROUTE);
    if (sch_evidence_is_deaf(act->dossier)) {
        sch_letter_late(act);
        return;
    }
    sch_evidence_reach(act, SCH_PHASE_ENDED);
    sch_letter_answer(act, sch_evidence_day(act));
    if (route == SCH_ROUTE_GB_GGZ || route == SCH_ROUTE_S_GGZ) {
        sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, act->event->header->id);
    }
    sch_letter_settle_end(act);
}

void sch_letter_no_report(struct sch_act *act)
{
    sch_promise_end_all(act, (unsigned)sch_evidence_fact(act, SCH_FACT_EXPECTATION),
                        SCH_STANDING_WITHHELD, act->event->header->id);
    sch_letter_settle_end(act);
}

/* The next year's promise began with this letter: it began too early. */
static void take_back_next(struct sch_act *act, const struct sch_id *letter)
{
    struct sch_instance *next = sch_promise_find(act->dossier, 8);
    if (next != NULL && sch_value_same_id(&next->opened_by, letter)) {
        sch_promise_end(act, next, SCH_STANDING_CANCELLED, sch_act_message(act));
    }
}

/* What an end of the dossier has cancelled or would cancel is not owed again. */
static bool may_be_owed(const struct sch_dossier *dossier, unsigned number)
{
    if (sch_proof_is_end(dossier->phase)) {
        return sch_expectation_rule(number)->survives;
    }
    return number != 8 || dossier->phase == SCH_PHASE_IN_TREATMENT;
}

static struct sch_instance *closed_by(struct sch_dossier *dossier, unsigned number,
                                      const struct sch_id *letter)
{
    struct sch_instance *kept = sch_promise_kept(dossier, number);
    bool by = kept != NULL && kept->standing == SCH_STANDING_CLOSED &&
              sch_value_same_id(&kept->closed_by, letter);
    return by ? kept : NULL;
}

void sch_letter_found_incomplete(struct sch_act *act, enum sch_kind kind, const struct sch_id *letter,
                                 uint32_t missing_sections)
{
    struct sch_dossier *dossier = act->dossier;
    if ((missing_sections & act->world->norms->required[kind].sections) == 0) {
        return;
    }
    sch_proof_lack(dossier, letter);
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        if (!is_letter_of(number, kind) || !may_be_owed(dossier, number) ||
            closed_by(dossier, number, letter) == NULL) {
            continue;
        }
        if (number == 8) {
            take_back_next(act, letter);
        }
        if (sch_promise_find(dossier, number) == NULL) {
            sch_promise_reopen(act, closed_by(dossier, number, letter), SCH_STANDING_INCOMPLETE);
        }
        if (dossier->phase == SCH_PHASE_CLOSED) {
            sch_act_phase(act, SCH_PHASE_ENDED);
        }
    }
}

void sch_letter_incomplete(struct sch_act *act)
{
    const struct sch_header *header = act->event->header;
    sch_letter_found_incomplete(act, act->event->subject.kind, &header->subject,
                                (uint32_t)header->fact[SCH_FACT_MISSING_SECTIONS]);
}
