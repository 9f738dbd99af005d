/* judge_own.h: what the judge's files share. */
#ifndef YEAR_JUDGE_OWN_H
#define YEAR_JUDGE_OWN_H

#include "judge.h"

/* Which silence an owed promise is, read from DOMAIN's list. */
enum sch_silence own_silence(const struct ledger_promise *promise, const struct ledger_change *change,
                             const struct ledger_phase *phase);

#endif
