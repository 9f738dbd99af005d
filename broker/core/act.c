/* act.c: the bookkeeping of one step: effects, sequences, the phase. */
#include "act.h"

#include <assert.h>
#include <string.h>

#include <scharnier/query.h>

#include "delivery.h"
#include "proof.h"
#include "value.h"

void sch_act_init(struct sch_act *act, const struct sch_world *world, struct sch_dossier *dossier,
                  const struct sch_event *event, struct sch_effects *effects)
{
    memset(act, 0, sizeof *act);
    act->world = world;
    act->dossier = dossier;
    act->event = event;
    act->effects = effects;
    act->sequence = world->sequence;
    act->phase_before = dossier->phase;
    effects->count = 0;
}

/* Is the dossier at an end, with nothing owed but that messages are collected and questions answered? Whoever
 * asks about care that is over keeps nobody's data longer by it. */
static bool is_done(const struct sch_dossier *dossier)
{
    if (dossier->phase < SCH_PHASE_CLOSED || dossier->forward_by_ms != 0) {
        return false;
    }
    for (size_t i = 0; i < dossier->instance_count; i++) {
        unsigned number = dossier->instance[i].expectation;
        if (number != 1 && number != 11 && sch_instance_is_open(&dossier->instance[i])) {
            return false;
        }
    }
    return true;
}

void sch_act_close(struct sch_act *act)
{
    struct sch_dossier *dossier = act->dossier;
    if (!is_done(dossier)) {
        dossier->closed_ms = 0;
    } else if (dossier->closed_ms == 0) {
        dossier->closed_ms = act->world->now_ms;
    }
    if (act->dossier->phase != act->phase_before) {
        sch_act_add(act, SCH_EFFECT_PHASE)->phase = act->dossier->phase;
    }
}

struct sch_effect *sch_act_add(struct sch_act *act, enum sch_effect_type type)
{
    assert(act->effects->count < SCH_EFFECTS_MAX);
    struct sch_effect *effect = &act->effects->effect[act->effects->count++];
    memset(effect, 0, sizeof *effect);
    effect->type = type;
    return effect;
}

bool sch_act_is_unplaced(const struct sch_dossier *dossier)
{
    return dossier->phase == SCH_PHASE_REFUSED || dossier->phase == SCH_PHASE_BACK_REFERRED ||
           dossier->phase == SCH_PHASE_UNDELIVERED ||
           (dossier->phase == SCH_PHASE_REDIRECTED && dossier->forward_by_ms == 0 && !dossier->placed);
}

void sch_act_phase_after(struct sch_act *act, enum sch_phase phase, bool was_unplaced)
{
    struct sch_dossier *dossier = act->dossier;
    if (phase != SCH_PHASE_REDIRECTED) {
        dossier->forward_by_ms = 0;
        dossier->placed = false;
    }
    dossier->phase = phase;
    bool unplaced = sch_act_is_unplaced(dossier);
    if (unplaced && !was_unplaced && dossier->refusals < UINT8_MAX) {
        dossier->refusals++;
    } else if (!unplaced && was_unplaced && dossier->refusals > 0) {
        dossier->refusals--;
    }
}

void sch_act_phase(struct sch_act *act, enum sch_phase phase)
{
    sch_act_phase_after(act, phase, sch_act_is_unplaced(act->dossier));
}

void sch_act_prove(struct sch_act *act, enum sch_phase phase, const struct sch_id *by)
{
    struct sch_dossier *dossier = act->dossier;
    const struct sch_header *header = act->event->header;
    sch_proof_add(dossier, (struct sch_proof){
        .phase = phase, .kind = header != NULL ? header->kind : SCH_KIND_UNSPECIFIED,
        .lacking = (act->warnings & UINT32_C(1) << SCH_WARNING_INCOMPLETE) != 0, .by = *by });
    enum sch_phase proven = sch_proof_replay(dossier);
    bool stays = proven == SCH_PHASE_INTAKE_PLANNED && dossier->phase == SCH_PHASE_INTAKE_PRESUMED &&
                 phase != SCH_PHASE_INTAKE_PLANNED;
    if (!stays) {
        sch_act_phase(act, proven);
    }
}

struct sch_id sch_act_message(const struct sch_act *act)
{
    static const struct sch_id none;
    return act->event->type == SCH_EVENT_SUBMIT ? act->event->header->id : none;
}

void sch_act_remove(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state,
                    int code)
{
    struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_REMOVE);
    effect->message = delivery->message;
    effect->sequence = delivery->sequence;
    effect->member = delivery->member;
    effect->state = state;
    effect->code = code;
    sch_delivery_drop(act->dossier, delivery);
}

const struct sch_calendar *sch_act_calendar(const struct sch_act *act)
{
    return sch_norm_calendar(act->world->norms, act->dossier->region);
}
