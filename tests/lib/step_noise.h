/*
 * step_noise.h: a step knows what is there by the counts, and leaves nothing where they end.
 *
 * Makes a step, and makes it again on copies whose arrays go on behind their counts: with promises,
 * deliveries, proofs, members, copies and leases that fit the event and would change what comes of it, if
 * anyone looked. All must come out alike. Of the record itself what lies behind the counts must be zero, so
 * that equal dossiers are equal bytes. A difference aborts. Must not know: what a step ought to do.
 */
#ifndef SCH_TEST_STEP_NOISE_H
#define SCH_TEST_STEP_NOISE_H

#include "core/step.h"

/* Every expectation, owed or answered, owed by who speaks or by another. */
#define STEP_NOISE_LOOKS 45

/* sch_step(), and then again with `count` of the looks from `first` on. */
int step_noise_step(const struct sch_world *world, struct sch_dossier *dossier, const struct sch_event *event,
                    struct sch_effects *effects, size_t first, size_t count);

#endif
