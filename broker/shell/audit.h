/*
 * audit.h: the access log of NEN 7513: records of a turn, chained so that no one can change or drop one.
 *
 * A turn opens its part with sch_audit_begin(), adds records, and closes it with sch_audit_finish(), which
 * writes one chain link over them: hash = BLAKE2b-256("scharnier.v1.audit" ‖ hash of the link before ‖ for
 * each record its key, the size of its value (4 bytes, big-endian) and its value). META holds the hash of the
 * last link, so that a missing tail shows as well. STORE.md, "AUDIT".
 *
 * Refusals may come in floods: of those with the same key and code only the first in a minute is written; the
 * others are counted, and the count stands in `folded` of the next record of that pair, or in one of its own
 * once the minute has passed. Counts are volatile: a crash loses at most the counts of that minute, never a
 * record. What a turn did to them holds only after sch_audit_commit(), so a turn may be built again.
 */
#ifndef SCH_SHELL_AUDIT_H
#define SCH_SHELL_AUDIT_H

#include "batch.h"
#include "record.h"

#define SCH_AUDIT_FOLDS_MAX 64
#define SCH_AUDIT_FOLD_MS 60000

/* Refusals of one (key, code) that were not written down one by one. */
struct sch_audit_fold {
    int64_t since_ms;                   /* when the minute began */
    uint32_t count;                     /* not written yet */
    struct sch_audit_record last;       /* the latest of them */
};

struct sch_audit_folds {
    struct sch_audit_fold fold[SCH_AUDIT_FOLDS_MAX];
    size_t count;
};

/* Caller's memory; zeroed by sch_audit_init. Members are this module's own. */
struct sch_audit {
    struct sch_audit_folds kept;        /* as of the last sch_audit_commit() */
    struct sch_audit_folds now;         /* as this turn leaves them */
    bool changed;                       /* they differ */
    struct sch_audit_step *step;        /* of dossiers' trails, in this turn; in the batch's arena */
    struct sch_audit_step *last_step;
    size_t step_count;
    uint64_t first;                     /* sequence of the turn's first record */
    uint64_t next;                      /* sequence of the next */
    uint8_t previous[32];
    int64_t now_ms;
};

void sch_audit_init(struct sch_audit *audit);

/* Begins a turn, or begins it again. Reads meta->next_audit and meta->audit_head. */
void sch_audit_begin(struct sch_audit *audit, const struct sch_meta *meta, int64_t now_ms);

/*
 * Appends a record to the batch, an AUDIT row, and remembers it for the dossier's TRAIL when record->dossier is
 * set and the event is neither REJECTED nor PURGED. Sets record->sequence and record->at_ms. SCH_OK or
 * SCH_E_NO_MEMORY.
 */
int sch_audit_add(struct sch_audit *audit, struct sch_batch *batch, struct sch_audit_record *record);

/* The same for a refusal (event REJECTED): folded when the same key had the same code less than a minute
 * ago; then nothing is appended and record->sequence is 0. */
int sch_audit_refuse(struct sch_audit *audit, struct sch_batch *batch, struct sch_audit_record *record);

/* This dossier goes in this turn: what was remembered for its TRAIL is not written. */
void sch_audit_forget(struct sch_audit *audit, const struct sch_id *dossier);

/* Writes down the counts whose minute has passed, then, when the turn has records, the TRAIL rows of its dossiers
 * and the chain link over all AUDIT rows that the batch puts, which must be this turn's, and updates
 * meta->next_audit and meta->audit_head. SCH_OK or SCH_E_NO_MEMORY. */
int sch_audit_finish(struct sch_audit *audit, struct sch_batch *batch, struct sch_meta *meta);

/* The batch was applied: what it did to the counts holds. */
void sch_audit_commit(struct sch_audit *audit);

/* When sch_audit_finish() has something to write though nothing happens; INT64_MAX: never. Civil. */
int64_t sch_audit_next_ms(const struct sch_audit *audit);

struct sch_audit_report {
    uint64_t records;
    uint64_t links;
    uint64_t broken_at;                 /* sequence of the first row that does not fit; 0: none */
};

/*
 * Walks the AUDIT table from the first row that META says is kept to the head that it states, in pages, so that a
 * store in use may be verified too; it begins again when rows went by time meanwhile. SCH_OK; AUDIT_BROKEN with report->broken_at; STORE_DAMAGED when META cannot be read.
 */
int sch_audit_verify(struct sch_store *store, struct sch_audit_report *report, sch_error *error);

#endif
