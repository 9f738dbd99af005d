/* silence.c: from promise and phase to the words that a coordinator uses. */
#include "silence.h"

#include <assert.h>
#include <stddef.h>

/* Refused so often in one chain that the next answer concerns the chain, not this dossier alone. */
#define REFUSALS_OF_A_CHAIN 2

static enum sch_silence undecided(const struct sch_dossier *dossier)
{
    if (dossier->refusals >= REFUSALS_OF_A_CHAIN) {
        return SCH_SILENCE_NOWHERE_PLACED;
    }
    return dossier->received ? SCH_SILENCE_NOT_DECIDED : SCH_SILENCE_NOT_COLLECTED;
}

/* What is lacking first while the receiver has not come further. */
static enum sch_silence first_lacking(const struct sch_dossier *dossier, enum sch_silence otherwise)
{
    if (dossier->phase == SCH_PHASE_SENT) {
        return undecided(dossier);
    }
    return dossier->phase == SCH_PHASE_ACCEPTED ? SCH_SILENCE_NO_APPOINTMENT : otherwise;
}

enum sch_silence sch_silence_of(const struct sch_dossier *dossier, const struct sch_instance *instance)
{
    if (!sch_instance_is_open(instance)) {
        return SCH_SILENCE_NONE;
    }
    if (instance->standing == SCH_STANDING_INCOMPLETE) {
        return SCH_SILENCE_INCOMPLETE;
    }
    assert(instance->expectation >= 1 && instance->expectation < SCH_EXPECTATION_COUNT);
    switch (instance->expectation) {
    case 1: return SCH_SILENCE_NOT_COLLECTED;
    case 2:
    case 3: return undecided(dossier);
    case 4:
    case 5: return first_lacking(dossier, SCH_SILENCE_NO_APPOINTMENT);
    case 6: return SCH_SILENCE_NO_INTAKE_REPORT;
    case 7: return first_lacking(dossier, SCH_SILENCE_NOT_STARTED);
    case 8: return SCH_SILENCE_NO_PROGRESS_LETTER;
    case 9: return SCH_SILENCE_NO_DISCHARGE_LETTER;
    case 10:
        return dossier->refusals >= REFUSALS_OF_A_CHAIN ? SCH_SILENCE_NOWHERE_PLACED
                                                        : SCH_SILENCE_NOT_TAKEN_UP;
    case 11: return SCH_SILENCE_NO_INFORMATION;
    case 12: return SCH_SILENCE_NO_TEAM_RESULT;
    case 13: return SCH_SILENCE_NO_ADVICE;
    case 14: return SCH_SILENCE_NO_CONSULT_REPLY;
    default: return SCH_SILENCE_NO_CARE_REPORT;
    }
}

enum sch_silence sch_silence_of_dossier(const struct sch_dossier *dossier)
{
    const struct sch_instance *first = NULL;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        const struct sch_instance *instance = &dossier->instance[i];
        if (sch_instance_is_open(instance) && (first == NULL || instance->due_ms < first->due_ms)) {
            first = instance;
        }
    }
    return first == NULL ? SCH_SILENCE_NONE : sch_silence_of(dossier, first);
}

enum sch_term sch_silence_term(const struct sch_instance *instance, int64_t now_ms)
{
    int64_t term_ms = instance->due_ms - instance->from_ms;
    int64_t past_ms = now_ms - instance->from_ms;
    if (now_ms < instance->due_ms) {
        return 4 * past_ms >= 3 * term_ms ? SCH_TERM_NEAR : SCH_TERM_WITHIN;
    }
    return past_ms >= 2 * term_ms ? SCH_TERM_FAR_OVER : SCH_TERM_OVER;
}
