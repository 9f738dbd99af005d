/*
 * tally.h: the counts that age tables and statistics are derived from, kept in the turn beside what they count.
 *
 * Two sorts, each kept for every region that owns a dossier (those of its referrer and its receiver, as OPEN
 * has them; once when they are the same):
 * - ages: how many dossiers with anything owed, by the local day on which their chain was opened (chain_ms), per
 *   receiving organisation, per referring organisation, and per silence (silence.h, of the dossier);
 * - terms: how the promises fared whose term counts from a day of one month (from_ms, local), per expectation and
 *   debtor's organisation: those still owed by from-day, those ended by outcome and days. E1 is counted too.
 * Organisations have no department. Nothing here identifies a patient or a dossier, so a purge takes nothing out
 * of the terms; a dossier that is purged owes nothing, so the ages have let go of it before.
 *
 * A count is a cell of a row; record.h ("TALLY") has the bytes. A row holds at most SCH_TALLY_CELLS_MAX cells
 * and SCH_RECORD_TALLY_MAX bytes; the cells of one thing that need more go on in further rows of it, in order, so
 * that no count is ever merged away but one: days are counted up to SCH_TALLY_DAYS_MAX, which stands for "so
 * many or more".
 *
 * Must not know: the turn, who asks, how it is shown.
 */
#ifndef SCH_SHELL_TALLY_H
#define SCH_SHELL_TALLY_H

#include <scharnier/query.h>

#include "core/dossier.h"
#include "ports.h"
#include "record.h"

#define SCH_TALLY_DAYS_MAX 1023         /* about three years less a month */

/* How a promise ended, or that it did not. WITHIN and LATE are answers, as sch_instance_is_late() tells them
 * apart (the due as it stood then, an announced wait included). */
enum sch_tally_outcome {
    SCH_TALLY_OPEN = 0,
    SCH_TALLY_WITHIN,
    SCH_TALLY_LATE,
    SCH_TALLY_WITHHELD,
    SCH_TALLY_WAIVED,
    SCH_TALLY_CANCELLED,
    SCH_TALLY_OUTCOME_COUNT
};

/* ---- reading ----------------------------------------------------------------------------------- */

struct sch_tally_age {
    enum sch_age_by by;
    struct sch_address name;            /* by RECEIVER or REFERRER: the organisation */
    enum sch_silence silence;           /* by SILENCE */
    int32_t day;                        /* local, on which the chain was opened */
    uint32_t count;                     /* dossiers with anything owed; never 0 */
};

struct sch_tally_term {
    uint32_t month;                     /* yyyymm of the local day that the term counts from */
    uint8_t expectation;
    struct sch_address debtor;          /* the organisation */
    enum sch_tally_outcome outcome;
    bool announced;                     /* the due was moved by an announced wait */
    bool incomplete;                    /* an incomplete letter came, once */
    int32_t from_day;                   /* OPEN: the local day that the term counts from; else 0 */
    uint32_t days;                      /* OPEN: from that day to the last day of the term; else to the day of
                                           its end; at most SCH_TALLY_DAYS_MAX, which means "or more" */
    uint32_t count;                     /* promises; never 0 */
};

/* False to stop. Must not call the store; what it is given lives until it returns. */
typedef bool sch_tally_age_fn(void *context, const struct sch_tally_age *age);
typedef bool sch_tally_term_fn(void *context, const struct sch_tally_term *term);

/*
 * Visits the ages of one region and one sort, in the order of name (or silence) and day; or its terms with
 * month_from <= month <= month_to (0: no bound), in the order of month, expectation, debtor, outcome, day.
 * Reads in steps of some hundred rows, each a short transaction of its own, so it may run on any thread and
 * for as long as it takes; a turn that commits between two steps may show in the later one. SCH_OK, also when
 * stopped; STORE_DAMAGED.
 */
int sch_tally_ages(struct sch_store *store, const char *region, enum sch_age_by by, sch_tally_age_fn *visit,
                   void *context);
int sch_tally_terms(struct sch_store *store, const char *region, uint32_t month_from, uint32_t month_to,
                    sch_tally_term_fn *visit, void *context);

/* ---- adding up --------------------------------------------------------------------------------- */

/* Where a dossier of this day falls in an age table: <= 7, 14, 28, 56 days, and more. */
size_t sch_tally_bucket(int32_t day, int32_t today);

/* Histograms of the terms of any rows that are added up. Zeroed: nothing. */
struct sch_tally_sum {
    uint32_t open, overdue;             /* overdue: of the open ones, whose last day is before today */
    uint32_t within, late, withheld, waived, cancelled;
    uint32_t announced, incomplete;     /* of all of them, open ones too */
    uint32_t answered[SCH_TALLY_DAYS_MAX + 1];  /* within and late, by days */
    uint32_t censored[SCH_TALLY_DAYS_MAX + 1];  /* open, by days since they count: 0 when that is yet to come */
    uint32_t ended[SCH_TALLY_DAYS_MAX + 1];     /* withheld, waived and cancelled, by days */
};

void sch_tally_sum_add(struct sch_tally_sum *sum, const struct sch_tally_term *term, int32_t today);

/* ---- counting ---------------------------------------------------------------------------------- */

/*
 * Changes to counts that are being gathered: those of a turn, or of a recount. Over a store, a row is read when
 * it is first touched and written once by sch_tally_flush(); without one everything counts from zero.
 */
struct sch_tally;

struct sch_tally *sch_tally_new(struct sch_store *store);      /* store may be NULL; NULL: no memory */
void sch_tally_free(struct sch_tally *tally);                  /* NULL-safe */

/* Forgets all that was gathered and all that was read. */
void sch_tally_reset(struct sch_tally *tally);

/* Each adds by (1 or -1) to the counts of what it names. SCH_OK, NO_MEMORY, STORE_DAMAGED, IO. */

/* A dossier among those with anything owed, by its silence; nothing for SCH_SILENCE_NONE. */
int sch_tally_count_age(struct sch_tally *tally, const struct sch_dossier *dossier, enum sch_silence silence, int by);

/* A promise of this dossier as it stands. One that has ended ended at closed_ms, or at now_ms when that is 0. */
int sch_tally_count_term(struct sch_tally *tally, const struct sch_dossier *dossier,
                         const struct sch_instance *instance, int64_t now_ms, int by);

/* What TALLY must say of a dossier's present: its age and the terms of what it owes. */
int sch_tally_count_dossier(struct sch_tally *tally, const struct sch_dossier *dossier, int by);

/* All that a row of the table says of ages and open terms: to hold a recount against it. STORE_DAMAGED when it
 * cannot be read. */
int sch_tally_count_row(struct sch_tally *tally, struct sch_bytes key, struct sch_bytes value, int by);

/* Is every count zero? A recount that was subtracted from the table leaves nothing. */
bool sch_tally_is_zero(const struct sch_tally *tally);

/* Appends what changed to a batch, each row once; rows without a cell go. A count below zero, which only a
 * damaged store can give, is written as none and added to *missed. SCH_OK, NO_MEMORY. */
struct sch_batch;
int sch_tally_flush(struct sch_tally *tally, struct sch_batch *batch, uint64_t *missed);

#endif
