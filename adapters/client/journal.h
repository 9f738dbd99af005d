/*
 * journal.h: the verdicts that were given, so that a message once settled is never handed out again.
 *
 * One reel, "<state>/journal". A verdict is durable before its settlement is sent; it is kept until 60 days
 * after the broker confirmed it. Only COLLECT and REFUSE are written down: a RETRY is meant to come again.
 * Records: 'V' mailbox, message id, verdict, refusal, missing sections, when; 'S' mailbox, id: confirmed,
 * when; 'C' mailbox, id: taken back. Must not know: sockets, letters.
 */
#ifndef SCH_CLIENT_JOURNAL_H
#define SCH_CLIENT_JOURNAL_H

#include <scharnier/client.h>

#include "index.h"
#include "reel.h"

#define SCH_JOURNAL_KEEP_MS (INT64_C(60) * 86400000)

struct sch_journal_entry {
    uint8_t hash[SCH_INDEX_KEY_SIZE];   /* of mailbox and message id; must be first */
    struct sch_address mailbox;
    struct sch_id message;
    sch_verdict verdict;                /* COLLECT or REFUSE */
    enum sch_system_refusal refusal;
    uint32_t missing;
    bool confirmed;                     /* the broker has it */
    int64_t at_ms;                      /* of the verdict, or of its confirmation */
};

struct sch_journal {
    struct sch_reel reel;
    struct sch_index index;
    size_t unconfirmed;
    uint64_t dead_bytes;
};

/* now_ms: civil. *torn as in reel.h. Errors: IO, NO_MEMORY, SCHEMA_NEWER. */
int sch_journal_open(struct sch_journal *journal, const char *path, int64_t now_ms, uint64_t *torn,
                     sch_error *error);
void sch_journal_close(struct sch_journal *journal);

/* The verdict on this message in this mailbox; NULL: none. */
struct sch_journal_entry *sch_journal_find(const struct sch_journal *journal, const char *mailbox,
                                           const struct sch_id *message);

/* Writes a verdict down; durable after sch_journal_sync(). There must be none yet. */
int sch_journal_add(struct sch_journal *journal, const struct sch_journal_entry *verdict, sch_error *error);
int sch_journal_sync(struct sch_journal *journal, sch_error *error);

/* The broker confirmed. Survives this process at once; after a power cut it is only settled once more. */
int sch_journal_confirm(struct sch_journal *journal, struct sch_journal_entry *entry, int64_t now_ms,
                        sch_error *error);

/* The verdict did not count (NOT_LEASED): forgets it, durably. */
int sch_journal_cancel(struct sch_journal *journal, struct sch_journal_entry *entry, sch_error *error);

/* Rewrites the file when most of it no longer counts. */
int sch_journal_compact(struct sch_journal *journal, int64_t now_ms, sch_error *error);

/* Visits the unconfirmed ones; from 0, returns the next position, 0 at the end. */
size_t sch_journal_next(const struct sch_journal *journal, size_t position,
                        struct sch_journal_entry **unconfirmed);

#endif
