/*
 * query.h: what the broker can be asked, and the rows that it answers with.
 *
 * Text is English codes; times are UTC milliseconds, 0 for "none". PROTOCOL.md, "Queries".
 */
#ifndef SCHARNIER_QUERY_H
#define SCHARNIER_QUERY_H

#include <scharnier/types.h>

enum sch_query_type {
    SCH_QUERY_DOSSIER = 1,
    SCH_QUERY_TRACE,
    SCH_QUERY_DOSSIERS,
    SCH_QUERY_UNANSWERED,
    SCH_QUERY_MAILBOX,
    SCH_QUERY_CHAIN,                    /* the dossiers that led to this one and came of it, oldest first */
    SCH_QUERY_AGE,                      /* open dossiers by days since sending, per receiver, referrer or silence */
    SCH_QUERY_STATISTICS,               /* how promises were kept, per debtor, expectation and month */
    SCH_QUERY_PASSED                    /* messages that `party` sent or was sent in a period: to reconcile */
};

enum sch_age_by { SCH_AGE_BY_RECEIVER = 1, SCH_AGE_BY_REFERRER, SCH_AGE_BY_SILENCE };

#define SCH_CURSOR_MAX 64               /* bytes; opaque to clients */

/*
 * party: on whose behalf. DOSSIER, TRACE and CHAIN take a dossier id or a kenmerk. limit 0: 100 rows.
 * UNANSWERED: each filter that is stated must hold. An address without a department stands for all of the
 * organisation's. A page may hold fewer rows than asked, even none, and still have a cursor: a bounded number
 * of dossiers is looked at for each.
 */
struct sch_query {
    enum sch_query_type type;
    struct sch_address party;
    struct sch_id dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    bool overdue_only;                  /* UNANSWERED */
    struct {                            /* UNANSWERED; STATISTICS: debtor and expectation */
        enum sch_silence silence;
        enum sch_term term;
        enum sch_party_kind echelon;
        enum sch_urgency urgency;
        uint32_t expectation;
        uint32_t older_days;            /* referred at least so many days ago */
        struct sch_address debtor, creditor, referrer, receiver;
    } only;
    enum sch_age_by by;                 /* AGE */
    bool published;                     /* AGE, STATISTICS: groups under 5 and what would give them away left out */
    uint32_t month_from, month_to;      /* STATISTICS: yyyymm, of the day that a term counts from, both included;
                                           0: no bound */
    int64_t from_ms, to_ms;             /* PASSED: [from, to) by stored time; 0: no bound */
    uint8_t cursor[SCH_CURSOR_MAX];     /* from the page before; size 0: the first page */
    size_t cursor_size;
    uint32_t limit;
};

/* A receipt may carry warnings: bits (1 << warning). */
enum sch_warning { SCH_WARNING_LETTER_OLD = 1, SCH_WARNING_AGB_PREFIX, SCH_WARNING_INCOMPLETE };

/* What an audit record or a row of a trace says happened: Event in scharnier.proto. */
enum sch_trace_event {
    SCH_TRACE_STORED = 1, SCH_TRACE_OFFERED, SCH_TRACE_COLLECTED, SCH_TRACE_REFUSED_BY_SYSTEM,
    SCH_TRACE_EXPIRED, SCH_TRACE_WITHDRAWN, SCH_TRACE_PHASE, SCH_TRACE_OPENED, SCH_TRACE_MOVED,
    SCH_TRACE_CLOSED, SCH_TRACE_REOPENED, SCH_TRACE_ALERTED, SCH_TRACE_REPORTED,
    SCH_TRACE_BODY_DESTROYED, SCH_TRACE_REJECTED, SCH_TRACE_READ, SCH_TRACE_STARTED, SCH_TRACE_STOPPED,
    SCH_TRACE_RELOADED,
    SCH_TRACE_BREACH,                   /* sent to a wrong party and collected: a possible data breach */
    SCH_TRACE_SNOOZED,                  /* no alert of this promise before due_ms */
    SCH_TRACE_PURGED                    /* the dossier's metadata, by time */
};

struct sch_dossier_row {
    struct sch_id dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    enum sch_phase phase;
    bool received;
    struct sch_address referrer, receiver, creditor;
    struct sch_address copies[SCH_COPIES_MAX];
    size_t copy_count;
    char region[SCH_REGION_MAX + 1];
    enum sch_party_kind echelon;
    enum sch_urgency urgency;
    int64_t opened_ms, changed_ms, next_due_ms;
    uint32_t open_count, overdue_count;
    enum sch_kind kind;                 /* of the message that opened it */
    struct sch_id parent, follows, group, root;
    int64_t chain_ms;                   /* when the chain's first dossier was opened */
    uint32_t refusals;                  /* in the chain so far, this dossier included */
    bool breach;                        /* a possible data breach */
};

struct sch_trace_row {
    uint64_t sequence;
    int64_t at_ms;
    enum sch_trace_event event;
    struct sch_address party;
    struct sch_id message;
    enum sch_kind kind;
    uint32_t expectation;
    enum sch_standing standing;
    enum sch_ladder step;
    enum sch_phase phase;
    int64_t due_ms;
    uint32_t code;                      /* of a rejection, refusal or cause; STORED: the reason of an act */
};

struct sch_unanswered_row {
    struct sch_id dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    uint32_t expectation;
    struct sch_address debtor, creditor, referrer, receiver;
    enum sch_phase phase;
    enum sch_standing standing;
    int64_t opened_ms, norm_due_ms, due_ms;
    enum sch_ladder step;
    int64_t referred_ms;
    char region[SCH_REGION_MAX + 1];
    enum sch_party_kind echelon;
    bool overdue;
    enum sch_silence silence;
    enum sch_term term_state;
    enum sch_urgency urgency;
    int64_t from_ms;                    /* what the term counts from */
    int64_t reminded_ms, snoozed_ms;    /* last reminder; no alert before: 0: none */
    char norm_id[SCH_NORM_ID_MAX + 1];  /* the norm that it was opened under */
    uint32_t norm_version, term;
    uint32_t unit;                      /* 1 hours, 2 days, 3 weeks, 4 working days: PROTOCOL.md, "Units" */
    int64_t chain_ms;
    uint32_t refusals;
};

struct sch_mailbox_row {
    struct sch_id message, dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    enum sch_kind kind;
    struct sch_address sender;
    int64_t stored_ms;
    uint32_t body_size;
    bool leased;
    uint64_t sequence;
};

#define SCH_AGE_BUCKETS 5               /* <= 7, 14, 28, 56 days, and more */

struct sch_age_row {
    char name[SCH_ADDRESS_MAX + 1];     /* organisation, or silence by number in `silence`; empty: all together */
    enum sch_silence silence;
    uint32_t total, bucket[SCH_AGE_BUCKETS];
    bool suppressed;                    /* published: counts are left out (zero) */
};

#define SCH_DAYS_UNREACHED UINT32_MAX   /* fewer than that share was answered at all */

/* Promises of one debtor and expectation whose terms began in one month (0: all months asked for). Days are
 * local days from the one that the term counts from. */
struct sch_statistics_row {
    struct sch_address debtor;          /* empty: all together */
    uint32_t expectation, month;
    uint32_t count, open, within, late, incomplete, withheld, waived, cancelled, announced;
    uint32_t within_permille, low_permille, high_permille;  /* of those answered or overdue; Wilson 95 % */
    uint32_t median_days, p90_days;     /* Kaplan-Meier: what is still open counts as censored */
    bool suppressed;
};

enum sch_passed_role { SCH_PASSED_SENT = 1, SCH_PASSED_RECEIVED };

struct sch_passed_row {
    struct sch_id message, dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    enum sch_kind kind;
    enum sch_passed_role role;
    struct sch_address sender;
    enum sch_delivery_state state;      /* RECEIVED: of this mailbox; SENT: of the first addressee */
    int64_t stored_ms;
    uint8_t hash[32];                   /* as PROTOCOL.md, "Sealing", makes it; zeros: made by the broker */
};

/* A page holds rows of the one kind that was asked for; the arrays belong to whoever made the page. */
struct sch_page {
    const struct sch_dossier_row *dossiers;
    size_t dossier_count;
    const struct sch_trace_row *trace;
    size_t trace_count;
    const struct sch_unanswered_row *unanswered;
    size_t unanswered_count;
    const struct sch_mailbox_row *mailbox;
    size_t mailbox_count;
    const struct sch_age_row *age;
    size_t age_count;
    const struct sch_statistics_row *statistics;
    size_t statistics_count;
    const struct sch_passed_row *passed;
    size_t passed_count;
    uint32_t open_total, overdue_total; /* UNANSWERED: dossiers with anything open, or overdue, whatever the filter */
    uint8_t cursor[SCH_CURSOR_MAX];     /* size 0: this was the last page */
    size_t cursor_size;
};

#endif
