/*
 * fuzz_record.c: any bytes as a value of the store.
 *
 * The first byte chooses the table. Byte forms are canonical: what decodes must encode to those very bytes,
 * and what does not decode leaves the target zeroed.
 */
#include <assert.h>
#include <string.h>

#include "shell/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buffer[SCH_RECORD_DOSSIER_MAX];

static void check(int code, const void *target, size_t target_size, struct sch_bytes value, size_t encoded)
{
    if (code == SCH_OK) {
        assert(encoded == value.len && memcmp(buffer, value.ptr, value.len) == 0);
        return;
    }
    assert(code == SCH_E_STORE_DAMAGED);
    for (size_t i = 0; i < target_size; i++) {
        assert(((const uint8_t *)target)[i] == 0);
    }
}

static void try_dossier(struct sch_bytes value)
{
    static struct sch_dossier dossier;
    memset(&dossier, 0xa5, sizeof dossier);
    int code = sch_record_dossier_decode(value, &dossier);
    size_t size = code == SCH_OK ? sch_record_dossier_encode(&dossier, buffer, sizeof buffer) : 0;
    check(code, &dossier, sizeof dossier, value, size);
}

static void try_message(struct sch_bytes value)
{
    struct sch_message_row row;
    memset(&row, 0xa5, sizeof row);
    int code = sch_record_message_decode(value, &row);
    size_t size = code == SCH_OK ? sch_record_message_encode(&row, buffer, SCH_RECORD_MESSAGE_MAX) : 0;
    check(code, &row, sizeof row, value, size);
}

static void try_mailbox(struct sch_bytes value)
{
    struct sch_mailbox_entry entry;
    memset(&entry, 0xa5, sizeof entry);
    int code = sch_record_mailbox_decode(value, &entry);
    size_t size = code == SCH_OK ? sch_record_mailbox_encode(&entry, buffer, SCH_RECORD_MAILBOX_MAX) : 0;
    check(code, &entry, sizeof entry, value, size);
}

static void try_meta(struct sch_bytes value)
{
    struct sch_meta meta;
    memset(&meta, 0xa5, sizeof meta);
    int code = sch_record_meta_decode(value, &meta);
    size_t size = code == SCH_OK ? sch_record_meta_encode(&meta, buffer, SCH_RECORD_META_MAX) : 0;
    check(code, &meta, sizeof meta, value, size);
}

/* The key comes first: eight bytes. */
static void try_audit(struct sch_bytes bytes)
{
    if (bytes.len < 8) {
        return;
    }
    struct sch_bytes key = { bytes.ptr, 8 }, value = { bytes.ptr + 8, bytes.len - 8 };
    struct sch_audit_record record;
    struct sch_audit_link link;
    memset(&record, 0xa5, sizeof record);
    memset(&link, 0xa5, sizeof link);
    int code = sch_record_audit_decode(key, value, &record);
    size_t size = code == SCH_OK ? sch_record_audit_encode(&record, buffer, SCH_RECORD_AUDIT_MAX) : 0;
    assert(code != SCH_OK || sch_record_audit_row(value) == SCH_AUDIT_RECORD);
    check(code, &record, sizeof record, value, size);
    code = sch_record_link_decode(key, value, &link);
    size = code == SCH_OK ? sch_record_link_encode(&link, buffer, SCH_RECORD_AUDIT_MAX) : 0;
    assert(code != SCH_OK || sch_record_audit_row(value) == SCH_AUDIT_LINK);
    check(code, &link, sizeof link, value, size);
}

static void try_upload(struct sch_bytes value)
{
    static struct sch_upload_row row;
    memset(&row, 0xa5, sizeof row);
    int code = sch_record_upload_decode(value, &row);
    size_t size = code == SCH_OK ? sch_record_upload_encode(&row, buffer, SCH_RECORD_UPLOAD_MAX) : 0;
    check(code, &row, sizeof row, value, size);
}

static void try_chain(struct sch_bytes value)
{
    struct sch_chain_row row;
    memset(&row, 0xa5, sizeof row);
    int code = sch_record_chain_decode(value, &row);
    size_t size = code == SCH_OK ? sch_record_chain_encode(&row, buffer, SCH_RECORD_CHAIN_MAX) : 0;
    check(code, &row, sizeof row, value, size);
}

static void try_passed(struct sch_bytes value)
{
    struct sch_id message;
    enum sch_passed_role role;
    memset(&message, 0xa5, sizeof message);
    int code = sch_record_passed_decode(value, &message, &role);
    size_t size =
        code == SCH_OK ? sch_record_passed_encode(&message, role, buffer, SCH_RECORD_PASSED_MAX) : 0;
    check(code, &message, sizeof message, value, size);
    assert((code == SCH_OK) == (role != 0));
}

static void try_tally(struct sch_bytes value)
{
    static struct sch_tally_cell cell[SCH_TALLY_CELLS_MAX];
    size_t count;
    int code = sch_record_tally_decode(value, cell, &count);
    size_t size = code == SCH_OK ? sch_record_tally_encode(cell, count, buffer, SCH_RECORD_TALLY_MAX) : 0;
    check(code, NULL, 0, value, size);
    assert(code == SCH_OK || count == 0);
}

/* The key comes first: a dossier's id and a sequence. */
static void try_trail(struct sch_bytes bytes)
{
    static uint64_t sequence[SCH_TRAIL_ROW_MAX];
    size_t key_size = SCH_ID_SIZE + 8, count;
    if (bytes.len < key_size) {
        return;
    }
    struct sch_bytes key = { bytes.ptr, key_size }, value = { bytes.ptr + key_size, bytes.len - key_size };
    int code = sch_record_trail_decode(key, value, sequence, &count);
    size_t size = code == SCH_OK ? sch_record_trail_encode(sequence, count, buffer, SCH_RECORD_TRAIL_MAX) : 0;
    check(code, NULL, 0, value, size);
    assert(code == SCH_OK ? count > 0 : count == 0);
}

/* A key that is read is the one that its parts make. */
static void check_key(struct sch_bytes key, struct sch_record_key again)
{
    assert(again.size == key.len && memcmp(again.bytes, key.ptr, key.len) == 0);
}

static void try_keys_of_names(struct sch_bytes key)
{
    struct sch_address mailbox;
    struct sch_id id;
    uint64_t sequence;
    int64_t at_ms;
    if (sch_record_read_mailbox(key, &mailbox, &sequence) == SCH_OK) {
        check_key(key, sch_record_key_mailbox(&mailbox, sequence));
    }
    if (sch_record_read_passed(key, &mailbox, &at_ms, &sequence) == SCH_OK) {
        check_key(key, sch_record_key_passed(&mailbox, at_ms, sequence));
    }
    if (sch_record_read_upload(key, &mailbox, &id) == SCH_OK) {
        check_key(key, sch_record_key_upload(&mailbox, &id));
    }
}

static void try_keys_of_numbers(struct sch_bytes key)
{
    struct sch_id id, other;
    uint64_t sequence;
    uint32_t index;
    int64_t due_ms;
    if (sch_record_read_due(key, &due_ms, &id) == SCH_OK) {
        check_key(key, sch_record_key_due(due_ms, &id));
    }
    if (sch_record_read_audit(key, &sequence) == SCH_OK) {
        check_key(key, sch_record_key_audit(sequence));
    }
    if (sch_record_read_trail(key, &id, &sequence) == SCH_OK) {
        check_key(key, sch_record_key_trail(&id, sequence));
    }
    if (sch_record_read_chain(key, &id, &other) == SCH_OK) {
        check_key(key, sch_record_key_chain(&id, &other));
    }
    if (sch_record_read_part(key, &sequence, &index) == SCH_OK) {
        check_key(key, sch_record_key_part(sequence, index));
    }
}

static void try_keys(struct sch_bytes key)
{
    struct sch_id dossier;
    struct sch_tally_key tally;
    int64_t due_ms = 0;
    sch_error error = SCH_ERROR_INIT;
    try_keys_of_names(key);
    try_keys_of_numbers(key);
    if (sch_record_read_tally(key, &tally) == SCH_OK) {
        check_key(key, sch_record_key_tally(&tally));
    }
    assert(sch_record_read_open(key, &due_ms, &dossier) != SCH_OK || due_ms >= 0);
    (void)sch_record_read_party(key, &dossier);
    (void)sch_record_kenmerk_decode(key, &dossier);
    int code = sch_record_schema_check(key, &error);
    assert(code == (int)error.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct sch_bytes) = { try_dossier, try_message, try_mailbox,
                                                         try_meta,    try_audit,   try_keys,
                                                         try_upload,  try_chain,   try_passed,
                                                         try_tally,   try_trail };
    if (size == 0) {
        return 0;
    }
    /* Corpus files name their table: never reorder these. */
    targets[data[0] % (sizeof targets / sizeof targets[0])]((struct sch_bytes){ data + 1, size - 1 });
    return 0;
}
