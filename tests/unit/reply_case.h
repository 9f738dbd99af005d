/*
 * reply_case.h: a reply there and back, for the tests of the codec's replies and pages.
 */
#ifndef SCH_TEST_REPLY_CASE_H
#define SCH_TEST_REPLY_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "id.h"

static struct sch_arena arena, scratch;

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

#define LONG_ADDRESS "agb:06290713/12345678901234567890123456789012345678901234567890"

static void address(struct sch_address *to, const char *text)
{
    assert_true(sch_address_set(to, text));
}

static uint8_t buffer[SCH_REPLY_SIZE_MAX], again[SCH_REPLY_SIZE_MAX];

static size_t encode(const struct sch_reply *reply, uint8_t *to)
{
    size_t size = sch_reply_encode(reply, &scratch, to, SCH_REPLY_SIZE_MAX);
    assert_int_equal(scratch.used, 0);
    return size;
}

static int decode(struct sch_bytes frame, struct sch_reply *reply, struct sch_fault *fault)
{
    sch_arena_reset(&arena);
    memset(fault, 0, sizeof *fault);
    return sch_reply_decode(frame, &arena, reply, fault);
}

static void expect_good(const struct sch_reply *reply)
{
    struct sch_reply out;
    struct sch_fault fault;
    size_t size = encode(reply, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), SCH_OK);
    assert_int_equal(out.type, reply->type);
    assert_int_equal(out.request, 78);
    assert_int_equal(encode(&out, again), size);
    assert_memory_equal(buffer, again, size);
}

static void expect_refusal(const struct sch_reply *reply, int code, const char *field)
{
    struct sch_reply out;
    struct sch_fault fault;
    size_t size = encode(reply, buffer);
    assert_true(size > 0);
    assert_int_equal(decode((struct sch_bytes){ buffer, size }, &out, &fault), code);
    assert_string_equal(fault.field, field);
}

#endif
