/* feedback.c: the receiver's short messages, one handler each. */
#include "feedback.h"

#include "letter.h"
#include "promise.h"
#include "proof.h"
#include "value.h"

static struct sch_id message(const struct sch_act *act)
{
    return act->event->header->id;
}

/* The wait that the message announces for this promise, if it says a date and the promise is owed. */
static bool announce(struct sch_act *act, unsigned number)
{
    struct sch_instance *instance = sch_promise_find(act->dossier, number);
    if (sch_evidence_fact(act, SCH_FACT_EXPECTED_DATE) == 0 || instance == NULL) {
        return false;
    }
    sch_promise_announce(act, instance, sch_evidence_stated_day(act, SCH_FACT_EXPECTED_DATE));
    return true;
}

void sch_feedback_keep(struct sch_act *act)
{
    (void)act;
}

void sch_feedback_late(struct sch_act *act)
{
    sch_evidence_note(act);
}

void sch_feedback_acceptance(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (sch_evidence_is_deaf(dossier)) {
        sch_evidence_note(act);
        return;
    }
    sch_evidence_reach(act, SCH_PHASE_ACCEPTED);
    sch_promise_follow_intake(act);
    (void)announce(act, 4);
    if (sch_promise_find(dossier, 12) == NULL && !sch_letter_is_answered(act, 12)) {
        (void)sch_promise_open(act, 12, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, message(act),
                               act->world->now_ms);
    }
}

void sch_feedback_appointment(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (sch_evidence_is_deaf(dossier)) {
        sch_evidence_note(act);
        return;
    }
    /* Not clamped: an appointment lies ahead. It answers E4, and is late all the same when it lies past the due. */
    int32_t day = sch_evidence_stated_day(act, SCH_FACT_EVENT_DATE);
    struct sch_instance *e4 = sch_promise_find(dossier, 4);
    if (e4 != NULL) {
        e4->beyond = sch_ms_of_day(day) >= e4->due_ms;
    }
    sch_evidence_reach(act, SCH_PHASE_INTAKE_PLANNED);
    dossier->intake_day = day;
    struct sch_instance *e6 = sch_promise_find(dossier, 6);
    if (e6 != NULL) {
        sch_promise_move(act, e6, dossier->intake_day);
    } else if (!sch_letter_is_answered(act, 6)) {
        (void)sch_promise_open_on_day(act, 6, SCH_VARIANT_PLAIN, message(act), dossier->intake_day);
    }
    sch_promise_follow_intake(act);
}

void sch_feedback_no_show(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (sch_evidence_is_deaf(dossier)) {
        sch_evidence_note(act);
        return;
    }
    sch_evidence_reach(act, SCH_PHASE_INTAKE_PLANNED);
    sch_promise_end_all(act, 6, SCH_STANDING_CANCELLED, message(act));
    dossier->intake_day = 0;
    sch_promise_follow_intake(act);
    int32_t day = sch_evidence_day(act);
    struct sch_instance *e5 = sch_promise_find(dossier, 5);
    if (e5 != NULL && sch_day_of_ms(e5->from_ms) < day) {
        /* A later no-show proves that there was a new appointment, of which nobody told. */
        sch_promise_end(act, e5, SCH_STANDING_CLOSED, message(act));
        e5 = NULL;
    }
    if (e5 == NULL) {
        (void)sch_promise_open_on_day(act, 5, SCH_VARIANT_PLAIN, message(act), day);
    }
}

/* The first start in one of several parallel referrals: the referrer may want to withdraw the others. */
static void tell_siblings(struct sch_act *act)
{
    if (sch_value_is_id(&act->dossier->group)) {
        sch_act_add(act, SCH_EFFECT_SIBLINGS)->message = act->dossier->group;
    }
}

void sch_feedback_treatment_start(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (sch_evidence_is_deaf(dossier)) {
        sch_evidence_note(act);
        return;
    }
    /* Who says that treatment has not started yet has at least accepted. */
    bool started = sch_evidence_fact(act, SCH_FACT_STARTED) == SCH_STARTED_YES;
    bool first = sch_proof_of(dossier, SCH_PHASE_IN_TREATMENT) == NULL;
    sch_evidence_reach(act, started ? SCH_PHASE_IN_TREATMENT : SCH_PHASE_ACCEPTED);
    sch_promise_follow_intake(act);
    (void)announce(act, 7);
    if (started) {
        sch_letter_open_progress(act);
    }
    if (started && first) {
        tell_siblings(act);
    }
}

void sch_feedback_wait_status(struct sch_act *act)
{
    if (!announce(act, 4)) {
        (void)announce(act, 7);
    }
}

void sch_feedback_treatment_end(struct sch_act *act)
{
    bool clinical = sch_evidence_fact(act, SCH_FACT_SETTING) == SCH_SETTING_CLINICAL;
    if (sch_evidence_is_deaf(act->dossier)) {
        sch_evidence_note(act);
        return;
    }
    sch_evidence_reach(act, SCH_PHASE_ENDED);
    if (sch_promise_find(act->dossier, 9) == NULL && !sch_letter_is_answered(act, 9)) {
        (void)sch_promise_open_on_day(act, 9, clinical ? SCH_VARIANT_CLINICAL : SCH_VARIANT_PLAIN,
                                      message(act), sch_evidence_day(act));
    }
    sch_letter_settle_end(act);
}
