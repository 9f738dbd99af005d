/*
 * query.c: one page from beginning to end, and what the queries have in common: scanning, loading, what is
 * shown.
 */
#include "query_own.h"

#include <stdlib.h>
#include <string.h>

#include "id.h"

/* ---- scanning ----------------------------------------------------------------------------------- */

static bool gather(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_query_found *found = context;

    if (found->after.len == key.len && memcmp(found->after.ptr, key.ptr, key.len) == 0)
        return true;
    memcpy(found->key[found->count].bytes, key.ptr, key.len);
    found->key[found->count].size = key.len;
    found->value_size[found->count] = value.len <= sizeof found->value[0] ? value.len : 0;
    memcpy(found->value[found->count], value.ptr, found->value_size[found->count]);
    return ++found->count < found->wanted;
}

int sch_query_scan(struct sch_reading *reading, enum sch_table table, const struct sch_record_key *prefix,
                   bool backwards, size_t wanted)
{
    struct sch_query_found *found = reading->found;
    struct sch_record_key from = *prefix;
    struct sch_bytes start = { 0 };
    enum sch_store_result result;

    if (reading->after.len > 0 && prefix->size + reading->after.len <= sizeof from.bytes) {
        memcpy(from.bytes + prefix->size, reading->after.ptr, reading->after.len);
        from.size += reading->after.len;
        start = sch_record_key_bytes(&from);
    }
    found->count = 0;
    found->wanted = wanted < SCH_QUERY_KEYS_MAX ? wanted : SCH_QUERY_KEYS_MAX;
    found->after = start;
    result = sch_store_scan(reading->store, table, sch_record_key_bytes(prefix), start, backwards,
                            found->wanted + 1, gather, found);
    return result == SCH_STORE_OK ? SCH_OK : SCH_E_STORE_DAMAGED;
}

void sch_query_set_cursor(struct sch_reading *reading, const struct sch_record_key *prefix,
                          const struct sch_record_key *key)
{
    reading->page->cursor_size = key->size - prefix->size;
    memcpy(reading->page->cursor, key->bytes + prefix->size, reading->page->cursor_size);
}

int sch_query_load(struct sch_reading *reading, const struct sch_id *id)
{
    struct sch_record_key key = sch_record_key_id(id);
    size_t size = 0;

    switch (sch_store_get(reading->store, SCH_TABLE_DOSSIER, sch_record_key_bytes(&key), reading->buffer,
                          SCH_RECORD_DOSSIER_MAX, &size)) {
    case SCH_STORE_OK:
        return sch_record_dossier_decode((struct sch_bytes){ reading->buffer, size }, reading->dossier);
    case SCH_STORE_NONE: return SCH_E_UNKNOWN_DOSSIER;
    default: return SCH_E_STORE_DAMAGED;
    }
}

bool sch_query_is_stopped(const struct sch_reading *reading)
{
    return reading->stop != NULL && atomic_load_explicit(reading->stop, memory_order_relaxed);
}

/* ---- what is shown ------------------------------------------------------------------------------ */

bool sch_query_may_see(const struct sch_query_permit *permit, const struct sch_dossier *dossier)
{
    if (dossier->phase == SCH_PHASE_NONE)
        return false;
    if (!permit->coordinator)
        return sch_dossier_member(dossier, permit->party.address.text) != SCH_MEMBER_NONE;
    return strcmp(dossier->member[SCH_MEMBER_REFERRER].region, permit->party.region) == 0 ||
           strcmp(dossier->member[SCH_MEMBER_RECEIVER].region, permit->party.region) == 0;
}

const char *sch_query_owner(const struct sch_query_permit *permit)
{
    return permit->coordinator ? permit->party.region : permit->party.address.text;
}

struct sch_address sch_query_shown(const struct sch_query_permit *permit, const struct sch_address *address)
{
    struct sch_address organisation;

    if (!permit->coordinator)
        return *address;
    sch_address_organisation(address, &organisation);
    return organisation;
}

uint8_t sch_query_shown_expectation(const struct sch_query_permit *permit, uint8_t expectation)
{
    return permit->coordinator && expectation == 5 ? 4 : expectation;
}

enum sch_phase sch_query_shown_phase(const struct sch_query_permit *permit, const struct sch_dossier *dossier)
{
    if (!permit->coordinator || dossier->phase != SCH_PHASE_INTAKE_PLANNED)
        return dossier->phase;
    for (size_t i = 0; i < dossier->instance_count; i++)
        if (dossier->instance[i].expectation == 5 && sch_instance_is_open(&dossier->instance[i]))
            return SCH_PHASE_ACCEPTED;
    return dossier->phase;
}

bool sch_query_passes(const struct sch_query_permit *permit, const struct sch_address *filter,
                      const struct sch_address *address)
{
    struct sch_address wanted = sch_query_shown(permit, filter), organisation;

    if (filter->text[0] == '\0')
        return true;
    sch_address_organisation(address, &organisation);
    return strcmp(wanted.text, address->text) == 0 || strcmp(wanted.text, organisation.text) == 0;
}

/* The schemes that sch_address_valid() knows, in the order of their text. */
static const char *const schemes[] = { "agb:", "gemeente:", "kvk:", "regio:" };

size_t sch_query_put_name(const struct sch_address *address, uint8_t *buffer)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t size = strlen(schemes[i]);

        if (strncmp(address->text, schemes[i], size) == 0) {
            buffer[0] = (uint8_t)(i + 1);
            memcpy(buffer + 1, address->text + size, strlen(address->text) - size);
            return 1 + strlen(address->text) - size;
        }
    }
    return 0;
}

bool sch_query_get_name(const uint8_t *bytes, size_t size, struct sch_address *address)
{
    size_t scheme;

    memset(address, 0, sizeof *address);
    if (size == 0)
        return true;
    if (bytes[0] == 0 || bytes[0] > sizeof schemes / sizeof schemes[0])
        return false;
    scheme = strlen(schemes[bytes[0] - 1]);
    if (scheme + size - 1 > SCH_ADDRESS_MAX)
        return false;
    memcpy(address->text, schemes[bytes[0] - 1], scheme);
    memcpy(address->text + scheme, bytes + 1, size - 1);
    return sch_address_valid(address->text);
}

/* ---- running ------------------------------------------------------------------------------------ */

static int run_any(struct sch_reading *reading)
{
    switch (reading->permit->query.type) {
    case SCH_QUERY_DOSSIER: return sch_query_dossier(reading);
    case SCH_QUERY_TRACE: return sch_query_trace(reading);
    case SCH_QUERY_DOSSIERS: return sch_query_dossiers(reading);
    case SCH_QUERY_UNANSWERED: return sch_query_unanswered(reading);
    case SCH_QUERY_MAILBOX: return sch_query_mailbox(reading);
    case SCH_QUERY_CHAIN: return sch_query_chain(reading);
    case SCH_QUERY_AGE: return sch_query_age(reading);
    case SCH_QUERY_STATISTICS: return sch_query_statistics(reading);
    case SCH_QUERY_PASSED: return sch_query_passed(reading);
    }
    return SCH_E_FIELD_INVALID;
}

/* Counts take as long as there is to count, so those queries see to short transactions themselves. */
static int run_whole(struct sch_reading *reading)
{
    enum sch_query_type type = reading->permit->query.type;
    struct sch_store *store = reading->store;
    int code;

    if (type == SCH_QUERY_UNANSWERED || type == SCH_QUERY_AGE || type == SCH_QUERY_STATISTICS)
        return run_any(reading);
    reading->store = sch_store_snapshot(store);
    if (reading->store == NULL)
        return SCH_E_STORE_DAMAGED;
    code = run_any(reading);
    sch_store_release(reading->store);
    reading->store = store;
    return code;
}

int sch_query_run(struct sch_store *store, const struct sch_query_permit *permit, int64_t now_ms,
                  const atomic_bool *stop, struct sch_arena *arena, struct sch_page *page)
{
    struct sch_reading reading = {
        .store = store, .permit = permit, .now_ms = now_ms, .stop = stop, .arena = arena, .page = page
    };
    int code = SCH_E_NO_MEMORY;

    memset(page, 0, sizeof *page);
    reading.after = (struct sch_bytes){ permit->query.cursor, permit->query.cursor_size };
    reading.found = malloc(sizeof *reading.found);
    reading.dossier = malloc(sizeof *reading.dossier);
    reading.buffer = malloc(SCH_RECORD_DOSSIER_MAX);
    if (reading.found != NULL && reading.dossier != NULL && reading.buffer != NULL)
        code = run_whole(&reading);
    free(reading.buffer);
    free(reading.dossier);
    free(reading.found);
    return code;
}
