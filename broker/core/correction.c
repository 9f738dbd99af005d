/*
 * correction.c: taking one message's consequences back.
 *
 * The record says what a message opened and what it ended; that is put back where the messages that stand want
 * it (owing.h), and what they say and could not open, because the subject had said more, is opened. What it only
 * moved (an announced wait) stays moved: nobody knows where it stood before.
 */
#include "correction.h"

#include <assert.h>

#include "chain.h"
#include "delivery.h"
#include "kind.h"
#include "letter.h"
#include "owing.h"
#include "post.h"
#include "promise.h"
#include "proof.h"
#include "refusal.h"
#include "route.h"
#include "successor.h"
#include "value.h"

int sch_correction_check(const struct sch_act *act, const char **field)
{
    const struct sch_subject *subject = &act->event->subject;
    const struct sch_header *header = act->event->header;
    if (!subject->known || !sch_value_same_id(&subject->dossier, &header->dossier) ||
        !sch_value_same_text(subject->sender.text, header->sender.text) ||
        subject->kind == SCH_KIND_CORRECTION) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.subject", field);
    }
    /* The letter that was taken back before anyone had it is destroyed: there is nothing to go on with. */
    if (subject->kind == SCH_KIND_WITHDRAWAL && !act->dossier->received) {
        return sch_kind_fault(SCH_E_NOT_NOW, "header.subject", field);
    }
    return SCH_OK;
}

static const struct sch_id *subject_id(const struct sch_act *act)
{
    return &act->event->header->subject;
}

/* A wrong party may have read it. A recipient whose delivery has ended had it, or refused it, or let it
 * expire: only when there is one such recipient the core knows who. */
static void note_breach(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_subject *subject = &act->event->subject;
    uint8_t member[SCH_RECIPIENTS_MAX];
    if (sch_evidence_fact(act, SCH_FACT_WRONG_PARTY) == 0 || !subject->collected) {
        return;
    }
    size_t count = sch_route_recipients(
        dossier, sch_route_direction(dossier, SCH_KIND_CORRECTION, subject->sender.text, subject),
        subject->sender.text, member);
    size_t ended = 0;
    uint8_t who = SCH_MEMBER_NONE;
    for (size_t i = 0; i < count; i++) {
        if (sch_delivery_find(dossier, subject_id(act), dossier->member[member[i]].address.text) == NULL) {
            ended++;
            who = member[i];
        }
    }
    dossier->breach = true;
    struct sch_effect *breach = sch_act_add(act, SCH_EFFECT_BREACH);
    breach->message = *subject_id(act);
    breach->kind = subject->kind;
    breach->member = ended == 1 ? who : SCH_MEMBER_NONE;
}

/* The whole dossier was a mistake. A question may still be answered. */
static void enter_in_error(struct sch_act *act)
{
    struct sch_id by = act->event->header->id;
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        if (number != 11) {
            sch_promise_end_all(act, number, SCH_STANDING_CANCELLED, by);
        }
    }
    sch_act_prove(act, SCH_PHASE_ENTERED_IN_ERROR, &by);
    sch_chain_tell(act, true);
}

/* Takes the subject's proofs out and lets the others say where the dossier stands. */
static void replay(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    bool was_unplaced = sch_act_is_unplaced(dossier);
    sch_proof_remove(dossier, subject_id(act));
    enum sch_phase phase = sch_proof_replay(dossier);
    bool presumed = phase == SCH_PHASE_INTAKE_PLANNED && dossier->phase == SCH_PHASE_INTAKE_PRESUMED &&
                    sch_proof_is_planned_by(dossier, SCH_KIND_APPOINTMENT);
    if (!presumed) {
        /* ENDED, if it closed: whether it still is, is settled at last. */
        sch_act_phase_after(act, phase, was_unplaced);
    }
}

/* Did this message end a promise of this number? */
static bool has_ended(const struct sch_dossier *dossier, unsigned number, const struct sch_id *message)
{
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        if (instance->expectation == number && sch_value_same_id(&instance->closed_by, message)) {
            return true;
        }
    }
    return false;
}

/* Is what the subject opened owed without it, because another message says the same? It counts on as it did. */
static bool is_said_again(const struct sch_act *act, const struct sch_instance *instance)
{
    struct sch_dossier *dossier = act->dossier;
    unsigned number = instance->expectation;
    switch (number) {
    case 6:
        /* Another appointment has moved it, and it is that one's now. */
        return (sch_proof_is_planned_by(dossier, SCH_KIND_APPOINTMENT) ||
                sch_owing_is_incomplete_report(dossier, instance)) &&
               (!sch_proof_is_end(dossier->phase) || sch_proof_is_end(act->phase_before));
    case 8:
        /* A letter that began the year anew owes its own year; the one before it comes back instead. */
        return !has_ended(dossier, 8, subject_id(act)) && sch_proof_of(dossier, SCH_PHASE_IN_TREATMENT) != NULL;
    case 10:
        /* Another end sends the patient back as well. */
        return sch_evidence_is_turned_away(dossier);
    case 12:
        return sch_proof_of(dossier, SCH_PHASE_ACCEPTED) != NULL;
    case 4:
    case 5:
    case 7:
    case 9:
    case 13:
    case 14:
    case 15:
        return sch_owing_is_wanted(dossier, number);
    default:
        return false;
    }
}

/* What the subject opened is not owed. What another message ended already must not come back when that one is
 * corrected as well: it ends by this CORRECTION, which stands for good. */
static void cancel_opened(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_id by = act->event->header->id;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        unsigned number = instance->expectation;
        if (number == 1 || !sch_value_same_id(&instance->opened_by, subject_id(act)) ||
            is_said_again(act, instance)) {
            continue;
        }
        if (sch_instance_is_open(instance)) {
            sch_promise_end(act, instance, SCH_STANDING_CANCELLED, by);
        } else if (!sch_owing_is_of_opening(number) && !sch_value_same_id(&instance->closed_by, subject_id(act))) {
            instance->closed_by = by;
        }
    }
}

/* Other messages opened something since that has no place in the phase of now. */
static void cancel_unwanted(struct sch_act *act)
{
    for (unsigned number = 2; number < SCH_EXPECTATION_COUNT; number++) {
        if (!sch_owing_is_wanted(act->dossier, number)) {
            sch_promise_end_all(act, number, SCH_STANDING_CANCELLED, act->event->header->id);
        }
    }
}

/* What the subject ended stays ended, by whatever proves it now: that one's CORRECTION must find it. */
static void end_by_heir(struct sch_dossier *dossier, struct sch_instance *instance)
{
    const struct sch_instance *owed = sch_promise_find(dossier, instance->expectation);
    const struct sch_id *heir = sch_owing_answer(dossier, instance->expectation);
    if (heir == NULL) {
        heir = owed != NULL ? &owed->opened_by : sch_proof_of(dossier, sch_proof_replay(dossier));
    }
    if (heir != NULL) {
        instance->closed_by = *heir;
    }
}

static void reopen_one(struct sch_act *act, struct sch_instance *instance)
{
    struct sch_dossier *dossier = act->dossier;
    unsigned number = instance->expectation;
    bool own = sch_value_same_id(&instance->opened_by, subject_id(act));
    if (!own && !sch_owing_is_wanted_again(dossier, instance, act->world->now_ms)) {
        end_by_heir(dossier, instance);
        return;
    }
    sch_promise_reopen(act, instance, instance->incomplete ? SCH_STANDING_INCOMPLETE : SCH_STANDING_OPEN);
    if (own) {
        /* What the message itself had opened and answered was never owed. */
        sch_promise_end(act, instance, SCH_STANDING_CANCELLED, act->event->header->id);
    } else if (number == 6) {
        dossier->intake_day = sch_day_of_ms(instance->from_ms);
    } else if (number == 10) {
        sch_successor_release(dossier);
    } else if (number == 2 && act->event->subject.kind == SCH_KIND_INFORMATION_REQUEST) {
        assert(dossier->asked_count > 0);
        dossier->asked_count--;
    }
}

static void reopen_ended(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        if (!sch_instance_is_open(instance) && sch_value_same_id(&instance->closed_by, subject_id(act))) {
            reopen_one(act, instance);
        }
    }
}

/* Returns whether it was, and counts. */
static bool open_missing(struct sch_act *act, unsigned number, int64_t from_ms)
{
    return sch_owing_is_missing(act->dossier, number) &&
           sch_promise_open(act, number, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, act->event->header->id, from_ms) != NULL;
}

/* What the dossier owed from its first day, and the subject need not have opened anew, since it proved more. */
static void open_of_opening(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    for (unsigned number = 4; number < SCH_EXPECTATION_COUNT; number++) {
        if (sch_owing_is_of_opening(number) && sch_owing_is_wanted(dossier, number) &&
            sch_owing_is_missing(dossier, number)) {
            sch_evidence_open_anew(act, number);
        }
    }
}

/* A letter that stands lacks something, and the promise of it went with the subject. */
static void open_lacking(struct sch_act *act)
{
    static const unsigned opened_by_letter[] = { 6, 9, 12, 0 };
    struct sch_dossier *dossier = act->dossier;
    for (const unsigned *number = opened_by_letter; *number != 0; number++) {
        if (sch_proof_lacking(dossier, sch_expectation_rule(*number)->letters) != NULL &&
            open_missing(act, *number, act->world->now_ms)) {
            sch_promise_incomplete(act, sch_promise_find(dossier, *number));
        }
    }
}

/* A report without treatment stands, of which nobody has seen to the patient yet. */
static bool is_to_be_taken_up(struct sch_dossier *dossier)
{
    const struct sch_instance *kept = sch_promise_kept(dossier, 10);
    return sch_owing_is_without_treatment(dossier) && !dossier->taken_up &&
           (kept == NULL || !sch_value_same_id(&kept->opened_by, &sch_proof_mover(dossier)->by));
}

/* What other messages say opened nothing as long as the subject said more. Its term begins now. */
static void open_said(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    /* Of one whose kind was not noted nobody knows which it was. */
    bool appointed = sch_proof_is_planned_by(dossier, SCH_KIND_APPOINTMENT);
    bool missed = sch_proof_is_planned_by(dossier, SCH_KIND_NO_SHOW);
    int64_t now_ms = act->world->now_ms;
    if (sch_proof_is_end(dossier->phase)) {
        return;
    }
    if (dossier->phase < SCH_PHASE_ENDED) {
        open_of_opening(act);
    }
    if (dossier->phase < SCH_PHASE_ENDED && sch_proof_of(dossier, SCH_PHASE_ACCEPTED) != NULL) {
        (void)open_missing(act, 12, now_ms);
    }
    if (missed && !appointed && sch_owing_is_wanted(dossier, 5)) {
        (void)open_missing(act, 5, now_ms);
    }
    if (appointed && !missed && open_missing(act, 6, now_ms)) {
        dossier->intake_day = 0;
    }
    if (sch_owing_is_wanted(dossier, 8)) {
        sch_letter_open_progress(act);
    }
    if (dossier->phase == SCH_PHASE_ENDED && sch_proof_is_letter_due(dossier) &&
        sch_proof_mover(dossier)->kind != SCH_KIND_UNSPECIFIED) {
        (void)open_missing(act, 9, now_ms);
    }
    if (is_to_be_taken_up(dossier)) {
        sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, act->event->header->id);
    }
}

/* An INTAKE_REPORT began the year of E8 anew; without it the year counts from where it opened. */
static void restore_year(struct sch_act *act)
{
    struct sch_instance *e8 = sch_promise_find(act->dossier, 8);
    if (e8 != NULL && e8->from_ms > e8->opened_ms && act->event->subject.kind == SCH_KIND_INTAKE_REPORT) {
        sch_promise_move_to(act, e8, e8->opened_ms);
    }
}

static void take_back(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    replay(act);
    cancel_opened(act);
    reopen_ended(act);
    restore_year(act);
    cancel_unwanted(act);
    if (dossier->phase < SCH_PHASE_ENDED) {
        sch_successor_release(dossier);
    }
    open_lacking(act);
    open_said(act);
    /* The E10 of an earlier end may have gone with it; but while a child is awaited nobody owes one. */
    if (sch_evidence_is_turned_away(dossier) && dossier->forward_by_ms == 0 && !dossier->taken_up) {
        bool undelivered = dossier->phase == SCH_PHASE_UNDELIVERED;
        sch_refusal_hand_back(act, undelivered ? SCH_MEMBER_REFERRER : SCH_MEMBER_CREDITOR,
                              act->event->header->id);
    }
    if (dossier->phase < SCH_PHASE_INTAKE_DONE && !sch_proof_is_planned_by(dossier, SCH_KIND_APPOINTMENT)) {
        dossier->intake_day = 0;
    }
    sch_promise_follow_intake(act);
    sch_letter_settle_end(act);
}

void sch_correction_correct(struct sch_act *act)
{
    note_breach(act);
    sch_post_withdraw(act, subject_id(act));
    if (sch_value_same_id(subject_id(act), &act->dossier->id)) {
        if (act->dossier->phase != SCH_PHASE_ENTERED_IN_ERROR) {
            enter_in_error(act);
        }
    } else if (act->dossier->phase != SCH_PHASE_ENTERED_IN_ERROR) {
        take_back(act);
    }
}
