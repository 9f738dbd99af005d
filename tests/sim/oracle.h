/*
 * oracle.h: what the oracle's files share. It reads the store as bytes and DOMAIN.md as law, and asks broker/core
 * nothing; its days are those of tests/year/almanac.h.
 */
#ifndef SCH_SIM_ORACLE_H
#define SCH_SIM_ORACLE_H

#include "../year/almanac.h"
#include "shell/record.h"
#include "world.h"

/* oracle_rules.c. short_term: an urgent E1, a clinical E9. */
int64_t rules_due(unsigned number, bool short_term, int book, int64_t from_ms);
int64_t rules_escalation(int64_t due_ms, bool crisis);
bool rules_opens(unsigned number, enum sch_kind kind);
bool rules_closes(unsigned number, enum sch_standing standing, enum sch_kind kind);
uint32_t rules_owed(enum sch_kind dossier, enum sch_party_kind echelon, enum sch_phase phase, enum sch_kind by);
bool rules_leads(enum sch_phase from, enum sch_phase to, enum sch_kind by);
bool rules_permit(enum sch_party_kind sender, enum sch_kind kind);
bool rules_is_end(enum sch_phase phase);

/* A promise as the audit tells of it. */
struct told_promise {
    struct sch_id opened_by;
    struct sch_address debtor;
    unsigned number;
    enum sch_standing standing;
    enum sch_ladder step;
    int64_t due_ms, snoozed_ms;
    int64_t ended_ms;
    int32_t from_day;                   /* local, from which its term counts */
    int64_t norm_ms;                    /* its due when it was opened */
    bool vague;                         /* a CORRECTION moved it, or opened it: from when it counts is not known here */
    bool beyond;                        /* answered by an appointment that lies past the due */
    bool incomplete;                    /* an incomplete letter came, once */
    int64_t owed_ms;                    /* since when, without a break */
    bool steps[SCH_STEP_ESCALATED + 1];
    int next;                           /* of the same dossier; -1 */
};

struct told_dossier {
    int of;                             /* in sim.dossier */
    enum sch_phase phase;
    int64_t opened_ms, closed_ms;       /* closed_ms: since when it is at an end and nothing is owed; 0: it is not */
    int64_t was_closed_ms, opened_again_ms;
    bool purged;
    enum sch_kind said;                 /* the last message, and when */
    int64_t said_ms;
    struct sch_id said_id;
    int64_t settled_ms, expired_ms;     /* when a delivery ended last; and when one ended so */
    int first;                          /* promise; -1 */
};

struct told {
    struct sim *sim;
    struct told_promise *promise;
    int promise_count, promise_room;
    struct told_dossier dossier[SIM_DOSSIERS_MAX];
    int64_t at_ms, started_ms;          /* the last record; the broker's last start */
    uint64_t records;
    uint8_t *stored, *offered, *ended, *destroyed;      /* per message, how often */
    enum sch_kind any_said;             /* by anybody, at any_ms */
    int64_t any_ms;
};

/* oracle_kept.c: what must be there still, and what must be gone. */
void oracle_kept(struct told *told);

/* oracle_worklist.c: what coordinators see is what is owed. */
void oracle_worklist(struct told *told);
bool oracle_ask(struct sim *sim, size_t peer, struct sch_command *command, struct sch_reply *reply);
bool oracle_sees(const struct told *told, size_t dossier, bool gooi);   /* the coordinator of gooi, or of utrecht */
unsigned oracle_shown(unsigned number); /* of a no-show only the appointment that is awaited: why, is the patient's */

/* oracle_statistics.c: statistics and ages are a recount, and what is published tells of no small group. */
void oracle_statistics(struct told *told, size_t peer, const struct sch_address *party, bool gooi);
void oracle_ages(struct told *told, size_t peer, const struct sch_address *party, bool gooi);

#endif
