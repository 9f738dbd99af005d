/*
 * work.h: the working set of a turn: the records that its events touch, and the one batch that they become.
 *
 * Records are loaded once and changed in memory, so that later events see earlier changes; sch_work_commit()
 * turns what changed into rows and applies them all or none. Until then nothing outside has happened, and
 * sch_work_begin() forgets it all: that is how a turn is tried again. What must happen once the batch is
 * durable (mailboxes to look into, holds to forget, senders to tell) is kept in `after`.
 *
 * Must not know: sessions, sockets, when a turn begins or ends.
 */
#ifndef SCH_SHELL_WORK_H
#define SCH_SHELL_WORK_H

#include "audit.h"
#include "core/step.h"
#include "door.h"
#include "metrics.h"
#include "record.h"

#define SCH_WORK_DOSSIERS_MAX 1024
#define SCH_WORK_MESSAGES_MAX 4096
#define SCH_WORK_AFTER_MAX 8192
#define SCH_WORK_OPS_MAX 65536
#define SCH_WORK_ARENA_SIZE (48u << 20)
#define SCH_WORK_AUDIT_KEEP_MS (INT64_C(1827) * 86400000)   /* five years, and never a day less */

/* Who acts, for the audit: proven by the key, on behalf of an address. Zeroed: the broker itself. */
struct sch_actor {
    char key_id[SCH_KEY_ID_MAX + 1];
    struct sch_address address;
    enum sch_party_kind role;
    enum sch_audit_purpose purpose;
};

/* What is to be answered to whoever caused an event. */
enum sch_outcome_type { SCH_OUTCOME_NOTHING = 0, SCH_OUTCOME_RECEIPT, SCH_OUTCOME_SETTLED, SCH_OUTCOME_REJECTED };
struct sch_step_outcome {
    enum sch_outcome_type type;
    enum sch_error_code code;           /* REJECTED */
    const char *field;
    bool duplicate;                     /* RECEIPT: of an earlier submission */
    enum sch_delivery_state state;      /* SETTLED */
    struct sch_id message, dossier;
    uint64_t kenmerk, sequence;
    int64_t stored_ms;
    uint32_t warnings;
};

/* Something to do when the batch is durable. */
enum sch_after_type {
    SCH_AFTER_LAID = 1,                 /* mailbox has a new row */
    SCH_AFTER_GONE,                     /* message left mailbox: its hold ends */
    SCH_AFTER_STATUS                    /* tell `sender` what became of message at mailbox */
};
struct sch_after {
    enum sch_after_type type;
    struct sch_address mailbox, sender;
    struct sch_id message, dossier;
    enum sch_delivery_state state;
};

struct sch_work;

/* Reads the store's counters and counts the epoch up. Errors: STORE_DAMAGED, NO_MEMORY, IO. */
int sch_work_open(struct sch_work **work, struct sch_store *store, struct sch_metrics *metrics, sch_error *error);
void sch_work_close(struct sch_work *work);

/* Begins a turn, or the same turn again: forgets all that was not committed. With held, now_ms goes on at the
 * monotonic pace from the last good moment, and nothing is deleted by it. */
void sch_work_begin(struct sch_work *work, int64_t now_ms, bool held);

/* The dossier's record, zeroed but for its id when there is none; NULL: the store failed, or the turn holds
 * too many. Borrowed until the next begin. */
struct sch_dossier *sch_work_dossier(struct sch_work *work, const struct sch_id *id);

/* The message's row; NULL when there is none (sch_work_failed() tells a failure from absence). */
struct sch_message_row *sch_work_message(struct sch_work *work, const struct sch_id *id);

/* The store failed, or memory ran out, since begin: the batch must not be committed. */
bool sch_work_failed(const struct sch_work *work);

/*
 * Steps an event on a dossier of this working set and writes down what it does; FOLLOW and SIBLINGS effects are
 * stepped on their own dossiers at once. submission: with SUBMIT only. world's sequence and the event's kenmerk,
 * id_in_use, origin, subject and group_count are filled here.
 */
struct sch_step_outcome sch_work_step(struct sch_work *work, struct sch_world *world, struct sch_dossier *dossier,
                                      struct sch_event *event, const struct sch_submission *submission,
                                      const struct sch_actor *actor);

/*
 * Was this very submission stored before? Then *outcome is its first receipt again. Asked before any other check,
 * because what was receipted stays so, also when the keys that it was made with are no longer valid.
 */
bool sch_work_resent(struct sch_work *work, const struct sch_submission *submission,
                     struct sch_step_outcome *outcome);

/* Writes a refusal that the core did not see (the door's), or a reading, into the audit. */
void sch_work_refused(struct sch_work *work, const struct sch_actor *actor, const struct sch_id *message,
                      enum sch_error_code code);
void sch_work_read(struct sch_work *work, const struct sch_actor *actor, const struct sch_query *query,
                   const struct sch_id *dossier, enum sch_error_code code);

/* One audit record of the broker's own doing: STARTED, STOPPED, RELOADED. */
void sch_work_note(struct sch_work *work, enum sch_trace_event event);

/* Has this turn anything to write? */
bool sch_work_is_dirty(const struct sch_work *work);

/* Instead of a commit, when there is nothing to write: keeps the count of refusals that were folded. */
void sch_work_pass(struct sch_work *work);

/* Applies the batch. Nothing of this turn may be shown to anybody unless it returns SCH_STORE_OK. */
enum sch_store_result sch_work_commit(struct sch_work *work);

/* Reads the counters anew, after SCH_STORE_UNKNOWN. SCH_OK or SCH_E_STORE_DAMAGED. */
int sch_work_reload(struct sch_work *work);

/* After a commit: what is to be done; valid until the next begin. */
const struct sch_after *sch_work_after(const struct sch_work *work, size_t *count);

/* The last civil time that was made durable. */
int64_t sch_work_civil_ms(const struct sch_work *work);

/* The first sequence that this run of the broker gave out. */
uint64_t sch_work_first_sequence(const struct sch_work *work);

/* When the audit has something of its own to write; now, while rows are left that are old enough to go. INT64_MAX:
 * never. */
int64_t sch_work_next_ms(const struct sch_work *work);

#endif
