/*
 * act.h: one event while it is being performed: what it may read, what it changes, what it has said so far.
 *
 * Lives on the stack of sch_step(). Everything that checks was done before an act begins; nothing in an
 * act can fail. Must not know: which event it is about, promises, mailboxes.
 */
#ifndef SCH_CORE_ACT_H
#define SCH_CORE_ACT_H

#include "step.h"

struct sch_act {
    const struct sch_world *world;
    struct sch_dossier *dossier;
    const struct sch_event *event;
    struct sch_effects *effects;
    uint64_t sequence;                  /* the next one to give out */
    enum sch_phase phase_before;
    uint32_t warnings;                  /* bits (1 << enum sch_warning), for the receipt */
};

/* Begins an act; effects is emptied. */
void sch_act_init(struct sch_act *act, const struct sch_world *world, struct sch_dossier *dossier,
                  const struct sch_event *event, struct sch_effects *effects);

/* Ends it: notes since when nothing is open any more, and adds the PHASE effect, one at most per step, if the
 * phase has changed. */
void sch_act_close(struct sch_act *act);

/* A fresh, zeroed effect of this type. */
struct sch_effect *sch_act_add(struct sch_act *act, enum sch_effect_type type);

/* Moves the dossier to a phase, and counts ends without care (refusals). */
void sch_act_phase(struct sch_act *act, enum sch_phase phase);

/* The same when the proofs have changed since it was asked whether the patient was unplaced. */
void sch_act_phase_after(struct sch_act *act, enum sch_phase phase, bool was_unplaced);

/* An end without care that counts in the chain? Who forwards a patient has not sent anyone away. */
bool sch_act_is_unplaced(const struct sch_dossier *dossier);

/* A message proves a phase: the dossier moves to what all its proofs come to. A presumed intake stays
 * presumed until an appointment or a no-show is told. */
void sch_act_prove(struct sch_act *act, enum sch_phase phase, const struct sch_id *by);

/* The message that was submitted; none when nothing was. */
struct sch_id sch_act_message(const struct sch_act *act);

/* Takes a delivery out of its mailbox and out of the record: REMOVE. The pointer dies. */
void sch_act_remove(struct sch_act *act, struct sch_delivery *delivery, enum sch_delivery_state state,
                    int code);

/* The calendar of the dossier's region; NULL: national days. */
const struct sch_calendar *sch_act_calendar(const struct sch_act *act);

#endif
