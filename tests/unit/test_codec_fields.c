/*
 * test_codec_fields.c: every field of every reply is held against its range, or stands on a list of those without one.
 *
 * A reply is made by walking its description, so a field that is added later is spoilt here too: whoever adds it either
 * checks it in the decoder or says below that any value will do. A library that reads replies trusts its broker little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "id.h"
#include "scharnier.pb-c.h"

#define LONG_SIZE 2000
#define PARTS 2                         /* a large body has at least so many */

static struct sch_arena arena, scratch;
static uint8_t buffer[SCH_REPLY_SIZE_MAX];

static int set_up(void **state)
{
    (void)state;
    return sch_arena_init(&arena, SCH_ARENA_REPLY_SIZE) + sch_arena_init(&scratch, SCH_ARENA_REPLY_SIZE);
}

static int tear_down(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    sch_arena_close(&scratch);
    return 0;
}

/* Any number is good here: a size that the broker states, a count, a code of a list that grows. */
static const char *const unbounded[] = {
    "delivery.sequence", "directory.serial", "page.age.total", "page.age.buckets",
    "page.open_total", "page.overdue_total", "page.mailbox.sequence", "page.statistics.count",
    "page.statistics.open", "page.statistics.within", "page.statistics.late", "page.statistics.incomplete",
    "page.statistics.withheld", "page.statistics.waived", "page.statistics.cancelled",
    "page.statistics.announced", "page.statistics.median_days", "page.statistics.p90_days",
    "page.trace.sequence", "page.trace.code", "page.unanswered.norm_version", "page.unanswered.term",
    "receipt.sequence", "rejection.code", "welcome.version", "welcome.version_min", "welcome.version_max",
    "welcome.body_size_max", "welcome.credit_messages_max", "welcome.credit_bytes_max", "welcome.lease_ms",
    "welcome.large_size_max", "welcome.part_size", "welcome.directories.serial",
};

static bool is_unbounded(const char *path)
{
    for (size_t i = 0; i < sizeof unbounded / sizeof unbounded[0]; i++)
        if (strcmp(unbounded[i], path) == 0)
            return true;
    return false;
}

/* ---- a good reply -------------------------------------------------------------------------------- */

static void *at(void *message, size_t offset)
{
    return (char *)message + offset;
}

static void *zeroed(size_t size)
{
    void *taken = sch_arena_take(&scratch, size);
    assert_non_null(taken);
    return memset(taken, 0, size);
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static char *good_text(const char *name)
{
    return strcmp(name, "kenmerk") == 0 ? (char *)"SN-7F3K-29QD"
           : strcmp(name, "region") == 0 ? (char *)"utrecht"
           : strcmp(name, "norm_id") == 0 ? (char *)"nl/E2"
           : strcmp(name, "key_id") == 0 ? (char *)"linde"
                                           : (char *)"agb:06290713";
}

static ProtobufCBinaryData good_bytes(const char *name)
{
    static const char *const ids[] = { "message_id", "dossier", "parent", "follows", "group", "root", "upload", NULL };
    ProtobufCBinaryData bytes = { 8, zeroed(64) };
    memset(bytes.data, 1, 64);
    if (is_one_of(name, ids)) {
        struct sch_id id = sch_id_new(1);
        memcpy(bytes.data, id.bytes, sizeof id.bytes);
        bytes.len = sizeof id.bytes;
    }
    if (strcmp(name, "hash") == 0)
        bytes.len = 32;
    if (strcmp(name, "signature") == 0)
        bytes.len = 64;
    return bytes;
}

static uint32_t good_number(const char *name)
{
    return strcmp(name, "month") == 0 ? 202612 : strcmp(name, "count") == 0 ? PARTS : 1;
}

static ProtobufCMessage *good_message(const ProtobufCMessageDescriptor *descriptor);

/* One value of a field's type, at `member`. */
static void put_good(const ProtobufCFieldDescriptor *field, void *member)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: *(char **)member = good_text(field->name); break;
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)member = good_bytes(field->name); break;
    case PROTOBUF_C_TYPE_UINT64: *(uint64_t *)member = 5; break;
    case PROTOBUF_C_TYPE_UINT32: *(uint32_t *)member = good_number(field->name); break;
    case PROTOBUF_C_TYPE_ENUM: *(int *)member = 1; break;
    case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)member = 1; break;
    case PROTOBUF_C_TYPE_MESSAGE: *(ProtobufCMessage **)member = good_message(field->descriptor); break;
    default: fail_msg("%s has a type that PROTOCOL.md does not use", field->name);
    }
}

static void put_field(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    void *member = at(message, field->offset);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        put_good(field, member);
        return;
    }
    size_t count = strcmp(field->name, "buckets") == 0 ? SCH_AGE_BUCKETS : 1;
    void **list = member;
    *list = zeroed(count * sizeof(uint64_t));
    put_good(field, *list);
    if (strcmp(field->name, "missing") == 0)
        *(uint32_t *)*list = 0;
    *(size_t *)at(message, field->quantifier_offset) = count;
}

static ProtobufCMessage *good_message(const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = zeroed(descriptor->sizeof_message);
    bool page = strcmp(descriptor->short_name, "Page") == 0;
    protobuf_c_message_init(descriptor, message);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        /* A page holds rows of one kind: each test puts its own. */
        if (!(page && descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE))
            put_field(&descriptor->fields[i], message);
    return message;
}

/* ---- one bad field ------------------------------------------------------------------------------- */

static int decode_packed(Scharnier__V1__Reply *reply, struct sch_fault *fault)
{
    static struct sch_reply out;
    size_t size = protobuf_c_message_pack((ProtobufCMessage *)reply, buffer);
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    return sch_reply_decode((struct sch_bytes){ buffer, size }, &arena, &out, fault);
}

/* What no field with a range admits. */
static void put_bad(const ProtobufCFieldDescriptor *field, void *member)
{
    static char words[LONG_SIZE];
    memset(words, 'x', sizeof words - 1);
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: *(char **)member = words; break;
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)member = (ProtobufCBinaryData){ 3, (uint8_t *)words }; break;
    case PROTOBUF_C_TYPE_UINT64: *(uint64_t *)member = UINT64_MAX; break;
    case PROTOBUF_C_TYPE_UINT32: *(uint32_t *)member = UINT32_MAX; break;
    case PROTOBUF_C_TYPE_ENUM: *(int *)member = -1; break;
    default: break;
    }
}

/* path: "page.trace." of the message that is walked. */
static void spoil_each(Scharnier__V1__Reply *reply, ProtobufCMessage *message, const char *path)
{
    static const char *const any_bytes[] = { "delivery.header", "delivery.seal", "directory.content", "page.cursor",
                                             NULL };
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        void *member = repeated ? *(void **)at(message, field->offset) : at(message, field->offset);
        char name[128];
        uint64_t kept[4];
        struct sch_fault fault;
        snprintf(name, sizeof name, "%s%s", path, field->name);
        if (field->type == PROTOBUF_C_TYPE_BOOL || is_one_of(name, any_bytes) || (repeated && member == NULL))
            continue;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            strcat(name, ".");
            spoil_each(reply, *(ProtobufCMessage **)member, name);
            continue;
        }
        memcpy(kept, member, field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(uint32_t));
        if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_UINT64)
            memcpy(kept, member, sizeof(uint64_t));
        put_bad(field, member);
        int code = decode_packed(reply, &fault);
        bool refused = code == SCH_E_FIELD_INVALID || code == SCH_E_FIELD_MISSING;
        if (refused == is_unbounded(name))
            fail_msg("%s: %s", name, refused ? "is refused, though any value should do" : "any value is taken");
        if (refused && strcmp(fault.field, name) != 0)
            fail_msg("%s is refused as %s", name, fault.field);
        put_good(field, member);
        if (strcmp(field->name, "missing") == 0)
            *(uint32_t *)member = 0;
        assert_int_equal(decode_packed(reply, &fault), SCH_OK);
    }
}

static void every_field_of_a_reply(void **state)
{
    const ProtobufCMessageDescriptor *descriptor = &scharnier__v1__reply__descriptor;
    size_t walked = 0;
    (void)state;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        Scharnier__V1__Reply reply = SCHARNIER__V1__REPLY__INIT;
        struct sch_fault fault;
        char path[64];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;                   /* the number of the request */
        sch_arena_reset(&scratch);
        put_good(field, at(&reply, field->offset));
        *(int *)at(&reply, field->quantifier_offset) = (int)field->id;
        if (decode_packed(&reply, &fault) != SCH_OK)
            fail_msg("a good %s is refused: %s", field->name, fault.field);
        snprintf(path, sizeof path, "%s.", field->name);
        spoil_each(&reply, *(ProtobufCMessage **)at(&reply, field->offset), path);
        walked++;
    }
    assert_int_equal(walked, 12);
}

static void every_field_of_a_row(void **state)
{
    const ProtobufCMessageDescriptor *descriptor = &scharnier__v1__page__descriptor;
    size_t walked = 0;
    (void)state;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        Scharnier__V1__Reply reply = SCHARNIER__V1__REPLY__INIT;
        struct sch_fault fault;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        sch_arena_reset(&scratch);
        reply.reply_case = SCHARNIER__V1__REPLY__REPLY_PAGE;
        reply.page = (Scharnier__V1__Page *)good_message(descriptor);
        put_field(field, &reply.page->base);
        if (decode_packed(&reply, &fault) != SCH_OK)
            fail_msg("a good row of %s is refused: %s", field->name, fault.field);
        spoil_each(&reply, &reply.page->base, "page.");
        walked++;
    }
    assert_int_equal(walked, 7);
}

static void a_cursor_is_short(void **state)
{
    struct sch_fault fault;
    (void)state;
    for (size_t size = SCH_CURSOR_MAX; size <= SCH_CURSOR_MAX + 1; size++) {
        Scharnier__V1__Reply reply = SCHARNIER__V1__REPLY__INIT;
        sch_arena_reset(&scratch);
        reply.reply_case = SCHARNIER__V1__REPLY__REPLY_PAGE;
        reply.page = (Scharnier__V1__Page *)good_message(&scharnier__v1__page__descriptor);
        reply.page->cursor = (ProtobufCBinaryData){ size, zeroed(size) };
        assert_int_equal(decode_packed(&reply, &fault), size <= SCH_CURSOR_MAX ? SCH_OK : SCH_E_FIELD_INVALID);
    }
    assert_string_equal(fault.field, "page.cursor");
}

#define FIELD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = { FIELD_TEST(every_field_of_a_reply), FIELD_TEST(every_field_of_a_row),
                                        FIELD_TEST(a_cursor_is_short) };
    return cmocka_run_group_tests_name("codec_fields", tests, NULL, NULL);
}
