/*
 * tally_own.h: what the number of a cell means, shared by tally.c and tally_count.c and by nobody else.
 *
 * Of ages: the day, counted from the first of its row's period. Of terms, from the high bits down: outcome,
 * announced, incomplete, day of the month that the term counts from (from 0; open ones only), days.
 */
#ifndef SCH_SHELL_TALLY_OWN_H
#define SCH_SHELL_TALLY_OWN_H

#include "tally.h"

#define SCH_TALLY_DAYS_BITS 10
#define SCH_TALLY_FROM_BITS 5
#define SCH_TALLY_FROM_SHIFT SCH_TALLY_DAYS_BITS
#define SCH_TALLY_FLAG_SHIFT (SCH_TALLY_FROM_SHIFT + SCH_TALLY_FROM_BITS)
#define SCH_TALLY_OUTCOME_SHIFT (SCH_TALLY_FLAG_SHIFT + 2)
#define SCH_TALLY_ANNOUNCED (1u << (SCH_TALLY_FLAG_SHIFT + 1))
#define SCH_TALLY_INCOMPLETE (1u << SCH_TALLY_FLAG_SHIFT)

_Static_assert(SCH_TALLY_DAYS_MAX == (1 << SCH_TALLY_DAYS_BITS) - 1, "days fill their bits");
_Static_assert(((SCH_TALLY_OUTCOME_COUNT - 1) << SCH_TALLY_OUTCOME_SHIFT | (1 << SCH_TALLY_OUTCOME_SHIFT)) - 1 <=
               SCH_TALLY_NUMBER_MAX, "every cell has a number");

#endif
