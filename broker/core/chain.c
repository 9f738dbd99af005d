/* chain.c: the ties between dossiers, seen from one dossier at a time. */
#include "chain.h"

#include <assert.h>
#include <string.h>

#include "kind.h"
#include "post.h"
#include "promise.h"
#include "refusal.h"
#include "successor.h"
#include "value.h"

bool sch_chain_owes_care(const struct sch_dossier *dossier, const char *address)
{
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        if (instance->expectation == 10 && sch_instance_is_open(instance) &&
            sch_value_same_text(dossier->member[instance->member].address.text, address)) {
            return true;
        }
    }
    return false;
}

const struct sch_member *sch_chain_creditor(const struct sch_event *event)
{
    if (!sch_value_is_id(&event->header->parent)) {
        return NULL;
    }
    assert(event->origin != NULL);
    return &event->origin->member[SCH_MEMBER_CREDITOR];
}

static bool is_own(const struct sch_event *event, bool parent)
{
    const struct sch_dossier *origin = event->origin;
    const char *sender = event->header->sender.text;
    if (origin == NULL) {
        return false;
    }
    if (parent) {
        return sch_dossier_is(origin, SCH_MEMBER_RECEIVER, sender);
    }
    return sch_dossier_is(origin, SCH_MEMBER_CREDITOR, sender) ||
           sch_dossier_is(origin, SCH_MEMBER_REFERRER, sender);
}

static bool is_ggz(enum sch_party_kind kind)
{
    return kind == SCH_PARTY_GB_GGZ || kind == SCH_PARTY_S_GGZ;
}

/* A child's creditor is inherited: stated or not, it is the parent's, and it stands in copy. */
static int check_creditor(const struct sch_event *event, const char **field)
{
    const struct sch_header *header = event->header;
    const char *creditor = sch_chain_creditor(event)->address.text;
    if (header->creditor.text[0] != '\0' && !sch_value_same_text(header->creditor.text, creditor)) {
        return sch_kind_fault(SCH_E_FIELD_INVALID, "header.creditor", field);
    }
    for (size_t i = 0; i < header->copy_count; i++) {
        if (sch_value_same_text(header->copies[i].text, creditor)) {
            return SCH_OK;
        }
    }
    return sch_kind_fault(SCH_E_FIELD_INVALID, "header.copies", field);
}

int sch_chain_check(const struct sch_act *act, const char **field)
{
    const struct sch_event *event = act->event;
    const struct sch_header *header = event->header;
    bool parent = sch_value_is_id(&header->parent), follows = sch_value_is_id(&header->follows);
    if (parent && !is_own(event, true)) {
        return sch_kind_fault(SCH_E_UNKNOWN_DOSSIER, "header.parent", field);
    }
    if (follows && !is_own(event, false)) {
        return sch_kind_fault(SCH_E_UNKNOWN_DOSSIER, "header.follows", field);
    }
    /* Ggz refers on, never out of nothing. */
    if (!parent && !follows && is_ggz(event->sender->kind) && event->receiver->kind != SCH_PARTY_WIJKTEAM) {
        return sch_kind_fault(SCH_E_FIELD_MISSING, "header.parent", field);
    }
    int code = parent ? check_creditor(event, field) : SCH_OK;
    if (code != SCH_OK) {
        return code;
    }
    if (sch_value_is_id(&header->group) && event->group_count >= SCH_GROUP_MAX) {
        return sch_kind_fault(SCH_E_GROUP_FULL, "header.group", field);
    }
    return SCH_OK;
}

void sch_chain_join(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_dossier *origin = act->event->origin;
    dossier->parent = act->event->header->parent;
    dossier->follows = act->event->header->follows;
    dossier->group = act->event->header->group;
    dossier->root = dossier->id;
    dossier->chain_ms = act->world->now_ms;
    if (sch_value_is_id(&dossier->parent) || sch_value_is_id(&dossier->follows)) {
        dossier->root = origin->root;
        dossier->chain_ms = origin->chain_ms;
        dossier->refusals = origin->refusals;
    }
}

void sch_chain_tell(struct sch_act *act, bool taken_back)
{
    const struct sch_dossier *dossier = act->dossier;
    bool child = sch_value_is_id(&dossier->parent);
    if (child || sch_value_is_id(&dossier->follows)) {
        struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_FOLLOW);
        effect->message = child ? dossier->parent : dossier->follows;
        effect->event = child ? SCH_EVENT_FORWARD : SCH_EVENT_FOLLOW;
        effect->taken_back = taken_back;
    }
}

/* The patient is under way to somebody else: nobody has to see to it, and no refusal can be taken back. */
static void take_up(struct sch_act *act)
{
    act->dossier->placed = act->dossier->placed || act->dossier->forward_by_ms != 0;
    act->dossier->forward_by_ms = 0;
    act->dossier->taken_up = true;
    sch_promise_end_all(act, 10, SCH_STANDING_CLOSED, act->event->message);
}

/* The E10 that this REFERRAL answered, if the dossier would still owe it; NULL when there is none. */
static struct sch_instance *answered_by(struct sch_dossier *dossier, const struct sch_id *message)
{
    struct sch_instance *kept = sch_promise_kept(dossier, 10);
    bool wanted = dossier->phase >= SCH_PHASE_ENDED && dossier->phase != SCH_PHASE_ENTERED_IN_ERROR &&
                  sch_promise_find(dossier, 10) == NULL;
    return wanted && kept != NULL && kept->standing == SCH_STANDING_CLOSED &&
           sch_value_same_id(&kept->closed_by, message) ? kept : NULL;
}

/* A REFERRAL with which the patient was under way was an error. Unless he is with another, what it had answered
 * is owed again; where nothing was owed yet the creditor is to see to it. */
static void take_back(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    sch_successor_remove(dossier, &act->event->message, act->event->type == SCH_EVENT_FORWARD);
    const struct sch_id *taker = sch_successor_taker(dossier);
    struct sch_instance *answered = answered_by(dossier, &act->event->message);
    if (dossier->placed) {
        if (taker == NULL && !dossier->forwarded) {
            sch_refusal_lapse(act);
        }
    } else if (answered != NULL && taker != NULL) {
        answered->closed_by = *taker;
    } else if (answered != NULL) {
        sch_promise_reopen(act, answered, SCH_STANDING_OPEN);
        sch_successor_release(dossier);
    }
}

/* Is somebody to take the patient up, or has somebody, and may this party? */
static bool may_take_up(struct sch_dossier *dossier, const char *address)
{
    const struct sch_instance *e10 = sch_promise_find(dossier, 10);
    if (e10 == NULL && dossier->taken_up) {
        e10 = sch_promise_kept(dossier, 10);
    }
    if (sch_dossier_is(dossier, SCH_MEMBER_CREDITOR, address)) {
        return e10 != NULL || dossier->forward_by_ms != 0 || dossier->taken_up;
    }
    return e10 != NULL && sch_value_same_text(dossier->member[e10->member].address.text, address);
}

void sch_chain_follow(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (act->event->taken_back) {
        take_back(act);
    } else if (may_take_up(dossier, act->event->sender->address.text)) {
        sch_successor_add(dossier, &act->event->message, false, true);
        take_up(act);
    }
}

void sch_chain_forward(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    /* From a patient in treatment a child is a transfer: the parent goes on. */
    bool took = dossier->phase == SCH_PHASE_REDIRECTED;
    if (act->event->taken_back) {
        take_back(act);
        return;
    }
    sch_successor_add(dossier, &act->event->message, true, took);
    if (took) {
        take_up(act);
    }
}

void sch_chain_sibling(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_dossier *started = act->event->origin;
    struct sch_made made;
    if (!sch_value_is_id(&dossier->group) ||
        !sch_value_same_id(&dossier->group, &started->group) ||
        sch_value_same_id(&dossier->id, &started->id) ||
        !sch_value_same_text(dossier->member[SCH_MEMBER_REFERRER].address.text,
                             started->member[SCH_MEMBER_REFERRER].address.text)) {
        return;
    }
    /* One prompt at a time says all there is to say. */
    sch_post_withdraw_prompt(act);
    memset(&made, 0, sizeof made);
    made.kind = SCH_KIND_REMINDER;
    made.subject = act->event->message;
    made.step = SCH_STEP_WITHDRAW;
    sch_post_make(act, &made, SCH_MEMBER_REFERRER);
}
