/*
 * query_message.c: MAILBOX and PASSED: messages as rows, of the asking party alone. Part of query.h.
 */
#include "query_own.h"

#include <string.h>

#include "id.h"

/* ---- MAILBOX ------------------------------------------------------------------------------------ */

int sch_query_mailbox(struct sch_reading *reading)
{
    struct sch_record_key prefix = sch_record_prefix_text(reading->permit->party.address.text);
    const struct sch_query_found *found = reading->found;
    size_t limit = reading->permit->query.limit;
    struct sch_mailbox_row *rows = sch_arena_take(reading->arena, limit * sizeof *rows);
    int code = sch_query_scan(reading, SCH_TABLE_MAILBOX, &prefix, false, limit);

    if (rows == NULL || code != SCH_OK)
        return rows == NULL ? SCH_E_NO_MEMORY : code;
    reading->page->mailbox = rows;
    for (size_t i = 0; i < found->count; i++) {
        struct sch_mailbox_row *row = &rows[reading->page->mailbox_count++];
        struct sch_mailbox_entry entry;

        memset(row, 0, sizeof *row);
        if (sch_record_mailbox_decode((struct sch_bytes){ found->value[i], found->value_size[i] }, &entry) !=
                SCH_OK ||
            sch_record_read_mailbox(sch_record_key_bytes(&found->key[i]), NULL, &row->sequence) != SCH_OK)
            return SCH_E_STORE_DAMAGED;
        row->message = entry.message;
        row->dossier = entry.dossier;
        sch_kenmerk_text(entry.kenmerk, row->kenmerk);
        row->kind = entry.kind;
        row->sender = entry.sender;
        row->stored_ms = entry.stored_ms;
        row->body_size = entry.body_size;
    }
    if (found->count == limit)
        sch_query_set_cursor(reading, &prefix, &found->key[limit - 1]);
    return SCH_OK;
}

void sch_query_mark_leased(struct sch_page *page, const struct sch_address *mailbox,
                           sch_query_leased_fn *leased, void *context)
{
    /* The rows are the page maker's own; the page shows them as constant to everybody else. */
    struct sch_mailbox_row *rows = (struct sch_mailbox_row *)page->mailbox;

    for (size_t i = 0; i < page->mailbox_count; i++)
        rows[i].leased = leased(context, mailbox, &rows[i].dossier, &rows[i].message);
}

/* ---- PASSED ------------------------------------------------------------------------------------- */

/* What became of it: in this mailbox, or, for its sender, with the first addressee. A message for the ledger
 * only has no addressee, and no state. */
static enum sch_delivery_state state_of(const struct sch_message_row *message, enum sch_passed_role role,
                                        const struct sch_address *party)
{
    for (size_t i = 0; i < message->recipient_count; i++)
        if (role == SCH_PASSED_SENT || strcmp(message->recipient[i].address.text, party->text) == 0)
            return message->recipient[i].state;
    return (enum sch_delivery_state)0;
}

/* One row; *is_there: false when the message itself went by time. */
static int read_passed(struct sch_reading *reading, size_t at, struct sch_passed_row *row, bool *is_there)
{
    const struct sch_query_found *found = reading->found;
    uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_message_row message;
    struct sch_record_key key;
    size_t size = 0;

    memset(row, 0, sizeof *row);
    *is_there = false;
    if (sch_record_passed_decode((struct sch_bytes){ found->value[at], found->value_size[at] }, &row->message,
                                 &row->role) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    key = sch_record_key_id(&row->message);
    switch (sch_store_get(reading->store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, sizeof value,
                          &size)) {
    case SCH_STORE_OK: break;
    case SCH_STORE_NONE: return SCH_OK;
    default: return SCH_E_STORE_DAMAGED;
    }
    if (sch_record_message_decode((struct sch_bytes){ value, size }, &message) != SCH_OK)
        return SCH_E_STORE_DAMAGED;
    row->dossier = message.dossier;
    sch_kenmerk_text(message.kenmerk, row->kenmerk);
    row->kind = message.kind;
    row->sender = message.sender;
    row->state = state_of(&message, row->role, &reading->permit->party.address);
    row->stored_ms = message.stored_ms;
    memcpy(row->hash, message.hash, sizeof row->hash);
    *is_there = true;
    return SCH_OK;
}

/* A first page begins at from_ms: behind the last key of the moment before. */
static void begin(struct sch_reading *reading, const struct sch_record_key *prefix,
                  struct sch_record_key *from)
{
    const struct sch_query *query = &reading->permit->query;

    if (reading->after.len > 0 || query->from_ms == 0)
        return;
    *from = sch_record_key_passed(&reading->permit->party.address, query->from_ms - 1, UINT64_MAX);
    reading->after = (struct sch_bytes){ from->bytes + prefix->size, from->size - prefix->size };
}

int sch_query_passed(struct sch_reading *reading)
{
    const struct sch_query *query = &reading->permit->query;
    struct sch_record_key prefix = sch_record_prefix_text(reading->permit->party.address.text), from;
    struct sch_passed_row *rows = sch_arena_take(reading->arena, query->limit * sizeof *rows);
    int code;

    if (rows == NULL)
        return SCH_E_NO_MEMORY;
    begin(reading, &prefix, &from);
    code = sch_query_scan(reading, SCH_TABLE_PASSED, &prefix, false, query->limit);
    reading->page->passed = rows;
    for (size_t i = 0; code == SCH_OK && i < reading->found->count; i++) {
        int64_t stored_ms;
        bool is_there;

        if (sch_record_read_passed(sch_record_key_bytes(&reading->found->key[i]), NULL, &stored_ms, NULL) !=
            SCH_OK)
            return SCH_E_STORE_DAMAGED;
        if (query->to_ms > 0 && stored_ms >= query->to_ms)
            return SCH_OK;
        code = read_passed(reading, i, &rows[reading->page->passed_count], &is_there);
        reading->page->passed_count += is_there;
    }
    if (code == SCH_OK && reading->found->count == query->limit)
        sch_query_set_cursor(reading, &prefix, &reading->found->key[query->limit - 1]);
    return code;
}
