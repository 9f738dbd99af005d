/*
 * test_record.c: the byte forms of the store: round trips, truncation at every byte, golden bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/pack.h"
#include "shell/record.h"

static struct sch_id id_of(unsigned n)
{
    struct sch_id id = { { 0 } };

    for (size_t i = 0; i < SCH_ID_SIZE; i++)
        id.bytes[i] = (uint8_t)(n + i);
    return id;
}

static struct sch_address address_of(const char *text)
{
    struct sch_address address;

    memset(&address, 0, sizeof(address));
    memcpy(address.text, text, strlen(text));
    return address;
}

static void fill(char *text, size_t size, char c)
{
    memset(text, c, size);
    text[size] = '\0';
}

/* ---- dossiers ---------------------------------------------------------------------------------- */

static struct sch_dossier *dossier_new(void)
{
    struct sch_dossier *dossier = calloc(1, sizeof(*dossier));

    assert_non_null(dossier);
    return dossier;
}

static void member(struct sch_dossier *dossier, const char *address, enum sch_party_kind kind)
{
    struct sch_member *m = &dossier->member[dossier->member_count++];

    m->address = address_of(address);
    m->kind = kind;
    memcpy(m->region, "utrecht", 7);
}

/* A practice, its POH in copy, an S-GGZ; three promises and two deliveries. */
static struct sch_dossier *typical(void)
{
    struct sch_dossier *d = dossier_new();

    d->version = 3;
    d->id = id_of(1);
    d->root = d->id;
    d->kenmerk = 123456789;
    d->phase = SCH_PHASE_ACCEPTED;
    d->received = true;
    memcpy(d->region, "utrecht", 7);
    d->echelon = SCH_PARTY_S_GGZ;
    d->urgency = SCH_URGENCY_ROUTINE;
    member(d, "agb:06290713", SCH_PARTY_GP_PRACTICE);
    member(d, "agb:06291122/volwassenen", SCH_PARTY_S_GGZ);
    member(d, "agb:06290713", SCH_PARTY_GP_PRACTICE);
    member(d, "agb:06290713/poh-ggz", SCH_PARTY_POH_GGZ);
    d->opened_ms = INT64_C(1798761600000);
    d->changed_ms = d->opened_ms + 5000;
    d->letter_day = 20818;
    for (unsigned i = 0; i < 3; i++) {
        struct sch_instance *n = &d->instance[d->instance_count++];

        *n = (struct sch_instance){ .expectation = (uint8_t)(2 + 2 * i), .member = 1,
                                    .standing = SCH_STANDING_OPEN, .opened_by = d->id, .opened_ms = d->opened_ms,
                                    .from_ms = d->opened_ms, .norm_due_ms = d->opened_ms + 432000000,
                                    .due_ms = d->opened_ms + 432000000,
                                    .remind_ms = d->opened_ms + 345600000,
                                    .escalate_ms = d->opened_ms + 864000000,
                                    .norm_id = "nl/E2", .norm_version = 1, .term = 5,
                                    .unit = SCH_UNIT_WORKING_DAYS };
    }
    for (unsigned i = 0; i < 2; i++) {
        struct sch_delivery *v = &d->delivery[d->delivery_count++];

        *v = (struct sch_delivery){ .message = id_of(40 + i), .sequence = 900 + i,
                                    .kind = SCH_KIND_ACCEPTANCE, .member = (uint8_t)(2 + i), .sender = 1,
                                    .about = SCH_MEMBER_NONE, .stored_ms = d->changed_ms };
    }
    return d;
}

/* Every array full and every value as long as it can be. */
static struct sch_dossier *largest(void)
{
    struct sch_dossier *d = dossier_new();

    d->version = UINT64_MAX;
    d->id = id_of(1);
    d->kenmerk = UINT64_MAX;
    d->phase = SCH_PHASE_COUNT - 1;
    d->received = d->taken_up = true;
    fill(d->region, SCH_REGION_MAX, 'r');
    d->echelon = SCH_PARTY_COUNT - 1;
    d->urgency = SCH_URGENCY_CRISIS;
    d->parent = id_of(2);
    d->follows = id_of(3);
    d->group = id_of(4);
    d->root = id_of(5);
    d->opened_ms = d->changed_ms = d->closed_ms = INT64_MIN;
    d->letter_day = INT32_MIN;
    d->intake_day = INT32_MIN;
    for (size_t i = 0; i < SCH_MEMBERS_MAX; i++) {
        fill(d->member[i].address.text, SCH_ADDRESS_MAX, (char)('a' + i));
        fill(d->member[i].region, SCH_REGION_MAX, 'q');
        d->member[i].kind = SCH_PARTY_COORDINATOR;
    }
    d->member_count = SCH_MEMBERS_MAX;
    for (size_t i = 0; i < SCH_INSTANCES_MAX; i++) {
        struct sch_instance *n = &d->instance[i];

        *n = (struct sch_instance){ .expectation = 15, .member = 6, .standing = SCH_STANDING_CANCELLED,
                                    .step = SCH_STEP_ESCALATED, .announced = true, .opened_by = id_of(9),
                                    .closed_by = id_of(8), .opened_ms = -1, .from_ms = -2, .norm_due_ms = -3,
                                    .due_ms = -4, .remind_ms = -5, .escalate_ms = INT64_MIN,
                                    .norm_version = UINT16_MAX, .term = UINT16_MAX,
                                    .unit = SCH_UNIT_WORKING_DAYS };
        fill(n->norm_id, SCH_NORM_ID_MAX, 'n');
    }
    d->instance_count = SCH_INSTANCES_MAX;
    for (size_t i = 0; i < SCH_DELIVERIES_MAX; i++)
        d->delivery[i] = (struct sch_delivery){ .message = id_of(7), .subject = id_of(6),
                                                .sequence = UINT64_MAX, .kind = SCH_KIND_COUNT - 1,
                                                .member = 6, .sender = SCH_MEMBER_NONE, .expectation = 15,
                                                .about = 6, .urgent = true, .reported = true,
                                                .stored_ms = INT64_MIN };
    d->delivery_count = SCH_DELIVERIES_MAX;
    return d;
}

static size_t check_dossier(struct sch_dossier *dossier)
{
    uint8_t *buffer = malloc(SCH_RECORD_DOSSIER_MAX);
    struct sch_dossier *again = dossier_new();
    size_t size = sch_record_dossier_encode(dossier, buffer, SCH_RECORD_DOSSIER_MAX);

    assert_true(size > 0);
    assert_int_equal(sch_record_dossier_decode((struct sch_bytes){ buffer, size }, again), SCH_OK);
    assert_memory_equal(dossier, again, sizeof(*again));
    assert_int_equal(sch_record_dossier_encode(dossier, buffer, size - 1), 0);
    free(again);
    free(buffer);
    free(dossier);
    return size;
}

static void dossiers_come_back(void **state)
{
    struct sch_dossier *empty = dossier_new();

    (void)state;
    assert_in_range(check_dossier(empty), 1, 64);
    assert_in_range(check_dossier(typical()), 200, 600);
    assert_in_range(check_dossier(largest()), 29000, SCH_RECORD_DOSSIER_MAX);
}

static void dossiers_begin_with_their_version(void **state)
{
    struct sch_dossier *d = typical();
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];

    (void)state;
    d->version = UINT64_C(0x0102030405060708);
    assert_true(sch_record_dossier_encode(d, buffer, sizeof(buffer)) > 8);
    assert_memory_equal(buffer, "\1\2\3\4\5\6\7\10", 8);
    free(d);
}

typedef int decode_fn(struct sch_bytes value, void *target);
typedef size_t encode_fn(const void *value, uint8_t *buffer, size_t capacity);

/* Every beginning of the bytes, in a block of its own size so that ASan sees the first byte too many, and the
 * bytes with one more behind them, are refused and leave zeros. */
static void check_truncation(const uint8_t *bytes, size_t size, decode_fn *decode, size_t target_size)
{
    uint8_t *target = malloc(target_size);
    uint8_t *zeros = calloc(1, target_size);

    for (size_t cut = 0; cut <= size + 1; cut++) {
        uint8_t *part = malloc(cut > 0 ? cut : 1);

        memcpy(part, bytes, cut < size ? cut : size);
        if (cut == size + 1)
            part[size] = 0;
        memset(target, 0xaa, target_size);
        if (cut == size) {
            assert_int_equal(decode((struct sch_bytes){ part, cut }, target), SCH_OK);
        } else {
            assert_int_equal(decode((struct sch_bytes){ part, cut }, target), SCH_E_STORE_DAMAGED);
            assert_memory_equal(target, zeros, target_size);
        }
        free(part);
    }
    free(zeros);
    free(target);
}

/* Every byte changed in turn to every value: decoding ends, and what it accepts encodes to what it read, for
 * there is one form of each value. */
static void check_flips(const uint8_t *bytes, size_t size, decode_fn *decode, encode_fn *encode,
                        size_t target_size)
{
    static uint8_t again[SCH_RECORD_DOSSIER_MAX];
    uint8_t *copy = malloc(size);
    void *target = malloc(target_size);

    memcpy(copy, bytes, size);
    for (size_t i = 0; i < size; i++) {
        for (unsigned value = 0; value < 256; value += 5) {
            copy[i] = (uint8_t)value;
            if (decode((struct sch_bytes){ copy, size }, target) != SCH_OK)
                continue;
            assert_int_equal(encode(target, again, sizeof(again)), size);
            assert_memory_equal(again, copy, size);
        }
        copy[i] = bytes[i];
    }
    free(target);
    free(copy);
}

static int decode_dossier(struct sch_bytes value, void *target)
{
    return sch_record_dossier_decode(value, target);
}

static size_t encode_dossier(const void *value, uint8_t *buffer, size_t capacity)
{
    return sch_record_dossier_encode(value, buffer, capacity);
}

static void damaged_dossiers_are_refused(void **state)
{
    struct sch_dossier *d = typical();
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];
    size_t size = sch_record_dossier_encode(d, buffer, sizeof(buffer));

    (void)state;
    check_truncation(buffer, size, decode_dossier, sizeof(*d));
    check_flips(buffer, size, decode_dossier, encode_dossier, sizeof(*d));
    free(d);
}

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
    row.part_count = SCH_PARTS_MAX;
    row.part_number = UINT64_MAX;
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

/* ---- golden bytes ------------------------------------------------------------------------------ */

static void assert_hex(const uint8_t *bytes, size_t size, const char *golden)
{
    char *hex = malloc(2 * size + 1);

    for (size_t i = 0; i < size; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(hex, golden);
    free(hex);
}

/* These bytes stand in stores: a difference is a new schema (STORE.md, "Changing a format"). */
static void bytes_are_golden(void **state)
{
    struct sch_dossier *d = typical();
    struct sch_message_row row = message();
    struct sch_audit_record record = audit_record();
    struct sch_mailbox_entry entry = { .message = id_of(1), .dossier = id_of(1), .kind = SCH_KIND_REFERRAL,
                                       .sender = address_of("agb:06290713"), .stored_ms = 5, .body_size = 300,
                                       .kenmerk = 77 };
    struct sch_meta meta;
    uint8_t buffer[SCH_RECORD_DOSSIER_MAX];
    struct sch_id id = id_of(1);
    struct sch_record_key key = sch_record_key_open("utrecht", 258, &id);

    (void)state;
    d->instance_count = d->delivery_count = 1;
    assert_hex(buffer, sch_record_dossier_encode(d, buffer, sizeof(buffer)),
               "00000000000000030102030405060708090a0b0c0d0e0f10959aef3a020100077574726563687405"
               "010000000180a8aff4ac3488cfaff4ac3400d2a2010004000c6167623a3036323930373133010775"
               "74726563687400186167623a30363239313132322f766f6c77617373656e656e0507757472656368"
               "740100146167623a30363239303731332f706f682d67677a02077574726563687401020101000001"
               "0080a8aff4ac3480a8aff4ac3480c0aec2ae3480c0aec2ae3480889599ae3480d8ad90b034056e6c"
               "2f4532010504010228292a2b2c2d2e2f303132333435363700840702020100ff000088cfaff4ac34");
    assert_hex(buffer, sch_record_message_encode(&row, buffer, sizeof(buffer)),
               "0102030405060708090a0b0c0d0e0f1001010c6167623a303632393037313300ac0280a8aff4ac34"
               "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee4d02fc1100010c6167"
               "623a30363239313132320180a8aff4ac340003010203020405");
    assert_hex(buffer, sch_record_mailbox_encode(&entry, buffer, sizeof(buffer)),
               "0102030405060708090a0b0c0d0e0f1001010c6167623a303632393037313305ac024d");
    sch_record_meta_init(&meta);
    assert_hex(buffer, sch_record_meta_encode(&meta, buffer, sizeof(buffer)),
               "0000010101000000000000000000000000000000000000000000000000000000000000000000");
    assert_hex(buffer, sch_record_audit_encode(&record, buffer, sizeof(buffer)),
               "0180a8aff4ac3401056869732d310c6167623a303632393037313301010002010203040506070809"
               "0a0b0c0d0e0f1001010000000001000000");
    assert_hex(key.bytes, key.size, "757472656368740000000000000001020102030405060708090a0b0c0d0e0f10");
    free(d);
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
        cmocka_unit_test(dossiers_come_back), cmocka_unit_test(dossiers_begin_with_their_version),
        cmocka_unit_test(damaged_dossiers_are_refused), cmocka_unit_test(messages_come_back),
        cmocka_unit_test(mailbox_rows_come_back), cmocka_unit_test(counters_come_back),
        cmocka_unit_test(schema_is_compared), cmocka_unit_test(audit_rows_come_back),
        cmocka_unit_test(bytes_are_golden), cmocka_unit_test(numbers_have_one_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
