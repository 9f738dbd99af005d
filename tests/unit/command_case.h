/*
 * command_case.h: an arena and addresses, for the tests of the codec's headers, commands and queries.
 */
#ifndef SCH_TEST_COMMAND_CASE_H
#define SCH_TEST_COMMAND_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "id.h"
#include "raw_wire.h"

static struct sch_arena arena;

static int set_up(void **state)
{
    (void)state;
    return sch_arena_init(&arena, SCH_ARENA_COMMAND_SIZE);
}

static int tear_down(void **state)
{
    (void)state;
    sch_arena_close(&arena);
    return 0;
}

static void address(struct sch_address *to, const char *text)
{
    assert_true(sch_address_set(to, text));
}

#endif
