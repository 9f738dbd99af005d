/* owing.c: what the proofs that stand make owed, expectation by expectation. */
#include "owing.h"

#include "evidence.h"
#include "promise.h"
#include "proof.h"
#include "successor.h"

static bool is_planned(enum sch_phase phase)
{
    return phase == SCH_PHASE_INTAKE_PLANNED || phase == SCH_PHASE_INTAKE_PRESUMED;
}

/* Does a letter of this stand that lacks something? */
static bool lacks(const struct sch_dossier *dossier, unsigned number)
{
    return sch_proof_lacking(dossier, sch_expectation_rule(number)->letters) != NULL;
}

bool sch_owing_is_incomplete_report(const struct sch_dossier *dossier, const struct sch_instance *e6)
{
    return e6->standing == SCH_STANDING_INCOMPLETE && lacks(dossier, 6);
}

/* What opened it counted, and no other message says that the patient did not come. */
static bool is_presumed(const struct sch_dossier *dossier, const struct sch_instance *e6)
{
    return sch_proof_counts(dossier, &e6->opened_by) && !sch_proof_is_planned_by(dossier, SCH_KIND_NO_SHOW);
}

bool sch_owing_is_without_treatment(const struct sch_dossier *dossier)
{
    const struct sch_proof *mover = sch_proof_mover(dossier);
    return mover != NULL && mover->phase == SCH_PHASE_ENDED && mover->kind == SCH_KIND_INTAKE_REPORT;
}

/* Is the patient of this E10 still sent back? A report without treatment stands beside a dossier that goes on; an
 * end does not. */
static bool is_sent_back(const struct sch_dossier *dossier, const struct sch_instance *e10)
{
    const struct sch_proof *opener = sch_proof_by(dossier, &e10->opened_by);
    return sch_evidence_is_turned_away(dossier) ||
           (opener != NULL ? opener->phase == SCH_PHASE_ENDED : sch_owing_is_without_treatment(dossier));
}

bool sch_owing_is_wanted(struct sch_dossier *dossier, unsigned number)
{
    enum sch_phase phase = dossier->phase;
    const struct sch_instance *owed;
    if (sch_proof_is_end(phase) && !sch_expectation_rule(number)->survives) {
        return false;
    }
    switch (number) {
    case 2:
    case 3: return phase == SCH_PHASE_SENT;
    case 4: return phase < SCH_PHASE_INTAKE_PLANNED;
    case 5: return is_planned(phase) && sch_proof_is_planned_by(dossier, SCH_KIND_NO_SHOW);
    case 6:
        owed = sch_promise_find(dossier, 6);
        return sch_proof_is_planned_by(dossier, SCH_KIND_APPOINTMENT) ||
               (owed != NULL && (sch_owing_is_incomplete_report(dossier, owed) || is_presumed(dossier, owed)));
    case 7: return phase < SCH_PHASE_IN_TREATMENT;
    case 8: return phase == SCH_PHASE_IN_TREATMENT && sch_proof_of(dossier, phase) != NULL;
    case 9:
        /* A BACK_REFERRAL is the letter itself; it may lack something, also when the patient has come back since. */
        owed = sch_promise_find(dossier, 9);
        if (owed != NULL && owed->standing == SCH_STANDING_INCOMPLETE &&
            sch_proof_counts(dossier, &owed->opened_by)) {
            return true;
        }
        return (phase == SCH_PHASE_ENDED && (sch_proof_is_letter_due(dossier) || lacks(dossier, 9))) ||
               (phase == SCH_PHASE_BACK_REFERRED && (owed == NULL || owed->standing == SCH_STANDING_INCOMPLETE));
    case 10:
        owed = sch_promise_find(dossier, 10);
        return phase >= SCH_PHASE_ENDED && (owed == NULL || is_sent_back(dossier, owed));
    case 12: return phase >= SCH_PHASE_ACCEPTED;
    default: return true;
    }
}

bool sch_owing_is_of_opening(unsigned number)
{
    return number == 4 || number == 7 || number >= 13;
}

const struct sch_id *sch_owing_answer(const struct sch_dossier *dossier, unsigned number)
{
    if (number == 10) {
        return sch_successor_taker(dossier);
    }
    return number == 8 ? NULL : sch_proof_letter(dossier, sch_expectation_rule(number)->letters);
}

bool sch_owing_is_wanted_again(struct sch_dossier *dossier, const struct sch_instance *instance, int64_t now_ms)
{
    unsigned number = instance->expectation;
    if (sch_owing_answer(dossier, number) != NULL || (number != 11 && sch_promise_find(dossier, number) != NULL)) {
        return false;
    }
    if (number == 6 && lacks(dossier, 6)) {
        return true;
    }
    if (number == 6 && sch_proof_is_end(dossier->phase)) {
        /* The patient may have come, if the day of it has passed. */
        return sch_ms_of_day(sch_day_of_ms(instance->from_ms) + 1) <= now_ms;
    }
    if (number == 6 && is_presumed(dossier, instance)) {
        return true;
    }
    return sch_owing_is_wanted(dossier, number) && (number != 10 || is_sent_back(dossier, instance));
}

bool sch_owing_is_missing(struct sch_dossier *dossier, unsigned number)
{
    const struct sch_instance *kept = sch_promise_kept(dossier, number);
    return sch_promise_find(dossier, number) == NULL && sch_owing_answer(dossier, number) == NULL &&
           (kept == NULL || kept->standing == SCH_STANDING_CLOSED);
}
