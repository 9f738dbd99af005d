/*
 * query_own.h: a query while it is being answered, shared by query*.c and by nobody else.
 *
 * Keys are gathered in one short scan, records are then read one by one: no scan calls the store. A cursor is
 * the key of the last row that was looked at, or begins with it; it is opaque to clients and authorised again
 * on each page, for it is only used under the prefix that the asking party may see.
 */
#ifndef SCH_SHELL_QUERY_OWN_H
#define SCH_SHELL_QUERY_OWN_H

#include "query.h"

#define SCH_QUERY_KEYS_MAX SCH_PAGE_ROWS_MAX

/* Keys and, where they are small, values of one scan. */
struct sch_query_found {
    struct sch_record_key key[SCH_QUERY_KEYS_MAX];
    uint8_t value[SCH_QUERY_KEYS_MAX][SCH_RECORD_MAILBOX_MAX];
    size_t value_size[SCH_QUERY_KEYS_MAX];
    size_t count, wanted;
    struct sch_bytes after;             /* skip the row with this key: the cursor itself */
};

struct sch_reading {
    struct sch_store *store;
    const struct sch_query_permit *permit;
    int64_t now_ms;
    const atomic_bool *stop;
    struct sch_arena *arena;
    struct sch_page *page;
    struct sch_query_found *found;
    struct sch_bytes after;             /* scans begin behind it: what the query's cursor says of a key */
    struct sch_dossier *dossier;        /* the one that is being looked at */
    uint8_t *buffer;                    /* SCH_RECORD_DOSSIER_MAX */
};

/* May it be seen at all? A dossier that does not exist may not. */
bool sch_query_may_see(const struct sch_query_permit *permit, const struct sch_dossier *dossier);

/* Gathers at most `wanted` rows of a table under a prefix, after the cursor. The cursor holds what follows
 * the prefix. SCH_OK or STORE_DAMAGED. */
int sch_query_scan(struct sch_reading *reading, enum sch_table table, const struct sch_record_key *prefix,
                   bool backwards, size_t wanted);

/* The page ends with this row: the next begins after it. */
void sch_query_set_cursor(struct sch_reading *reading, const struct sch_record_key *prefix,
                          const struct sch_record_key *key);

/* Reads a dossier into reading->dossier. SCH_OK, UNKNOWN_DOSSIER or STORE_DAMAGED. */
int sch_query_load(struct sch_reading *reading, const struct sch_id *id);

/* Must it end? */
bool sch_query_is_stopped(const struct sch_reading *reading);

/* Parties are listed under their address, what a coordinator sees under its region. */
const char *sch_query_owner(const struct sch_query_permit *permit);

/* What a coordinator sees of an address: the organisation, not the department. */
struct sch_address sch_query_shown(const struct sch_query_permit *permit, const struct sch_address *address);

/* A no-show is the patient's: a coordinator sees E5 as what it also is, an appointment that is awaited. */
uint8_t sch_query_shown_expectation(const struct sch_query_permit *permit, uint8_t expectation);

/* And a dossier that owes it as one in which no intake was planned yet, or the phase would tell. */
enum sch_phase sch_query_shown_phase(const struct sch_query_permit *permit,
                                     const struct sch_dossier *dossier);

/* Does an address pass a filter? An empty filter lets all pass; one without a department stands for its
 * organisation, and a coordinator's for the organisation always. */
bool sch_query_passes(const struct sch_query_permit *permit, const struct sch_address *filter,
                      const struct sch_address *address);

/* An address in a cursor: a sign for its scheme, and the rest. At most SCH_QUERY_NAME_MAX bytes. Reading
 * gives false for what is none; nothing at all is the empty address. */
#define SCH_QUERY_NAME_MAX (SCH_ADDRESS_MAX - 3)
size_t sch_query_put_name(const struct sch_address *address, uint8_t *buffer);
bool sch_query_get_name(const uint8_t *bytes, size_t size, struct sch_address *address);

/* The queries: SCH_OK, NO_MEMORY, STORE_DAMAGED, UNKNOWN_DOSSIER, STOPPING. */
int sch_query_dossier(struct sch_reading *reading);
int sch_query_dossiers(struct sch_reading *reading);
int sch_query_chain(struct sch_reading *reading);
int sch_query_trace(struct sch_reading *reading);
int sch_query_unanswered(struct sch_reading *reading);
int sch_query_mailbox(struct sch_reading *reading);
int sch_query_passed(struct sch_reading *reading);
int sch_query_age(struct sch_reading *reading);
int sch_query_statistics(struct sch_reading *reading);

#endif
