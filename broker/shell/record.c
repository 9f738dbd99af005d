/*
 * record.c: keys of every table, and the rows of META and KENMERK. See record.h.
 */
#include "shell/record.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "shell/pack.h"

static_assert(SCH_ADDRESS_MAX + 1 + 8 + SCH_ID_SIZE <= SCH_STORE_KEY_MAX, "the longest key fits");
static_assert(SCH_REGION_MAX <= SCH_ADDRESS_MAX, "an owner is no longer than an address");

/* ---- building keys ----------------------------------------------------------------------------- */

struct sch_bytes sch_record_key_bytes(const struct sch_record_key *key)
{
    return (struct sch_bytes){ key->bytes, key->size };
}

static void append(struct sch_record_key *key, const void *bytes, size_t size)
{
    assert(size <= sizeof(key->bytes) - key->size);
    memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
}

static void append_number(struct sch_record_key *key, uint64_t number)
{
    uint8_t bytes[8];

    sch_pack_be64(bytes, number);
    append(key, bytes, sizeof(bytes));
}

static void append_time(struct sch_record_key *key, int64_t at_ms)
{
    assert(at_ms >= 0);
    append_number(key, (uint64_t)at_ms);
}

/* With its NUL: no text is then the beginning of another, and each owner's keys stand together. */
static void append_text(struct sch_record_key *key, const char *text)
{
    size_t size = strnlen(text, SCH_ADDRESS_MAX + 1);

    assert(size > 0 && size <= SCH_ADDRESS_MAX);
    append(key, text, size);
    append(key, "", 1);
}

struct sch_record_key sch_record_key_id(const struct sch_id *id)
{
    struct sch_record_key key = { .size = 0 };

    append(&key, id->bytes, SCH_ID_SIZE);
    return key;
}

struct sch_record_key sch_record_key_mailbox(const struct sch_address *mailbox, uint64_t sequence)
{
    struct sch_record_key key = { .size = 0 };

    append_text(&key, mailbox->text);
    append_number(&key, sequence);
    return key;
}

struct sch_record_key sch_record_key_due(int64_t due_ms, const struct sch_id *dossier)
{
    struct sch_record_key key = { .size = 0 };

    append_time(&key, due_ms);
    append(&key, dossier->bytes, SCH_ID_SIZE);
    return key;
}

struct sch_record_key sch_record_key_open(const char *owner, int64_t due_ms, const struct sch_id *dossier)
{
    struct sch_record_key key = { .size = 0 };

    append_text(&key, owner);
    append_time(&key, due_ms);
    append(&key, dossier->bytes, SCH_ID_SIZE);
    return key;
}

struct sch_record_key sch_record_key_party(const struct sch_address *party, const struct sch_id *dossier)
{
    struct sch_record_key key = { .size = 0 };

    append_text(&key, party->text);
    append(&key, dossier->bytes, SCH_ID_SIZE);
    return key;
}

struct sch_record_key sch_record_key_kenmerk(uint64_t number)
{
    struct sch_record_key key = { .size = 0 };

    append_number(&key, number);
    return key;
}

struct sch_record_key sch_record_key_audit(uint64_t sequence)
{
    struct sch_record_key key = { .size = 0 };

    append_number(&key, sequence);
    return key;
}

struct sch_record_key sch_record_key_trail(const struct sch_id *dossier, uint64_t sequence)
{
    struct sch_record_key key = { .size = 0 };

    append(&key, dossier->bytes, SCH_ID_SIZE);
    append_number(&key, sequence);
    return key;
}

struct sch_record_key sch_record_key_chain(const struct sch_id *chain, const struct sch_id *dossier)
{
    struct sch_record_key key = { .size = 0 };

    append(&key, chain->bytes, SCH_ID_SIZE);
    append(&key, dossier->bytes, SCH_ID_SIZE);
    return key;
}

struct sch_record_key sch_record_key_passed(const struct sch_address *party, int64_t stored_ms, uint64_t sequence)
{
    struct sch_record_key key = { .size = 0 };

    append_text(&key, party->text);
    append_time(&key, stored_ms);
    append_number(&key, sequence);
    return key;
}

struct sch_record_key sch_record_key_meta(const char *name)
{
    struct sch_record_key key = { .size = 0 };

    append(&key, name, strlen(name));
    return key;
}

struct sch_record_key sch_record_prefix_text(const char *text)
{
    struct sch_record_key key = { .size = 0 };

    append_text(&key, text);
    return key;
}

struct sch_record_key sch_record_prefix_id(const struct sch_id *id)
{
    return sch_record_key_id(id);
}

/* ---- reading keys ------------------------------------------------------------------------------ */

/* Takes the owner's text and its NUL off the front of *key. */
static bool take_text(struct sch_bytes *key, struct sch_address *owner)
{
    const uint8_t *end = key->len > 0 ? memchr(key->ptr, 0, key->len) : NULL;
    size_t size;

    memset(owner, 0, sizeof(*owner));
    if (end == NULL || end == key->ptr || end - key->ptr > SCH_ADDRESS_MAX)
        return false;
    size = (size_t)(end - key->ptr);
    memcpy(owner->text, key->ptr, size);
    key->ptr += size + 1;
    key->len -= size + 1;
    return true;
}

static void take_id(const uint8_t *bytes, struct sch_id *id)
{
    if (id != NULL)
        memcpy(id->bytes, bytes, SCH_ID_SIZE);
}

static void take_number(const uint8_t *bytes, uint64_t *number)
{
    if (number != NULL)
        *number = sch_unpack_be64(bytes);
}

int sch_record_read_mailbox(struct sch_bytes key, struct sch_address *mailbox, uint64_t *sequence)
{
    struct sch_address owner;

    if (!take_text(&key, &owner) || key.len != 8)
        return SCH_E_STORE_DAMAGED;
    if (mailbox != NULL)
        *mailbox = owner;
    take_number(key.ptr, sequence);
    return SCH_OK;
}

int sch_record_read_due(struct sch_bytes key, int64_t *due_ms, struct sch_id *dossier)
{
    uint64_t number;

    if (key.len != 8 + SCH_ID_SIZE)
        return SCH_E_STORE_DAMAGED;
    number = sch_unpack_be64(key.ptr);
    if (number > INT64_MAX)
        return SCH_E_STORE_DAMAGED;
    if (due_ms != NULL)
        *due_ms = (int64_t)number;
    take_id(key.ptr + 8, dossier);
    return SCH_OK;
}

int sch_record_read_open(struct sch_bytes key, int64_t *due_ms, struct sch_id *dossier)
{
    struct sch_address owner;

    if (!take_text(&key, &owner))
        return SCH_E_STORE_DAMAGED;
    return sch_record_read_due(key, due_ms, dossier);
}

int sch_record_read_party(struct sch_bytes key, struct sch_id *dossier)
{
    struct sch_address owner;

    if (!take_text(&key, &owner) || key.len != SCH_ID_SIZE)
        return SCH_E_STORE_DAMAGED;
    take_id(key.ptr, dossier);
    return SCH_OK;
}

int sch_record_read_audit(struct sch_bytes key, uint64_t *sequence)
{
    if (key.len != 8)
        return SCH_E_STORE_DAMAGED;
    take_number(key.ptr, sequence);
    return SCH_OK;
}

int sch_record_read_trail(struct sch_bytes key, struct sch_id *dossier, uint64_t *sequence)
{
    if (key.len != SCH_ID_SIZE + 8)
        return SCH_E_STORE_DAMAGED;
    take_id(key.ptr, dossier);
    take_number(key.ptr + SCH_ID_SIZE, sequence);
    return SCH_OK;
}

int sch_record_read_chain(struct sch_bytes key, struct sch_id *chain, struct sch_id *dossier)
{
    if (key.len != 2 * SCH_ID_SIZE)
        return SCH_E_STORE_DAMAGED;
    take_id(key.ptr, chain);
    take_id(key.ptr + SCH_ID_SIZE, dossier);
    return SCH_OK;
}

int sch_record_read_passed(struct sch_bytes key, struct sch_address *party, int64_t *stored_ms, uint64_t *sequence)
{
    struct sch_address owner;
    uint64_t number;

    if (!take_text(&key, &owner) || key.len != 16)
        return SCH_E_STORE_DAMAGED;
    number = sch_unpack_be64(key.ptr);
    if (number > INT64_MAX)
        return SCH_E_STORE_DAMAGED;
    if (party != NULL)
        *party = owner;
    if (stored_ms != NULL)
        *stored_ms = (int64_t)number;
    take_number(key.ptr + 8, sequence);
    return SCH_OK;
}

/* ---- META, KENMERK, CHAIN and PASSED ------------------------------------------------------------ */

void sch_record_meta_init(struct sch_meta *meta)
{
    memset(meta, 0, sizeof(*meta));
    meta->next_sequence = 1;
    meta->next_kenmerk = 1;
    meta->next_audit = 1;
    meta->audit_first = 1;
}

size_t sch_record_meta_encode(const struct sch_meta *meta, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    sch_pack_uint(&pack, meta->epoch);
    sch_pack_uint(&pack, meta->batch);
    sch_pack_uint(&pack, meta->next_sequence);
    sch_pack_uint(&pack, meta->next_kenmerk);
    sch_pack_uint(&pack, meta->next_audit);
    sch_pack_raw(&pack, meta->audit_head, sizeof(meta->audit_head));
    sch_pack_uint(&pack, meta->audit_first);
    sch_pack_raw(&pack, meta->audit_base, sizeof(meta->audit_base));
    sch_pack_int(&pack, meta->civil_ms);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

int sch_record_meta_decode(struct sch_bytes value, struct sch_meta *meta)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    memset(meta, 0, sizeof(*meta));
    meta->epoch = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->batch = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->next_sequence = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->next_kenmerk = sch_unpack_uint(&unpack, UINT64_MAX);
    meta->next_audit = sch_unpack_uint(&unpack, UINT64_MAX);
    sch_unpack_raw(&unpack, meta->audit_head, sizeof(meta->audit_head));
    meta->audit_first = sch_unpack_uint(&unpack, UINT64_MAX);
    sch_unpack_raw(&unpack, meta->audit_base, sizeof(meta->audit_base));
    meta->civil_ms = sch_unpack_int(&unpack);
    if (sch_unpack_done(&unpack) && meta->next_sequence > 0 && meta->audit_first > 0 &&
        meta->audit_first <= meta->next_audit)
        return SCH_OK;
    memset(meta, 0, sizeof(*meta));
    return SCH_E_STORE_DAMAGED;
}

void sch_record_schema_encode(uint8_t buffer[SCH_RECORD_SCHEMA_SIZE])
{
    uint32_t schema = SCH_RECORD_SCHEMA;

    for (size_t i = 0; i < SCH_RECORD_SCHEMA_SIZE; i++)
        buffer[i] = (uint8_t)(schema >> (24 - 8 * i));
}

int sch_record_schema_check(struct sch_bytes value, sch_error *error)
{
    uint32_t schema = 0;

    if (value.len != SCH_RECORD_SCHEMA_SIZE)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "the store's schema row has %zu bytes", value.len);
    for (size_t i = 0; i < SCH_RECORD_SCHEMA_SIZE; i++)
        schema = schema << 8 | value.ptr[i];
    if (schema == 0)
        return sch_fail(error, SCH_E_STORE_DAMAGED, "the store's schema row holds 0");
    if (schema > SCH_RECORD_SCHEMA)
        return sch_fail(error, SCH_E_SCHEMA_NEWER, "the store has schema %" PRIu32 ", this version reads %d",
                        schema, SCH_RECORD_SCHEMA);
    if (schema < SCH_RECORD_SCHEMA)
        return sch_fail(error, SCH_E_SCHEMA_OLDER, "the store has schema %" PRIu32 ", this version reads %d",
                        schema, SCH_RECORD_SCHEMA);
    return SCH_OK;
}

int sch_record_kenmerk_decode(struct sch_bytes value, struct sch_id *dossier)
{
    memset(dossier, 0, sizeof(*dossier));
    if (value.len != SCH_ID_SIZE)
        return SCH_E_STORE_DAMAGED;
    memcpy(dossier->bytes, value.ptr, SCH_ID_SIZE);
    return SCH_OK;
}

enum { CHAIN_OF_ROOT = 1 << 0, CHAIN_OF_GROUP = 1 << 1, CHAIN_ALL = (1 << 2) - 1 };

static_assert(1 + 1 + SCH_ADDRESS_MAX <= SCH_RECORD_CHAIN_MAX, "every row of a chain fits");
static_assert(SCH_ID_SIZE + 1 == SCH_RECORD_PASSED_MAX, "a passed message is an id and a role");

size_t sch_record_chain_encode(const struct sch_chain_row *row, uint8_t *buffer, size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    assert(row->chain || row->group);
    sch_pack_uint(&pack, (row->chain ? CHAIN_OF_ROOT : 0u) | (row->group ? CHAIN_OF_GROUP : 0u));
    sch_pack_text(&pack, row->referrer.text);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

int sch_record_chain_decode(struct sch_bytes value, struct sch_chain_row *row)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };
    uint64_t flags = sch_unpack_uint(&unpack, CHAIN_ALL);

    memset(row, 0, sizeof(*row));
    row->chain = (flags & CHAIN_OF_ROOT) != 0;
    row->group = (flags & CHAIN_OF_GROUP) != 0;
    sch_unpack_text(&unpack, row->referrer.text, SCH_ADDRESS_MAX);
    if (sch_unpack_done(&unpack) && flags != 0)
        return SCH_OK;
    memset(row, 0, sizeof(*row));
    return SCH_E_STORE_DAMAGED;
}

size_t sch_record_passed_encode(const struct sch_id *message, enum sch_passed_role role, uint8_t *buffer,
                                size_t capacity)
{
    struct sch_pack pack = { buffer, buffer + capacity, false };

    sch_pack_id(&pack, message);
    sch_pack_uint(&pack, (uint64_t)role);
    return pack.full ? 0 : (size_t)(pack.at - buffer);
}

int sch_record_passed_decode(struct sch_bytes value, struct sch_id *message, enum sch_passed_role *role)
{
    struct sch_unpack unpack = { value.ptr, value.ptr + value.len, value.len == 0 };

    sch_unpack_id(&unpack, message);
    *role = (enum sch_passed_role)sch_unpack_uint(&unpack, SCH_PASSED_RECEIVED);
    if (sch_unpack_done(&unpack) && *role != 0)
        return SCH_OK;
    memset(message, 0, sizeof(*message));
    *role = (enum sch_passed_role)0;
    return SCH_E_STORE_DAMAGED;
}
