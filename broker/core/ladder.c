/* ladder.c: the timers of a dossier, in an order that lets the later see what the earlier did. */
#include "ladder.h"

#include "delivery.h"
#include "expectation.h"
#include "mailbox.h"
#include "post.h"
#include "promise.h"
#include "refusal.h"
#include "value.h"

static bool is_leased(const struct sch_act *act, const struct sch_id *message)
{
    for (size_t i = 0; i < act->event->leased_count; i++) {
        if (sch_value_same_id(&act->event->leased[i], message)) {
            return true;
        }
    }
    return false;
}

/* What ran out while the broker stood still is first offered to those who could not collect it meanwhile. */
static struct sch_delivery *next_expired(struct sch_act *act)
{
    if (act->world->now_ms < act->world->expire_from_ms) {
        return NULL;
    }
    for (size_t i = 0; i < act->dossier->delivery_count; i++) {
        struct sch_delivery *delivery = &act->dossier->delivery[i];
        if (sch_delivery_expiry_ms(delivery) <= act->world->now_ms && !is_leased(act, &delivery->message)) {
            return delivery;
        }
    }
    return NULL;
}

static struct sch_delivery *next_unreported(struct sch_act *act)
{
    for (size_t i = 0; i < act->dossier->delivery_count; i++) {
        if (sch_delivery_report_ms(&act->dossier->delivery[i]) <= act->world->now_ms) {
            return &act->dossier->delivery[i];
        }
    }
    return NULL;
}

static void presume_intake(struct sch_act *act)
{
    if (sch_dossier_presume_ms(act->dossier) <= act->world->now_ms) {
        /* The second clock of E7 has followed the appointment already. */
        sch_act_phase(act, SCH_PHASE_INTAKE_PRESUMED);
    }
}

/* The child that was to forward the patient did not come. */
static void miss_forward(struct sch_act *act)
{
    if (act->dossier->forward_by_ms != 0 && act->dossier->forward_by_ms <= act->world->now_ms) {
        sch_refusal_lapse(act);
    }
}

/* After its time a dossier leaves no trace. Nothing of it lies in a mailbox then, and nothing is owed but the
 * answers that nobody gave in all that time. */
static void purge(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (dossier->delivery_count == 0 && sch_dossier_purge_ms(dossier) <= act->world->now_ms) {
        sch_act_add(act, SCH_EFFECT_PURGE)->message = dossier->id;
        /* No PHASE tells of it: there is nobody left to be told. */
        dossier->phase = SCH_PHASE_NONE;
        act->phase_before = SCH_PHASE_NONE;
    }
}

static void climb(struct sch_act *act, struct sch_instance *instance)
{
    int64_t now_ms = act->world->now_ms;
    if (instance->expectation == 1 && now_ms < act->world->e1_from_ms) {
        return;
    }
    for (;;) {
        int64_t at_ms;
        enum sch_ladder step = sch_expectation_next_step(instance, &at_ms);
        if (step == SCH_STEP_NONE || at_ms > now_ms) {
            return;
        }
        if (step == SCH_STEP_REMINDED && instance->due_ms <= now_ms) {
            step = SCH_STEP_OVERDUE;
        }
        instance->step = step;
        struct sch_effect *alert = sch_act_add(act, SCH_EFFECT_ALERT);
        alert->instance = *instance;
        /* An uncollected message is chased in the ledger only: a reminder would lie uncollected beside it. */
        if (instance->expectation != 1 && step != SCH_STEP_ESCALATED) {
            sch_post_remind(act, instance, step);
        }
    }
}

void sch_ladder_due(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    for (struct sch_delivery *delivery; (delivery = next_expired(act)) != NULL;) {
        sch_mailbox_end(act, delivery, SCH_DELIVERY_EXPIRED, SCH_CAUSE_EXPIRED, SCH_CAUSE_EXPIRED);
    }
    for (struct sch_delivery *delivery; (delivery = next_unreported(act)) != NULL;) {
        delivery->reported = true;
        sch_post_report(act, delivery, SCH_CAUSE_NOT_COLLECTED);
    }
    presume_intake(act);
    miss_forward(act);
    for (size_t i = 0; i < dossier->instance_count; i++) {
        climb(act, &dossier->instance[i]);
    }
    purge(act);
}
