/*
 * offer.h: lays what waits in mailboxes before the sessions that collect them: after a commit, never before.
 *
 * For each attached mailbox with something to look at, rows are taken in order of their sequence and leased to
 * a session with credit, unless another message of the same dossier is leased or backing off there. Only a
 * bounded number of rows is looked at per call; session.h keeps where to go on.
 *
 * A message that cannot be read holds up nobody's mail: where its rows are damaged or gone it is logged and passed
 * over, until the mailbox is looked through again. It stays in the store, unsettled, so that its E1 runs on. When
 * the store or memory failed, nothing is passed over, and the mailbox is looked at again in SCH_LOOK_LATER_MS.
 *
 * Must not know: dossiers.
 */
#ifndef SCH_SHELL_OFFER_H
#define SCH_SHELL_OFFER_H

#include "book.h"
#include "reply.h"
#include "session.h"

struct sch_offer {
    struct sch_store *store;
    struct sch_sessions *sessions;
    struct sch_reply_out *out;
    const struct sch_book *book;
    struct sch_arena *arena;            /* for what is read and sent; may be reset by the caller afterwards */
    uint64_t first_sequence;            /* of this run: what is older may have been offered before */
    int64_t mono_ms, now_ms;
};

/* Offers what can be offered. True when rows were left that could be looked at at once. */
bool sch_offer_run(const struct sch_offer *offer);

#endif
