/*
 * query_permit.c: who may ask what. Part of query.h.
 */
#include "query_own.h"

#include <string.h>

#include "id.h"

static int refuse(struct sch_fault *fault, enum sch_error_code code, const char *field)
{
    fault->code = code;
    fault->field = field;
    return (int)code;
}

static bool dossier_named(struct sch_store *store, const struct sch_query *query, struct sch_id *id)
{
    struct sch_record_key key;
    uint8_t value[sizeof id->bytes];
    uint64_t number;
    size_t size = 0;

    *id = query->dossier;
    if (!sch_id_is_none(id))
        return true;
    if (!sch_kenmerk_parse(query->kenmerk, &number))
        return false;
    key = sch_record_key_kenmerk(number);
    return sch_store_get(store, SCH_TABLE_KENMERK, sch_record_key_bytes(&key), value, sizeof value, &size) ==
               SCH_STORE_OK &&
           sch_record_kenmerk_decode((struct sch_bytes){ value, size }, id) == SCH_OK;
}

/* The form of a cursor is checked; what it points to is only used beneath what may be seen. */
static bool cursor_fits(const struct sch_query *query)
{
    struct sch_address name;

    switch (query->type) {
    case SCH_QUERY_DOSSIER: return false;
    case SCH_QUERY_TRACE:
    case SCH_QUERY_MAILBOX: return query->cursor_size == sizeof(uint64_t);
    case SCH_QUERY_DOSSIERS:
    case SCH_QUERY_CHAIN: return query->cursor_size == SCH_ID_SIZE;
    case SCH_QUERY_UNANSWERED: return query->cursor_size == sizeof(int64_t) + SCH_ID_SIZE + sizeof(uint64_t);
    case SCH_QUERY_PASSED: return query->cursor_size == sizeof(int64_t) + sizeof(uint64_t);
    case SCH_QUERY_AGE:
        if (query->by == SCH_AGE_BY_SILENCE || query->cursor[0] == 0)
            return query->cursor_size == 1;
        return sch_query_get_name(query->cursor, query->cursor_size, &name);
    case SCH_QUERY_STATISTICS:
        return query->cursor_size >= 3 &&
               sch_query_get_name(query->cursor + 3, query->cursor_size - 3, &name);
    }
    return false;
}

/* Counts are kept per organisation: its departments get those of the whole. A party asks for its own only. */
static int permit_statistics(struct sch_query_permit *permit, struct sch_fault *fault)
{
    struct sch_address *debtor = &permit->query.only.debtor;
    struct sch_address organisation;

    if (permit->coordinator)
        return SCH_OK;
    sch_address_organisation(&permit->party.address, &organisation);
    if (debtor->text[0] != '\0' && strcmp(debtor->text, organisation.text) != 0 &&
        strcmp(debtor->text, permit->party.address.text) != 0)
        return refuse(fault, SCH_E_NOT_ALLOWED, "query.debtor");
    *debtor = organisation;
    return SCH_OK;
}

static int permit_dossier(struct sch_work *work, struct sch_store *store, struct sch_query_permit *permit,
                          struct sch_fault *fault)
{
    /* The field is the one that was asked by, so that a foreign dossier and no dossier look the same. */
    const char *asked_by = sch_id_is_none(&permit->query.dossier) ? "query.kenmerk" : "query.dossier";
    const struct sch_dossier *dossier;

    if (!dossier_named(store, &permit->query, &permit->dossier))
        return refuse(fault, SCH_E_UNKNOWN_DOSSIER, asked_by);
    dossier = sch_work_dossier(work, &permit->dossier);
    if (dossier == NULL || !sch_query_may_see(permit, dossier))
        return refuse(fault, SCH_E_UNKNOWN_DOSSIER, asked_by);
    return SCH_OK;
}

int sch_query_permit(struct sch_work *work, struct sch_store *store, const struct sch_book *book,
                     const struct sch_key *key, const struct sch_query *query,
                     struct sch_query_permit *permit, struct sch_fault *fault)
{
    const struct sch_party *party = sch_book_party(book, query->party.text);

    memset(permit, 0, sizeof *permit);
    permit->query = *query;
    if (sch_door_acts_for(key, query->party.text) != SCH_OK || party == NULL)
        return refuse(fault, SCH_E_NOT_YOURS, "query.party");
    permit->party = *party;
    permit->coordinator = party->kind == SCH_PARTY_COORDINATOR;
    if (query->type == SCH_QUERY_MAILBOX && permit->coordinator)
        return refuse(fault, SCH_E_NOT_ALLOWED, "query.type");
    if (query->cursor_size > 0 && !cursor_fits(query))
        return refuse(fault, SCH_E_CURSOR, "query.cursor");
    switch (query->type) {
    case SCH_QUERY_DOSSIER:
    case SCH_QUERY_TRACE:
    case SCH_QUERY_CHAIN: return permit_dossier(work, store, permit, fault);
    case SCH_QUERY_STATISTICS: return permit_statistics(permit, fault);
    case SCH_QUERY_DOSSIERS:
    case SCH_QUERY_UNANSWERED:
    case SCH_QUERY_MAILBOX:
    case SCH_QUERY_AGE:
    case SCH_QUERY_PASSED: return SCH_OK;
    }
    return refuse(fault, SCH_E_FIELD_INVALID, "query.type");
}
