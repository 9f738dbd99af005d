/* ledger_own.h: what ledger.c and ledger_rules.c share. */
#ifndef YEAR_LEDGER_OWN_H
#define YEAR_LEDGER_OWN_H

#include "ledger.h"

#define LEDGER_HOLD_MS (INT64_C(15) * 60000)

int32_t own_new_message(struct ledger *ledger);
int32_t own_new_dossier(struct ledger *ledger);
int32_t own_new_promise(struct ledger *ledger, int32_t dossier);
void own_note_phase(struct ledger *ledger, int32_t dossier, int64_t at_ms);
struct ledger_change *own_last(const struct ledger *ledger, int32_t promise);
struct ledger_change *own_change(struct ledger *ledger, int32_t promise, int64_t at_ms);

#endif
