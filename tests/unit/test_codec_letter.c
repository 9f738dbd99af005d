/* test_codec_letter.c: letters there and back, and every way in which one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "raw_wire.h"

static struct sch_arena arena;

static int set_up(void **state)
{
    (void)state;
    return sch_arena_init(&arena, SCH_ARENA_LETTER_SIZE(SCH_BODY_SIZE_MAX));
}

static int tear_down(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    return 0;
}

static int decode(struct sch_bytes bytes, struct sch_letter *letter, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    return sch_letter_decode(bytes, &arena, letter, fault);
}

static void expect_fault(const struct raw *raw, const char *field)
{
    struct sch_letter letter;
    struct sch_fault fault;
    assert_int_equal(decode(raw_view(raw), &letter, &fault), SCH_E_LETTER_FORMAT);
    assert_int_equal(fault.code, SCH_E_LETTER_FORMAT);
    assert_string_equal(fault.field, field);
}

static struct sch_letter full(void)
{
    static const uint8_t content[] = { 0, 1, 2, 0xff };
    struct sch_letter letter;
    memset(&letter, 0, sizeof letter);
    for (size_t i = 0; i < SCH_SECTION_COUNT; i++) {
        letter.section[i] = i % 2 == 0 ? "beloop: stabiel, geen bijzonderheden\n\tzie bijlage" : "caf\xc3\xa9";
    }
    letter.section[3] = "";
    for (size_t i = 0; i < SCH_ATTACHMENTS_MAX; i++) {
        letter.attachment[i].media_type = "application/pdf";
        letter.attachment[i].name = i % 2 == 0 ? "brief.pdf" : "";
        letter.attachment[i].content = (struct sch_bytes){ content, i % 3 == 0 ? 0 : sizeof content };
    }
    letter.attachment_count = SCH_ATTACHMENTS_MAX;
    return letter;
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t first[8192], second[8192];
    struct sch_letter in = full(), out;
    struct sch_fault fault;
    size_t size = sch_letter_encode(&in, first, sizeof first);
    assert_true(size > 0);
    assert_int_equal(sch_letter_size(&in), size);
    assert_int_equal(sch_letter_encode(&in, second, size - 1), 0);
    assert_int_equal(decode((struct sch_bytes){ first, size }, &out, &fault), SCH_OK);
    for (size_t i = 0; i < SCH_SECTION_COUNT; i++) {
        assert_string_equal(out.section[i], in.section[i]);
    }
    assert_int_equal(out.attachment_count, SCH_ATTACHMENTS_MAX);
    for (size_t i = 0; i < SCH_ATTACHMENTS_MAX; i++) {
        assert_string_equal(out.attachment[i].media_type, in.attachment[i].media_type);
        assert_string_equal(out.attachment[i].name, in.attachment[i].name);
        assert_int_equal(out.attachment[i].content.len, in.attachment[i].content.len);
    }
    assert_int_equal(sch_letter_encode(&out, second, sizeof second), size);
    assert_memory_equal(first, second, size);

    for (size_t cut = 0; cut < size; cut++) {
        struct sch_bytes bytes = raw_exact(first, cut);
        if (decode(bytes, &out, &fault) == SCH_OK) {
            assert_int_equal(sch_letter_size(&out), cut);
        } else {
            assert_int_equal(fault.code, SCH_E_LETTER_FORMAT);
        }
        raw_exact_free(bytes);
    }
    in.attachment_count = SCH_ATTACHMENTS_MAX + 1;
    assert_int_equal(sch_letter_size(&in), 0);
    assert_int_equal(sch_letter_encode(&in, first, sizeof first), 0);
}

static void section(struct raw *raw, uint32_t code, const char *text, size_t size)
{
    struct raw inner = raw_new();
    if (code > 0) {
        raw_number(&inner, 1, code);
    }
    raw_bytes(&inner, 2, text, size);
    raw_message(raw, 2, &inner);
}

static void attachment(struct raw *raw, size_t media_size, size_t name_size)
{
    char filler[512];
    memset(filler, 'x', sizeof filler);
    struct raw inner = raw_new();
    raw_bytes(&inner, 1, filler, media_size);
    raw_bytes(&inner, 2, filler, name_size);
    raw_message(raw, 3, &inner);
}

static void test_limits(void **state)
{
    (void)state;
    struct sch_letter letter;
    struct sch_fault fault;
    struct raw raw = raw_new();
    static char text[SCH_SECTION_SIZE_MAX + 1];
    memset(text, 'x', sizeof text);
    expect_fault(&raw, "letter.version");
    raw_number(&raw, 1, 2);
    expect_fault(&raw, "letter.version");
    raw.size = 0;
    raw_number(&raw, 1, 1);
    size_t start = raw.size;
    assert_int_equal(decode(raw_view(&raw), &letter, &fault), SCH_OK);

    section(&raw, 0, text, SCH_SECTION_SIZE_MAX);
    section(&raw, SCH_SECTION_COUNT - 1, text, SCH_SECTION_SIZE_MAX);
    assert_int_equal(decode(raw_view(&raw), &letter, &fault), SCH_OK);
    assert_int_equal(strlen(letter.section[24]), SCH_SECTION_SIZE_MAX);
    section(&raw, 1, text, SCH_SECTION_SIZE_MAX + 1);
    expect_fault(&raw, "letter.sections.text");
    raw.size = start;
    section(&raw, SCH_SECTION_COUNT, "x", 1);
    expect_fault(&raw, "letter.sections.code");
    raw.size = start;
    section(&raw, 7, "x", 1);
    section(&raw, 7, "x", 1);
    expect_fault(&raw, "letter.sections.code");
    raw.size = start;
    section(&raw, 7, "caf\xe9", 4);
    expect_fault(&raw, "letter.sections.text");
    raw.size = start;
    section(&raw, 7, "a\0b", 3);
    expect_fault(&raw, "letter.sections.text");

    for (size_t count = SCH_ATTACHMENTS_MAX; count <= SCH_ATTACHMENTS_MAX + 1; count++) {
        raw.size = start;
        for (size_t i = 0; i < count; i++) {
            attachment(&raw, SCH_MEDIA_TYPE_MAX, SCH_ATTACHMENT_NAME_MAX);
        }
        if (count <= SCH_ATTACHMENTS_MAX) {
            assert_int_equal(decode(raw_view(&raw), &letter, &fault), SCH_OK);
        } else {
            expect_fault(&raw, "letter.attachments");
        }
    }
    raw.size = start;
    attachment(&raw, 0, 1);
    expect_fault(&raw, "letter.attachments.media_type");
    raw.size = start;
    attachment(&raw, SCH_MEDIA_TYPE_MAX + 1, 1);
    expect_fault(&raw, "letter.attachments.media_type");
    raw.size = start;
    attachment(&raw, 1, SCH_ATTACHMENT_NAME_MAX + 1);
    expect_fault(&raw, "letter.attachments.name");
    raw_free(&raw);
}

/* A megabyte of empty elements, and a letter of exactly the greatest size and one more. */
static void test_hostile(void **state)
{
    (void)state;
    struct sch_letter letter;
    struct sch_fault fault;
    struct raw raw = raw_new();
    raw_number(&raw, 1, 1);
    size_t start = raw.size;
    while (raw.size < SCH_BODY_SIZE_MAX - 2) {
        raw_text(&raw, 2, "");
    }
    expect_fault(&raw, "letter.sections");
    assert_int_equal(arena.used, 0);
    raw.size = start;
    while (raw.size < SCH_BODY_SIZE_MAX - 2) {
        raw_text(&raw, 9, "");
    }
    expect_fault(&raw, "letter");

    static uint8_t content[SCH_BODY_SIZE_MAX];
    struct raw inner = raw_new();
    raw.size = start;
    raw_text(&inner, 1, "application/pdf");
    raw_bytes(&inner, 3, content, SCH_BODY_SIZE_MAX - start - 4 - 17 - 4);
    raw_message(&raw, 3, &inner);
    assert_int_equal(raw.size, SCH_BODY_SIZE_MAX);
    assert_int_equal(decode(raw_view(&raw), &letter, &fault), SCH_OK);
    raw_append(&raw, "x", 1);
    expect_fault(&raw, "letter");
    raw.size--;
    struct sch_arena small = { arena.base, SCH_BODY_SIZE_MAX / 2, 0 };
    assert_int_equal(sch_letter_decode(raw_view(&raw), &small, &letter, &fault), SCH_E_NO_MEMORY);
    raw_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
