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

/* Does what is proven leave an end as it is? What is told after a BACK_REFERRAL about the time before it takes
 * nothing back, nor does another end. */
static bool leaves(enum sch_phase end, const struct sch_proof *next)
{
    bool away = next->phase == SCH_PHASE_REFUSED || next->phase == SCH_PHASE_REDIRECTED;
    switch (end) {
    case SCH_PHASE_WITHDRAWN: return next->phase != SCH_PHASE_ENTERED_IN_ERROR;
    case SCH_PHASE_BACK_REFERRED:
        return away || next->phase == SCH_PHASE_BACK_REFERRED || next->phase == SCH_PHASE_ENDED ||
               next->kind == SCH_KIND_INTAKE_REPORT;
    default: return away;
    }
}

/* A replay on its way: the phase, and the proof that came to it; NULL in the first. */
struct replay {
    enum sch_phase phase;
    const struct sch_proof *mover;
    bool written, answered;             /* a letter came about the end of this stretch of care; it lacks nothing */
};

static struct replay begin(const struct sch_dossier *dossier)
{
    return (struct replay){ .phase = sch_proof_first(dossier->kind) };
}

/* Does this move what was proven so far? */
static bool moves(const struct replay *replay, const struct sch_proof *next)
{
    if (sch_proof_is_end(replay->phase)) {
        return !next->late && !leaves(replay->phase, next);
    }
    /* Where a letter is awaited a BACK_REFERRAL is in time. */
    bool over = replay->phase > SCH_PHASE_ENDED || replay->written;
    return next->phase > replay->phase && !(next->late && over);
}

/* Returns whether the patient comes back from an end: a new stretch of care. */
static bool advance(struct replay *replay, const struct sch_proof *next)
{
    bool end = sch_proof_is_end(replay->phase), moved = moves(replay, next);
    if (moved) {
        replay->phase = next->phase;
        replay->mover = next;
    }
    bool anew = moved && end && !sch_proof_is_end(next->phase);
    bool letter = next->phase == SCH_PHASE_ENDED && next->kind != SCH_KIND_TREATMENT_END &&
                  replay->phase == SCH_PHASE_ENDED;
    replay->written = (replay->written && !anew) || letter;
    replay->answered = (replay->answered && !anew) || (letter && !next->lacking);
    return anew;
}

/* The replay without the proof at index `without`; with all of them when there is none there. */
static enum sch_phase replay_without(const struct sch_dossier *dossier, size_t without)
{
    struct replay replay = begin(dossier);
    for (size_t i = 0; i < dossier->proof_count; i++) {
        if (i != without) {
            (void)advance(&replay, &dossier->proof[i]);
        }
    }
    return replay.phase;
}

enum sch_phase sch_proof_replay(const struct sch_dossier *dossier)
{
    return replay_without(dossier, SIZE_MAX);
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

void sch_proof_add(struct sch_dossier *dossier, struct sch_proof proof)
{
    make_room(dossier);
    /* Field by field: what pads a record stays zero, or equal ones would differ. */
    struct sch_proof *place = &dossier->proof[dossier->proof_count++];
    place->phase = proof.phase;
    place->kind = proof.kind;
    place->late = proof.late;
    place->lacking = proof.lacking;
    place->by = proof.by;
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
    struct replay replay = begin(dossier);
    bool planned = false;
    for (size_t i = 0; i < dossier->proof_count; i++) {
        const struct sch_proof *proof = &dossier->proof[i];
        planned = !advance(&replay, proof) && planned;
        if (proof->phase == SCH_PHASE_INTAKE_PLANNED && replay.phase == SCH_PHASE_INTAKE_PLANNED) {
            planned = proof->kind == kind || proof->kind == SCH_KIND_UNSPECIFIED;
        }
    }
    return planned;
}

const struct sch_proof *sch_proof_mover(const struct sch_dossier *dossier)
{
    struct replay replay = begin(dossier);
    for (size_t i = 0; i < dossier->proof_count; i++) {
        (void)advance(&replay, &dossier->proof[i]);
    }
    return replay.mover;
}

const struct sch_id *sch_proof_moved_to(const struct sch_dossier *dossier, enum sch_phase phase)
{
    struct replay replay = begin(dossier);
    const struct sch_id *by = NULL;
    for (size_t i = 0; i < dossier->proof_count; i++) {
        (void)advance(&replay, &dossier->proof[i]);
        by = replay.mover != NULL && replay.phase == phase ? &replay.mover->by : by;
    }
    return by != NULL ? by : sch_proof_of(dossier, phase);
}

/* Is nothing owed any more but what an end leaves? */
static bool is_over(const struct replay *replay)
{
    return replay->phase > SCH_PHASE_ENDED || replay->answered;
}

/* The last letter of one of these kinds in the present stretch of care, of those that lack something or lack nothing.
 * One that comes when all is over answers what was left, but makes nothing owed. */
static const struct sch_id *letter_of(const struct sch_dossier *dossier, uint64_t kinds, bool lacking)
{
    struct replay replay = begin(dossier);
    const struct sch_id *letter = NULL;
    for (size_t i = 0; i < dossier->proof_count; i++) {
        const struct sch_proof *proof = &dossier->proof[i];
        bool over = is_over(&replay);
        letter = advance(&replay, proof) ? NULL : letter;
        bool counts = replay.mover == proof || (!proof->late && !over);
        if (!lacking) {
            counts = !proof->late || replay.phase == proof->phase;
        }
        bool is_one = (kinds & UINT64_C(1) << proof->kind) != 0 && proof->lacking == lacking;
        letter = counts && is_one ? &proof->by : letter;
    }
    return letter;
}

const struct sch_id *sch_proof_letter(const struct sch_dossier *dossier, uint64_t kinds)
{
    return letter_of(dossier, kinds, false);
}

const struct sch_id *sch_proof_lacking(const struct sch_dossier *dossier, uint64_t kinds)
{
    return letter_of(dossier, kinds, true);
}

void sch_proof_lack(struct sch_dossier *dossier, const struct sch_id *letter)
{
    for (size_t i = 0; i < dossier->proof_count; i++) {
        struct sch_proof *proof = &dossier->proof[i];
        proof->lacking = proof->lacking || sch_value_same_id(&proof->by, letter);
    }
}

const struct sch_proof *sch_proof_by(const struct sch_dossier *dossier, const struct sch_id *by)
{
    for (size_t i = 0; i < dossier->proof_count; i++) {
        if (sch_value_same_id(&dossier->proof[i].by, by)) {
            return &dossier->proof[i];
        }
    }
    return NULL;
}

bool sch_proof_counts(const struct sch_dossier *dossier, const struct sch_id *by)
{
    struct replay replay = begin(dossier);
    for (size_t i = 0; i < dossier->proof_count; i++) {
        const struct sch_proof *proof = &dossier->proof[i];
        (void)advance(&replay, proof);
        if (sch_value_same_id(&proof->by, by)) {
            return replay.phase == proof->phase;
        }
    }
    return false;
}

bool sch_proof_is_letter_due(const struct sch_dossier *dossier)
{
    struct replay replay = begin(dossier);
    bool due = false;
    for (size_t i = 0; i < dossier->proof_count; i++) {
        const struct sch_proof *proof = &dossier->proof[i];
        bool tells = proof->phase == SCH_PHASE_ENDED &&
                     (proof->kind == SCH_KIND_TREATMENT_END || proof->kind == SCH_KIND_UNSPECIFIED);
        bool over = is_over(&replay);
        due = !advance(&replay, proof) && due;
        due = due || (tells && (!over || replay.mover == proof));
    }
    return due;
}
