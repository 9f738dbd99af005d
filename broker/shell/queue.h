/*
 * queue.h: what waits in the mailboxes, for whoever operates the broker: counted, looked at, hurried, held
 * back.
 *
 * For the turn's thread, between two turns. Everything is said in lines of text, for the control socket:
 *
 *   mailbox ADDRESS waiting 12 leased 1 backing-off 2 oldest 1763800000000 held no
 *   more ADDRESS                   the list goes on after this one
 *   message ID kenmerk SN-7F3K-29QD kind REFERRAL sender ADDRESS stored 1763800000000 size 2048
 *           sequence 812 state waiting|leased|backing-off tries 0 until-ms 0          (on one line)
 *
 * Numbers of a mailbox stop at SCH_QUEUE_COUNT_MAX. What is held back stands in the store (STORE.md, "META"),
 * so that a restart does not let it go. Must not know: sockets, dossiers, letters.
 */
#ifndef SCH_SHELL_QUEUE_H
#define SCH_SHELL_QUEUE_H

#include <stdio.h>

#include "session.h"

#define SCH_QUEUE_COUNT_MAX 10000       /* messages counted in one mailbox */
#define SCH_QUEUE_PEEK_MAX 100          /* messages shown of one mailbox */
#define SCH_QUEUE_HELD_MAX 64           /* mailboxes held back */

struct sch_queue {
    struct sch_store *store;
    struct sch_sessions *sessions;
    int64_t mono_ms;
};

/* At the start: what was held back stays so. SCH_OK, NO_MEMORY or STORE_DAMAGED. */
int sch_queue_load(const struct sch_queue *queue, sch_error *error);

/* Mailboxes after this address (NULL or "": from the first); a bounded number of rows is looked at. */
int sch_queue_ls(const struct sch_queue *queue, const char *after, FILE *out, sch_error *error);
int sch_queue_peek(const struct sch_queue *queue, const char *mailbox, FILE *out, sch_error *error);

/* Ends the back-off of a message (by id) or of all in a mailbox; says "retried N". */
int sch_queue_retry(const struct sch_queue *queue, const char *what, FILE *out, sch_error *error);

/* Durable when it returns SCH_OK. Leases that run are let finish. */
int sch_queue_hold(const struct sch_queue *queue, const char *mailbox, bool held_back, sch_error *error);

#endif
