/*
 * query.h: what parties and coordinators may see of the ledger, a page at a time.
 *
 * A query is permitted and audited within a turn (sch_query_permit) and answered after its commit from the
 * store (sch_query_run), a bounded number of rows at a time, beside the turn (reader.h). A party sees the
 * dossiers that it is a member of; a coordinator sees metadata of dossiers whose referrer or receiver is in
 * its region: organisations without departments, and no patient-side codes (DOMAIN, "Privacy"). A foreign
 * dossier and one that does not exist are refused alike. Must not know: sessions, sockets, threads.
 */
#ifndef SCH_SHELL_QUERY_H
#define SCH_SHELL_QUERY_H

#include <stdatomic.h>

#include "book.h"
#include "work.h"

/* A permitted query: on whose behalf, and for DOSSIER, TRACE and CHAIN on what. A plain value: it needs
 * neither the book nor the turn any more. */
struct sch_query_permit {
    struct sch_query query;
    struct sch_party party;
    bool coordinator;
    struct sch_id dossier;
};

/* Decides whether this key may ask this. SCH_OK or fault->code: NOT_YOURS, NOT_ALLOWED, UNKNOWN_DOSSIER,
 * FIELD_INVALID, CURSOR. */
int sch_query_permit(struct sch_work *work, struct sch_store *store, const struct sch_book *book,
                     const struct sch_key *key, const struct sch_query *query,
                     struct sch_query_permit *permit, struct sch_fault *fault);

/* An arena of this size holds the rows of any page. */
#define SCH_QUERY_ARENA_SIZE (512 * 1024)

/*
 * Fills a page from the store as it stands; rows lie in the arena. `leased` of mailbox rows is left false: it
 * is the turn's to know. The rows of a page are of one moment, AGE and STATISTICS excepted, which add up
 * counts of some moments close together. Ends early, with SCH_E_STOPPING, when *stop becomes true (stop may
 * be NULL). SCH_OK, NO_MEMORY, STORE_DAMAGED, or UNKNOWN_DOSSIER when it was purged since it was permitted.
 */
int sch_query_run(struct sch_store *store, const struct sch_query_permit *permit, int64_t now_ms,
                  const atomic_bool *stop, struct sch_arena *arena, struct sch_page *page);

/* Marks the rows of a mailbox's page that a session holds now. */
typedef bool sch_query_leased_fn(void *context, const struct sch_address *mailbox,
                                 const struct sch_id *dossier, const struct sch_id *message);
void sch_query_mark_leased(struct sch_page *page, const struct sch_address *mailbox,
                           sch_query_leased_fn *leased, void *context);

#endif
