/* test_mllp.c: frames in a stream, at every split, at the limit and beyond it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../adapters/hl7v2/mllp.h"

/* Feeds bytes in pieces of `step` and writes what happened: "[message]", "!" oversize, "#" garbage. */
static void transcript(const char *bytes, size_t size, size_t step, size_t limit, char *out, size_t out_size)
{
    struct sch_mllp_decoder decoder;
    size_t used = 0;

    out[0] = 0;
    sch_mllp_init(&decoder, limit);
    for (size_t at = 0; at < size; at += step) {
        size_t piece = size - at < step ? size - at : step;
        for (size_t done = 0; done < piece;) {
            enum sch_mllp_event event;
            size_t taken = sch_mllp_feed(&decoder, (const uint8_t *)bytes + at + done, piece - done, &event);
            assert_true(taken > 0 && taken <= piece - done);
            done += taken;
            if (event == SCH_MLLP_FRAME)
                used += (size_t)snprintf(out + used, out_size - used, "[%.*s]", (int)decoder.size,
                                         (const char *)decoder.text);
            else if (event == SCH_MLLP_OVERSIZE)
                used += (size_t)snprintf(out + used, out_size - used, "!%zu", decoder.size);
            if (event == SCH_MLLP_GARBAGE) {
                snprintf(out + used, out_size - used, "#");
                sch_mllp_close(&decoder);
                return;
            }
            if (event != SCH_MLLP_MORE)
                sch_mllp_next(&decoder);
        }
    }
    sch_mllp_close(&decoder);
}

static void expect(const char *bytes, size_t limit, const char *wanted)
{
    char out[256];

    for (size_t step = 1; step <= strlen(bytes); step++) {
        transcript(bytes, strlen(bytes), step, limit, out, sizeof out);
        assert_string_equal(out, wanted);
    }
}

static void frames_at_every_split(void **state)
{
    (void)state;
    expect("\x0B" "MSH|a\x1C\r", 100, "[MSH|a]");
    expect("\x0B" "one\x1C\r\x0B" "two\x1C\r", 100, "[one][two]");
    expect("\r\n \x0B" "one\x1C\r\n\n\x0B" "two\x1C\r", 100, "[one][two]");
    expect("\x0B\x1C\r", 100, "[]");
}

static void sender_without_the_last_cr(void **state)
{
    (void)state;
    expect("\x0B" "one\x1C\x0B" "two\x1C", 100, "[one][two]");
}

static void half_frame_is_begun_anew(void **state)
{
    struct sch_mllp_decoder decoder;
    enum sch_mllp_event event;

    (void)state;
    expect("\x0B" "half\x0B" "whole\x1C\r", 100, "[whole]");
    sch_mllp_init(&decoder, 100);
    assert_int_equal(sch_mllp_feed(&decoder, (const uint8_t *)"\x0B" "a\x0B" "b", 4, &event), 4);
    assert_int_equal(decoder.abandoned, 1);
    assert_int_equal(event, SCH_MLLP_MORE);
    sch_mllp_close(&decoder);
}

static void limit_and_limit_plus_one(void **state)
{
    (void)state;
    expect("\x0B" "12345678\x1C\r\x0B" "next\x1C\r", 8, "[12345678][next]");
    expect("\x0B" "123456789\x1C\r\x0B" "next\x1C\r", 8, "!8[next]");
}

static void real_limit(void **state)
{
    size_t size = SCH_MLLP_FRAME_MAX;
    uint8_t *bytes = malloc(size + 4);
    struct sch_mllp_decoder decoder;
    enum sch_mllp_event event;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', size + 4);
    bytes[0] = 0x0B;
    bytes[size + 1] = 0x1C;
    sch_mllp_init(&decoder, SCH_MLLP_FRAME_MAX);
    assert_int_equal(sch_mllp_feed(&decoder, bytes, size + 2, &event), size + 2);
    assert_int_equal(event, SCH_MLLP_FRAME);
    assert_int_equal(decoder.size, size);
    sch_mllp_next(&decoder);
    assert_int_equal(decoder.capacity, 0);
    bytes[size + 1] = 'x';
    bytes[size + 2] = 0x1C;
    assert_int_equal(sch_mllp_feed(&decoder, bytes, size + 3, &event), size + 3);
    assert_int_equal(event, SCH_MLLP_OVERSIZE);
    assert_int_equal(decoder.size, SCH_MLLP_HEAD_SIZE);
    sch_mllp_close(&decoder);
    free(bytes);
}

static void stray_bytes_are_bounded(void **state)
{
    char bytes[SCH_MLLP_STRAY_MAX + 32], out[64];

    (void)state;
    memset(bytes, 'G', sizeof bytes);
    memcpy(bytes + SCH_MLLP_STRAY_MAX, "\x0B" "m\x1C\r", 4);
    transcript(bytes, SCH_MLLP_STRAY_MAX + 4, 7, 100, out, sizeof out);
    assert_string_equal(out, "[m]");
    bytes[SCH_MLLP_STRAY_MAX] = 'G';
    transcript(bytes, SCH_MLLP_STRAY_MAX + 1, 7, 100, out, sizeof out);
    assert_string_equal(out, "#");
}

static void endless_frame_is_given_up(void **state)
{
    static uint8_t block[1024 * 1024];
    struct sch_mllp_decoder decoder;
    enum sch_mllp_event event = SCH_MLLP_MORE;
    size_t blocks = 0;

    (void)state;
    memset(block, 'x', sizeof block);
    sch_mllp_init(&decoder, 4096);
    assert_int_equal(sch_mllp_feed(&decoder, (const uint8_t *)"\x0B", 1, &event), 1);
    while (event == SCH_MLLP_MORE && blocks++ < 100)
        assert_int_equal(sch_mllp_feed(&decoder, block, sizeof block, &event), sizeof block);
    assert_int_equal(event, SCH_MLLP_GARBAGE);
    assert_true(blocks * sizeof block > SCH_MLLP_OVERSIZE_MAX);
    assert_true(decoder.capacity <= 4096);
    sch_mllp_close(&decoder);
}

static void encoding_is_decoded_again(void **state)
{
    size_t size;
    uint8_t *frame = sch_mllp_encode((struct sch_bytes){(const uint8_t *)"MSH|", 4}, &size);

    (void)state;
    assert_non_null(frame);
    assert_int_equal(size, 7);
    assert_memory_equal(frame, "\x0B" "MSH|\x1C\r", 7);
    free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_at_every_split),     cmocka_unit_test(sender_without_the_last_cr),
        cmocka_unit_test(half_frame_is_begun_anew),  cmocka_unit_test(limit_and_limit_plus_one),
        cmocka_unit_test(real_limit),                cmocka_unit_test(stray_bytes_are_bounded),
        cmocka_unit_test(endless_frame_is_given_up), cmocka_unit_test(encoding_is_decoded_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
