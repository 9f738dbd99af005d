/* refusal.c: ends without care, and the practice that has to know. */
#include "refusal.h"

#include <assert.h>

#include "letter.h"
#include "promise.h"
#include "proof.h"
#include "successor.h"

#define FORWARD_WORKING_DAYS 5

void sch_refusal_hand_back(struct sch_act *act, enum sch_member_role member, struct sch_id by)
{
    if (sch_promise_find(act->dossier, 10) == NULL) {
        sch_successor_release(act->dossier);
        (void)sch_promise_open(act, 10, SCH_VARIANT_PLAIN, (uint8_t)member, by, act->world->now_ms);
    }
}

/* Ends the dossier in this phase; an intake that was held, or is presumed, is still to be reported. */
static void send_away(struct sch_act *act, enum sch_phase phase)
{
    struct sch_dossier *dossier = act->dossier;
    bool intake_held = dossier->phase >= SCH_PHASE_INTAKE_PRESUMED;
    sch_evidence_answer(act, phase);
    sch_promise_cancel(act, intake_held);
    if (!intake_held) {
        dossier->intake_day = 0;
    }
    sch_act_prove(act, phase, &act->event->header->id);
}

void sch_refusal_refuse(struct sch_act *act)
{
    send_away(act, SCH_PHASE_REFUSED);
    sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, act->event->header->id);
}

void sch_refusal_redirect(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (sch_evidence_fact(act, SCH_FACT_REDIRECTION_MODE) == SCH_MODE_FORWARDED) {
        dossier->forward_by_ms = sch_due_ms(sch_act_calendar(act), act->world->now_ms, FORWARD_WORKING_DAYS,
                                            SCH_UNIT_WORKING_DAYS);
        send_away(act, SCH_PHASE_REDIRECTED);
        if (sch_successor_is_child_there(dossier)) {
            /* The child came before this message: there is nothing to wait for. */
            dossier->forward_by_ms = 0;
            dossier->placed = true;
            sch_successor_take(dossier);
        }
        return;
    }
    send_away(act, SCH_PHASE_REDIRECTED);
    sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, act->event->header->id);
}

void sch_refusal_lapse(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_id *redirection = sch_proof_moved_to(dossier, SCH_PHASE_REDIRECTED);
    assert(redirection != NULL);
    dossier->forward_by_ms = 0;
    dossier->placed = false;
    /* From now on it counts as an end without care. */
    if (dossier->refusals < UINT8_MAX) {
        dossier->refusals++;
    }
    sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, *redirection);
}

void sch_refusal_refer_back(struct sch_act *act)
{
    if (sch_evidence_is_deaf(act->dossier)) {
        sch_letter_late(act);
        return;
    }
    sch_letter_answer(act, sch_evidence_day(act));
    send_away(act, SCH_PHASE_BACK_REFERRED);
    sch_refusal_hand_back(act, SCH_MEMBER_CREDITOR, act->event->header->id);
}

void sch_refusal_of_back_referral(struct sch_act *act)
{
    const struct sch_header *header = act->event->header;
    if (!sch_dossier_is(act->dossier, SCH_MEMBER_CREDITOR, header->sender.text)) {
        sch_evidence_note(act);
        return;
    }
    /* Treatment goes on: its end, and the letter about that, are still to come. */
    sch_promise_end_all(act, 9, SCH_STANDING_CANCELLED, header->id);
    sch_promise_end_all(act, 10, SCH_STANDING_CANCELLED, header->id);
    sch_act_prove(act, SCH_PHASE_IN_TREATMENT, &header->id);
    sch_letter_open_progress(act);
    for (unsigned number = 13; number <= 15; number++) {
        if (sch_promise_find(act->dossier, number) == NULL && sch_promise_kept(act->dossier, number) == NULL) {
            sch_evidence_open_anew(act, number);
        }
    }
}
