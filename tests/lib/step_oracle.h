/*
 * step_oracle.h: what must hold of every dossier after every step, whatever led to it.
 *
 * An oracle watches one dossier: it keeps accounts of what the effects say is owed and lies in mailboxes, and
 * holds them against the record. Every step is made twice, the second time on noise (step_noise.h), and every
 * record must survive its byte form. For random lives and for hostile ones. Must not know: who drew the event.
 */
#ifndef SCH_TEST_STEP_ORACLE_H
#define SCH_TEST_STEP_ORACLE_H

#include "step_fixture.h"

#define STEP_ORACLE_ALERTS_MAX 4096

struct step_oracle {
    struct step_fixture *f;
    void (*fail)(const char *what);     /* does not return */
    struct sch_dossier before;          /* as it was when the last step began */
    struct step_oracle_alert {
        struct sch_id opened_by;
        uint8_t expectation, member;
        enum sch_ladder step;
    } alert[STEP_ORACLE_ALERTS_MAX];
    size_t alert_count;
    size_t look;                        /* the noise of the next step */
    size_t owed, laid;                  /* what the effects say is owed and lies in mailboxes */
    uint8_t inherited;                  /* ends without care in the chain before this dossier */
    bool forwarded;                     /* a REFERRAL came for a patient who was to be forwarded */
    /* Of all dossiers that this oracle watched. */
    size_t accepted, rejected, effects_max, instances_max, kept_max;
};

/* Watches f->dossier, which was just opened, or changed otherwise than by step_oracle_step(). */
void step_oracle_watch(struct step_oracle *oracle, struct step_fixture *f);

/* Steps f->event and checks all; moves the sequences on. Returns the result of sch_step(). */
int step_oracle_step(struct step_oracle *oracle);

/* A DUE event now; what was due must be done, unless the world holds it back. */
void step_oracle_fall_due(struct step_oracle *oracle);

/* Time moves to the next moment at which something falls due, if there is one ahead: nothing may happen just
 * before it, and something at it. False: there is none. */
bool step_oracle_next_due(struct step_oracle *oracle);

#endif
