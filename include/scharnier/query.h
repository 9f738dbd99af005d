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
    SCH_QUERY_MAILBOX
};

#define SCH_CURSOR_MAX 64               /* bytes; opaque to clients */

/* party: on whose behalf. DOSSIER and TRACE take a dossier id or a kenmerk. limit 0: 100 rows. */
struct sch_query {
    enum sch_query_type type;
    struct sch_address party;
    struct sch_id dossier;
    char kenmerk[SCH_KENMERK_SIZE + 1];
    bool overdue_only;                  /* UNANSWERED */
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
    SCH_TRACE_RELOADED
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
    uint32_t code;
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
    uint8_t cursor[SCH_CURSOR_MAX];     /* size 0: this was the last page */
    size_t cursor_size;
};

#endif
