/*
 * ledger.h: acts of a creditor or coordinator on what is owed: WAIVER, SNOOZE, REMINDER (and NOTE, which
 * changes nothing).
 *
 * A coordinator acts on any promise, a creditor on its own claims: what others owe it. E1 is nobody's claim.
 * Handlers as in evidence.h. Must not know: phases, letters.
 */
#ifndef SCH_CORE_LEDGER_H
#define SCH_CORE_LEDGER_H

#include "evidence.h"

/* Is there anything for the act to act on? SCH_OK, NOTHING_OPEN, or RECENTLY_REMINDED when all that is open
 * was reminded less than SCH_REMIND_PAUSE_MS ago; with *field. Also asked for TAKEN_UP. */
int sch_ledger_check(const struct sch_act *act, const char **field);

sch_handler sch_ledger_waive;
sch_handler sch_ledger_snooze;
sch_handler sch_ledger_remind;

#endif
