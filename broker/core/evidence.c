/* evidence.c: from a message to a phase, and back from an end. */
#include "evidence.h"

#include <assert.h>

#include "promise.h"
#include "proof.h"

bool sch_evidence_is_turned_away(const struct sch_dossier *dossier)
{
    return dossier->phase == SCH_PHASE_REFUSED || dossier->phase == SCH_PHASE_REDIRECTED ||
           dossier->phase == SCH_PHASE_BACK_REFERRED || dossier->phase == SCH_PHASE_UNDELIVERED;
}

bool sch_evidence_is_deaf(const struct sch_dossier *dossier)
{
    return sch_evidence_is_turned_away(dossier) && dossier->taken_up;
}

int64_t sch_evidence_fact(const struct sch_act *act, enum sch_fact fact)
{
    return act->event->header->fact[fact];
}

int32_t sch_evidence_stated_day(const struct sch_act *act, enum sch_fact fact)
{
    int32_t day = 0;
    bool valid = sch_day_from_date(sch_evidence_fact(act, fact), &day);
    assert(valid);
    return day;
}

int32_t sch_evidence_day(const struct sch_act *act)
{
    int32_t today = sch_day_of_ms(act->world->now_ms);
    if (sch_evidence_fact(act, SCH_FACT_EVENT_DATE) == 0) {
        return today;
    }
    int32_t day = sch_evidence_stated_day(act, SCH_FACT_EVENT_DATE);
    if (day < act->dossier->letter_day) {
        day = act->dossier->letter_day;
    }
    return day > today ? today : day;
}

void sch_evidence_answer(struct sch_act *act, enum sch_phase proven)
{
    uint64_t kind = UINT64_C(1) << act->event->header->kind;
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        if ((rule->closed_by & kind) != 0 && proven >= rule->proof) {
            sch_promise_end_all(act, number, SCH_STANDING_CLOSED, act->event->header->id);
        }
    }
}

void sch_evidence_open_anew(struct sch_act *act, unsigned number)
{
    struct sch_id by = act->event->header->id;
    if (number == 15) {
        /* Care without a referral counts from the day that it began, which the notice told. */
        (void)sch_promise_open_on_day(act, 15, SCH_VARIANT_PLAIN, by, act->dossier->letter_day);
    } else {
        (void)sch_promise_open(act, number, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, by, act->dossier->opened_ms);
    }
}

/* The receiver takes the patient after all: what it owed is owed anew, but for what is proven. */
static void reopen(struct sch_act *act, enum sch_phase proven)
{
    sch_promise_end_all(act, 10, SCH_STANDING_CANCELLED, act->event->header->id);
    if (proven < SCH_PHASE_INTAKE_PLANNED) {
        sch_evidence_open_anew(act, 4);
    }
    if (proven < SCH_PHASE_IN_TREATMENT) {
        sch_evidence_open_anew(act, 7);
    }
    for (unsigned number = 13; proven < SCH_PHASE_ENDED && number <= 15; number++) {
        sch_evidence_open_anew(act, number);
    }
}

void sch_evidence_reach(struct sch_act *act, enum sch_phase proven)
{
    assert(!sch_evidence_is_deaf(act->dossier));
    sch_evidence_answer(act, proven);
    if (sch_evidence_is_turned_away(act->dossier)) {
        reopen(act, proven);
    }
    sch_act_prove(act, proven, &act->event->header->id);
}

/* The phase that this message proves, whenever it comes. */
static enum sch_phase proven_by(const struct sch_act *act)
{
    switch (act->event->header->kind) {
    case SCH_KIND_ACCEPTANCE: return SCH_PHASE_ACCEPTED;
    case SCH_KIND_REFUSAL: return SCH_PHASE_REFUSED;
    case SCH_KIND_REDIRECTION: return SCH_PHASE_REDIRECTED;
    case SCH_KIND_APPOINTMENT:
    case SCH_KIND_NO_SHOW: return SCH_PHASE_INTAKE_PLANNED;
    case SCH_KIND_INTAKE_REPORT:
        return sch_evidence_fact(act, SCH_FACT_OUTCOME) == SCH_OUTCOME_TREATMENT ? SCH_PHASE_INTAKE_DONE
                                                                                 : SCH_PHASE_ENDED;
    case SCH_KIND_TREATMENT_START:
        return sch_evidence_fact(act, SCH_FACT_STARTED) == SCH_STARTED_YES ? SCH_PHASE_IN_TREATMENT
                                                                           : SCH_PHASE_ACCEPTED;
    case SCH_KIND_PROGRESS_LETTER: return SCH_PHASE_IN_TREATMENT;
    case SCH_KIND_BACK_REFERRAL: return SCH_PHASE_BACK_REFERRED;
    default: return SCH_PHASE_ENDED;
    }
}

void sch_evidence_note(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_header *header = act->event->header;
    enum sch_phase proven = sch_proof_replay(dossier);
    if (!sch_dossier_is(dossier, SCH_MEMBER_RECEIVER, header->sender.text)) {
        return;
    }
    sch_proof_add(dossier, (struct sch_proof){
        .phase = proven_by(act),
        .kind = header->kind,
        .late = sch_evidence_is_deaf(dossier) || header->kind == SCH_KIND_BACK_REFERRAL,
        .by = header->id });
    /* It came too late to move anything: an objection or a waiver closed the dossier, and no proof says so. */
    if (sch_proof_replay(dossier) != proven) {
        sch_proof_remove(dossier, &header->id);
    }
}
