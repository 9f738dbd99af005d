/*
 * record_audit.c: audit records and chain links as bytes. See record.h; STORE.md, "AUDIT".
 */
#include <assert.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

#define TEXT_MAX(n) (2 + (n))
static_assert(1 + 10 + 1 + TEXT_MAX(SCH_KEY_ID_MAX) + 2 * TEXT_MAX(SCH_ADDRESS_MAX) + 3 +
              2 * (SCH_ID_SIZE + 1) + 5 + 10 + 5 + 5 <= SCH_RECORD_AUDIT_MAX, "every audit record fits");

static const struct sch_id no_id;

enum sch_audit_row sch_record_audit_row(struct sch_bytes value)
{
    if (value.len == 0 || (value.ptr[0] != SCH_AUDIT_RECORD && value.ptr[0] != SCH_AUDIT_LINK))
        return (enum sch_audit_row)0;
    return (enum sch_audit_row)value.ptr[0];
}

size_t sch_record_audit_encode(const struct sch_audit_record *record, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    sch_pack_uint(&pack, SCH_AUDIT_RECORD);
    sch_pack_int(&pack, record->at_ms);
    sch_pack_uint(&pack, (uint64_t)record->event);
    sch_pack_text(&pack, record->key_id);
    sch_pack_text(&pack, record->actor.text);
    sch_pack_uint(&pack, (uint64_t)record->role);
    sch_pack_uint(&pack, (uint64_t)record->purpose);
    sch_pack_uint(&pack, (uint64_t)record->query);
    sch_pack_id_short(&pack, &record->dossier, &no_id);
    sch_pack_id_short(&pack, &record->message, &record->dossier);
    sch_pack_uint(&pack, (uint64_t)record->kind);
    sch_pack_text(&pack, record->concerned.text);
    sch_pack_uint(&pack, record->expectation);
    sch_pack_uint(&pack, (uint64_t)record->standing);
    sch_pack_uint(&pack, (uint64_t)record->step);
    sch_pack_uint(&pack, (uint64_t)record->phase);
    sch_pack_int(&pack, record->due_ms);
    sch_pack_uint(&pack, record->code);
    sch_pack_uint(&pack, record->folded);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

static int decoded(const struct sch_unpack *unpack, void *target, size_t size)
{
    if (sch_unpack_done(unpack))
        return SCH_OK;
    memset(target, 0, size);
    return SCH_E_STORE_DAMAGED;
}

int sch_record_audit_decode(struct sch_bytes key, struct sch_bytes value, struct sch_audit_record *record)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(record, 0, sizeof(*record));
    if (sch_record_audit_row(value) != SCH_AUDIT_RECORD ||
        sch_record_read_audit(key, &record->sequence) != SCH_OK)
        unpack.bad = true;
    (void)sch_unpack_uint(&unpack, SCH_AUDIT_RECORD);
    record->at_ms = sch_unpack_int(&unpack);
    record->event = (enum sch_trace_event)sch_unpack_uint(&unpack, UINT8_MAX);
    sch_unpack_text(&unpack, record->key_id, SCH_KEY_ID_MAX);
    sch_unpack_text(&unpack, record->actor.text, SCH_ADDRESS_MAX);
    record->role = (enum sch_party_kind)sch_unpack_uint(&unpack, SCH_PARTY_COUNT - 1);
    record->purpose = (enum sch_audit_purpose)sch_unpack_uint(&unpack, SCH_AUDIT_OPERATION);
    record->query = (enum sch_query_type)sch_unpack_uint(&unpack, SCH_QUERY_PASSED);
    sch_unpack_id_short(&unpack, &record->dossier, &no_id);
    sch_unpack_id_short(&unpack, &record->message, &record->dossier);
    record->kind = (enum sch_kind)sch_unpack_uint(&unpack, SCH_KIND_COUNT - 1);
    sch_unpack_text(&unpack, record->concerned.text, SCH_ADDRESS_MAX);
    record->expectation = (uint8_t)sch_unpack_uint(&unpack, SCH_EXPECTATION_COUNT - 1);
    record->standing = (enum sch_standing)sch_unpack_uint(&unpack, SCH_STANDING_CANCELLED);
    record->step = (enum sch_ladder)sch_unpack_uint(&unpack, SCH_STEP_WITHDRAW);
    record->phase = (enum sch_phase)sch_unpack_uint(&unpack, SCH_PHASE_COUNT - 1);
    record->due_ms = sch_unpack_int(&unpack);
    record->code = (uint32_t)sch_unpack_uint(&unpack, UINT32_MAX);
    record->folded = (uint32_t)sch_unpack_uint(&unpack, UINT32_MAX);
    return decoded(&unpack, record, sizeof(*record));
}

size_t sch_record_link_encode(const struct sch_audit_link *link, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    sch_pack_uint(&pack, SCH_AUDIT_LINK);
    sch_pack_uint(&pack, link->first);
    sch_pack_raw(&pack, link->previous, sizeof(link->previous));
    sch_pack_raw(&pack, link->hash, sizeof(link->hash));
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

int sch_record_link_decode(struct sch_bytes key, struct sch_bytes value, struct sch_audit_link *link)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(link, 0, sizeof(*link));
    if (sch_record_audit_row(value) != SCH_AUDIT_LINK ||
        sch_record_read_audit(key, &link->sequence) != SCH_OK)
        unpack.bad = true;
    (void)sch_unpack_uint(&unpack, SCH_AUDIT_LINK);
    link->first = sch_unpack_uint(&unpack, UINT64_MAX);
    sch_unpack_raw(&unpack, link->previous, sizeof(link->previous));
    sch_unpack_raw(&unpack, link->hash, sizeof(link->hash));
    return decoded(&unpack, link, sizeof(*link));
}
