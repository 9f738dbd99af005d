/*
 * record_v1.c: messages and counters as schema 1 wrote them, for the migration alone. See record_v1.h.
 */
#include "shell/record_v1.h"

#include <string.h>

#include "shell/pack.h"

int sch_record_v1_meta(struct sch_bytes value, struct sch_meta *meta)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(meta, 0, sizeof(*meta));
    meta->epoch = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->batch = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->next_sequence = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->next_kenmerk = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->next_audit = sch_unpack_uint(&unpack, UINT64_MAX);
    sch_unpack_raw(&unpack, meta->audit_head, sizeof(meta->audit_head));
    meta->civil_ms = sch_unpack_int(&unpack);
    meta->audit_first = 1;
    if (sch_unpack_done(&unpack) && meta->next_sequence > 0 && meta->next_audit > 0)
        return SCH_OK;
    memset(meta, 0, sizeof(*meta));
    return SCH_E_STORE_DAMAGED;
}

static void unpack_recipient(struct sch_unpack *unpack, struct sch_message_recipient *recipient)
{
    sch_unpack_text(unpack, recipient->address.text, SCH_ADDRESS_MAX);
    recipient->state = (enum sch_delivery_state)sch_unpack_uint(unpack, SCH_DELIVERY_WITHDRAWN);
    recipient->at_ms = sch_unpack_int(unpack);
    recipient->code = (uint32_t)sch_unpack_uint(unpack, UINT32_MAX);
}

int sch_record_v1_message(struct sch_bytes value, struct sch_message_row *row)
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
