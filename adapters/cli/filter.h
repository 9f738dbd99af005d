/*
 * filter.h: the filters of lists, from options to a query; the same for the screen, exports and bulk acts.
 *
 * Must not know: the library's handles, printing.
 */
#ifndef SCH_CLI_FILTER_H
#define SCH_CLI_FILTER_H

#include "cli.h"

/* Takes --silence, --term, --echelon, --urgency, --expectation, --older, --overdue, --debtor, --creditor,
 * --referrer and --receiver. SCH_OK or USAGE, with what was meant where a name is near. */
int sch_filter_take(const struct sch_cli *cli, struct sch_query *query, sch_error *error);

/* How many filters a query states. */
size_t sch_filter_count(const struct sch_query *query);

/* Do the filters that say something of a dossier let this one through? For lists that the broker does not
 * filter. */
bool sch_filter_fits(const struct sch_query *query, const struct sch_dossier_row *row, int64_t now_ms);

/* "E6", "e6" or "6": 1..15; 0: none. */
unsigned sch_filter_expectation(const char *text);

#endif
