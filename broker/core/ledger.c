/* ledger.c: closing, putting off and chasing claims by hand. */
#include "ledger.h"

#include <string.h>

#include "kind.h"
#include "letter.h"
#include "post.h"
#include "promise.h"
#include "value.h"

/* May this party act on this promise? Nobody acts on what he owes himself. */
static bool may_act(const struct sch_dossier *dossier, const struct sch_party *party,
                    const struct sch_instance *instance, unsigned number)
{
    if (instance->expectation != number || number == 1 || !sch_instance_is_open(instance)) {
        return false;
    }
    return party->kind == SCH_PARTY_COORDINATOR ||
           !sch_value_same_text(dossier->member[instance->member].address.text, party->address.text);
}

static bool was_just_reminded(const struct sch_act *act, const struct sch_instance *instance)
{
    return instance->reminded_ms != 0 &&
           act->world->now_ms - instance->reminded_ms < SCH_REMIND_PAUSE_MS;
}

int sch_ledger_check(const struct sch_act *act, const char **field)
{
    const struct sch_dossier *dossier = act->dossier;
    const struct sch_header *header = act->event->header;
    bool taken_up = header->kind == SCH_KIND_TAKEN_UP;
    unsigned number = taken_up ? 10 : (unsigned)header->fact[SCH_FACT_EXPECTATION];
    bool open = false, due = false;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        if (taken_up ? instance->expectation == 10 && sch_instance_is_open(instance)
                     : may_act(dossier, act->event->sender, instance, number)) {
            open = true;
            due = due || !was_just_reminded(act, instance);
        }
    }
    if (!open) {
        return sch_kind_fault(SCH_E_NOTHING_OPEN, taken_up ? "header.kind" : "header.expectation", field);
    }
    if (header->kind == SCH_KIND_REMINDER && !due) {
        return sch_kind_fault(SCH_E_RECENTLY_REMINDED, "header.expectation", field);
    }
    return SCH_OK;
}

static unsigned number_of(const struct sch_act *act)
{
    return (unsigned)sch_evidence_fact(act, SCH_FACT_EXPECTATION);
}

void sch_ledger_waive(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    unsigned number = number_of(act);
    for (size_t i = 0; i < dossier->instance_count; i++) {
        if (may_act(dossier, act->event->sender, &dossier->instance[i], number)) {
            sch_promise_end(act, &dossier->instance[i], SCH_STANDING_WAIVED, act->event->header->id);
        }
    }
    dossier->taken_up = dossier->taken_up || number == 10;
    sch_letter_settle_end(act);
}

void sch_ledger_snooze(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    int64_t until_ms = sch_ms_of_day(sch_evidence_stated_day(act, SCH_FACT_UNTIL) + 1);
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        if (may_act(dossier, act->event->sender, instance, number_of(act))) {
            instance->snoozed_ms = until_ms;
            struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_SNOOZE);
            effect->instance = *instance;
        }
    }
}

void sch_ledger_remind(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        struct sch_instance *instance = &dossier->instance[i];
        if (may_act(dossier, act->event->sender, instance, number_of(act)) &&
            !was_just_reminded(act, instance)) {
            bool late = act->world->now_ms >= instance->due_ms;
            sch_post_remind(act, instance, late ? SCH_STEP_OVERDUE : SCH_STEP_REMINDED);
        }
    }
}
