/*
 * expectation.h: the rules of what is owed: who owes, what opens and closes it, what cancels it.
 *
 * One const table, a row per expectation E1..E15; DOMAIN, "Expectations". Opening and moving instances is
 * here, the ladder too; when to do so is promise.c's. Must not know: messages as bytes, deliveries, files.
 */
#ifndef SCH_CORE_EXPECTATION_H
#define SCH_CORE_EXPECTATION_H

#include "dossier.h"

struct sch_expectation_rule {
    enum sch_member_role debtor;        /* E1: the member that must collect; E11: whoever was asked */
    bool survives;                      /* an end of the dossier does not cancel it */
    uint64_t letters;                   /* kinds of which a complete letter answers it: bits (1 << kind) */
    uint64_t closed_by;                 /* kinds that answer it by what they prove */
    enum sch_phase proof;               /* ... which is at least this phase */
    uint64_t dossiers;                  /* opened in dossiers that these kinds opened: bits (1 << kind) */
    uint32_t echelons;                  /* ... with receivers of these kinds: bits (1 << party kind) */
    const char *opens;                  /* for people: "REFERRAL to GB_GGZ, S_GGZ, WIJKTEAM" */
    const char *counts_from;            /* "stored" */
    const char *closes;                 /* "ACCEPTANCE, REFUSAL, …" */
};

/* The rule of E<number>; number 1..15. */
const struct sch_expectation_rule *sch_expectation_rule(unsigned number);

/*
 * Fills *instance as a promise of member, opened at stored_ms by message opened_by, counting from from_ms.
 * false when no norm holds or it is switched off: then nothing is owed.
 */
bool sch_expectation_open(struct sch_instance *instance, const struct sch_norms *norms, unsigned number,
                          enum sch_variant variant, const struct sch_dossier *dossier, uint8_t member,
                          struct sch_id opened_by, int64_t stored_ms, int64_t from_ms);

/* Sets due_ms, and what the ladder derives from it: escalation 5 working days later, at once for a crisis
 * dossier. */
void sch_expectation_set_due(struct sch_instance *instance, const struct sch_calendar *calendar,
                             enum sch_urgency urgency, int64_t due_ms);

/* Do dossiers like this one, by what opened it and who received it, open this expectation at all? */
bool sch_expectation_applies(unsigned number, const struct sch_dossier *dossier);

/* The next step of the ladder and its moment; SCH_STEP_NONE and INT64_MAX when all have fired or the
 * instance is not open. A reminder that the due has overtaken is passed over; a snoozed promise has no step
 * before snoozed_ms. */
enum sch_ladder sch_expectation_next_step(const struct sch_instance *instance, int64_t *at_ms);

#endif
