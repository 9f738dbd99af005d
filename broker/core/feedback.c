/*
 * feedback.c: the receiver's messages, one handler each. DOMAIN, "Message kinds" and "Two layers": Dossier.
 *
 * All share reach(): a message proves a phase, the phase answers the promises whose rule says so, and what
 * is earlier than the furthest phase proven moves nothing.
 */
#include "feedback.h"

#include <assert.h>

#include <scharnier/query.h>

#include "promise.h"
#include "value.h"

static int64_t fact(const struct sch_act *act, enum sch_fact fact_)
{
    return act->event->header->fact[fact_];
}

static struct sch_id message(const struct sch_act *act)
{
    return act->event->header->id;
}

static int32_t today(const struct sch_act *act)
{
    return sch_day_of_ms(act->world->now_ms);
}

/* A date as stated; the header was checked, so it is one. */
static int32_t stated_day(const struct sch_act *act, enum sch_fact fact_)
{
    int32_t day = 0;
    bool valid = sch_day_from_date(fact(act, fact_), &day);
    assert(valid);
    return day;
}

/* The event's day, not before the letter and not after today: nobody can buy time with a date. */
static int32_t event_day(const struct sch_act *act)
{
    int32_t day = stated_day(act, SCH_FACT_EVENT_DATE);
    if (day < act->dossier->letter_day) {
        day = act->dossier->letter_day;
    }
    return day > today(act) ? today(act) : day;
}

static bool is_turned_away(const struct sch_dossier *dossier)
{
    return dossier->phase == SCH_PHASE_REFUSED || dossier->phase == SCH_PHASE_UNDELIVERED;
}

/* Once the practice has taken the patient up, a refusal cannot be taken back. */
static bool is_deaf(const struct sch_dossier *dossier)
{
    return is_turned_away(dossier) && dossier->taken_up;
}

/* Answers all that this kind answers by proving this phase. E6 and E9 wait for their letters. */
static void answer(struct sch_act *act, enum sch_phase proven)
{
    uint64_t kind = UINT64_C(1) << act->event->header->kind;
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        if (number != 6 && number != 9 && (rule->closed_by & kind) != 0 && proven >= rule->proof) {
            (void)sch_promise_end_all(act, number, SCH_STANDING_CLOSED, message(act));
        }
    }
}

/* The receiver takes the patient after all: what it owed is owed anew, with the patience already used up. */
static void reopen(struct sch_act *act, enum sch_phase proven)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_id none = { { 0 } };
    (void)sch_promise_end_all(act, 10, SCH_STANDING_CANCELLED, none);
    if (proven < SCH_PHASE_INTAKE_PLANNED) {
        (void)sch_promise_open(act, 4, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, message(act),
                               dossier->opened_ms);
    }
    if (proven < SCH_PHASE_IN_TREATMENT) {
        (void)sch_promise_open(act, 7, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, message(act),
                               dossier->opened_ms);
    }
    sch_act_phase(act, proven);
}

static void reach(struct sch_act *act, enum sch_phase proven)
{
    struct sch_dossier *dossier = act->dossier;
    assert(!is_deaf(dossier));
    answer(act, proven);
    if (is_turned_away(dossier)) {
        reopen(act, proven);
    } else if (dossier->phase < proven) {
        sch_act_phase(act, proven);
    }
}

void sch_feedback_settle_end(struct sch_act *act)
{
    if (act->dossier->phase == SCH_PHASE_ENDED && sch_promise_find(act->dossier, 6) == NULL &&
        sch_promise_find(act->dossier, 9) == NULL) {
        sch_act_phase(act, SCH_PHASE_CLOSED);
        sch_promise_cancel(act, true);
    }
}

/* Required sections that this header shows to be missing. A document of unknown sections misses none, unless
 * the norms demand sections; then it misses all. */
static uint32_t sections_missing(const struct sch_norms *norms, const struct sch_header *header)
{
    const struct sch_required *required = &norms->required[header->kind];
    if (!header->sections_known && !required->demanded) {
        return 0;
    }
    return required->sections & ~header->sections;
}

/* A letter answers its promise; without one it opens and answers it, unless one was answered before. */
static void answer_letter(struct sch_act *act, unsigned number, int32_t day)
{
    struct sch_instance *owed = sch_promise_find(act->dossier, number);
    bool incomplete = sections_missing(act->world->norms, act->event->header) != 0;
    if (owed == NULL && sch_promise_kept(act->dossier, number) == NULL) {
        owed = sch_promise_open_on_day(act, number, SCH_VARIANT_PLAIN, message(act), day);
    }
    if (incomplete) {
        act->warnings |= UINT32_C(1) << SCH_WARNING_INCOMPLETE;
    }
    if (owed != NULL && incomplete) {
        sch_promise_incomplete(act, owed);
    } else if (owed != NULL) {
        sch_promise_end(act, owed, SCH_STANDING_CLOSED, message(act));
    }
}

/* The wait that the message announces for this promise, if it says a date and the promise is owed. */
static bool announce(struct sch_act *act, unsigned number)
{
    struct sch_instance *instance = sch_promise_find(act->dossier, number);
    if (fact(act, SCH_FACT_EXPECTED_DATE) == 0 || instance == NULL) {
        return false;
    }
    sch_promise_announce(act, instance, stated_day(act, SCH_FACT_EXPECTED_DATE));
    return true;
}

void sch_feedback_keep(struct sch_act *act)
{
    (void)act;
}

void sch_feedback_acceptance(struct sch_act *act)
{
    if (is_deaf(act->dossier)) {
        return;
    }
    reach(act, SCH_PHASE_ACCEPTED);
    sch_promise_follow_intake(act);
    (void)announce(act, 4);
}

void sch_feedback_refusal(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    bool intake_held = dossier->phase == SCH_PHASE_INTAKE_PRESUMED;
    answer(act, SCH_PHASE_NONE);
    sch_promise_cancel(act, intake_held);
    if (!intake_held) {
        dossier->intake_day = 0;
    }
    sch_act_phase(act, SCH_PHASE_REFUSED);
    (void)sch_promise_open(act, 10, SCH_VARIANT_PLAIN, SCH_MEMBER_CREDITOR, message(act),
                           act->world->now_ms);
}

/* An appointment or a no-show says that no intake was held yet, whatever was presumed. */
static void reach_planned(struct sch_act *act)
{
    reach(act, SCH_PHASE_INTAKE_PLANNED);
    if (act->dossier->phase == SCH_PHASE_INTAKE_PRESUMED) {
        sch_act_phase(act, SCH_PHASE_INTAKE_PLANNED);
    }
}

void sch_feedback_appointment(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (is_deaf(dossier)) {
        return;
    }
    reach_planned(act);
    /* Not clamped: an appointment lies ahead. */
    dossier->intake_day = stated_day(act, SCH_FACT_EVENT_DATE);
    struct sch_instance *e6 = sch_promise_find(dossier, 6);
    if (e6 != NULL) {
        sch_promise_move(act, e6, dossier->intake_day);
    } else if (sch_promise_kept(dossier, 6) == NULL) {
        (void)sch_promise_open_on_day(act, 6, SCH_VARIANT_PLAIN, message(act), dossier->intake_day);
    }
    sch_promise_follow_intake(act);
}

void sch_feedback_no_show(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_id none = { { 0 } };
    if (is_deaf(dossier)) {
        return;
    }
    reach_planned(act);
    (void)sch_promise_end_all(act, 6, SCH_STANDING_CANCELLED, none);
    dossier->intake_day = 0;
    sch_promise_follow_intake(act);
    struct sch_instance *e5 = sch_promise_find(dossier, 5);
    if (e5 != NULL && sch_day_of_ms(e5->from_ms) < event_day(act)) {
        /* A later no-show proves that there was a new appointment, of which nobody told. */
        sch_promise_end(act, e5, SCH_STANDING_CLOSED, message(act));
        e5 = NULL;
    }
    if (e5 == NULL) {
        (void)sch_promise_open_on_day(act, 5, SCH_VARIANT_PLAIN, message(act), event_day(act));
    }
}

void sch_feedback_late_letter(struct sch_act *act)
{
    unsigned number = act->event->header->kind == SCH_KIND_INTAKE_REPORT ? 6 : 9;
    if (sch_promise_find(act->dossier, number) != NULL) {
        answer_letter(act, number, event_day(act));
        sch_feedback_settle_end(act);
    } else if (sections_missing(act->world->norms, act->event->header) != 0) {
        act->warnings |= UINT32_C(1) << SCH_WARNING_INCOMPLETE;
    }
}

void sch_feedback_intake_report(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (is_deaf(dossier)) {
        sch_feedback_late_letter(act);
        return;
    }
    bool treats = fact(act, SCH_FACT_OUTCOME) == SCH_OUTCOME_TREATMENT;
    bool first = is_turned_away(dossier) || dossier->phase < SCH_PHASE_INTAKE_DONE;
    bool ends = !treats && (is_turned_away(dossier) || dossier->phase < SCH_PHASE_ENDED);
    if (first) {
        dossier->intake_day = event_day(act);
    }
    reach(act, treats ? SCH_PHASE_INTAKE_DONE : SCH_PHASE_ENDED);
    answer_letter(act, 6, event_day(act));
    sch_promise_follow_intake(act);
    if (ends) {
        (void)sch_promise_open(act, 10, SCH_VARIANT_PLAIN, SCH_MEMBER_CREDITOR, message(act),
                               act->world->now_ms);
    }
    sch_feedback_settle_end(act);
}

void sch_feedback_treatment_start(struct sch_act *act)
{
    if (is_deaf(act->dossier)) {
        return;
    }
    /* Who says that treatment has not started yet has at least accepted. */
    bool started = fact(act, SCH_FACT_STARTED) == SCH_STARTED_YES;
    reach(act, started ? SCH_PHASE_IN_TREATMENT : SCH_PHASE_ACCEPTED);
    sch_promise_follow_intake(act);
    (void)announce(act, 7);
}

void sch_feedback_wait_status(struct sch_act *act)
{
    if (!announce(act, 4)) {
        (void)announce(act, 7);
    }
}

void sch_feedback_treatment_end(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    bool clinical = fact(act, SCH_FACT_SETTING) == SCH_SETTING_CLINICAL;
    if (is_deaf(dossier)) {
        return;
    }
    reach(act, SCH_PHASE_ENDED);
    if (sch_promise_find(dossier, 9) == NULL && sch_promise_kept(dossier, 9) == NULL) {
        (void)sch_promise_open_on_day(act, 9, clinical ? SCH_VARIANT_CLINICAL : SCH_VARIANT_PLAIN,
                                      message(act), event_day(act));
    }
    sch_feedback_settle_end(act);
}

void sch_feedback_discharge_letter(struct sch_act *act)
{
    if (is_deaf(act->dossier)) {
        sch_feedback_late_letter(act);
        return;
    }
    reach(act, SCH_PHASE_ENDED);
    answer_letter(act, 9, event_day(act));
    sch_feedback_settle_end(act);
}

void sch_feedback_no_report(struct sch_act *act)
{
    (void)sch_promise_end_all(act, (unsigned)fact(act, SCH_FACT_EXPECTATION), SCH_STANDING_WITHHELD,
                              message(act));
    sch_feedback_settle_end(act);
}

void sch_feedback_found_incomplete(struct sch_act *act, const struct sch_delivery *letter,
                                   uint32_t missing_sections)
{
    struct sch_dossier *dossier = act->dossier;
    if ((missing_sections & act->world->norms->required[letter->kind].sections) == 0) {
        return;
    }
    for (unsigned number = 6; number <= 9; number += 3) {
        struct sch_instance *kept = sch_promise_kept(dossier, number);
        if (kept == NULL || kept->standing != SCH_STANDING_CLOSED ||
            !sch_value_same_id(&kept->closed_by, &letter->message)) {
            continue;
        }
        sch_promise_reopen(act, kept);
        if (dossier->phase == SCH_PHASE_CLOSED) {
            sch_act_phase(act, SCH_PHASE_ENDED);
        }
    }
}
