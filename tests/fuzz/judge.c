/* judge.c: one function per effect, and what must be there when a phase is reached. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/oracle.h"

#define ALMANAC_END_MS INT64_C(1830000000000)   /* past this the almanac has no days */

/* By what sort of message this step comes about; UNSPECIFIED: by time or a settlement. */
static enum sch_kind cause(const struct sch_event *event)
{
    switch (event->type) {
    case SCH_EVENT_SUBMIT: return event->header->kind;
    case SCH_EVENT_FOLLOW:
    case SCH_EVENT_FORWARD: return SCH_KIND_REFERRAL;
    default: return SCH_KIND_UNSPECIFIED;
    }
}

/* What is being judged, for whoever reads of a failure. */
static const struct step_fixture *at;
static const struct sch_effect *judged;

void judge_broken(const char *what)
{
    (void)fprintf(stderr, "broken: %s\n", what);
    if (at != NULL) {
        (void)fprintf(stderr, "now %lld, event %d, kind %d, phase %d\n", (long long)at->world.now_ms,
                      (int)at->event.type, (int)cause(&at->event), (int)at->dossier.phase);
    }
    if (judged != NULL) {
        const struct sch_instance *instance = &judged->instance;
        (void)fprintf(stderr, "effect %d: E%u from %lld due %lld step %d standing %d\n", (int)judged->type,
                      instance->expectation, (long long)instance->from_ms, (long long)instance->due_ms,
                      (int)instance->step, (int)instance->standing);
    }
    abort();
}

static void check(bool holds, const char *what)
{
    if (!holds) {
        judge_broken(what);
    }
}

/* The term is DOMAIN's, and counts from nothing that is still to come, appointments excepted. */
static void judge_term(const struct step_fixture *f, const struct sch_instance *instance)
{
    unsigned number = instance->expectation;
    bool hours = instance->unit == SCH_UNIT_HOURS && (number == 1 || number == 9);
    if (f->world.now_ms > ALMANAC_END_MS || instance->from_ms > ALMANAC_END_MS ||
        instance->from_ms < almanac_start_of(almanac_day(2025, 1, 2))) {
        return;
    }
    int64_t due_ms = rules_due(number, hours, SIM_BOOK_PLAIN, instance->from_ms);
    bool second = number == 7 && instance->norm_due_ms < due_ms;        /* its other clock ends earlier */
    check(second || instance->norm_due_ms == due_ms, "the term is DOMAIN's");
    if (number == 1 || number == 2 || number == 3 || number == 10 || number == 11 || number == 12) {
        check(instance->from_ms <= f->world.now_ms, "counts from the stored time, or earlier");
    }
}

static void judge_open(const struct step_fixture *f, const struct sch_instance *instance, bool default_norms)
{
    enum sch_kind by = cause(&f->event);
    check(instance->expectation >= 1 && instance->expectation < SCH_EXPECTATION_COUNT,
          "a promise of the table");
    check(by == SCH_KIND_UNSPECIFIED || by == SCH_KIND_CORRECTION || instance->expectation == 10 ||
              rules_opens(instance->expectation, by), "this kind opens no such promise");
    if (default_norms) {
        judge_term(f, instance);
    }
}

static void judge_close(const struct step_fixture *f, const struct sch_instance *instance)
{
    if (instance->expectation == 1) {
        enum sch_event_type type = f->event.type;
        bool settles = type == SCH_EVENT_COLLECT || type == SCH_EVENT_REFUSE || type == SCH_EVENT_EXHAUST;
        check(instance->standing != SCH_STANDING_CLOSED || settles, "only its recipient's system answers E1");
        return;
    }
    check(instance->standing == SCH_STANDING_CANCELLED ||
              rules_closes(instance->expectation, instance->standing, cause(&f->event)),
          "this kind closes no such promise");
}

static void judge_alert(const struct step_fixture *f, const struct sch_instance *instance)
{
    int64_t now_ms = f->world.now_ms;
    bool crisis = f->dossier.urgency == SCH_URGENCY_CRISIS;
    check(instance->step > SCH_STEP_NONE && instance->step <= SCH_STEP_ESCALATED, "a step of the ladder");
    check(instance->step == SCH_STEP_REMINDED ? now_ms < instance->due_ms : now_ms >= instance->due_ms,
          "neither early nor late");
    check(now_ms >= instance->snoozed_ms, "snoozed, and alerted");
    check(instance->expectation != 1 || now_ms >= f->world.e1_from_ms, "an E1 is held back after a start");
    if (instance->step == SCH_STEP_ESCALATED && instance->due_ms < ALMANAC_END_MS) {
        check(now_ms >= rules_escalation(instance->due_ms, crisis), "escalated too early");
    }
}

static void judge_phase(const struct step_fixture *f, const struct sch_dossier *before, bool default_norms)
{
    enum sch_kind by = cause(&f->event);
    const struct sch_dossier *dossier = &f->dossier;
    check(rules_leads(before->phase, dossier->phase, by), "no way leads from the one phase to the other");
    uint32_t owed = rules_owed(dossier->kind, dossier->echelon, dossier->phase, by);
    bool forgets = dossier->instance_count >= SCH_KEPT_MAX;     /* the oldest answered ones may be gone */
    for (unsigned number = 2; default_norms && !forgets && number < SCH_EXPECTATION_COUNT; number++) {
        bool there = (owed >> number & 1) == 0;
        for (size_t i = 0; i < dossier->instance_count; i++) {
            const struct sch_instance *instance = &dossier->instance[i];
            bool fits = number != 10 || sch_instance_is_open(instance);
            there = there || (instance->expectation == number && fits);
        }
        check(there, "a phase in which something must be owed, and is not");
    }
}

/* A party's message reaches whom its header names, the broker's a member. */
static void judge_delivery(const struct step_fixture *f, const struct sch_effect *effect)
{
    check(effect->member < f->dossier.member_count, "delivered to a member");
    const char *to = f->dossier.member[effect->member].address.text;
    bool made = effect->kind == SCH_KIND_REMINDER || effect->kind == SCH_KIND_DELIVERY_REPORT;
    bool submitted = f->event.type == SCH_EVENT_SUBMIT &&
                     memcmp(&effect->message, &f->event.header->id, sizeof effect->message) == 0;
    check(made != submitted, "nobody else's message is delivered");
    if (submitted) {
        const struct sch_header *header = f->event.header;
        bool named = strcmp(header->receiver.text, to) == 0;
        for (size_t i = 0; i < header->copy_count; i++) {
            named = named || strcmp(header->copies[i].text, to) == 0;
        }
        check(named, "delivered to somebody whom the header does not name");
    }
}

static void judge_destroyed(const struct step_fixture *f, const struct sch_id *message)
{
    for (size_t i = 0; i < f->dossier.delivery_count; i++) {
        check(memcmp(&f->dossier.delivery[i].message, message, sizeof *message) != 0,
              "a letter is destroyed while somebody waits for it");
    }
}

static void judge_submission(const struct step_fixture *f)
{
    const struct sch_header *header = f->event.header;
    const struct sch_party *sender = f->event.sender, *receiver = f->event.receiver;
    size_t to = header->receiver.text[0] != '\0', delivered = 0;
    check(!f->event.id_in_use, "an id that is in use was taken again");
    check(sender != NULL && (receiver != NULL || header->receiver.text[0] == '\0'), "strangers");
    uint32_t allowed = f->permits.allowed[sender->kind][header->kind];
    check((allowed >> (receiver != NULL ? receiver->kind : 0) & 1) != 0, "what is not permitted was taken");
    check(step_fixture_count(f, SCH_EFFECT_RECEIPT) == 1 && step_fixture_count(f, SCH_EFFECT_STORE) == 1,
          "stored once, with a receipt");
    for (size_t i = 0; i < header->copy_count; i++) {
        bool own = strcmp(header->copies[i].text, header->sender.text) == 0;
        to += !own;
        check(!own || header->kind == SCH_KIND_REFERRAL, "only a REFERRAL names its own sender");
    }
    for (size_t i = 0; i < f->effects.count; i++) {
        delivered += f->effects.effect[i].type == SCH_EFFECT_DELIVER &&
                     memcmp(&f->effects.effect[i].message, &header->id, sizeof header->id) == 0;
    }
    check(delivered == to, "delivered to each that the header names");
}

void judge_step(const struct step_fixture *f, const struct sch_dossier *before, bool default_norms)
{
    at = f;
    judged = NULL;
    if (f->event.type == SCH_EVENT_SUBMIT) {
        judge_submission(f);
    }
    for (size_t i = 0; i < f->effects.count; i++) {
        const struct sch_effect *effect = judged = &f->effects.effect[i];
        switch (effect->type) {
        case SCH_EFFECT_OPEN: judge_open(f, &effect->instance, default_norms); break;
        case SCH_EFFECT_CLOSE: judge_close(f, &effect->instance); break;
        case SCH_EFFECT_ALERT: judge_alert(f, &effect->instance); break;
        case SCH_EFFECT_PHASE: judge_phase(f, before, default_norms); break;
        case SCH_EFFECT_DELIVER: judge_delivery(f, effect); break;
        case SCH_EFFECT_DESTROY: judge_destroyed(f, &effect->message); break;
        case SCH_EFFECT_REJECT: judge_broken("an accepted event is rejected"); break;
        default: break;
        }
    }
    judged = NULL;
}
