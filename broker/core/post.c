/* post.c: deliveries of parties and of the broker, and the reports about them. */
#include "post.h"

#include <assert.h>
#include <string.h>

#include "delivery.h"
#include "kind.h"
#include "promise.h"
#include "value.h"

#define REMINDERS_MAX 2
#define OWN_MAX (SCH_DELIVERIES_MAX - SCH_PARTY_DELIVERIES_MAX)

static_assert(SCH_PARTY_DELIVERIES_MAX + SCH_OWED_MAX + SCH_KEPT_MAX + 1 < OWN_MAX,
              "a report per delivery, a reminder per promise and a prompt are the most that one step makes");

/* Urgent is the referral, not every letter that is later written about it. */
static bool is_urgent(const struct sch_dossier *dossier, enum sch_kind kind)
{
    if (kind != SCH_KIND_REFERRAL)
        return false;
    return dossier->urgency == SCH_URGENCY_URGENT || dossier->urgency == SCH_URGENCY_CRISIS;
}

static struct sch_delivery *lay(struct sch_act *act, const struct sch_id *message, uint64_t sequence,
                                enum sch_kind kind, uint8_t member, uint8_t sender)
{
    struct sch_delivery *delivery = sch_delivery_add(act->dossier);
    delivery->message = *message;
    delivery->sequence = sequence;
    delivery->kind = kind;
    delivery->member = member;
    delivery->sender = sender;
    delivery->urgent = is_urgent(act->dossier, kind);
    delivery->stored_ms = act->world->now_ms;
    struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_DELIVER);
    effect->message = *message;
    effect->sequence = sequence;
    effect->kind = kind;
    effect->member = member;
    effect->sender = sender;
    return delivery;
}

void sch_post_deliver(struct sch_act *act, uint64_t sequence, const uint8_t *member, size_t count)
{
    const struct sch_header *header = act->event->header;
    uint8_t sender = sch_dossier_member(act->dossier, header->sender.text);
    enum sch_variant variant = is_urgent(act->dossier, header->kind) ? SCH_VARIANT_URGENT : SCH_VARIANT_PLAIN;
    for (size_t i = 0; i < count; i++) {
        assert(sender != SCH_MEMBER_NONE);
        (void)lay(act, &header->id, sequence, header->kind, member[i], sender);
    }
    for (size_t i = 0; i < count; i++) {
        (void)sch_promise_open(act, 1, variant, member[i], header->id, act->world->now_ms);
    }
}

/* The broker's own messages have the places that those of parties leave, and no more: a CORRECTION may make
 * more owed at once than SCH_OWED_MAX. When all are taken the oldest goes; none that this step made, as the
 * sum above says. */
static void make_place_for_own(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (dossier->delivery_count - sch_delivery_party_count(dossier) < OWN_MAX) {
        return;
    }
    size_t oldest = 0;
    while (dossier->delivery[oldest].sender != SCH_MEMBER_NONE) {
        oldest++;
    }
    sch_act_remove(act, &dossier->delivery[oldest], SCH_DELIVERY_WITHDRAWN, 0);
}

void sch_post_make(struct sch_act *act, const struct sch_made *made, uint8_t to)
{
    make_place_for_own(act);
    uint64_t sequence = act->sequence++;
    struct sch_id id = sch_step_made_id(act->world->now_ms, sequence);
    struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_MAKE);
    effect->message = id;
    effect->sequence = sequence;
    effect->member = to;
    effect->made = *made;
    struct sch_delivery *delivery = lay(act, &id, sequence, made->kind, to, SCH_MEMBER_NONE);
    delivery->subject = made->subject;
    delivery->expectation = made->expectation;
    delivery->about = made->about;
}

static bool is_reminder_of(const struct sch_delivery *delivery, const struct sch_instance *instance)
{
    return delivery->kind == SCH_KIND_REMINDER && delivery->expectation == instance->expectation &&
           sch_value_same_id(&delivery->subject, &instance->opened_by);
}

/* Of the uncollected REMINDERs about a promise the oldest goes when a third would come. */
static void make_place(struct sch_act *act, const struct sch_instance *instance)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_delivery *oldest = NULL;
    size_t count = 0;
    for (size_t i = dossier->delivery_count; i-- > 0;) {
        if (is_reminder_of(&dossier->delivery[i], instance)) {
            oldest = &dossier->delivery[i];
            count++;
        }
    }
    if (count >= REMINDERS_MAX) {
        sch_act_remove(act, oldest, SCH_DELIVERY_WITHDRAWN, 0);
    }
}

void sch_post_remind(struct sch_act *act, struct sch_instance *instance, enum sch_ladder step)
{
    struct sch_made made;
    make_place(act, instance);
    memset(&made, 0, sizeof made);
    made.kind = SCH_KIND_REMINDER;
    made.subject = instance->opened_by;
    made.expectation = instance->expectation;
    made.step = step;
    instance->reminded_ms = act->world->now_ms;
    sch_post_make(act, &made, instance->member);
}

void sch_post_report(struct sch_act *act, const struct sch_delivery *delivery, enum sch_cause cause)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_made made;
    uint8_t to = delivery->sender;
    memset(&made, 0, sizeof made);
    made.kind = SCH_KIND_DELIVERY_REPORT;
    made.subject = delivery->message;
    made.cause = cause;
    made.about = delivery->member;
    for (size_t i = dossier->delivery_count; i-- > 0;) {
        struct sch_delivery *earlier = &dossier->delivery[i];
        if (earlier->kind == SCH_KIND_DELIVERY_REPORT && earlier->about == made.about &&
            sch_value_same_id(&earlier->subject, &made.subject)) {
            /* From here on `delivery` may point to its neighbour. */
            sch_act_remove(act, earlier, SCH_DELIVERY_WITHDRAWN, 0);
        }
    }
    sch_post_make(act, &made, to);
}

void sch_post_end(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state, int code,
                  enum sch_cause cause)
{
    struct sch_delivery ended = *delivery;
    sch_act_remove(act, delivery, state, code);
    if (ended.sender == SCH_MEMBER_NONE) {
        return;
    }
    bool answered = state == SCH_DELIVERY_COLLECTED || state == SCH_DELIVERY_REFUSED_BY_SYSTEM;
    sch_promise_end_e1(act, &ended.message, ended.member,
                       answered ? SCH_STANDING_CLOSED : SCH_STANDING_CANCELLED);
    struct sch_effect *status = sch_act_add(act, SCH_EFFECT_STATUS);
    status->message = ended.message;
    status->member = ended.member;
    status->sender = ended.sender;
    status->state = state;
    if (cause != 0) {
        sch_post_report(act, &ended, cause);
    }
    if (sch_kind_rule(ended.kind)->letter != SCH_LETTER_NONE &&
        !sch_delivery_pending(act->dossier, &ended.message)) {
        sch_act_add(act, SCH_EFFECT_DESTROY)->message = ended.message;
    }
}

void sch_post_withdraw(struct sch_act *act, const struct sch_id *message)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_id withdrawn = *message;
    for (size_t i = dossier->delivery_count; i-- > 0;) {
        if (sch_value_same_id(&dossier->delivery[i].message, &withdrawn)) {
            sch_post_end(act, &dossier->delivery[i], SCH_DELIVERY_WITHDRAWN, 0, (enum sch_cause)0);
        }
    }
}

void sch_post_withdraw_prompt(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    for (size_t i = dossier->delivery_count; i-- > 0;) {
        struct sch_delivery *delivery = &dossier->delivery[i];
        if (delivery->kind == SCH_KIND_REMINDER && delivery->expectation == 0) {
            sch_act_remove(act, delivery, SCH_DELIVERY_WITHDRAWN, 0);
        }
    }
}
