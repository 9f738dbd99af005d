/*
 * test_record.c: the byte forms of the store but for dossiers: round trips, truncation at every byte, golden bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "record_check.h"
#include "shell/pack.h"

/* ---- messages, mailbox rows, counters, audit ---------------------------------------------------- */

static struct sch_message_row message(void)
{
    static const uint8_t header[] = { 1, 2, 3 }, seal[] = { 4, 5 };
    struct sch_message_row row;

    memset(&row, 0, sizeof(row));
    row.id = row.dossier = id_of(1);
    row.kind = SCH_KIND_REFERRAL;
    row.sender = address_of("agb:06290713");
    row.sequence = 300;
    row.stored_ms = INT64_C(1798761600000);
    memset(row.hash, 0xee, sizeof(row.hash));
    row.kenmerk = 77;
    row.warnings = 1 << SCH_WARNING_LETTER_OLD;
    row.body_size = 2300;
    row.recipient[0].address = address_of("agb:06291122");
    row.recipient[0].state = SCH_DELIVERY_STORED;
    row.recipient[0].at_ms = row.stored_ms;
    row.recipient_count = 1;
    row.header = (struct sch_bytes){ header, sizeof(header) };
    row.seal = (struct sch_bytes){ seal, sizeof(seal) };
    return row;
}

static int decode_message(struct sch_bytes value, void *target)
{
    return sch_record_message_decode(value, target);
}

static size_t encode_message(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_message_encode(value, buffer, capacity);
}

static void check_message(struct sch_message_row *row)
{
    uint8_t buffer[SCH_RECORD_MESSAGE_MAX];
    struct sch_message_row again;
    size_t size = sch_record_message_encode(row, buffer, sizeof(buffer));

    assert_true(size > 0);
    assert_int_equal(sch_record_message_decode((struct sch_bytes){ buffer, size }, &again), SCH_OK);
    assert_int_equal(again.header.len, row->header.len);
    assert_int_equal(again.seal.len, row->seal.len);
    assert_memory_equal(again.header.ptr, row->header.ptr, row->header.len);
    assert_memory_equal(again.seal.ptr, row->seal.ptr, row->seal.len);
    again.header = row->header;
    again.seal = row->seal;
    assert_memory_equal(&again, row, sizeof(again));
}

static void messages_come_back(void **state)
{
    struct sch_message_row row = message();
    static uint8_t large[SCH_HEADER_SIZE_MAX];
    uint8_t buffer[SCH_RECORD_MESSAGE_MAX];
    size_t size = sch_record_message_encode(&row, buffer, sizeof(buffer));

    (void)state;
    check_message(&row);
    check_truncation(buffer, size, decode_message, sizeof(row));
    check_flips(buffer, size, decode_message, encode_message, sizeof(row));
    row.dossier = id_of(2);
    row.made = true;
    row.kind = SCH_KIND_WAIVER;
    row.kenmerk = row.sequence = UINT64_MAX;
    row.stored_ms = INT64_MIN;
    row.warnings = row.body_size = UINT32_MAX;
    fill(row.sender.text, SCH_ADDRESS_MAX, 's');
    row.recipient_count = SCH_RECIPIENTS_MAX;
    for (size_t i = 0; i < SCH_RECIPIENTS_MAX; i++) {
        fill(row.recipient[i].address.text, SCH_ADDRESS_MAX, 'x');
        row.recipient[i].state = SCH_DELIVERY_WITHDRAWN;
        row.recipient[i].at_ms = INT64_MIN;
        row.recipient[i].code = UINT32_MAX;
    }
    row.header = row.seal = (struct sch_bytes){ large, sizeof(large) };
    check_message(&row);
    memset(&row, 0, sizeof(row));
    row.header = row.seal = (struct sch_bytes){ large, 0 };
    check_message(&row);
}

static int decode_mailbox(struct sch_bytes value, void *target)
{
    return sch_record_mailbox_decode(value, target);
}

static size_t encode_mailbox(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_mailbox_encode(value, buffer, capacity);
}

static void mailbox_rows_come_back(void **state)
{
    struct sch_mailbox_entry entry, again;
    uint8_t buffer[SCH_RECORD_MAILBOX_MAX];
    size_t size;

    (void)state;
    memset(&entry, 0, sizeof(entry));
    entry.message = id_of(1);
    entry.dossier = id_of(2);
    entry.kind = SCH_KIND_WAIVER;
    fill(entry.sender.text, SCH_ADDRESS_MAX, 'a');
    entry.stored_ms = INT64_MIN;
    entry.body_size = UINT32_MAX;
    entry.kenmerk = UINT64_MAX;
    size = sch_record_mailbox_encode(&entry, buffer, sizeof(buffer));
    assert_int_equal(sch_record_mailbox_decode((struct sch_bytes){ buffer, size }, &again), SCH_OK);
    assert_memory_equal(&entry, &again, sizeof(entry));
    check_truncation(buffer, size, decode_mailbox, sizeof(entry));
    check_flips(buffer, size, decode_mailbox, encode_mailbox, sizeof(entry));
}

static int decode_meta(struct sch_bytes value, void *target)
{
    return sch_record_meta_decode(value, target);
}

static void counters_come_back(void **state)
{
    struct sch_meta meta, again;
    uint8_t buffer[SCH_RECORD_META_MAX];
    size_t size;

    (void)state;
    memset(&meta, 0xff, sizeof(meta));
    meta.civil_ms = INT64_MIN;
    size = sch_record_meta_encode(&meta, buffer, sizeof(buffer));
    assert_true(size > 0);
    assert_int_equal(sch_record_meta_decode((struct sch_bytes){ buffer, size }, &again), SCH_OK);
    assert_memory_equal(&meta, &again, sizeof(meta));
    check_truncation(buffer, size, decode_meta, sizeof(meta));
    sch_record_meta_init(&meta);
    size = sch_record_meta_encode(&meta, buffer, sizeof(buffer));
    assert_int_equal(sch_record_meta_decode((struct sch_bytes){ buffer, size }, &again), SCH_OK);
    assert_memory_equal(&meta, &again, sizeof(meta));
}

static void schema_is_compared(void **state)
{
    uint8_t row[SCH_RECORD_SCHEMA_SIZE];
    sch_error error = SCH_ERROR_INIT;

    (void)state;
    sch_record_schema_encode(row);
    assert_int_equal(sch_record_schema_check((struct sch_bytes){ row, sizeof(row) }, &error), SCH_OK);
    row[3]++;
    assert_int_equal(sch_record_schema_check((struct sch_bytes){ row, sizeof(row) }, &error),
                     SCH_E_SCHEMA_NEWER);
    row[3] = SCH_RECORD_SCHEMA - 1;
    assert_int_equal(sch_record_schema_check((struct sch_bytes){ row, sizeof(row) }, &error),
                     SCH_E_SCHEMA_OLDER);
    row[3] = 0;
    assert_int_equal(sch_record_schema_check((struct sch_bytes){ row, sizeof(row) }, &error),
                     SCH_E_STORE_DAMAGED);
    assert_int_equal(sch_record_schema_check((struct sch_bytes){ row, 3 }, &error), SCH_E_STORE_DAMAGED);
}

static struct sch_audit_record audit_record(void)
{
    struct sch_audit_record record;

    memset(&record, 0, sizeof(record));
    record.sequence = 5;
    record.at_ms = INT64_C(1798761600000);
    record.event = SCH_TRACE_STORED;
    memcpy(record.key_id, "his-1", 5);
    record.actor = address_of("agb:06290713");
    record.role = SCH_PARTY_GP_PRACTICE;
    record.purpose = SCH_AUDIT_CARE;
    record.dossier = record.message = id_of(1);
    record.kind = SCH_KIND_REFERRAL;
    record.phase = SCH_PHASE_SENT;
    return record;
}

static const uint8_t five[8] = { 0, 0, 0, 0, 0, 0, 0, 5 };

static int decode_audit(struct sch_bytes value, void *target)
{
    return sch_record_audit_decode((struct sch_bytes){ five, sizeof(five) }, value, target);
}

static size_t encode_audit(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_audit_encode(value, buffer, capacity);
}

static int decode_link(struct sch_bytes value, void *target)
{
    return sch_record_link_decode((struct sch_bytes){ five, sizeof(five) }, value, target);
}

static void audit_rows_come_back(void **state)
{
    struct sch_audit_record record = audit_record(), again;
    struct sch_audit_link link, link_again;
    uint8_t buffer[SCH_RECORD_AUDIT_MAX];
    size_t size = sch_record_audit_encode(&record, buffer, sizeof(buffer));
    struct sch_bytes value = { buffer, size };

    (void)state;
    assert_int_equal(sch_record_audit_row(value), SCH_AUDIT_RECORD);
    assert_int_equal(decode_audit(value, &again), SCH_OK);
    assert_memory_equal(&record, &again, sizeof(record));
    assert_int_equal(decode_link(value, &link), SCH_E_STORE_DAMAGED);
    check_truncation(buffer, size, decode_audit, sizeof(record));
    check_flips(buffer, size, decode_audit, encode_audit, sizeof(record));
    fill(record.key_id, SCH_KEY_ID_MAX, 'k');
    fill(record.actor.text, SCH_ADDRESS_MAX, 'a');
    fill(record.concerned.text, SCH_ADDRESS_MAX, 'c');
    record.at_ms = record.due_ms = INT64_MIN;
    record.message = id_of(2);
    record.code = record.folded = UINT32_MAX;
    record.expectation = 15;
    size = sch_record_audit_encode(&record, buffer, sizeof(buffer));
    assert_true(size > 0);
    assert_int_equal(decode_audit((struct sch_bytes){ buffer, size }, &again), SCH_OK);
    assert_memory_equal(&record, &again, sizeof(record));

    memset(&link, 0x5a, sizeof(link));
    link.sequence = 5;
    size = sch_record_link_encode(&link, buffer, sizeof(buffer));
    assert_int_equal(sch_record_audit_row((struct sch_bytes){ buffer, size }), SCH_AUDIT_LINK);
    assert_int_equal(decode_link((struct sch_bytes){ buffer, size }, &link_again), SCH_OK);
    assert_memory_equal(&link, &link_again, sizeof(link));
    check_truncation(buffer, size, decode_link, sizeof(link));
    assert_int_equal(sch_record_audit_row((struct sch_bytes){ buffer, 0 }), 0);
}

/* ---- chains, passed messages, trails ------------------------------------------------------------ */

static int decode_chain(struct sch_bytes value, void *target)
{
    return sch_record_chain_decode(value, target);
}

static size_t encode_chain(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_chain_encode(value, buffer, capacity);
}

static void chains_come_back(void **state)
{
    struct sch_chain_row row = { .group = true }, again;
    uint8_t buffer[SCH_RECORD_CHAIN_MAX];
    size_t size;

    (void)state;
    fill(row.referrer.text, SCH_ADDRESS_MAX, 'r');
    for (int i = 0; i < 3; i++) {
        row.chain = i > 0;
        row.group = i < 2;
        size = sch_record_chain_encode(&row, buffer, sizeof(buffer));
        assert_true(size > 0);
        assert_int_equal(sch_record_chain_decode((struct sch_bytes){ buffer, size }, &again), SCH_OK);
        assert_memory_equal(&row, &again, sizeof(row));
    }
    check_truncation(buffer, size, decode_chain, sizeof(row));
    check_flips(buffer, size, decode_chain, encode_chain, sizeof(row));
}

/* ---- uploads ------------------------------------------------------------------------------------ */

static int decode_upload(struct sch_bytes value, void *target)
{
    return sch_record_upload_decode(value, target);
}

static size_t encode_upload(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_upload_encode(value, buffer, capacity);
}

static void uploads_come_back(void **state)
{
    struct sch_upload_row row = { .number = 7, .count = 10, .since_ms = 1797840000000, .last_size = 12 }, again;
    uint8_t buffer[SCH_RECORD_UPLOAD_MAX];
    size_t size;

    (void)state;
    row.there[0] = 0x09;                /* the first, the fourth and the last of ten */
    row.there[1] = 0x02;
    memset(row.hash[0], 1, sizeof row.hash[0]);
    memset(row.hash[3], 3, sizeof row.hash[3]);
    memset(row.hash[9], 9, sizeof row.hash[9]);
    size = sch_record_upload_encode(&row, buffer, sizeof(buffer));
    assert_int_equal(sch_record_upload_decode((struct sch_bytes){ buffer, size }, &again), SCH_OK);
    assert_memory_equal(&row, &again, sizeof(row));
    check_truncation(buffer, size, decode_upload, sizeof(row));
    check_flips(buffer, size, decode_upload, encode_upload, sizeof(row));
    for (size_t less = 0; less < size; less++)
        assert_int_equal(sch_record_upload_encode(&row, buffer, less), 0);
}

static void passed_messages_come_back(void **state)
{
    struct sch_id id = id_of(1), again;
    enum sch_passed_role role;
    uint8_t buffer[SCH_RECORD_PASSED_MAX + 1] = { 0 };
    size_t size = sch_record_passed_encode(&id, SCH_PASSED_RECEIVED, buffer, SCH_RECORD_PASSED_MAX);

    (void)state;
    assert_int_equal(size, SCH_RECORD_PASSED_MAX);
    for (size_t cut = 0; cut <= size + 1; cut++)
        assert_int_equal(sch_record_passed_decode((struct sch_bytes){ buffer, cut }, &again, &role),
                         cut == size ? SCH_OK : SCH_E_STORE_DAMAGED);
    assert_int_equal(sch_record_passed_decode((struct sch_bytes){ buffer, size }, &again, &role), SCH_OK);
    assert_memory_equal(&id, &again, sizeof(id));
    assert_int_equal(role, SCH_PASSED_RECEIVED);
    for (unsigned value = 0; value < 256; value++) {
        buffer[16] = (uint8_t)value;
        assert_int_equal(sch_record_passed_decode((struct sch_bytes){ buffer, size }, &again, &role),
                         value == 1 || value == 2 ? SCH_OK : SCH_E_STORE_DAMAGED);
    }
}

static void trails_come_back(void **state)
{
    static const uint64_t step[] = { 1, 127, 128, 16383, 16384, (1 << 21) - 1 };
    uint64_t sequence[SCH_TRAIL_ROW_MAX], again[SCH_TRAIL_ROW_MAX];
    uint8_t buffer[SCH_RECORD_TRAIL_MAX + 1] = { 0 };
    struct sch_id id = id_of(1);
    struct sch_record_key key;
    size_t size, count;

    (void)state;
    sequence[0] = 1000;
    for (size_t i = 1; i < SCH_TRAIL_ROW_MAX; i++)
        sequence[i] = sequence[i - 1] + step[i % 6];
    key = sch_record_key_trail(&id, sequence[0]);
    for (size_t n = 1; n <= SCH_TRAIL_ROW_MAX; n += n < 8 ? 1 : 63) {
        size = sch_record_trail_encode(sequence, n, buffer, SCH_RECORD_TRAIL_MAX);
        assert_int_equal(sch_record_trail_decode(sch_record_key_bytes(&key), (struct sch_bytes){ buffer, size },
                                                 again, &count), SCH_OK);
        assert_int_equal(count, n);
        assert_memory_equal(sequence, again, n * sizeof(sequence[0]));
    }
    assert_int_equal(sch_record_trail_encode(sequence, 1, buffer, 0), 0);
    /* A distance of nothing, one in a longer form, one too many, and a key that is none. */
    memset(buffer, 1, sizeof(buffer));
    assert_int_equal(sch_record_trail_decode(sch_record_key_bytes(&key),
                                             (struct sch_bytes){ buffer, SCH_TRAIL_ROW_MAX - 1 }, again, &count), SCH_OK);
    assert_int_equal(sch_record_trail_decode(sch_record_key_bytes(&key),
                                             (struct sch_bytes){ buffer, SCH_TRAIL_ROW_MAX }, again, &count),
                     SCH_E_STORE_DAMAGED);
    buffer[1] = 0;
    assert_int_equal(sch_record_trail_decode(sch_record_key_bytes(&key), (struct sch_bytes){ buffer, 2 }, again,
                                             &count), SCH_E_STORE_DAMAGED);
    buffer[0] = 0x81;
    assert_int_equal(sch_record_trail_decode(sch_record_key_bytes(&key), (struct sch_bytes){ buffer, 2 }, again,
                                             &count), SCH_E_STORE_DAMAGED);
    key.size--;
    assert_int_equal(sch_record_trail_decode(sch_record_key_bytes(&key), (struct sch_bytes){ buffer, 0 }, again,
                                             &count), SCH_E_STORE_DAMAGED);
}

/* ---- golden bytes ------------------------------------------------------------------------------ */

/* These bytes stand in stores: a difference is a new schema (STORE.md, "Changing a format"). */
static void bytes_are_golden(void **state)
{
    struct sch_message_row row = message();
    struct sch_audit_record record = audit_record();
    struct sch_mailbox_entry entry = { .message = id_of(1), .dossier = id_of(1), .kind = SCH_KIND_REFERRAL,
                                       .sender = address_of("agb:06290713"), .stored_ms = 5, .body_size = 300,
                                       .kenmerk = 77 };
    struct sch_chain_row chain = { .chain = true, .referrer = address_of("agb:06290713") };
    const uint64_t sequence[] = { 7, 8, 307 };
    struct sch_meta meta;
    uint8_t buffer[SCH_RECORD_MESSAGE_MAX];
    struct sch_id id = id_of(1), other = id_of(2);
    struct sch_address party = address_of("agb:1");
    struct sch_record_key key = sch_record_key_open("utrecht", 258, &id);

    (void)state;
    assert_hex(buffer, sch_record_message_encode(&row, buffer, sizeof(buffer)),
               "0102030405060708090a0b0c0d0e0f1001010c6167623a303632393037313300ac0280a8aff4ac34"
               "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee4d02fc1100010c61"
               "67623a30363239313132320180a8aff4ac340003010203020405");
    assert_hex(buffer, sch_record_mailbox_encode(&entry, buffer, sizeof(buffer)),
               "0102030405060708090a0b0c0d0e0f1001010c6167623a303632393037313305ac024d");
    sch_record_meta_init(&meta);
    assert_hex(buffer, sch_record_meta_encode(&meta, buffer, sizeof(buffer)),
               "00000101010000000000000000000000000000000000000000000000000000000000000000010000"
               "00000000000000000000000000000000000000000000000000000000000000");
    assert_hex(buffer, sch_record_audit_encode(&record, buffer, sizeof(buffer)),
               "0180a8aff4ac3401056869732d310c6167623a303632393037313301010002010203040506070809"
               "0a0b0c0d0e0f1001010000000001000000");
    assert_hex(key.bytes, key.size, "757472656368740000000000000001020102030405060708090a0b0c0d0e0f10");
    assert_hex(buffer, sch_record_chain_encode(&chain, buffer, sizeof(buffer)), "010c6167623a3036323930373133");
    key = sch_record_key_chain(&id, &other);
    assert_hex(key.bytes, key.size, "0102030405060708090a0b0c0d0e0f1002030405060708090a0b0c0d0e0f1011");
    assert_hex(buffer, sch_record_passed_encode(&id, SCH_PASSED_SENT, buffer, sizeof(buffer)),
               "0102030405060708090a0b0c0d0e0f1001");
    key = sch_record_key_passed(&party, 258, 3);
    assert_hex(key.bytes, key.size, "6167623a310000000000000001020000000000000003");
    assert_hex(buffer, sch_record_trail_encode(sequence, 3, buffer, sizeof(buffer)), "01ab02");
}

static void numbers_have_one_form(void **state)
{
    static const uint8_t longer[] = { 0x80, 0x00 }, over[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                               0xff, 0x02 };
    struct sch_unpack unpack = { longer, longer + sizeof(longer), false };

    (void)state;
    (void)sch_unpack_uint(&unpack, UINT64_MAX);
    assert_true(unpack.bad);
    unpack = (struct sch_unpack){ over, over + sizeof(over), false };
    (void)sch_unpack_uint(&unpack, UINT64_MAX);
    assert_true(unpack.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back),
        cmocka_unit_test(mailbox_rows_come_back), cmocka_unit_test(counters_come_back),
        cmocka_unit_test(schema_is_compared), cmocka_unit_test(audit_rows_come_back),
        cmocka_unit_test(chains_come_back), cmocka_unit_test(uploads_come_back),
        cmocka_unit_test(passed_messages_come_back),
        cmocka_unit_test(trails_come_back),
        cmocka_unit_test(bytes_are_golden), cmocka_unit_test(numbers_have_one_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
