/*
 * figures.h: the figures of PROTOCOL.md, "Queries", recounted promise by promise, in floating point: what the broker
 * computes from counts that it kept, in whole numbers.
 */
#ifndef YEAR_FIGURES_H
#define YEAR_FIGURES_H

#include <scharnier/query.h>
#include <stddef.h>

enum figures_outcome {
    FIGURES_OPEN, FIGURES_OVERDUE, FIGURES_WITHIN, FIGURES_LATE, FIGURES_WITHHELD, FIGURES_WAIVED, FIGURES_CANCELLED,
    FIGURES_OUTCOMES
};

/* What became of a promise; ended_ms says nothing while it is owed. */
struct figures_end {
    enum sch_standing standing;
    int32_t from_day;
    int64_t ended_ms, due_ms;
    bool beyond;                        /* answered by what lies past the due */
};

/* One promise in one group. month 0: all; an empty debtor: all. */
struct figures_entry {
    uint32_t month;
    unsigned number;
    char debtor[SCH_ADDRESS_MAX + 1];
    enum figures_outcome outcome;
    bool announced, incomplete;
    bool vague;                         /* nobody here knows from which day it counts */
    uint32_t days;
};

struct figures {
    struct figures_entry *entry;        /* the caller's to free */
    size_t count, room;
};

/* Enters a promise, of which number, debtor and the bools are known, into its four groups: of its month and of all, of
 * its debtor and of all. */
void figures_enter(struct figures *figures, struct figures_entry promise, const struct figures_end *end, int32_t today);

/* Sorts as pages have their groups. */
void figures_sort(struct figures *figures);

/* Below 0, 0 or above, as the group of one stands to that of the other. */
int figures_order(const struct figures_entry *one, const struct figures_entry *other);

/* The row of the group that these are; *judged: of how many the share is. */
struct sch_statistics_row figures_row(const struct figures_entry *entry, size_t count, uint32_t *judged);

/* The same but for the last digit. */
bool figures_near(uint32_t a, uint32_t b);

#endif
