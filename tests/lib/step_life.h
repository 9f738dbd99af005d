/*
 * step_life.h: random events for one dossier of a step_fixture: what parties, systems and other dossiers may
 * do.
 *
 * Each call prepares fixture.event (and header); the caller steps it and tells what came of it. The same seed
 * gives the same life; so do the same bytes, when a life is drawn from those. Must not know: what the core
 * ought to do.
 */
#ifndef SCH_TEST_STEP_LIFE_H
#define SCH_TEST_STEP_LIFE_H

#include "step_fixture.h"

#define STEP_LIFE_SENT_MAX 1024

struct step_life {
    struct step_fixture *f;
    uint64_t random;
    const uint8_t *input;               /* not NULL: draws come from these bytes, and are 0 when they end */
    size_t input_size;                  /* what is left */
    struct step_sent {
        struct sch_id id;
        enum sch_kind kind;
        enum step_party sender;
        bool collected;
    } sent[STEP_LIFE_SENT_MAX];
    size_t sent_count;
};

/* A number below a bound (> 0), the next of the life's own. */
uint64_t step_life_draw(struct step_life *life, uint64_t below);

/* A dossier of any kind, mostly a REFERRAL. The event is ready to be stepped. */
void step_life_open(struct step_life *life);

/* A message on the dossier; a settlement; word of another dossier. */
void step_life_say(struct step_life *life);
void step_life_settle(struct step_life *life);
void step_life_hear(struct step_life *life);

/* f->header, as it stands, as the event of a submission. */
void step_life_prepare(struct step_life *life);

/* The event was accepted: remembers what was sent and what was collected. */
void step_life_note(struct step_life *life);

#endif
