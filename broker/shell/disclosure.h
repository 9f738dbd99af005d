/*
 * disclosure.h: which groups of a published table must be left out, so that none under five can be read from
 * it or worked out from what is shown.
 *
 * A table has groups in rows and columns, with their totals: row 0 holds the totals of the columns, column 0
 * those of the rows. A table of one column has no totals of rows. Pure; must not know: what is counted.
 */
#ifndef SCH_SHELL_DISCLOSURE_H
#define SCH_SHELL_DISCLOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCH_DISCLOSURE_MIN 5            /* the smallest group that is published */

/* count and hidden: `rows` times `columns`, row by row. columns: 1, or 2 and more. */
struct sch_disclosure {
    const uint32_t *count;
    bool *hidden;
    size_t rows, columns;
};

/* Is this a group that must not be shown? Nobody is no group. */
bool sch_disclosure_is_small(uint32_t count);

/*
 * Hides every small group, and then, of those left, the smallest ones that it takes until
 * - no line (a row or a column with its total) has its total shown and exactly one group hidden, or hidden
 *   groups that come to fewer than five together;
 * - no hidden group follows from all that is shown, whatever is added and subtracted.
 * What the caller hid before stays hidden and is protected alike. SCH_OK or SCH_E_NO_MEMORY.
 */
int sch_disclosure_close(const struct sch_disclosure *table);

/* The same for groups that are shown in parts too. parts, one per group: on entry whether a part of it is
 * small; then whether its parts must be left out, which they must of every hidden group. SCH_OK or
 * SCH_E_NO_MEMORY. */
int sch_disclosure_publish(const struct sch_disclosure *table, bool *parts);

#endif
