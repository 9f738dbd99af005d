/*
 * query.h: what parties and coordinators may see of the ledger, a page at a time.
 *
 * A query is permitted and audited within a turn (sch_query_permit) and answered after its commit from the
 * store (sch_query_run), a bounded number of rows at a time. A party sees the dossiers that it is a member
 * of; a coordinator sees metadata of dossiers whose referrer or receiver is in its region: organisations
 * without departments, and no patient-side codes (DOMAIN, "Privacy"). A foreign dossier and one that does not
 * exist are refused alike. Must not know: sessions, sockets.
 */
#ifndef SCH_SHELL_QUERY_H
#define SCH_SHELL_QUERY_H

#include "book.h"
#include "work.h"

/* A permitted query: on whose behalf, and for DOSSIER and TRACE on what. */
struct sch_query_permit {
    struct sch_query query;
    const struct sch_party *party;
    bool coordinator;
    struct sch_id dossier;
};

/* Decides whether this key may ask this. SCH_OK or fault->code: NOT_YOURS, NOT_ALLOWED, UNKNOWN_DOSSIER,
 * FIELD_INVALID, CURSOR. */
int sch_query_permit(struct sch_work *work, struct sch_store *store, const struct sch_book *book,
                     const struct sch_key *key, const struct sch_query *query, struct sch_query_permit *permit,
                     struct sch_fault *fault);

/* Fills a page from the store as it stands; rows lie in the arena. leased tells whether a message of a mailbox
 * is held by a session now. SCH_OK, NO_MEMORY or STORE_DAMAGED. */
typedef bool sch_query_leased_fn(void *context, const struct sch_address *mailbox, const struct sch_id *dossier,
                                 const struct sch_id *message);
int sch_query_run(struct sch_store *store, const struct sch_query_permit *permit, int64_t now_ms,
                  sch_query_leased_fn *leased, void *context, struct sch_arena *arena, struct sch_page *page);

#endif
