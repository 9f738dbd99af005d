/* act.c: the bookkeeping of one step: effects, sequences, the phase. */
#include "act.h"

#include <assert.h>
#include <string.h>

#include "delivery.h"

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

void sch_act_close(struct sch_act *act)
{
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

static bool is_end(enum sch_phase phase)
{
    return phase >= SCH_PHASE_CLOSED;
}

void sch_act_phase(struct sch_act *act, enum sch_phase phase)
{
    struct sch_dossier *dossier = act->dossier;
    dossier->phase = phase;
    if (!is_end(phase)) {
        dossier->closed_ms = 0;
    } else if (dossier->closed_ms == 0) {
        dossier->closed_ms = act->world->now_ms;
    }
}

void sch_act_remove(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state,
                    int code)
{
    struct sch_effect *effect = sch_act_add(act, SCH_EFFECT_REMOVE);
    effect->message = delivery->message;
    effect->sequence = delivery->sequence;
    effect->kind = delivery->kind;
    effect->member = delivery->member;
    effect->sender = delivery->sender;
    effect->state = state;
    effect->code = code;
    sch_delivery_drop(act->dossier, delivery);
}

const struct sch_calendar *sch_act_calendar(const struct sch_act *act)
{
    return sch_norm_calendar(act->world->norms, act->dossier->region);
}
