/* promise.c: the ledger's hand: every change of an instance goes through here and leaves an effect. */
#include "promise.h"

#include <assert.h>
#include <string.h>

#include "value.h"

#define ANNOUNCED_WORKING_DAYS 5
#define ANNOUNCED_WEEKS_MAX 13

static struct sch_id no_id(void)
{
    static const struct sch_id none;
    return none;
}

static void say(struct sch_act *act, enum sch_effect_type type, const struct sch_instance *before,
                const struct sch_instance *instance)
{
    struct sch_effect *effect = sch_act_add(act, type);
    effect->instance = *instance;
    if (before != NULL) {
        effect->before = *before;
    }
}

static void drop(struct sch_dossier *dossier, struct sch_instance *instance)
{
    struct sch_instance *last = &dossier->instance[--dossier->instance_count];
    memmove(instance, instance + 1, (size_t)(last - instance) * sizeof *instance);
    memset(last, 0, sizeof *last);
}

struct sch_instance *sch_promise_find(struct sch_dossier *dossier, unsigned number)
{
    for (size_t i = 0; i < dossier->instance_count; i++) {
        if (dossier->instance[i].expectation == number && sch_instance_is_open(&dossier->instance[i])) {
            return &dossier->instance[i];
        }
    }
    return NULL;
}

struct sch_instance *sch_promise_kept(struct sch_dossier *dossier, unsigned number)
{
    struct sch_instance *last = NULL;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        if (instance->expectation == number && !sch_instance_is_open(instance) &&
            instance->standing != SCH_STANDING_CANCELLED &&
            (last == NULL || last->closed_ms <= instance->closed_ms)) {
            last = instance;
        }
    }
    return last;
}

size_t sch_promise_count(const struct sch_dossier *dossier)
{
    size_t count = 0;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        count += dossier->instance[i].expectation != 1 && sch_instance_is_open(&dossier->instance[i]);
    }
    return count;
}

/* The kept promise that ended first; *count becomes how many are kept. */
static struct sch_instance *oldest_kept(struct sch_dossier *dossier, size_t *count)
{
    struct sch_instance *oldest = NULL;
    *count = 0;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        if (!sch_instance_is_open(instance)) {
            (*count)++;
            oldest = oldest == NULL || instance->closed_ms < oldest->closed_ms ? instance : oldest;
        }
    }
    return oldest;
}

void sch_promise_trim(struct sch_dossier *dossier)
{
    size_t count;
    struct sch_instance *oldest = oldest_kept(dossier, &count);
    while (count > SCH_KEPT_MAX) {
        drop(dossier, oldest);
        oldest = oldest_kept(dossier, &count);
    }
}

/* What is owed takes the place of what is only kept. */
static void make_room(struct sch_dossier *dossier)
{
    size_t kept;
    struct sch_instance *oldest = oldest_kept(dossier, &kept);
    if (oldest != NULL && kept + sch_promise_count(dossier) >= SCH_KEPT_MAX + SCH_OWED_MAX) {
        drop(dossier, oldest);
    }
}

struct sch_instance *sch_promise_open(struct sch_act *act, unsigned number, enum sch_variant variant,
                                      uint8_t member, struct sch_id opened_by, int64_t from_ms)
{
    struct sch_dossier *dossier = act->dossier;
    struct sch_instance instance;
    if (!sch_expectation_applies(number, dossier) ||
        !sch_expectation_open(&instance, act->world->norms, number, variant, dossier, member, opened_by,
                              act->world->now_ms, from_ms)) {
        return NULL;
    }
    /* E1 has its own places: one for each delivery of a party. */
    if (number != 1) {
        make_room(dossier);
    }
    assert(dossier->instance_count < SCH_INSTANCES_MAX);
    struct sch_instance *place = &dossier->instance[dossier->instance_count++];
    *place = instance;
    say(act, SCH_EFFECT_OPEN, NULL, place);
    return place;
}

/* Where a term starts that counts from a day. Terms in hours cannot start at midnight before the event. */
static int64_t start_of(const struct sch_act *act, enum sch_unit unit, int32_t day)
{
    int64_t now_ms = act->world->now_ms;
    if (unit != SCH_UNIT_HOURS) {
        return sch_ms_of_day(day);
    }
    return day == sch_day_of_ms(now_ms) ? now_ms : sch_ms_of_day(day + 1);
}

struct sch_instance *sch_promise_open_on_day(struct sch_act *act, unsigned number, enum sch_variant variant,
                                             struct sch_id opened_by, int32_t day)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_norm *norm = sch_norm_find(act->world->norms, number, variant, dossier->region,
                                                dossier->member[SCH_MEMBER_RECEIVER].address.text,
                                                sch_day_of_ms(act->world->now_ms));
    enum sch_unit unit = norm == NULL ? SCH_UNIT_NONE : norm->unit;
    return sch_promise_open(act, number, variant, SCH_MEMBER_RECEIVER, opened_by, start_of(act, unit, day));
}

/* Gives an instance new clocks; says so only if they differ. */
static void set_clocks(struct sch_act *act, struct sch_instance *instance, int64_t from_ms,
                       int64_t norm_due_ms, int64_t remind_ms, int64_t due_ms)
{
    struct sch_instance before = *instance;
    instance->from_ms = from_ms;
    /* Over a weekend the due may stay where the day that it counts from does not; counts go by that day. */
    if (before.norm_due_ms == norm_due_ms && before.due_ms == due_ms &&
        sch_day_of_ms(before.from_ms) == sch_day_of_ms(from_ms)) {
        return;
    }
    instance->norm_due_ms = norm_due_ms;
    instance->remind_ms = remind_ms;
    instance->announced = due_ms > norm_due_ms;
    sch_expectation_set_due(instance, sch_act_calendar(act), act->dossier->urgency, due_ms);
    say(act, SCH_EFFECT_MOVE, &before, instance);
}

void sch_promise_move_to(struct sch_act *act, struct sch_instance *instance, int64_t from_ms)
{
    const struct sch_calendar *calendar = sch_act_calendar(act);
    int64_t due_ms = sch_due_ms(calendar, from_ms, instance->term, instance->unit);
    set_clocks(act, instance, from_ms, due_ms,
               sch_norm_remind_ms(calendar, from_ms, instance->term, instance->unit), due_ms);
}

void sch_promise_move(struct sch_act *act, struct sch_instance *instance, int32_t day)
{
    sch_promise_move_to(act, instance, start_of(act, instance->unit, day));
}

void sch_promise_follow_intake(struct sch_act *act)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_calendar *calendar = sch_act_calendar(act);
    struct sch_instance *e7 = sch_promise_find(act->dossier, 7);
    if (e7 == NULL) {
        return;
    }
    int64_t due_ms = sch_due_ms(calendar, e7->from_ms, e7->term, e7->unit);
    int64_t remind_ms = sch_norm_remind_ms(calendar, e7->from_ms, e7->term, e7->unit);
    const struct sch_norm *second = sch_norm_find(act->world->norms, 7, SCH_VARIANT_AFTER_INTAKE,
                                                  dossier->region, dossier->member[e7->member].address.text,
                                                  sch_day_of_ms(e7->opened_ms));
    if (dossier->intake_day != 0 && second != NULL) {
        int32_t first_day = dossier->intake_day + (second->unit == SCH_UNIT_HOURS);
        int64_t from_ms = sch_ms_of_day(first_day);
        int64_t second_ms = sch_due_ms(calendar, from_ms, second->term, second->unit);
        if (second_ms < due_ms) {
            due_ms = second_ms;
            remind_ms = sch_norm_remind_ms(calendar, from_ms, second->term, second->unit);
        }
    }
    /* A wait that was announced stays announced: what was promised then still stands. */
    set_clocks(act, e7, e7->from_ms, due_ms, remind_ms,
               e7->announced && e7->due_ms > due_ms ? e7->due_ms : due_ms);
}

void sch_promise_announce(struct sch_act *act, struct sch_instance *instance, int32_t day)
{
    const struct sch_calendar *calendar = sch_act_calendar(act);
    int64_t due_ms = sch_due_ms(calendar, sch_ms_of_day(day), ANNOUNCED_WORKING_DAYS, SCH_UNIT_WORKING_DAYS);
    int64_t latest_ms = sch_due_ms(calendar, act->world->now_ms, ANNOUNCED_WEEKS_MAX, SCH_UNIT_WEEKS);
    if (due_ms > latest_ms) {
        due_ms = latest_ms;
    }
    if (due_ms < instance->norm_due_ms) {
        due_ms = instance->norm_due_ms;
    }
    set_clocks(act, instance, instance->from_ms, instance->norm_due_ms, instance->remind_ms, due_ms);
}

void sch_promise_incomplete(struct sch_act *act, struct sch_instance *instance)
{
    struct sch_instance before = *instance;
    if (instance->standing == SCH_STANDING_INCOMPLETE) {
        return;
    }
    instance->standing = SCH_STANDING_INCOMPLETE;
    instance->incomplete = true;
    say(act, SCH_EFFECT_MOVE, &before, instance);
}

void sch_promise_reopen(struct sch_act *act, struct sch_instance *instance, enum sch_standing standing)
{
    struct sch_instance before = *instance;
    assert(!sch_instance_is_open(instance) && instance->expectation != 1);
    instance->standing = standing;
    instance->incomplete = instance->incomplete || standing == SCH_STANDING_INCOMPLETE;
    instance->closed_by = no_id();
    instance->closed_ms = 0;
    instance->beyond = false;
    say(act, SCH_EFFECT_REOPEN, &before, instance);
}

/* REMINDERs of a promise that nobody owes any more would only puzzle their reader. */
static void withdraw_reminders(struct sch_act *act, const struct sch_instance *instance)
{
    struct sch_dossier *dossier = act->dossier;
    for (size_t i = dossier->delivery_count; i-- > 0;) {
        struct sch_delivery *delivery = &dossier->delivery[i];
        if (delivery->kind == SCH_KIND_REMINDER && delivery->expectation == instance->expectation &&
            sch_value_same_id(&delivery->subject, &instance->opened_by)) {
            sch_act_remove(act, delivery, SCH_DELIVERY_WITHDRAWN, 0);
        }
    }
}

void sch_promise_end(struct sch_act *act, struct sch_instance *instance, enum sch_standing standing,
                     struct sch_id closed_by)
{
    assert(sch_instance_is_open(instance));
    struct sch_instance before = *instance;
    instance->standing = standing;
    instance->closed_by = closed_by;
    instance->closed_ms = act->world->now_ms;
    say(act, SCH_EFFECT_CLOSE, &before, instance);
    withdraw_reminders(act, instance);
    if (instance->expectation == 1) {
        drop(act->dossier, instance);
    }
}

void sch_promise_end_all(struct sch_act *act, unsigned number, enum sch_standing standing,
                         struct sch_id closed_by)
{
    struct sch_instance *instance;
    while ((instance = sch_promise_find(act->dossier, number)) != NULL) {
        sch_promise_end(act, instance, standing, closed_by);
    }
}

void sch_promise_end_e1(struct sch_act *act, const struct sch_id *message, uint8_t member,
                        enum sch_standing standing)
{
    struct sch_dossier *dossier = act->dossier;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        if (instance->expectation == 1 && instance->member == member &&
            sch_value_same_id(&instance->opened_by, message)) {
            sch_promise_end(act, instance, standing, *message);
            return;
        }
    }
}

void sch_promise_cancel(struct sch_act *act, bool intake_held)
{
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT; number++) {
        bool survives = sch_expectation_rule(number)->survives && (number != 6 || intake_held);
        if (!survives) {
            sch_promise_end_all(act, number, SCH_STANDING_CANCELLED, sch_act_message(act));
        }
    }
}
