/* answer.c: opening a dossier, taking a referral back, and closing claims without a letter. */
#include "answer.h"

#include <string.h>

#include <scharnier/query.h>

#include "post.h"
#include "promise.h"
#include "value.h"

#define LETTER_MONTHS_MAX 9

static void set_member(struct sch_dossier *dossier, size_t index, const struct sch_party *party)
{
    struct sch_member *member = &dossier->member[index];
    memset(member, 0, sizeof *member);
    member->address = party->address;
    member->kind = party->kind;
    memcpy(member->region, party->region, sizeof member->region);
}

void sch_answer_init_dossier(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    const struct sch_party *creditor = event->creditor != NULL ? event->creditor : event->sender;
    memset(dossier, 0, sizeof *dossier);
    dossier->id = header->id;
    dossier->kenmerk = event->kenmerk;
    dossier->echelon = event->receiver->kind;
    dossier->urgency = (enum sch_urgency)header->fact[SCH_FACT_URGENCY];
    dossier->parent = header->parent;
    dossier->follows = header->follows;
    dossier->group = header->group;
    dossier->root = sch_value_is_id(&header->parent)    ? header->parent
                    : sch_value_is_id(&header->follows) ? header->follows
                                                        : header->id;
    set_member(dossier, SCH_MEMBER_REFERRER, event->sender);
    set_member(dossier, SCH_MEMBER_RECEIVER, event->receiver);
    set_member(dossier, SCH_MEMBER_CREDITOR, creditor);
    for (size_t i = 0; i < header->copy_count; i++) {
        set_member(dossier, SCH_MEMBER_COPY + i, event->copy[i]);
    }
    dossier->member_count = SCH_MEMBER_COPY + header->copy_count;
    memcpy(dossier->region, creditor->region, sizeof dossier->region);
    dossier->opened_ms = act->world->now_ms;
    (void)sch_day_from_date(header->fact[SCH_FACT_LETTER_DATE], &dossier->letter_day);
}

/* Months are counted on the date's digits: a letter of 31 May is nine months old after 28 February. */
static bool is_old(int64_t letter_date, int64_t now_date)
{
    int64_t months = letter_date / 10000 * 12 + letter_date / 100 % 100 - 1 + LETTER_MONTHS_MAX;
    return (months / 12 * 100 + months % 12 + 1) * 100 + letter_date % 100 < now_date;
}

void sch_answer_referral(struct sch_act *act)
{
    const struct sch_header *header = act->event->header;
    int64_t now_ms = act->world->now_ms;
    for (unsigned number = 2; number <= 7; number++) {
        if (number != 5 && number != 6) {
            (void)sch_promise_open(act, number, SCH_VARIANT_PLAIN, SCH_MEMBER_RECEIVER, header->id, now_ms);
        }
    }
    sch_act_phase(act, SCH_PHASE_SENT);
    if (is_old(header->fact[SCH_FACT_LETTER_DATE], sch_date_from_day(sch_day_of_ms(now_ms)))) {
        act->warnings |= UINT32_C(1) << SCH_WARNING_LETTER_OLD;
    }
    if (sch_value_is_id(&header->follows)) {
        sch_act_add(act, SCH_EFFECT_FOLLOW)->message = header->follows;
    }
}

void sch_answer_withdrawal(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_id referral = dossier->id;
    bool intake_held = dossier->phase == SCH_PHASE_INTAKE_PRESUMED;
    for (size_t i = dossier->delivery_count; i-- > 0;) {
        if (sch_value_same_id(&dossier->delivery[i].message, &referral)) {
            sch_post_end(act, &dossier->delivery[i], SCH_DELIVERY_WITHDRAWN, 0, (enum sch_cause)0);
        }
    }
    sch_promise_cancel(act, intake_held);
    if (!intake_held) {
        dossier->intake_day = 0;
    }
    sch_act_phase(act, SCH_PHASE_WITHDRAWN);
}

void sch_answer_taken_up(struct sch_act *act)
{
    (void)sch_promise_end_all(act, 10, SCH_STANDING_CLOSED, act->event->header->id);
    act->dossier->taken_up = true;
}

void sch_answer_follow(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_party *party = act->event->sender;
    const struct sch_instance *e10 = sch_promise_find(dossier, 10);
    if (party == NULL || e10 == NULL ||
        (!sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, party->address.text) &&
         !sch_value_same_text(dossier->member[e10->member].address.text, party->address.text))) {
        return;
    }
    (void)sch_promise_end_all(act, 10, SCH_STANDING_CLOSED, act->event->message);
    dossier->taken_up = true;
}

/* May this party waive this instance: a coordinator any but E1, the creditor what others owe it. */
static bool may_waive(const struct sch_dossier *dossier, const struct sch_party *party,
                      const struct sch_instance *instance)
{
    if (instance->expectation == 1 || !sch_instance_is_open(instance)) {
        return false;
    }
    /* Nobody waives what he owes himself. */
    return party->kind == SCH_PARTY_COORDINATOR ||
           !sch_value_same_text(dossier->member[instance->member].address.text, party->address.text);
}

bool sch_answer_finds_open(const struct sch_dossier *dossier, const struct sch_event *event)
{
    bool waives = event->header->kind == SCH_KIND_WAIVER;
    int64_t number = waives ? event->header->fact[SCH_FACT_EXPECTATION] : 10;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        if (instance->expectation == number && sch_instance_is_open(instance) &&
            (!waives || may_waive(dossier, event->sender, instance))) {
            return true;
        }
    }
    return false;
}

void sch_answer_waiver(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    unsigned number = (unsigned)act->event->header->fact[SCH_FACT_EXPECTATION];
    for (size_t i = dossier->instance_count; i-- > 0;) {
        if (dossier->instance[i].expectation == number &&
            may_waive(dossier, act->event->sender, &dossier->instance[i])) {
            sch_promise_end(act, &dossier->instance[i], SCH_STANDING_WAIVED, act->event->header->id);
        }
    }
    dossier->taken_up = dossier->taken_up || number == 10;
    sch_feedback_settle_end(act);
}
