/*
 * test_hl7_message.c: reading and writing HL7v2 text, on written cases and, where SCHARNIER_DATA points at
 * sample data, on every message there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

#include "../../adapters/hl7v2/charset.h"
#include "../../adapters/hl7v2/message.h"

#define ARENA_SIZE (4U * 1024 * 1024)

static struct sch_arena arena;

static int setup(void **state)
{
    (void)state;
    return sch_arena_init(&arena, ARENA_SIZE);
}

static int teardown(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    return 0;
}

static struct sch_bytes bytes_of(const char *text)
{
    return (struct sch_bytes){(const uint8_t *)text, strlen(text)};
}

static struct sch_hl7_message parse(const char *text)
{
    struct sch_hl7_message message;

    sch_arena_reset(&arena);
    assert_int_equal(sch_hl7_parse(bytes_of(text), &arena, &message), SCH_OK);
    return message;
}

static int parse_code(const char *text, size_t size)
{
    struct sch_hl7_message message;

    sch_arena_reset(&arena);
    return sch_hl7_parse((struct sch_bytes){(const uint8_t *)text, size}, &arena, &message);
}

static void parts_by_number(void **state)
{
    struct sch_hl7_message m = parse("MSH|^~\\&|APP|FAC|||||REF^I12\r"
                                     "PID|1||999990019^^^NLMINBIZA^NNNLD~ZP1^^^Z&9&L^VN||A&&A^B\r");
    struct sch_bytes pid = m.segments[1], field = sch_hl7_field(&m, pid, 3);

    (void)state;
    assert_int_equal(m.segment_count, 2);
    assert_string_equal(sch_hl7_get(&m, "MSH", 1, 1, &arena), "|");
    assert_string_equal(sch_hl7_get(&m, "MSH", 2, 1, &arena), "^~\\&");
    assert_string_equal(sch_hl7_get(&m, "MSH", 2, 2, &arena), "");
    assert_string_equal(sch_hl7_get(&m, "MSH", 3, 1, &arena), "APP");
    assert_string_equal(sch_hl7_get(&m, "MSH", 9, 2, &arena), "I12");
    assert_string_equal(sch_hl7_get(&m, "PID", 3, 4, &arena), "NLMINBIZA");
    assert_string_equal(sch_hl7_get(&m, "PID", 30, 1, &arena), "");
    assert_string_equal(sch_hl7_get(&m, "ZZZ", 1, 1, &arena), "");
    assert_int_equal(sch_hl7_repetitions(&m, field), 2);
    struct sch_bytes second = sch_hl7_repetition(&m, field, 2);
    struct sch_bytes four = sch_hl7_component(&m, second, 4);
    assert_string_equal(sch_hl7_text(&m, sch_hl7_subcomponent(&m, four, 2), &arena), "9");
    assert_int_equal(sch_hl7_repetition(&m, field, 3).len, 0);
}

static void ends_of_segments(void **state)
{
    static const char *const texts[] = {
        "MSH|^~\\&|A\rPID|1\r", "MSH|^~\\&|A\nPID|1\n", "MSH|^~\\&|A\r\nPID|1\r\n", "MSH|^~\\&|A\rPID|1",
        "\xEF\xBB\xBFMSH|^~\\&|A\rPID|1\r", "\r\nMSH|^~\\&|A\r\r\rPID|1\r\r"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sch_hl7_message m = parse(texts[i]);
        assert_int_equal(m.segment_count, 2);
        assert_string_equal(sch_hl7_get(&m, "PID", 1, 1, &arena), "1");
    }
}

static void other_delimiters(void **state)
{
    struct sch_hl7_message m = parse("MSH#*+!%#A*B#\rPID#x!F!y#a*b|c+d\r");
    struct sch_hl7_writer writer;
    uint8_t *text;
    size_t size;

    (void)state;
    assert_string_equal(sch_hl7_get(&m, "MSH", 3, 2, &arena), "B");
    assert_string_equal(sch_hl7_get(&m, "PID", 1, 1, &arena), "x#y");
    sch_hl7_writer_init(&writer);
    sch_hl7_copy(&writer, &m, m.segments[1]);
    assert_int_equal(sch_hl7_writer_take(&writer, &text, &size), SCH_OK);
    assert_int_equal(size, strlen("PID|x\\F\\y|a^b\\F\\c~d\r"));
    assert_memory_equal(text, "PID|x\\F\\y|a^b\\F\\c~d\r", size);
    free(text);
}

static void escapes(void **state)
{
    struct sch_hl7_message m =
        parse("MSH|^~\\&|A\r"
              "OBX|\\F\\\\S\\\\T\\\\R\\\\E\\|a\\.br\\b|\\X0D\\|\\H\\w\\N\\|\\Zq\\|a\\b|\"\"|"
              "\\XC3AB\\\\XEB\\|\\X00\\|\\Xzz\\|\\\\|tail\\\r");
    static const char *const wanted[] = {"|^&~\\", "a\nb", "\n", "w", "\\Zq\\", "a\\b", "",
                                         "\xC3\xAB\xC3\xAB", " ", "\\Xzz\\", "\\\\", "tail\\"};

    (void)state;
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_string_equal(sch_hl7_get(&m, "OBX", i + 1, 1, &arena), wanted[i]);
}

static void character_sets(void **state)
{
    struct sch_hl7_message m = parse("MSH|^~\\&|Pati\xEBnt\r");
    uint8_t latin[16];

    (void)state;
    assert_string_equal(sch_hl7_get(&m, "MSH", 3, 1, &arena), "Pati\xC3\xABnt");
    m = parse("MSH|^~\\&|Pati\xC3\xABnt\r");
    assert_string_equal(sch_hl7_get(&m, "MSH", 3, 1, &arena), "Pati\xC3\xABnt");
    size_t size = sch_charset_to_latin1(bytes_of("Pati\xC3\xABnt \xE2\x82\xAC"), latin);
    assert_int_equal(size, 9);
    assert_memory_equal(latin, "Pati\xEBnt ?", 9);
}

static void what_is_no_message(void **state)
{
    (void)state;
    assert_int_equal(parse_code("", 0), SCH_E_PROTOCOL);
    assert_int_equal(parse_code("GET / HTTP/1.1\r\n", 16), SCH_E_PROTOCOL);
    assert_int_equal(parse_code("MSH", 3), SCH_E_PROTOCOL);
    assert_int_equal(parse_code("MSH|||||", 8), SCH_OK);
    assert_int_equal(parse_code("MSH|^^^^|", 9), SCH_E_PROTOCOL);
    assert_int_equal(parse_code("MSHA^~\\&A", 9), SCH_E_PROTOCOL);
    assert_int_equal(parse_code("MSH|^~\\&|\0A", 11), SCH_E_PROTOCOL);
}

static void segments_at_limit_and_beyond(void **state)
{
    size_t size = 10 + (size_t)SCH_HL7_SEGMENTS_MAX * 4;
    char *text = malloc(size);
    size_t used = 10;

    (void)state;
    assert_non_null(text);
    memcpy(text, "MSH|^~\\&|\r", 10);
    for (unsigned i = 1; i < SCH_HL7_SEGMENTS_MAX; i++, used += 4)
        memcpy(text + used, "ZZZ\r", 4);
    assert_int_equal(parse_code(text, used), SCH_OK);
    memcpy(text + used, "ZZZ\r", 4);
    assert_int_equal(parse_code(text, used + 4), SCH_E_TOO_LARGE);
    free(text);
}

static void writing_and_reading_again(void **state)
{
    static const char *const hard = "a|b^c~d\\e&f\r\ng\th\x01 \xC3\xAB";
    struct sch_hl7_writer writer;
    uint8_t *text;
    size_t size;

    (void)state;
    sch_hl7_writer_init(&writer);
    sch_hl7_begin(&writer, "MSH");
    sch_hl7_put(&writer, 3, 1, "APP");
    sch_hl7_put(&writer, 9, 1, "ORU");
    sch_hl7_put(&writer, 9, 3, "ORU_R01");
    sch_hl7_end(&writer);
    sch_hl7_begin(&writer, "PID");
    sch_hl7_put(&writer, 3, 1, "1");
    sch_hl7_put(&writer, 3, 2, NULL);
    sch_hl7_put(&writer, 3, 4, "NLMINBIZA");
    sch_hl7_repeat(&writer);
    sch_hl7_put(&writer, 3, 1, "2");
    sch_hl7_put(&writer, 5, 1, hard);
    sch_hl7_end(&writer);
    assert_int_equal(sch_hl7_writer_take(&writer, &text, &size), SCH_OK);
    assert_memory_equal(text, "MSH|^~\\&|APP||||||ORU^^ORU_R01\rPID|||1^^^NLMINBIZA~2||a\\F\\b",
                        strlen("MSH|^~\\&|APP||||||ORU^^ORU_R01\rPID|||1^^^NLMINBIZA~2||a\\F\\b"));
    struct sch_hl7_message m;
    sch_arena_reset(&arena);
    assert_int_equal(sch_hl7_parse((struct sch_bytes){text, size}, &arena, &m), SCH_OK);
    assert_string_equal(sch_hl7_get(&m, "PID", 5, 1, &arena), "a|b^c~d\\e&f\ng h  \xC3\xAB");
    free(text);
}

/* ---- sample data ------------------------------------------------------------------------------- */

/* Writes every part again from its resolved text, down to the subcomponent. */
static void rewrite_segment(struct sch_hl7_writer *writer, const struct sch_hl7_message *m,
                            struct sch_bytes segment)
{
    char name[4] = {(char)segment.ptr[0], (char)segment.ptr[1], (char)segment.ptr[2], 0};
    unsigned fields = 0;

    for (size_t i = 0; i < segment.len; i++)
        fields += segment.ptr[i] == (uint8_t)m->field;
    sch_hl7_begin(writer, name);
    bool msh = strcmp(name, "MSH") == 0;
    for (unsigned f = msh ? 3 : 1; f <= fields + (msh ? 1 : 0); f++) {
        struct sch_bytes field = sch_hl7_field(m, segment, f);
        sch_hl7_put_raw(writer, f, 1, (struct sch_bytes){NULL, 0});
        for (unsigned r = 1; r <= sch_hl7_repetitions(m, field); r++) {
            struct sch_bytes repetition = sch_hl7_repetition(m, field, r);
            if (r > 1)
                sch_hl7_repeat(writer);
            unsigned components = 1;
            for (size_t i = 0; i < repetition.len; i++)
                components += repetition.ptr[i] == (uint8_t)m->component;
            for (unsigned c = 1; c <= components; c++) {
                struct sch_bytes component = sch_hl7_component(m, repetition, c);
                sch_hl7_put_raw(writer, f, c, (struct sch_bytes){NULL, 0});
                unsigned subs = 1;
                for (size_t i = 0; i < component.len; i++)
                    subs += component.ptr[i] == (uint8_t)m->subcomponent;
                for (unsigned s = 1; s <= subs; s++) {
                    if (s > 1)
                        sch_hl7_put_raw(writer, f, c, bytes_of("&"));
                    sch_hl7_put(writer, f, c, sch_hl7_text(m, sch_hl7_subcomponent(m, component, s), &arena));
                }
            }
        }
    }
    sch_hl7_end(writer);
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(1024 * 1024);

    assert_non_null(file);
    assert_non_null(bytes);
    *size = fread(bytes, 1, 1024 * 1024, file);
    fclose(file);
    return bytes;
}

/* The two messages mean the same: all parts resolve to the same texts. */
static void assert_same(const struct sch_hl7_message *a, const struct sch_hl7_message *b, const char *path)
{
    if (a->segment_count != b->segment_count)
        fail_msg("%s: %zu segments became %zu", path, a->segment_count, b->segment_count);
    for (size_t i = 0; i < a->segment_count; i++) {
        for (unsigned f = 1; f < 80; f++) {
            if (i == 0 && f == 2)
                continue;
            struct sch_bytes fa = sch_hl7_field(a, a->segments[i], f),
                             fb = sch_hl7_field(b, b->segments[i], f);
            for (unsigned r = 1; r <= sch_hl7_repetitions(a, fa) + 1; r++) {
                struct sch_bytes ra = sch_hl7_repetition(a, fa, r), rb = sch_hl7_repetition(b, fb, r);
                for (unsigned c = 1; c < 30; c++) {
                    struct sch_bytes ca = sch_hl7_component(a, ra, c), cb = sch_hl7_component(b, rb, c);
                    for (unsigned s = 1; s < 8; s++) {
                        const char *ta = sch_hl7_text(a, sch_hl7_subcomponent(a, ca, s), &arena);
                        const char *tb = sch_hl7_text(b, sch_hl7_subcomponent(b, cb, s), &arena);
                        assert_non_null(ta);
                        assert_non_null(tb);
                        if (strcmp(ta, tb) != 0)
                            fail_msg("%s: segment %zu field %u.%u.%u differs", path, i + 1, f, c, s);
                    }
                }
            }
        }
    }
}

static void round_trip(const char *path)
{
    struct sch_hl7_message m, again;
    struct sch_hl7_writer writer;
    size_t size, text_size;
    uint8_t *raw = read_file(path, &size), *text;

    sch_arena_close(&arena);
    assert_int_equal(sch_arena_init(&arena, 64U * 1024 * 1024), SCH_OK);
    assert_int_equal(sch_hl7_parse((struct sch_bytes){raw, size}, &arena, &m), SCH_OK);
    assert_true(m.segment_count > 1);
    /* Copying changes nothing but the ends of segments. */
    sch_hl7_writer_init(&writer);
    for (size_t i = 0; i < m.segment_count; i++)
        sch_hl7_copy(&writer, &m, m.segments[i]);
    assert_int_equal(sch_hl7_writer_take(&writer, &text, &text_size), SCH_OK);
    size_t at = 0;
    for (size_t i = 0; i < m.segment_count; i++) {
        assert_memory_equal(text + at, m.segments[i].ptr, m.segments[i].len);
        at += m.segments[i].len;
        assert_int_equal(text[at++], '\r');
    }
    assert_int_equal(at, text_size);
    free(text);
    /* Rewriting from resolved texts keeps the meaning. */
    for (size_t i = 0; i < m.segment_count; i++)
        rewrite_segment(&writer, &m, m.segments[i]);
    assert_int_equal(sch_hl7_writer_take(&writer, &text, &text_size), SCH_OK);
    assert_int_equal(sch_hl7_parse((struct sch_bytes){text, text_size}, &arena, &again), SCH_OK);
    assert_same(&m, &again, path);
    free(text);
    free(raw);
}

static void every_sample_message(void **state)
{
    const char *data = getenv("SCHARNIER_DATA");
    char pattern[512];
    glob_t found;

    (void)state;
    if (data == NULL || *data == 0) {
        print_message("SKIP 1: SCHARNIER_DATA is not set, so no sample message was read\n");
        skip();
    }
    snprintf(pattern, sizeof pattern, "%s/hl7v2/*.hl7", data);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        round_trip(found.gl_pathv[i]);
    print_message("%zu sample messages were read and written again\n", found.gl_pathc);
    globfree(&found);
}

static void every_example(void **state)
{
    glob_t found;

    (void)state;
    assert_int_equal(glob("adapters/examples/*.hl7", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        round_trip(found.gl_pathv[i]);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_by_number),      cmocka_unit_test(ends_of_segments),
        cmocka_unit_test(other_delimiters),     cmocka_unit_test(escapes),
        cmocka_unit_test(character_sets),       cmocka_unit_test(what_is_no_message),
        cmocka_unit_test(segments_at_limit_and_beyond), cmocka_unit_test(writing_and_reading_again),
        cmocka_unit_test(every_sample_message), cmocka_unit_test(every_example),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
