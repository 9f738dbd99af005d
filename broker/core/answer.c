/* answer.c: taking a referral back, and taking a patient up. */
#include "answer.h"

#include "post.h"
#include "promise.h"
#include "value.h"

void sch_answer_withdrawal(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    sch_post_withdraw(act, &dossier->id);
    /* Whoever was asked to withdraw has done it. */
    sch_post_withdraw_prompt(act);
    sch_promise_cancel(act, dossier->phase == SCH_PHASE_INTAKE_PRESUMED);
    sch_act_prove(act, SCH_PHASE_WITHDRAWN, &act->event->header->id);
}

void sch_answer_taken_up(struct sch_act *act)
{
    sch_promise_end_all(act, 10, SCH_STANDING_CLOSED, act->event->header->id);
    act->dossier->taken_up = true;
}
