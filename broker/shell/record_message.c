/*
 * record_message.c: messages and mailbox rows as bytes. See record.h; STORE.md, "MESSAGE" and "MAILBOX".
 */
#include <assert.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

#define HEAD_MAX (3 * (SCH_ID_SIZE + 1) + 1 + 2 + SCH_ADDRESS_MAX + 1 + 4 * 10 + 32 + 5 + 2 + 10)
#define RECIPIENT_MAX (2 + SCH_ADDRESS_MAX + 1 + 10 + 5)
static_assert(HEAD_MAX + SCH_RECIPIENTS_MAX * RECIPIENT_MAX + 6 + SCH_HEADER_SIZE_MAX + SCH_SEAL_SIZE_MAX <=
              SCH_RECORD_MESSAGE_MAX, "every message fits");
static_assert(2 * (SCH_ID_SIZE + 1) + 1 + 2 + SCH_ADDRESS_MAX + 10 + 5 + 10 <= SCH_RECORD_MAILBOX_MAX,
              "every mailbox row fits");

/* ---- MESSAGE ----------------------------------------------------------------------------------- */

size_t sch_record_message_encode(const struct sch_message_row *row, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    assert(row->recipient_count <= SCH_RECIPIENTS_MAX);
    assert(row->header.len <= SCH_HEADER_SIZE_MAX && row->seal.len <= SCH_SEAL_SIZE_MAX);
    sch_pack_id(&pack, &row->id);
    sch_pack_id_short(&pack, &row->dossier, &row->id);
    sch_pack_uint(&pack, (uint64_t)row->kind);
    sch_pack_text(&pack, row->sender.text);
    sch_pack_bool(&pack, row->made);
    sch_pack_uint(&pack, row->sequence);
    sch_pack_int(&pack, row->stored_ms);
    sch_pack_raw(&pack, row->hash, sizeof(row->hash));
    sch_pack_uint(&pack, row->kenmerk);
    sch_pack_uint(&pack, row->warnings);
    sch_pack_uint(&pack, row->body_size);
    sch_pack_uint(&pack, row->part_count);
    if (row->part_count > 0)
        sch_pack_uint(&pack, row->part_number);
    sch_pack_uint(&pack, row->recipient_count);
    for (size_t i = 0; i < row->recipient_count; i++) {
        sch_pack_text(&pack, row->recipient[i].address.text);
        sch_pack_uint(&pack, (uint64_t)row->recipient[i].state);
        sch_pack_int(&pack, row->recipient[i].at_ms);
        sch_pack_uint(&pack, row->recipient[i].code);
    }
    sch_pack_bytes(&pack, row->header);
    sch_pack_bytes(&pack, row->seal);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

static void unpack_recipient(struct sch_unpack *unpack, struct sch_message_recipient *recipient)
{
    sch_unpack_text(unpack, recipient->address.text, SCH_ADDRESS_MAX);
    recipient->state = (enum sch_delivery_state)sch_unpack_uint(unpack, SCH_DELIVERY_WITHDRAWN);
    recipient->at_ms = sch_unpack_int(unpack);
    recipient->code = (uint32_t)sch_unpack_uint(unpack, UINT32_MAX);
}

int sch_record_message_decode(struct sch_bytes value, struct sch_message_row *row)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(row, 0, sizeof(*row));
    sch_unpack_id(&unpack, &row->id);
    sch_unpack_id_short(&unpack, &row->dossier, &row->id);
    row->kind = (enum sch_kind)sch_unpack_uint(&unpack, SCH_KIND_COUNT - 1);
    sch_unpack_text(&unpack, row->sender.text, SCH_ADDRESS_MAX);
    row->made = sch_unpack_bool(&unpack);
    row->sequence = sch_unpack_uint(&unpack, UINT64_MAX);
    row->stored_ms = sch_unpack_int(&unpack);
    sch_unpack_raw(&unpack, row->hash, sizeof(row->hash));
    row->kenmerk = sch_unpack_uint(&unpack, UINT64_MAX);
    row->warnings = (uint32_t)sch_unpack_uint(&unpack, UINT32_MAX);
    row->body_size = (uint32_t)sch_unpack_uint(&unpack, UINT32_MAX);
    row->part_count = (uint32_t)sch_unpack_uint(&unpack, SCH_PARTS_MAX);
    if (row->part_count > 0)
        row->part_number = sch_unpack_uint(&unpack, UINT64_MAX);
    row->recipient_count = (size_t)sch_unpack_uint(&unpack, SCH_RECIPIENTS_MAX);
    for (size_t i = 0; i < row->recipient_count && !unpack.bad; i++)
        unpack_recipient(&unpack, &row->recipient[i]);
    row->header = sch_unpack_bytes(&unpack, SCH_HEADER_SIZE_MAX);
    row->seal = sch_unpack_bytes(&unpack, SCH_SEAL_SIZE_MAX);
    if (sch_unpack_done(&unpack))
        return SCH_OK;
    memset(row, 0, sizeof(*row));
    return SCH_E_STORE_DAMAGED;
}

/* ---- MAILBOX ----------------------------------------------------------------------------------- */

size_t sch_record_mailbox_encode(const struct sch_mailbox_entry *entry, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    sch_pack_id(&pack, &entry->message);
    sch_pack_id_short(&pack, &entry->dossier, &entry->message);
    sch_pack_uint(&pack, (uint64_t)entry->kind);
    sch_pack_text(&pack, entry->sender.text);
    sch_pack_int(&pack, entry->stored_ms);
    sch_pack_uint(&pack, entry->body_size);
    sch_pack_uint(&pack, entry->kenmerk);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

int sch_record_mailbox_decode(struct sch_bytes value, struct sch_mailbox_entry *entry)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(entry, 0, sizeof(*entry));
    sch_unpack_id(&unpack, &entry->message);
    sch_unpack_id_short(&unpack, &entry->dossier, &entry->message);
    entry->kind = (enum sch_kind)sch_unpack_uint(&unpack, SCH_KIND_COUNT - 1);
    sch_unpack_text(&unpack, entry->sender.text, SCH_ADDRESS_MAX);
    entry->stored_ms = sch_unpack_int(&unpack);
    entry->body_size = (uint32_t)sch_unpack_uint(&unpack, UINT32_MAX);
    entry->kenmerk = sch_unpack_uint(&unpack, UINT64_MAX);
    if (sch_unpack_done(&unpack))
        return SCH_OK;
    memset(entry, 0, sizeof(*entry));
    return SCH_E_STORE_DAMAGED;
}
