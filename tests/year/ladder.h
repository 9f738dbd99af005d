/* ladder.h: when the steps of a promise's ladder are taken: reminded, overdue, escalated; each once. */
#ifndef YEAR_LADDER_H
#define YEAR_LADDER_H

#include "ledger.h"

/* By enum sch_ladder; 0: not before the end of the year. */
struct ladder {
    int64_t at_ms[SCH_STEP_ESCALATED + 1];
};

struct ladder ladder_climb(const struct ledger *ledger, const struct ledger_promise *promise);

#endif
