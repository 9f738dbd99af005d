/* question.c: who asked whom, and what an answer starts again. */
#include "question.h"

#include "promise.h"
#include "value.h"

#define MONTHS_AFTER_CLOSING 6

bool sch_question_in_time(struct sch_dossier *dossier, enum sch_kind kind, int64_t now_ms)
{
    if (dossier->closed_ms == 0 ||
        (kind == SCH_KIND_INFORMATION_REPLY && sch_promise_find(dossier, 11) != NULL)) {
        return true;
    }
    int32_t last = sch_add_months(sch_day_of_ms(dossier->closed_ms), MONTHS_AFTER_CLOSING);
    return sch_day_of_ms(now_ms) <= last;
}

static bool is_receiver(const struct sch_act *act)
{
    return sch_dossier_is(act->dossier, SCH_MEMBER_RECEIVER, act->event->header->sender.text);
}

/* Whom the sender asks. In a notice of involvement the practice may be receiver and creditor. */
static uint8_t asked(const struct sch_act *act)
{
    if (!is_receiver(act)) {
        return SCH_MEMBER_RECEIVER;
    }
    return sch_dossier_is(act->dossier, SCH_MEMBER_CREDITOR, act->event->header->sender.text)
               ? SCH_MEMBER_REFERRER
               : SCH_MEMBER_CREDITOR;
}

void sch_question_ask(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_id question = act->event->header->id;
    struct sch_instance *e2 = sch_promise_find(dossier, 2);
    if (is_receiver(act) && e2 != NULL && dossier->asked_count < SCH_ASKED_MAX) {
        sch_promise_end(act, e2, SCH_STANDING_CLOSED, question);
        dossier->asked_count++;
    }
    (void)sch_promise_open(act, 11, SCH_VARIANT_PLAIN, asked(act), question, act->world->now_ms);
}

/* The question that this reply answers: the one that it names, or the oldest that its side has to answer. */
static struct sch_instance *answered(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_instance *oldest = NULL;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        bool owes = instance->expectation == 11 && sch_instance_is_open(instance) &&
                    (instance->member == SCH_MEMBER_RECEIVER) == is_receiver(act);
        if (owes && sch_value_same_id(&instance->opened_by, &act->event->header->subject)) {
            return instance;
        }
        if (owes && oldest == NULL) {
            oldest = instance;
        }
    }
    return oldest;
}

void sch_question_reply(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_instance *kept = sch_promise_kept(dossier, 2);
    /* After so many questions that the first decision asked for is forgotten, it still is to come. */
    bool asked_before = dossier->asked_count > 0 && (kept == NULL || kept->standing == SCH_STANDING_CLOSED);
    struct sch_instance *e11 = answered(act);
    if (e11 != NULL) {
        sch_promise_end(act, e11, SCH_STANDING_CLOSED, act->event->header->id);
    }
    if (!is_receiver(act) && dossier->phase == SCH_PHASE_SENT && asked_before &&
        sch_promise_find(dossier, 2) == NULL) {
        (void)sch_promise_open(act, 2, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, act->event->header->id,
                               act->world->now_ms);
    }
}
