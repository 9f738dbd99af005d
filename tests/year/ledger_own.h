/* ledger_own.h: what the ledger's own files share: ledger.c keeps, ledger_terms.c counts, ledger_rules.c knows the
 * kinds, ledger_say.c says. */
#ifndef YEAR_LEDGER_OWN_H
#define YEAR_LEDGER_OWN_H

#include "ledger.h"

#define LEDGER_HOLD_MS (INT64_C(15) * 60000)
#define NONE (-1)
#define ANY_NUMBER 16                   /* promises are numbered below this */

/* Numbers of promises as bits, and those that a phase answers. */
#define N(number) (UINT32_C(1) << (number))
#define DECIDED (N(2) | N(3))
#define PLANNED (DECIDED | N(4) | N(5))
#define OVER (PLANNED | N(7) | N(8))

enum own_later { LATER_RECEIVED, LATER_UNDELIVERED, LATER_INCOMPLETE };

int32_t own_new_message(struct ledger *ledger);
int32_t own_new_dossier(struct ledger *ledger);
int32_t own_new_promise(struct ledger *ledger, int32_t dossier);
void own_note_phase(struct ledger *ledger, int32_t dossier, int64_t at_ms);
struct ledger_change *own_last(const struct ledger *ledger, int32_t promise);
struct ledger_change *own_change(struct ledger *ledger, int32_t promise, int64_t at_ms);

/* ledger_terms.c */
struct ledger_dossier *own_of(struct ledger *ledger, int32_t dossier);
int64_t own_fact_of(const struct ledger_message *message, enum sch_fact fact);
int32_t own_stated(const struct ledger_message *message, enum sch_fact fact);
int32_t own_happened(struct ledger *ledger, int32_t d, const struct ledger_message *message);
int64_t own_today_of(int64_t at_ms);
bool own_is_ggz(enum sch_party_kind kind);
bool own_turned_away(const struct ledger_dossier *dossier);
void own_count_from(struct ledger *ledger, int32_t p, int64_t at_ms, int64_t from_ms);
int32_t own_owe(struct ledger *ledger, int32_t d, int number, bool special, int debtor, int32_t message,
    int64_t at_ms, int64_t from_ms);
void own_end(struct ledger *ledger, int32_t p, int64_t at_ms, enum sch_standing standing, int32_t by);
void own_end_all(struct ledger *ledger, int32_t d, int number, int64_t at_ms, enum sch_standing standing,
    int32_t by);
void own_answer(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t by, uint32_t numbers);
void own_cancel(struct ledger *ledger, int32_t d, int64_t at_ms, bool intake_held);
void own_enter(struct ledger *ledger, int32_t d, int64_t at_ms, enum sch_phase phase);
void own_take_up(struct ledger *ledger, int32_t d, int64_t at_ms, int debtor, int32_t message);
void own_turn_away(struct ledger *ledger, int32_t d, int64_t at_ms, enum sch_phase phase, int debtor,
    int32_t message);
void own_follow_intake(struct ledger *ledger, int32_t d, int64_t at_ms);
void own_reach(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t message, enum sch_phase proven);
void own_settle_end(struct ledger *ledger, int32_t d, int64_t at_ms);
bool own_was_owed(const struct ledger *ledger, int32_t d, int number);
bool own_is_complete(const struct ledger_message *message);
void own_answer_letter(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t m, int number, int32_t day);
void own_announce(struct ledger *ledger, int32_t d, int64_t at_ms, const struct ledger_message *message,
    int number);
void own_found_incomplete(struct ledger *ledger, int32_t d, int64_t at_ms, int32_t letter);

/* ledger_say.c */
void own_lapse(struct ledger *ledger, int32_t d, int64_t at_ms);

/* ledger_rules.c */
void own_open_dossier(struct ledger *ledger, int32_t d, const struct ledger_message *message, int32_t m);
void own_apply(struct ledger *ledger, int32_t d, int32_t m);

#endif
