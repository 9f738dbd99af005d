/* proof.c: the replay of a dossier's proofs, and the upkeep of their list. */
#include "proof.h"

#include <assert.h>
#include <string.h>

#include "value.h"

enum sch_phase sch_proof_first(enum sch_kind kind)
{
    switch (kind) {
    case SCH_KIND_CARE_NOTICE:
        return SCH_PHASE_IN_TREATMENT;
    case SCH_KIND_INVOLVEMENT_NOTICE:
        return SCH_PHASE_CLOSED;
    default:
        return SCH_PHASE_SENT;
    }
}

bool sch_proof_is_end(enum sch_phase phase)
{
    return phase >= SCH_PHASE_REFUSED;
}

/* Where a dossier in this phase is when the next thing is proven. */
static enum sch_phase after(enum sch_phase phase, enum sch_phase proven)
{
    return sch_proof_is_end(proven) || sch_proof_is_end(phase) || proven > phase ? proven : phase;
}

/* The replay without the proof at index `without`; with all of them when there is none there. */
static enum sch_phase replay_without(const struct sch_dossier *dossier, size_t without)
{
    enum sch_phase phase = sch_proof_first(dossier->kind);
    for (size_t i = 0; i < dossier->proof_count; i++) {
        phase = i != without ? after(phase, dossier->proof[i].phase) : phase;
    }
    return phase;
}

enum sch_phase sch_proof_replay(const struct sch_dossier *dossier)
{
    return replay_without(dossier, SIZE_MAX);
}

enum sch_phase sch_proof_replay_but(const struct sch_dossier *dossier, const struct sch_id *by)
{
    enum sch_phase phase = sch_proof_first(dossier->kind);
    for (size_t i = 0; i < dossier->proof_count; i++) {
        phase = sch_value_same_id(&dossier->proof[i].by, by) ? phase : after(phase, dossier->proof[i].phase);
    }
    return phase;
}

static void drop(struct sch_dossier *dossier, size_t index)
{
    memmove(&dossier->proof[index], &dossier->proof[index + 1],
            (dossier->proof_count - index - 1) * sizeof dossier->proof[0]);
    dossier->proof_count--;
    memset(&dossier->proof[dossier->proof_count], 0, sizeof dossier->proof[0]);
}

/* Of a full list one proof decides the phase, or two around an end; so there is always one to spare. */
static void make_room(struct sch_dossier *dossier)
{
    enum sch_phase phase = sch_proof_replay(dossier);
    for (size_t i = 0; dossier->proof_count == SCH_PROOFS_MAX; i++) {
        assert(i < SCH_PROOFS_MAX);
        if (replay_without(dossier, i) == phase) {
            drop(dossier, i);
        }
    }
}

void sch_proof_add(struct sch_dossier *dossier, enum sch_phase phase, enum sch_kind kind, const struct sch_id *by)
{
    make_room(dossier);
    dossier->proof[dossier->proof_count].phase = phase;
    dossier->proof[dossier->proof_count].kind = kind;
    dossier->proof[dossier->proof_count].by = *by;
    dossier->proof_count++;
}

void sch_proof_remove(struct sch_dossier *dossier, const struct sch_id *by)
{
    for (size_t i = dossier->proof_count; i-- > 0;) {
        if (sch_value_same_id(&dossier->proof[i].by, by)) {
            drop(dossier, i);
        }
    }
}

const struct sch_id *sch_proof_of(const struct sch_dossier *dossier, enum sch_phase phase)
{
    for (size_t i = dossier->proof_count; i-- > 0;) {
        if (dossier->proof[i].phase == phase) {
            return &dossier->proof[i].by;
        }
    }
    return NULL;
}

bool sch_proof_is_planned_by(const struct sch_dossier *dossier, enum sch_kind kind)
{
    for (size_t i = dossier->proof_count; i-- > 0;) {
        const struct sch_proof *proof = &dossier->proof[i];
        if (proof->phase == SCH_PHASE_INTAKE_PLANNED) {
            return proof->kind == kind || proof->kind == SCH_KIND_UNSPECIFIED;
        }
    }
    return false;
}
