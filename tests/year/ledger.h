/*
 * ledger.h: the books of the year as the test keeps them: what was said, and what DOMAIN says is owed for it.
 *
 * Written from DOMAIN's tables, for one purpose: to be held against the broker. It shares nothing with
 * broker/core but the numbers of types.h. A life (lives.c) says messages in the order of time, and the ledger
 * works out, before the broker has seen any of it, when each is collected, what it opens, moves and closes, and
 * on which day that is due. A promise is kept as its changes, so that the judge can ask how it stood at any
 * moment.
 */
#ifndef YEAR_LEDGER_H
#define YEAR_LEDGER_H

#include "prng.h"
#include "region.h"

#define LEDGER_FACTS_MAX 6
#define LEDGER_NEVER INT64_MAX
#define LEDGER_STOPS_MAX 64

struct ledger_fact {
    enum sch_fact fact;
    int64_t value;
};

struct ledger_message {
    struct sch_id id;
    int64_t at_ms;                      /* when it is stored */
    enum sch_kind kind;
    int32_t dossier;
    int32_t subject;                    /* message, -1: none */
    int32_t parent, follows;            /* dossiers, -1: none */
    int32_t group;                      /* message whose id names the group; -1: none */
    bool opens_group;                   /* its own does */
    int16_t sender, creditor, concerned;        /* parties, -1: none */
    int16_t to[SCH_RECIPIENTS_MAX];
    uint8_t to_count;
    uint8_t fact_count;
    struct ledger_fact fact[LEDGER_FACTS_MAX];
    bool letter, sections_known;
    uint32_t sections;
    uint32_t missing;                   /* what the creditor finds lacking on opening */
    bool refused;                       /* the first recipient's system refuses it */
    enum sch_error_code rejects;        /* the broker refuses it, rightly; SCH_OK: it does not */
    int64_t collect_ms[SCH_RECIPIENTS_MAX];     /* when each settles it; NEVER */
    int32_t e1[SCH_RECIPIENTS_MAX];     /* promises */
    /* While the year is played: */
    bool receipted;
    uint64_t sequence;
    uint8_t delivered[SCH_RECIPIENTS_MAX];
};

/* How a promise stands from at_ms on. */
struct ledger_change {
    int64_t at_ms, from_ms, norm_due_ms, due_ms, remind_ms, escalate_ms, snoozed_ms;
    enum sch_standing standing;
    int32_t next;
};

struct ledger_promise {
    int32_t dossier, message;           /* what it belongs to, and what opened it */
    int16_t debtor;
    uint8_t number;
    int term;
    enum almanac_unit unit;
    int64_t opened_ms, from_ms;         /* from_ms: as it stands at last */
    bool announced, incomplete;         /* ever */
    bool beyond;                        /* answered by an appointment that lies past the due */
    int32_t first, last;                /* changes */
    int32_t next;                       /* of the same dossier */
    int32_t closed_by;                  /* message; -1 */
    bool forgotten;                     /* it may be opened again (a back-referral that was refused) */
};

/* How a dossier stands from at_ms on. */
struct ledger_phase {
    int64_t at_ms;
    enum sch_phase phase;
    bool received;
    uint8_t refusals;
    int32_t next;
};

struct ledger_later {
    int64_t at_ms;
    int type;
    int32_t message;
};

struct ledger_dossier {
    struct sch_id id;
    int32_t opening;                    /* message */
    enum sch_kind kind;
    int16_t referrer, receiver, creditor, copy[SCH_COPIES_MAX];
    uint8_t copy_count;
    enum sch_party_kind echelon;
    enum sch_urgency urgency;
    int64_t opened_ms;
    int32_t letter_day, intake_day;     /* -1: none */
    enum sch_phase phase;
    bool received, taken_up;
    uint8_t refusals, asked;
    int64_t forward_by_ms;
    int32_t redirection;                /* message that promised to forward */
    int32_t root;
    int64_t avoid_ms, avoid_reminder_ms;        /* due to the minute: nobody acts then */
    struct ledger_later later[16];
    int later_count;
    int32_t first_promise, last_promise;
    int32_t first_phase, last_phase;
    bool judged;                        /* the home region's coordinator sees it */
};

/* A silence that a life leaves on purpose. */
struct ledger_plant {
    int32_t dossier;
    uint8_t number;
    enum sch_silence silence;
};

/* The broker does not run during [from, to). */
struct ledger_stop {
    int64_t from_ms, to_ms;
};

struct ledger {
    struct region *region;
    int64_t start_ms, end_ms;
    struct ledger_stop stop[LEDGER_STOPS_MAX];
    int stop_count;
    struct ledger_message *message;
    int32_t message_count, message_room;
    struct ledger_promise *promise;
    int32_t promise_count, promise_room;
    struct ledger_change *change;
    int32_t change_count, change_room;
    struct ledger_phase *phase;
    int32_t phase_count, phase_room;
    struct ledger_dossier *dossier;
    int32_t dossier_count, dossier_room;
    struct ledger_plant *plant;
    int32_t plant_count, plant_room;
};

void ledger_open(struct ledger *ledger, struct region *region, int64_t start_ms, int64_t end_ms);
void ledger_close(struct ledger *ledger);

/* A moment at which the broker runs: this one, or the first slot after a stop. */
int64_t ledger_awake(const struct ledger *ledger, int64_t ms);
/* When what falls due at ms is done: then, or when the broker is back; E1 and expiries wait a quarter of an hour
 * more. */
int64_t ledger_fires(const struct ledger *ledger, int64_t ms, bool held);
/* When a mailbox settles what was stored at ms; NEVER. */
int64_t ledger_collects(const struct ledger *ledger, int party, int64_t ms);

/* A message in the making: kind, sender, and nothing else. */
struct ledger_message ledger_draft(enum sch_kind kind, int sender);
void ledger_fact(struct ledger_message *draft, enum sch_fact fact, int64_t value);

/* Says it at at_ms. Opening kinds make a dossier of parties to[0] (receiver) and copies; for the others the
 * recipients follow from the dossier. Returns the message; -1: the year is over, and nothing happened. */
int32_t ledger_say(struct ledger *ledger, int32_t dossier, int64_t at_ms, const struct ledger_message *draft);

/* Lets the time of a dossier pass up to at_ms. */
void ledger_pass(struct ledger *ledger, int32_t dossier, int64_t at_ms);

/* The promise that is owed now; -1. */
int32_t ledger_owed(const struct ledger *ledger, int32_t dossier, int number);

void ledger_plant(struct ledger *ledger, int32_t dossier, int number, enum sch_silence silence);

/* How things stood at a moment; NULL: not opened yet. */
const struct ledger_change *ledger_change_at(const struct ledger *ledger, const struct ledger_promise *promise,
                                             int64_t at_ms);
const struct ledger_phase *ledger_phase_at(const struct ledger *ledger, const struct ledger_dossier *dossier,
                                           int64_t at_ms);
bool ledger_is_owed(const struct ledger_change *change);
const struct almanac_region *ledger_calendar(const struct ledger *ledger, const struct ledger_dossier *dossier);

#endif
