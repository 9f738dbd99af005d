/* mailbox.c: settlements, and what the dossier learns from them. */
#include "mailbox.h"

#include "delivery.h"
#include "letter.h"
#include "post.h"
#include "promise.h"
#include "refusal.h"
#include "value.h"

static bool is_opening(const struct sch_dossier *dossier, const struct sch_delivery *delivery)
{
    return sch_value_same_id(&delivery->message, &dossier->id);
}

void sch_mailbox_end(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state,
                     int code, enum sch_cause cause)
{
    struct sch_dossier *dossier = act->dossier;
    /* A CARE_NOTICE or INVOLVEMENT_NOTICE never is SENT: nobody waits for a receiver to begin. */
    bool undelivered = is_opening(dossier, delivery) && delivery->member == SCH_MEMBER_RECEIVER &&
                       dossier->phase == SCH_PHASE_SENT;
    sch_post_end(act, delivery, state, code, cause);
    /* From ACCEPTED on the receiver has evidently read it some other way: what is proven stays proven. */
    if (undelivered) {
        struct sch_id message = dossier->id;
        sch_act_prove(act, SCH_PHASE_UNDELIVERED, &message);
        sch_promise_cancel(act, false);
        sch_refusal_hand_back(act, SCH_MEMBER_REFERRER, message);
    }
}

static void settled(struct sch_act *act, enum sch_delivery_state state)
{
    struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_SETTLED);
    effect->message = act->event->message;
    effect->state = state;
    effect->member = sch_dossier_member(act->dossier, act->event->mailbox.text);
}

static struct sch_delivery *find(struct sch_act *act)
{
    return sch_delivery_find(act->dossier, &act->event->message, act->event->mailbox.text);
}

void sch_mailbox_collect(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_delivery *delivery = find(act);
    if (delivery == NULL) {
        settled(act, (enum sch_delivery_state)0);
        return;
    }
    struct sch_delivery collected = *delivery;
    sch_post_end(act, delivery, SCH_DELIVERY_COLLECTED, 0, (enum sch_cause)0);
    if (is_opening(dossier, &collected) && collected.member == SCH_MEMBER_RECEIVER) {
        dossier->received = true;
    }
    if (sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, act->event->mailbox.text)) {
        sch_letter_found_incomplete(act, collected.kind, &collected.message, act->event->missing_sections);
    }
    settled(act, SCH_DELIVERY_COLLECTED);
}

static void fail(struct sch_act *act, int code, enum sch_cause cause)
{
    struct sch_delivery *delivery = find(act);
    if (delivery == NULL) {
        settled(act, (enum sch_delivery_state)0);
        return;
    }
    sch_mailbox_end(act, delivery, SCH_DELIVERY_REFUSED_BY_SYSTEM, code, cause);
    settled(act, SCH_DELIVERY_REFUSED_BY_SYSTEM);
}

void sch_mailbox_refuse(struct sch_act *act)
{
    fail(act, (int)act->event->refusal, SCH_CAUSE_REFUSED_BY_SYSTEM);
}

void sch_mailbox_exhaust(struct sch_act *act)
{
    fail(act, SCH_CAUSE_EXHAUSTED, SCH_CAUSE_EXHAUSTED);
}
