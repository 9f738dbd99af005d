/* test_codec_reply.c: replies there and back, and every way in which one is refused. */
#include <stdio.h>

#include "raw_wire.h"
#include "reply_case.h"

static const uint8_t some_bytes[] = "bytes of somebody";
static const uint8_t signature[64] = { 1, 2, 3 };

static void fill_welcome(struct sch_reply *r)
{
    r->welcome.version = r->welcome.version_min = 1;
    r->welcome.version_max = 2;
    r->welcome.time_ms = INT64_C(1763790480123);
    r->welcome.clock_rate = 86400;
    memset(r->welcome.key_id, 'k', SCH_KEY_ID_MAX);
    for (size_t i = 0; i < SCH_ACTS_FOR_MAX; i++) {
        address(&r->welcome.acts_for[i], LONG_ADDRESS);
    }
    r->welcome.acts_for_count = SCH_ACTS_FOR_MAX;
    r->welcome.body_size_max = SCH_BODY_SIZE_MAX;
    r->welcome.lease_ms = SCH_LEASE_MS;
    r->welcome.large_size_max = SCH_LARGE_SIZE_MAX;
    r->welcome.part_size = SCH_PART_SIZE;
    r->welcome.directory_count = 32;
    for (size_t i = 0; i < 32; i++) {
        memset(r->welcome.directory[i].region, 'r', SCH_REGION_MAX);
        r->welcome.directory[i].serial = i;
    }
}

/* One good reply of each type; a page without rows. */
static struct sch_reply sample(enum sch_reply_type type)
{
    struct sch_reply r;
    memset(&r, 0, sizeof r);
    r.request = 78;
    r.type = type;
    switch (type) {
    case SCH_REPLY_WELCOME:
        fill_welcome(&r);
        break;
    case SCH_REPLY_RECEIPT:
        r.receipt.message = r.receipt.dossier = sch_id_new(1);
        strcpy(r.receipt.kenmerk, "SN-7F3K-29QD");
        r.receipt.sequence = UINT64_MAX;
        r.receipt.stored_ms = 5;
        r.receipt.duplicate = true;
        r.receipt.warnings = 1 << SCH_WARNING_LETTER_OLD | 1 << SCH_WARNING_INCOMPLETE;
        break;
    case SCH_REPLY_REJECTION:
        r.rejection.code = SCH_E_NOT_NOW;
        r.rejection.name = "NOT_NOW";
        r.rejection.field = "header.kind";
        r.rejection.hint = "look at the trace";
        r.rejection.message = sch_id_new(2);
        break;
    case SCH_REPLY_DELIVERY:
        address(&r.delivery.mailbox, "agb:06290713");
        r.delivery.header = (struct sch_bytes){ some_bytes, sizeof some_bytes };
        r.delivery.seal = (struct sch_bytes){ some_bytes, 4 };
        strcpy(r.delivery.kenmerk, "SN-7F3K-29QD");
        r.delivery.stored_ms = 6;
        r.delivery.redelivered = true;
        r.delivery.sequence = 9;
        r.delivery.part_count = SCH_PARTS_MAX;
        break;
    case SCH_REPLY_SETTLED:
    case SCH_REPLY_STATUS:
        r.settled.message = sch_id_new(3);
        address(&r.settled.mailbox, "agb:06290713");
        r.settled.state = SCH_DELIVERY_COLLECTED;
        r.settled.at_ms = type == SCH_REPLY_STATUS ? 8 : 0;
        break;
    case SCH_REPLY_PAGE:
        memset(r.page.cursor, 9, SCH_CURSOR_MAX);
        r.page.cursor_size = SCH_CURSOR_MAX;
        r.page.open_total = 7;
        r.page.overdue_total = UINT32_MAX;
        break;
    case SCH_REPLY_DIRECTORY:
        strcpy(r.directory.region, "utrecht");
        r.directory.serial = 4;
        r.directory.content = (struct sch_bytes){ some_bytes, sizeof some_bytes };
        r.directory.signature = (struct sch_bytes){ signature, sizeof signature };
        break;
    case SCH_REPLY_PONG:
        r.pong.time_ms = INT64_C(253402300799999);
        break;
    case SCH_REPLY_ATTACHED:
        for (size_t i = 0; i < SCH_ATTACHED_MAX; i++) {
            address(&r.attached.mailbox[i], LONG_ADDRESS);
        }
        r.attached.mailbox_count = SCH_ATTACHED_MAX;
        r.attached.credit_messages = SCH_CREDIT_MESSAGES_MAX;
        r.attached.credit_bytes = SCH_CREDIT_BYTES_MAX;
        break;
    case SCH_REPLY_PARTS:
        r.parts.upload = sch_id_new(4);
        r.parts.count = SCH_PARTS_MAX;
        for (uint32_t i = 0; i < SCH_PARTS_MAX; i++) {
            r.parts.missing[i] = i;
        }
        r.parts.missing_count = SCH_PARTS_MAX;
        break;
    case SCH_REPLY_FETCHED:
        address(&r.fetched.mailbox, LONG_ADDRESS);
        r.fetched.message = sch_id_new(5);
        r.fetched.count = SCH_PARTS_MAX;
        r.fetched.index = SCH_PARTS_MAX - 1;
        break;
    }
    return r;
}

static void test_round_trips(void **state)
{
    (void)state;
    for (int type = SCH_REPLY_WELCOME; type <= SCH_REPLY_FETCHED; type++) {
        struct sch_reply in = sample((enum sch_reply_type)type), out;
        struct sch_fault fault;
        expect_good(&in);
        size_t size = encode(&in, buffer);
        assert_int_equal(sch_reply_encode(&in, &scratch, again, size - 1), 0);
        for (size_t cut = 0; cut < size; cut++) {
            struct sch_bytes frame = raw_exact(buffer, cut);
            assert_int_not_equal(decode(frame, &out, &fault), SCH_OK);
            raw_exact_free(frame);
        }
    }
}

/* What comes out is what went in, where nothing borrows. */
static void test_values(void **state)
{
    (void)state;
    static const enum sch_reply_type whole[] = { SCH_REPLY_WELCOME, SCH_REPLY_RECEIPT, SCH_REPLY_SETTLED,
                                                 SCH_REPLY_STATUS, SCH_REPLY_PAGE, SCH_REPLY_PONG,
                                                 SCH_REPLY_ATTACHED, SCH_REPLY_PARTS, SCH_REPLY_FETCHED };
    struct sch_reply out;
    struct sch_fault fault;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct sch_reply in = sample(whole[i]);
        size_t size = encode(&in, buffer);
        assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
        assert_memory_equal(&in, &out, sizeof in);
    }
    struct sch_reply in = sample(SCH_REPLY_REJECTION);
    size_t size = sch_reply_encode(&in, NULL, buffer, sizeof buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_string_equal(out.rejection.name, "NOT_NOW");
    assert_string_equal(out.rejection.field, "header.kind");
    assert_string_equal(out.rejection.hint, "look at the trace");
    assert_true(sch_id_equal(&out.rejection.message, &in.rejection.message));
    in.rejection.name = in.rejection.field = in.rejection.hint = NULL;
    size = encode(&in, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_string_equal(out.rejection.hint, "");
    in = sample(SCH_REPLY_DELIVERY);
    size = encode(&in, buffer);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.delivery.header.len, sizeof some_bytes);
    assert_memory_equal(out.delivery.header.ptr, some_bytes, sizeof some_bytes);
    assert_int_equal(out.delivery.seal.len, 4);
    assert_true(out.delivery.redelivered);
    assert_int_equal(out.delivery.sequence, 9);
    assert_int_equal(out.delivery.part_count, SCH_PARTS_MAX);
}

static void test_refusals(void **state)
{
    (void)state;
    struct sch_reply r = sample(SCH_REPLY_WELCOME);
    r.welcome.version = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "welcome.version");
    r = sample(SCH_REPLY_WELCOME);
    r.welcome.clock_rate = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "welcome.clock_rate");
    r = sample(SCH_REPLY_WELCOME);
    r.welcome.time_ms = -1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "welcome.time_ms");
    r = sample(SCH_REPLY_WELCOME);
    r.welcome.directory[31].region[0] = '\0';
    expect_refusal(&r, SCH_E_FIELD_MISSING, "welcome.directories.region");
    r = sample(SCH_REPLY_RECEIPT);
    r.receipt.warnings = 1 << 5;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "receipt.warnings");
    r = sample(SCH_REPLY_RECEIPT);
    memset(&r.receipt.dossier, 0, sizeof r.receipt.dossier);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "receipt.dossier");
    r = sample(SCH_REPLY_REJECTION);
    r.rejection.code = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "rejection.code");
    char words[513] = "";
    memset(words, 'w', 512);
    r = sample(SCH_REPLY_REJECTION);
    r.rejection.hint = words;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "rejection.hint");
    words[511] = '\0';
    expect_good(&r);
    r = sample(SCH_REPLY_DELIVERY);
    r.delivery.header.len = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "delivery.header");
    static const uint8_t big[SCH_HEADER_SIZE_MAX + 1];
    r.delivery.header = (struct sch_bytes){ big, sizeof big };
    expect_refusal(&r, SCH_E_TOO_LARGE, "delivery.header");
    r = sample(SCH_REPLY_SETTLED);
    r.settled.state = (enum sch_delivery_state)0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "settled.state");
    r.settled.state = (enum sch_delivery_state)6;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "settled.state");
    r = sample(SCH_REPLY_STATUS);
    memset(&r.status.mailbox, 0, sizeof r.status.mailbox);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "status.mailbox");
    r = sample(SCH_REPLY_DIRECTORY);
    r.directory.signature.len = 63;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "directory.signature");
    r.directory.content.len = r.directory.signature.len = 0;
    expect_good(&r);
    r = sample(SCH_REPLY_PONG);
    r.pong.time_ms++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "pong.time_ms");
    r = sample(SCH_REPLY_ATTACHED);
    r.attached.credit_messages++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "attached.credit_messages");
    r.attached.mailbox_count++;
    assert_int_equal(encode(&r, buffer), 0);
    memset(&r, 0, sizeof r);
    assert_int_equal(encode(&r, buffer), 0);
}

static void test_parts_refusals(void **state)
{
    (void)state;
    struct sch_reply r = sample(SCH_REPLY_DELIVERY);
    r.delivery.part_count++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "delivery.part_count");
    r = sample(SCH_REPLY_PARTS);
    memset(&r.parts.upload, 0, sizeof r.parts.upload);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "parts.upload");
    r = sample(SCH_REPLY_PARTS);
    r.parts.count = 1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.count");
    r.parts.count = SCH_PARTS_MAX + 1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.count");
    r.parts.count = SCH_PARTS_MAX - 1;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.missing");
    r = sample(SCH_REPLY_PARTS);
    r.parts.missing[5] = 4;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "parts.missing");
    r.parts.missing_count = 0;
    expect_good(&r);
    r.parts.missing_count = SCH_PARTS_MAX + 1;
    assert_int_equal(encode(&r, buffer), 0);
    r = sample(SCH_REPLY_FETCHED);
    r.fetched.index++;
    expect_refusal(&r, SCH_E_FIELD_INVALID, "fetched.index");
    r.fetched.index = 0;
    r.fetched.count = 0;
    expect_refusal(&r, SCH_E_FIELD_MISSING, "fetched.count");
    r = sample(SCH_REPLY_FETCHED);
    memset(&r.fetched.message, 0, sizeof r.fetched.message);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "fetched.message_id");
    r = sample(SCH_REPLY_FETCHED);
    memset(&r.fetched.mailbox, 0, sizeof r.fetched.mailbox);
    expect_refusal(&r, SCH_E_FIELD_MISSING, "fetched.mailbox");
}

/* Warnings come packed, as our encoder makes them, or one by one. */
static void test_packing(void **state)
{
    (void)state;
    struct sch_reply out;
    struct sch_fault fault;
    struct sch_id id = sch_id_new(1);
    for (int packed = 0; packed < 2; packed++) {
        struct raw raw = raw_new(), inner = raw_new();
        raw_bytes(&inner, 1, id.bytes, 16);
        raw_bytes(&inner, 2, id.bytes, 16);
        if (packed) {
            raw_bytes(&inner, 7, "\x01\x03", 2);
        } else {
            raw_number(&inner, 7, 1);
            raw_number(&inner, 7, 3);
        }
        raw_message(&raw, 3, &inner);
        assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_OK);
        assert_int_equal(out.receipt.warnings, 1 << 1 | 1 << 3);
        raw_free(&raw);
    }
    struct raw raw = raw_new(), inner = raw_new();
    raw_bytes(&inner, 7, "\x01\x80", 2);
    raw_message(&raw, 3, &inner);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "receipt.warnings");
    uint8_t many[SCH_PAGE_ROWS_MAX + 1];
    memset(many, 1, sizeof many);
    raw.size = 0;
    inner = raw_new();
    raw_bytes(&inner, 7, many, sizeof many);
    raw_message(&raw, 3, &inner);
    assert_int_equal(decode(raw_view(&raw), &out, &fault), SCH_E_FIELD_INVALID);
    raw_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_packing),
        cmocka_unit_test(test_parts_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
