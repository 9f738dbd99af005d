/* test_codec_command.c: commands there and back, and every way in which one is refused. */
#include "command_case.h"

/* One good command of each type. */
static struct sch_command sample(enum sch_command_type type)
{
    static const uint8_t header[] = "header", seal[] = "seal";
    struct sch_command c;
    memset(&c, 0, sizeof c);
    c.request = 77;
    c.type = type;
    switch (type) {
    case SCH_COMMAND_HELLO:
        c.hello.version_min = 1;
        c.hello.version_max = 2;
        strcpy(c.hello.software, "mijn-his 4.2");
        c.hello.instance = sch_id_new(1);
        break;
    case SCH_COMMAND_SUBMIT:
        c.submit.header = (struct sch_bytes){ header, sizeof header };
        c.submit.seal = (struct sch_bytes){ seal, sizeof seal };
        c.submit.upload = sch_id_new(5);
        break;
    case SCH_COMMAND_PART:
        address(&c.part.sender, "agb:06290713/poh-ggz");
        c.part.upload = sch_id_new(6);
        c.part.index = SCH_PARTS_MAX - 1;
        c.part.count = SCH_PARTS_MAX;
        break;
    case SCH_COMMAND_FETCH:
        address(&c.fetch.mailbox, "agb:06290713");
        c.fetch.message = sch_id_new(7);
        c.fetch.index = SCH_PARTS_MAX - 1;
        break;
    case SCH_COMMAND_ATTACH:
        address(&c.attach.mailbox[0], "agb:06290713");
        address(&c.attach.mailbox[1], "agb:06290713/poh-ggz");
        c.attach.mailbox_count = 2;
        c.attach.credit_messages = SCH_CREDIT_MESSAGES_MAX;
        c.attach.credit_bytes = SCH_CREDIT_BYTES_MAX;
        break;
    case SCH_COMMAND_SETTLE:
        address(&c.settle.mailbox, "agb:06290713");
        c.settle.message = sch_id_new(2);
        c.settle.verdict = SCH_VERDICT_REFUSED;
        c.settle.refusal = SCH_SYSTEM_REFUSAL_NOT_OURS;
        break;
    case SCH_COMMAND_QUERY:
        c.query.type = SCH_QUERY_TRACE;
        address(&c.query.party, "agb:06290713");
        c.query.dossier = sch_id_new(3);
        strcpy(c.query.kenmerk, "SN-7F3K-29QD");
        c.query.overdue_only = true;
        memset(c.query.cursor, 7, SCH_CURSOR_MAX);
        c.query.cursor_size = SCH_CURSOR_MAX;
        c.query.limit = SCH_PAGE_ROWS_MAX;
        break;
    case SCH_COMMAND_DIRECTORY:
        strcpy(c.directory.region, "utrecht");
        c.directory.have_serial = 12;
        break;
    case SCH_COMMAND_PING:
        c.ping.instance = sch_id_new(4);
        break;
    }
    return c;
}

static size_t encode(const struct sch_command *command, uint8_t buffer[SCH_COMMAND_SIZE_MAX])
{
    return sch_command_encode(command, buffer, SCH_COMMAND_SIZE_MAX);
}

static int decode(struct sch_bytes frame, struct sch_command *command, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    return sch_command_decode(frame, &arena, command, fault);
}

static void expect_fault(struct sch_bytes frame, int code, const char *field)
{
    struct sch_command command;
    struct sch_fault fault;
    assert_int_equal(decode(frame, &command, &fault), code);
    assert_int_equal(fault.code, code);
    assert_string_equal(fault.field, field);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (int type = SCH_COMMAND_HELLO; type <= SCH_COMMAND_FETCH; type++) {
        uint8_t first[SCH_COMMAND_SIZE_MAX], second[SCH_COMMAND_SIZE_MAX];
        struct sch_command in = sample((enum sch_command_type)type), out;
        struct sch_fault fault;
        size_t size = encode(&in, first);
        assert_true(size > 0);
        assert_int_equal(decode((struct sch_bytes){ first, size }, &out, &fault), SCH_OK);
        assert_int_equal(out.type, type);
        assert_int_equal(out.request, 77);
        if (type == SCH_COMMAND_SUBMIT) {
            assert_int_equal(out.submit.header.len, in.submit.header.len);
            assert_memory_equal(out.submit.header.ptr, in.submit.header.ptr, in.submit.header.len);
            assert_memory_equal(out.submit.seal.ptr, in.submit.seal.ptr, in.submit.seal.len);
            assert_true(sch_id_equal(&out.submit.upload, &in.submit.upload));
        } else {
            assert_memory_equal(&in, &out, sizeof in);
            assert_int_equal(arena.used, 0);
        }
        assert_int_equal(encode(&out, second), size);
        assert_memory_equal(first, second, size);
        /* One byte too few is refused, not overrun. */
        assert_int_equal(sch_command_encode(&in, second, size - 1), 0);
        assert_int_equal(sch_command_encode(&in, second, size), size);
    }
}

static void test_truncation(void **state)
{
    (void)state;
    for (int type = SCH_COMMAND_HELLO; type <= SCH_COMMAND_FETCH; type++) {
        uint8_t buffer[SCH_COMMAND_SIZE_MAX];
        struct sch_command in = sample((enum sch_command_type)type), out;
        struct sch_fault fault;
        size_t size = encode(&in, buffer);
        for (size_t cut = 0; cut < size; cut++) {
            struct sch_bytes frame = raw_exact(buffer, cut);
            assert_int_not_equal(decode(frame, &out, &fault), SCH_OK);
            assert_int_equal(arena.used, 0);
            assert_int_equal(out.request, cut < 2 ? 0 : 77);
            raw_exact_free(frame);
        }
    }
}

static void test_form(void **state)
{
    (void)state;
    struct sch_command command;
    struct sch_fault fault;
    struct raw raw = raw_new();
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");

    /* The request is known even though the rest is not. */
    raw_number(&raw, 1, 4711);
    raw_append(&raw, "\xff", 1);
    assert_int_equal(decode(raw_view(&raw), &command, &fault), SCH_E_PROTOCOL);
    assert_int_equal(command.request, 4711);

    /* A field twice, two commands, a wrong wire type, a group, field number zero. */
    raw.size = 0;
    raw_number(&raw, 1, 1);
    raw_number(&raw, 1, 2);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "request");
    raw.size = 0;
    raw_bytes(&raw, 10, "", 0);
    raw_bytes(&raw, 10, "", 0);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "ping");
    raw.size = 0;
    raw_bytes(&raw, 10, "", 0);
    raw_bytes(&raw, 8, "", 0);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "query");
    raw.size = 0;
    raw_number(&raw, 10, 3);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "ping");
    raw.size = 0;
    raw_varint(&raw, 50 << 3 | 3);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw.size = 0;
    raw_number(&raw, 0, 1);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");

    /* A number beyond 64 bits, one of eleven bytes, a length that lies, one that would overflow. */
    raw.size = 0;
    raw_append(&raw, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw.size = 0;
    raw_append(&raw, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    /* A key, and a length, of six bytes: padded with zeros, and more than protobuf-c reads. */
    raw.size = 0;
    raw_append(&raw, "\x88\x80\x80\x80\x80\x00\x01", 7);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw.size = 0;
    raw_append(&raw, "\x52\x80\x80\x80\x80\x80\x00", 7);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw.size = 0;
    raw_append(&raw, "\x52\x05\x01", 3);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw.size = 0;
    raw_append(&raw, "\x52\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw.size = 0;
    raw_append(&raw, "\x52\xff\xff\xff\xff\x0f", 6);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw_free(&raw);
}

/* Fields of a newer version are read over, up to 64 of them. */
static void test_unknown_fields(void **state)
{
    (void)state;
    for (int count = 64; count <= 65; count++) {
        struct raw raw = raw_new(), inner = raw_new();
        struct sch_id instance = sch_id_new(9);
        raw_bytes(&inner, 1, instance.bytes, sizeof instance.bytes);
        raw_number(&inner, 99, 5);
        raw_number(&raw, 1, 3);
        raw_message(&raw, 10, &inner);
        for (int i = 1; i < count; i++) {
            raw_text(&raw, 12, "newer");
        }
        struct sch_command command;
        struct sch_fault fault;
        int code = decode(raw_view(&raw), &command, &fault);
        assert_int_equal(code, count <= 64 ? SCH_OK : SCH_E_PROTOCOL);
        raw_free(&raw);
    }
}

static void test_hostile(void **state)
{
    (void)state;
    struct sch_command command;
    struct sch_fault fault;
    struct raw raw = raw_new();
    /* 16,000 messages, each within the other. */
    uint8_t *nested = malloc(200000);
    assert_non_null(nested);
    size_t at = 200000;
    for (int i = 0; i < 16000; i++) {
        size_t size = 200000 - at;
        uint8_t head[6] = { 0x52 };
        size_t n = 1;
        do {
            head[n++] = (uint8_t)((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
            size >>= 7;
        } while (size > 0);
        at -= n;
        memcpy(nested + at, head, n);
    }
    assert_int_equal(decode((struct sch_bytes){ nested + at, 200000 - at }, &command, &fault), SCH_E_TOO_LARGE);
    assert_int_not_equal(decode((struct sch_bytes){ nested + 200000 - 8000, 8000 }, &command, &fault), SCH_OK);
    free(nested);

    /* Empty elements by the thousand. */
    struct raw inner = raw_new();
    for (int i = 0; i < 4000; i++) {
        raw_text(&inner, 1, "");
    }
    raw_message(&raw, 5, &inner);
    expect_fault(raw_view(&raw), SCH_E_TOO_LARGE, "attach.mailboxes");

    /* Exactly the limit of a frame, and one more. */
    raw.size = 0;
    raw_number(&raw, 1, 5);
    uint8_t filler[SCH_COMMAND_SIZE_MAX] = { 0 };
    raw_bytes(&raw, 40, filler, SCH_COMMAND_SIZE_MAX - raw.size - 4);
    assert_int_equal(raw.size, SCH_COMMAND_SIZE_MAX);
    expect_fault(raw_view(&raw), SCH_E_PROTOCOL, "command");
    raw_append(&raw, "x", 1);
    assert_int_equal(decode(raw_view(&raw), &command, &fault), SCH_E_TOO_LARGE);
    assert_int_equal(command.request, 5);
    raw_free(&raw);

    /* No arena, no command: busy, and no crash at any size of arena. */
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    struct sch_command in = sample(SCH_COMMAND_ATTACH);
    size_t size = encode(&in, buffer);
    bool fits = false;
    for (size_t room = 0; room < 4096; room += 16) {
        struct sch_arena small = { arena.base, room, 0 };
        int code = sch_command_decode((struct sch_bytes){ buffer, size }, &small, &command, &fault);
        assert_true(code == SCH_E_BROKER_BUSY || code == SCH_OK);
        assert_true(!fits || code == SCH_OK);
        fits = code == SCH_OK;
    }
    assert_true(fits);
}

/* What any frame within the limits takes from the arena stays below what codec.h promises. */
static void test_arena_bound(void **state)
{
    (void)state;
    struct raw raw = raw_new(), inner = raw_new();
    for (int i = 0; i < SCH_PAGE_ROWS_MAX; i++) {
        raw_text(&inner, 1, "agb:06290713/a-long-name-of-a-mail");
    }
    raw_message(&raw, 5, &inner);
    for (int i = 0; i < 64; i++) {
        raw_text(&raw, 99, "x");
    }
    uint8_t filler[SCH_COMMAND_SIZE_MAX];
    memset(filler, 'x', sizeof filler);
    struct sch_command command;
    struct sch_fault fault;
    assert_true(raw.size <= SCH_COMMAND_SIZE_MAX);
    assert_int_equal(decode(raw_view(&raw), &command, &fault), SCH_E_FIELD_INVALID);
    assert_string_equal(fault.field, "attach.mailboxes");
    raw.size = 0;
    inner = raw_new();
    raw_bytes(&inner, 1, filler, SCH_HEADER_SIZE_MAX);
    raw_bytes(&inner, 2, filler, SCH_SEAL_SIZE_MAX);
    raw_message(&raw, 3, &inner);
    for (int i = 0; i < 63; i++) {
        raw_text(&raw, 99, "x");
    }
    raw_bytes(&raw, 99, filler, SCH_COMMAND_SIZE_MAX - raw.size - 4);
    assert_int_equal(decode(raw_view(&raw), &command, &fault), SCH_OK);
    assert_true(arena.used <= SCH_ARENA_COMMAND_SIZE / 2);
    raw_free(&raw);
}

/* ---- each field's own rules -------------------------------------------------------------------- */

static void expect_refusal(const struct sch_command *command, int code, const char *field)
{
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    size_t size = encode(command, buffer);
    assert_true(size > 0);
    expect_fault((struct sch_bytes){ buffer, size }, code, field);
}

static void expect_good(const struct sch_command *command)
{
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    struct sch_command out;
    struct sch_fault fault;
    size_t size = encode(command, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
}

static void test_hello(void **state)
{
    (void)state;
    struct sch_command c = sample(SCH_COMMAND_HELLO);
    c.hello.version_min = 0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "hello.version_min");
    c.hello.version_min = 3;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "hello.version_max");
    c = sample(SCH_COMMAND_HELLO);
    memset(&c.hello.instance, 0, sizeof c.hello.instance);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "hello.instance");
    c = sample(SCH_COMMAND_HELLO);
    memset(c.hello.software, 'x', SCH_SOFTWARE_MAX);
    expect_good(&c);
    c.hello.software[3] = '\n';
    expect_refusal(&c, SCH_E_FIELD_INVALID, "hello.software");

    struct raw raw = raw_new(), inner = raw_new();
    char software[SCH_SOFTWARE_MAX + 2] = "";
    memset(software, 'x', SCH_SOFTWARE_MAX + 1);
    raw_number(&inner, 1, 1);
    raw_number(&inner, 2, 1);
    raw_text(&inner, 3, software);
    raw_bytes(&inner, 4, c.hello.instance.bytes, 15);
    raw_message(&raw, 2, &inner);
    expect_fault(raw_view(&raw), SCH_E_FIELD_INVALID, "hello.software");
    static const char *const bad[] = { "caf\xe9", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        raw.size = 0;
        inner = raw_new();
        raw_text(&inner, 3, bad[i]);
        raw_message(&raw, 2, &inner);
        expect_fault(raw_view(&raw), SCH_E_FIELD_INVALID, "hello.software");
    }
    raw.size = 0;
    inner = raw_new();
    raw_bytes(&inner, 3, "a\0b", 3);
    raw_message(&raw, 2, &inner);
    expect_fault(raw_view(&raw), SCH_E_FIELD_INVALID, "hello.software");
    /* protobuf-c would cut this to 1. */
    raw.size = 0;
    inner = raw_new();
    raw_number(&inner, 1, (UINT64_C(1) << 32) + 1);
    raw_message(&raw, 2, &inner);
    expect_fault(raw_view(&raw), SCH_E_FIELD_INVALID, "hello.version_min");
    raw_free(&raw);
}

static void test_submit(void **state)
{
    (void)state;
    static uint8_t big[SCH_HEADER_SIZE_MAX + 1];
    struct sch_command c = sample(SCH_COMMAND_SUBMIT);
    c.submit.header.len = 0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "submit.header");
    c.submit.header = (struct sch_bytes){ big, SCH_HEADER_SIZE_MAX };
    expect_good(&c);
    c.submit.header.len++;
    expect_refusal(&c, SCH_E_TOO_LARGE, "submit.header");
    c = sample(SCH_COMMAND_SUBMIT);
    c.submit.seal.len = 0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "submit.seal");
    c.submit.seal = (struct sch_bytes){ big, SCH_SEAL_SIZE_MAX };
    expect_good(&c);
    c.submit.seal.len++;
    expect_refusal(&c, SCH_E_TOO_LARGE, "submit.seal");
    c = sample(SCH_COMMAND_SUBMIT);
    memset(&c.submit.upload, 0, sizeof c.submit.upload);
    expect_good(&c);
    for (size_t size = 15; size <= 17; size++) {
        struct raw raw = raw_new(), inner = raw_new();
        raw_bytes(&inner, 1, "h", 1);
        raw_bytes(&inner, 2, "s", 1);
        raw_bytes(&inner, 3, "0123456789abcdefg", size);
        raw_message(&raw, 3, &inner);
        struct sch_command out;
        struct sch_fault fault;
        assert_int_equal(decode(raw_view(&raw), &out, &fault), size == 16 ? SCH_OK : SCH_E_FIELD_INVALID);
        raw_free(&raw);
    }
}

static void test_part(void **state)
{
    (void)state;
    struct sch_command c = sample(SCH_COMMAND_PART);
    c.part.count = 2;
    c.part.index = 1;
    expect_good(&c);
    c.part.index = 2;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "part.index");
    c.part.count = 1;
    c.part.index = 0;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "part.count");
    c.part.count = 0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "part.count");
    c.part.count = SCH_PARTS_MAX + 1;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "part.count");
    c = sample(SCH_COMMAND_PART);
    memset(&c.part.upload, 0, sizeof c.part.upload);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "part.upload");
    c = sample(SCH_COMMAND_PART);
    memset(&c.part.sender, 0, sizeof c.part.sender);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "part.sender");
    strcpy(c.part.sender.text, "agb:0629071");
    expect_refusal(&c, SCH_E_FIELD_INVALID, "part.sender");
}

static void test_fetch(void **state)
{
    (void)state;
    struct sch_command c = sample(SCH_COMMAND_FETCH);
    c.fetch.index = 0;
    expect_good(&c);
    c.fetch.index = SCH_PARTS_MAX;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "fetch.index");
    c = sample(SCH_COMMAND_FETCH);
    memset(&c.fetch.message, 0, sizeof c.fetch.message);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "fetch.message_id");
    c = sample(SCH_COMMAND_FETCH);
    memset(&c.fetch.mailbox, 0, sizeof c.fetch.mailbox);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "fetch.mailbox");
}

static void test_attach(void **state)
{
    (void)state;
    struct sch_command c = sample(SCH_COMMAND_ATTACH);
    c.attach.credit_messages++;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "attach.credit_messages");
    c = sample(SCH_COMMAND_ATTACH);
    c.attach.credit_bytes++;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "attach.credit_bytes");
    c = sample(SCH_COMMAND_ATTACH);
    strcpy(c.attach.mailbox[1].text, "agb:0629071");
    expect_refusal(&c, SCH_E_FIELD_INVALID, "attach.mailboxes");
    strcpy(c.attach.mailbox[1].text, "");
    expect_refusal(&c, SCH_E_FIELD_MISSING, "attach.mailboxes");
    for (size_t count = SCH_ATTACHED_MAX; count <= SCH_ATTACHED_MAX + 1; count++) {
        struct raw raw = raw_new(), inner = raw_new();
        for (size_t i = 0; i < count; i++) {
            raw_text(&inner, 1, "agb:06290713");
        }
        raw_message(&raw, 5, &inner);
        struct sch_command out;
        struct sch_fault fault;
        int code = decode(raw_view(&raw), &out, &fault);
        assert_int_equal(code, count <= SCH_ATTACHED_MAX ? SCH_OK : SCH_E_FIELD_INVALID);
        raw_free(&raw);
    }
    c.attach.mailbox_count = SCH_ATTACHED_MAX + 1;
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    assert_int_equal(encode(&c, buffer), 0);
}

static void test_settle(void **state)
{
    (void)state;
    struct sch_command c = sample(SCH_COMMAND_SETTLE);
    c.settle.refusal = (enum sch_system_refusal)0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "settle.refusal");
    c.settle.refusal = (enum sch_system_refusal)7;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "settle.refusal");
    c = sample(SCH_COMMAND_SETTLE);
    c.settle.verdict = SCH_VERDICT_RETRY;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "settle.refusal");
    c.settle.refusal = (enum sch_system_refusal)0;
    expect_good(&c);
    c.settle.missing_sections = SCH_SECTION_PLAN;
    expect_refusal(&c, SCH_E_FIELD_FORBIDDEN, "settle.missing_sections");
    c.settle.verdict = SCH_VERDICT_COLLECTED;
    expect_good(&c);
    c.settle.missing_sections = SCH_SECTION_ALL;
    expect_good(&c);
    c.settle.missing_sections = (uint32_t)SCH_SECTION_ALL + 1;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "settle.missing_sections");
    c = sample(SCH_COMMAND_SETTLE);
    c.settle.verdict = (enum sch_wire_verdict)0;
    expect_refusal(&c, SCH_E_FIELD_MISSING, "settle.verdict");
    c.settle.verdict = (enum sch_wire_verdict)4;
    expect_refusal(&c, SCH_E_FIELD_INVALID, "settle.verdict");
    c = sample(SCH_COMMAND_SETTLE);
    memset(&c.settle.message, 0, sizeof c.settle.message);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "settle.message_id");
    c = sample(SCH_COMMAND_SETTLE);
    memset(&c.settle.mailbox, 0, sizeof c.settle.mailbox);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "settle.mailbox");
}

static void test_directory_and_ping(void **state)
{
    (void)state;
    struct sch_command c = sample(SCH_COMMAND_DIRECTORY);
    memset(c.directory.region, 'a', SCH_REGION_MAX);
    expect_good(&c);
    c.directory.region[0] = '\0';
    expect_refusal(&c, SCH_E_FIELD_MISSING, "directory.region");
    strcpy(c.directory.region, "two words");
    expect_refusal(&c, SCH_E_FIELD_INVALID, "directory.region");
    struct raw raw = raw_new(), inner = raw_new();
    char region[SCH_REGION_MAX + 2] = "";
    memset(region, 'a', SCH_REGION_MAX + 1);
    raw_text(&inner, 1, region);
    raw_message(&raw, 9, &inner);
    expect_fault(raw_view(&raw), SCH_E_FIELD_INVALID, "directory.region");
    raw_free(&raw);
    c = sample(SCH_COMMAND_PING);
    memset(&c.ping.instance, 0, sizeof c.ping.instance);
    expect_refusal(&c, SCH_E_FIELD_MISSING, "ping.instance");
    struct sch_command none;
    uint8_t buffer[SCH_COMMAND_SIZE_MAX];
    memset(&none, 0, sizeof none);
    assert_int_equal(encode(&none, buffer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),    cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_form),           cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_hostile),        cmocka_unit_test(test_arena_bound),
        cmocka_unit_test(test_hello),          cmocka_unit_test(test_submit),
        cmocka_unit_test(test_attach),         cmocka_unit_test(test_settle),
        cmocka_unit_test(test_directory_and_ping),
        cmocka_unit_test(test_part),           cmocka_unit_test(test_fetch),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
